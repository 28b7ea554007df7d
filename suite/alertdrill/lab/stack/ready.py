"""Waiting for the stack's pods, and saying what they lack when the wait is in vain."""

from alertdrill.clock import Clock, Hope, NotYet, wait_for
from alertdrill.errors import LabError
from alertdrill.kube import Kube, rollout
from alertdrill.kube.rollout import Workload
from alertdrill.lab.stack import parts
from alertdrill.lab.stack.render import Object
from alertdrill.machine import process

EVERY_SECONDS = 0.4
LOG_LINES = 3


def wait(kube: Kube, wanted: list[Object], namespace: str, *, deadline: float, clock: Clock) -> None:
    """Return when every part has rolled out; a LabError says why one can't, or is late."""
    names = [thing["metadata"]["name"] for thing in wanted]
    hope = Hope(clock)

    def rolled_out() -> bool:
        found = parts.there(kube, namespace)
        late = [name for name in names if name not in found or not _runs(found[name])]
        if not late:
            return True
        pods = [pod for pod in kube.get("pods", namespace=namespace) if _component(pod) in late]
        obstacles = rollout.obstacles([found[name].thing for name in late if name in found], pods)
        if hope.is_lost(trouble=any(one.is_hopeless for one in obstacles)):
            why = f"{_sentence(late, obstacles)}{_last_words(kube, pods, namespace)}"
            raise LabError(f"deploying the stack in {namespace}: {why}")
        raise NotYet(_sentence(late, obstacles))

    wait_for(f"the stack in {namespace}", rolled_out, deadline=deadline, clock=clock, every=EVERY_SECONDS)


def _runs(part: Workload) -> bool:
    return part.is_healthy and not parts.wants_none(part)


def _sentence(late: list[str], obstacles: list[rollout.Obstacle]) -> str:
    said = "; ".join(map(str, obstacles))
    return f"{', '.join(late)} not ready{f': {said}' if said else ''}"


def _component(pod: Object) -> str:
    return str(pod["metadata"].get("labels", {}).get("app.kubernetes.io/name"))


def _last_words(kube: Kube, pods: list[Object], namespace: str) -> str:
    """Return the last lines of the first pod that crashes, if one does."""
    for pod in pods:
        if any(one.reason == rollout.CRASHES for one in rollout.of_pod(pod)):
            name = pod["metadata"]["name"]
            # The container that ended may be gone already; the one that follows says the same.
            for which in (("--previous",), ()):
                words = ("logs", f"--namespace={namespace}", f"--tail={LOG_LINES}", *which, name)
                try:
                    said = kube.run(f"reading the log of {name}", *words)
                except LabError:
                    continue
                if said and not said.startswith("unable to retrieve"):
                    return f"; its last words: {process.last_words(said.encode(), lines=LOG_LINES)}"
    return ""
