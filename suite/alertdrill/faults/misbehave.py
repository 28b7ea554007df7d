"""A command that prom-run runs stops doing well; prom-run itself is fine."""

from typing import Any, Literal

from alertdrill.faults.base import Place
from alertdrill.faults.in_container import pods, python
from alertdrill.scenario import Fault


class Misbehave:
    """Tells the command of the workload `checks` how to behave (fixtures/workloads/checks/README.md)."""

    name = "misbehave"
    crash_loops = False

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Write the file that the command reads."""
        for pod in pods(place, args):
            statement = f"pathlib.Path('/tmp/behave').write_text({args['how']!r})"
            python(place, pod, f"injecting {self.name}", statement)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Remove it."""
        for pod in pods(place, args):
            statement = "pathlib.Path('/tmp/behave').unlink(missing_ok=True)"
            python(place, pod, f"healing {self.name}", statement)


def misbehave(selector: str, *, how: Literal["fail", "hang", "restart"]) -> Fault:
    """Have the command fail, hang, or fail and take prom-run down once on the way."""
    return Fault(name=Misbehave.name, args={"selector": selector, "how": how})
