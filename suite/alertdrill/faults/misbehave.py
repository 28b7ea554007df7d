"""A command that prom-run runs stops doing well; prom-run itself is fine."""

from typing import Any, Literal

from alertdrill.faults.base import FaultKind, Place, Text
from alertdrill.faults.in_container import python_in_each
from alertdrill.model import Value
from alertdrill.scenario import Fault

How = Literal["fail", "hang", "restart", "drift", "broken"]


class Misbehave(FaultKind):
    """Tells the command of a workload how to behave.

    The README of the workloads `checks` and `infrastructure` says what each of theirs knows.
    """

    name = "misbehave"

    class Args(Value, frozen=True, kw_only=True):
        """The pods whose command it is, and what it does."""

        selector: Text
        how: How

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Write the file that the command reads."""
        statement = f"pathlib.Path('/tmp/behave').write_text({args['how']!r})"
        python_in_each(place, args, f"injecting {self.name}", statement)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Remove it."""
        statement = "pathlib.Path('/tmp/behave').unlink(missing_ok=True)"
        python_in_each(place, args, f"healing {self.name}", statement)


def misbehave(selector: str, *, how: How) -> Fault:
    """Have a check fail, hang, or fail and take prom-run down once; or have infrastructure drift or break."""
    return Fault(name=Misbehave.name, args={"selector": selector, "how": how})
