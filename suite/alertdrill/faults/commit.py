"""Git is what parts: somebody commits what nobody applies."""

from typing import Annotated, Any

import msgspec

from alertdrill.faults.base import FaultKind, Place, Text
from alertdrill.faults.in_container import python_in_each
from alertdrill.model import Value
from alertdrill.scenario import Fault

FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$")]
# Where a git server of a workload has its files, and what they were (fixtures/workloads/from-git).
FILES, GIVEN = "/tmp/files", "/etc/in-git"  # noqa: S108  # in a pod of the drill


class Commit(FaultKind):
    """A file in git is another, and nobody applies it; the repair is to revert the commit."""

    name = "commit"

    class Args(Value, frozen=True, kw_only=True):
        """The pods that serve git, the file, the text in it, and what that becomes."""

        selector: Text
        file: FileName
        old: Text
        new: str

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Write the file anew; a text that is not in it is an error, as nothing would be broken."""
        change = f"text.replace({args['old']!r}, {args['new']!r}), text.index({args['old']!r})"
        self._write(place, f"injecting {self.name}", args, FILES, change)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Write what was there at the start."""
        self._write(place, f"healing {self.name}", args, GIVEN, "text, None")

    def _write(self, place: Place, what: str, args: dict[str, Any], folder: str, change: str) -> None:
        """Put a new file in the place of the old in one step: whoever reads sees one or the other."""
        file, aside = f"'{FILES}/{args['file']}'", "pathlib.Path('/tmp/aside')"
        read = f"text = pathlib.Path('{folder}/{args['file']}').read_text()"
        write = f"new, _ = {change}; {aside}.write_text(new); {aside}.replace({file})"
        python_in_each(place, args, what, f"{read}; {write}")


def commit(selector: str, *, file: str, old: str, new: str) -> Fault:
    """Have the git server in the pods that match commit a change to a file, which nobody applies."""
    return Fault(name=Commit.name, args={"selector": selector, "file": file, "old": old, "new": new})
