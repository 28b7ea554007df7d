"""Who is to be told can't be reached: Slack answers with an error, takes its time, or is down."""

import json
from typing import Annotated, Any, Literal

import msgspec

from alertdrill import durations
from alertdrill.faults.base import FaultKind, Ground, Place
from alertdrill.model import Trait, Value
from alertdrill.scenario import Fault

How = Literal["refuses", "is slow", "hangs up"]
RECEIVER = "receiver"  # the Deployment of the stack that stands where Slack is
SLOW_SECONDS = 3.0  # live: it answers no faster in a drill, and Alertmanager waits for 10 at least
FILE = "import pathlib, sys; file = pathlib.Path('/trouble', sys.argv[1] + '.json')"
WRITE = f"{FILE}; file.write_text(sys.argv[2])"
REMOVE = f"{FILE}; file.unlink(missing_ok=True)"


class TroubleReceiver(FaultKind):
    """The receiver refuses messages about this scenario, is slow, or drops the connection, for a while."""

    name = "trouble_receiver"
    traits = frozenset({Trait.DELAYS_MESSAGES})

    class Args(Value, frozen=True, kw_only=True):
        """What it does to messages, and for how long from the first of them on (rule time)."""

        how: How
        lasts: Annotated[str, msgspec.Meta(min_length=1)]

        def __post_init__(self) -> None:
            """Refuse what is no duration."""
            durations.seconds(self.lasts)

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Need a receiver in the stack."""
        del args
        there = RECEIVER in ground.components()
        return (
            "" if there else f"the monitoring stack has no {RECEIVER}, so nothing can be the matter with it"
        )

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Tell it what to do to messages that speak of the scenario's namespace."""
        lasts = durations.seconds(args["lasts"]) / place.speed
        trouble = {"how": args["how"], "seconds": SLOW_SECONDS, "lasts": lasts}
        self._python(place, f"injecting {self.name}", WRITE, json.dumps(trouble))

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Have it take everything."""
        del args
        self._python(place, f"healing {self.name}", REMOVE)

    def _python(self, place: Place, what: str, program: str, *words: str) -> None:
        where = (f"deployment/{RECEIVER}", f"--namespace={place.stack}")
        place.kube.run(what, "exec", *where, "--", "python3", "-c", program, place.namespace, *words)


def trouble_receiver(how: How, *, lasts: str) -> Fault:
    """Have the receiver refuse messages about the scenario (500), be slow, or hang up, from the first on."""
    return Fault(name=TroubleReceiver.name, args={"how": how, "lasts": lasts})
