"""The machines of a kind cluster: containers of an engine, by the names that kind gives them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from alertdrill.clock import NotYet, StoppableClock, wait_for
from alertdrill.errors import LabError
from alertdrill.machine.docker import Engine

# What kind calls a node that runs the control plane, and one that does not, with the range of which its pods
# get their addresses where the node image is ours. Its entrypoint says the same.
POD_RANGES = {"control-plane": "10.244.0.0/24", "worker": "10.244.1.0/24"}
ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
THERE_SECONDS_MAX = 60.0
# Docker knows nodes by name only where it may change their firewall, which an engine of ours may not.
MEET = 'ip route replace "$1" via "$2"; grep -q " $3$" /etc/hosts || echo "$2 $3" >>/etc/hosts'


@dataclass(frozen=True)
class Machine:
    """A node: a container of the engine that `engine` finds."""

    engine: Callable[[], Engine]
    container: str

    def run(self, what: str, *argv: str) -> str:
        """Run a program on it and return what it printed."""
        return self.engine().run(what, "exec", self.container, *argv)


@contextmanager
def meeting(engine: Engine, containers: dict[str, str]) -> Iterator[None]:
    """Introduce nodes of our image to each other while they are made: one joins the other by its name."""
    clock = StoppableClock()

    def met() -> bool:
        try:
            introduce(engine, containers)
        except LabError as error:
            raise NotYet(str(error)) from error
        return True

    with ThreadPoolExecutor(max_workers=1) as aside:
        waiting = aside.submit(wait_for, "the nodes to meet", met, deadline=THERE_SECONDS_MAX, clock=clock)
        try:
            yield
        except BaseException:
            clock.stop()  # what broke is told, not that they never met
            raise
        waiting.result()


def introduce(engine: Engine, containers: dict[str, str]) -> None:
    """Tell each node the other's name and the way to its pods, {what kind calls it: container}.

    It is lost when a node begins anew, and may be told again. A LabError where one is not there.
    """
    for part, container in containers.items():
        what = f"asking for the address of {container}"
        address = engine.run(what, "inspect", "--format", ADDRESS, container).strip()
        if not address:
            raise LabError(f"{what}: it has none")
        told = ("sh", "-c", MEET, "meet", POD_RANGES[part], address, container)
        for other in containers.values():
            if other != container:
                engine.run(f"telling {other} of {container}", "exec", other, *told)
