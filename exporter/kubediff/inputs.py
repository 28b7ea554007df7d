"""Where manifests come from, as the command line says it; they can be read as often as one likes."""

from dataclasses import dataclass

from kubediff import manifests
from kubediff.cache import Cache
from kubediff.manifests import Manifests, Source
from kubediff.results import Trouble


@dataclass(frozen=True)
class Inputs:
    """Files, folders and commands; `namespace` is for what names none, `exclude` are globs."""

    paths: tuple[str, ...]
    files: tuple[str, ...]
    renders: tuple[str, ...]
    exclude: tuple[str, ...]
    namespace: str

    @property
    def any(self) -> bool:
        """Whether anything is named at all."""
        return bool(self.paths or self.files or self.renders)

    def read(self, cache: Cache | None) -> Manifests:
        """Read what is there now."""
        rendered = [_rendered(command) for command in self.renders]
        return manifests.read(
            (*self.paths, *self.files),
            rendered,
            namespace=self.namespace,
            excluded=self.exclude,
            cache=cache,
        )


def _rendered(command: str) -> Source | Trouble:
    """Run a command that writes manifests; one that fails is trouble, whatever it wrote by then."""
    import shlex  # noqa: PLC0415  # most run none
    import subprocess  # noqa: PLC0415

    try:
        done = subprocess.run(
            shlex.split(command), capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError) as error:
        return Trouble(command, f"can't run it: {error}")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return Trouble(command, f"it ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")
    return Source(f"({command})", done.stdout)
