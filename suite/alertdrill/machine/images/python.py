"""The image's own Python, run here with its own C library, so that what it installs fits the image."""

import tempfile
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.machine import process
from alertdrill.machine.images import archive
from alertdrill.machine.tools import debian

INSTALL_SECONDS_MAX = 600.0
COMPILE_SECONDS_MAX = 300.0


class Python:
    """A Python unpacked below `root` and never written to; `name` is its command, such as python3.13."""

    def __init__(self, root: Path, name: str, suite: str) -> None:
        self.root = root
        self.name = name
        self.suite = suite

    def install(self, requirements: Path, target: Path) -> None:
        """Install what a lock file names, by its hashes and from wheels only, into a folder."""
        options = ("--only-binary=:all:", "--require-hashes", "--no-deps", "--no-compile", "--quiet")
        pip = debian.fetch(("python3-pip",), suite=self.suite) / "usr/lib/python3/dist-packages"
        self._run(
            f"installing {requirements.name} for the images",
            *("-m", "pip", "install", *options, "--root-user-action=ignore", f"--target={target}"),
            *("-r", str(requirements)),
            timeout=INSTALL_SECONDS_MAX,
            path=pip,
        )

    def compiled(self, source: Path, *, below: str) -> dict[str, archive.Source]:
        """Return {name in the tar: byte code} of all modules in `source`, which is to lie at `below`.

        The code is trusted without a look at its source's time: tar files of ours have none.
        """
        with tempfile.TemporaryDirectory() as temporary:
            self._run(
                f"compiling {source.name} for the images",
                *("-X", f"pycache_prefix={temporary}", "-m", "compileall", "-q", "--invalidation-mode"),
                *("unchecked-hash", "-s", str(source), "-p", f"/{below}", str(source)),
                timeout=COMPILE_SECONDS_MAX,
            )
            made = Path(f"{temporary}{source.resolve()}")
            return {
                f"{below}{file.parent.relative_to(made).as_posix()}/__pycache__/{file.name}".replace(
                    "/./", "/"
                ): file.read_bytes()
                for file in made.rglob("*.pyc")
            }

    def _run(self, what: str, *words: str, timeout: float, path: Path | None = None) -> None:
        loader = next(self.root.glob("usr/lib*/ld-linux*.so.*"), None)
        if loader is None:
            raise LabError(f"{what}: {self.root} has no dynamic loader; remove that folder and try again")
        libraries = next(self.root.glob("usr/lib/*-linux-gnu*"))
        environment = {"PYTHONHOME": str(self.root / "usr"), "PYTHONDONTWRITEBYTECODE": "1"}
        if path:
            environment["PYTHONPATH"] = str(path)
        argv: list[str | Path] = [
            loader,
            "--library-path",
            libraries,
            self.root / "usr/bin" / self.name,
            *words,
        ]
        process.run(what, argv, timeout=timeout, env=environment)
