"""Is the lab there, is all of its stack ready, and whose is what stands in its place?"""

from alertdrill.errors import LabError
from alertdrill.kube import Kube, rollout
from alertdrill.lab.known import State, find
from alertdrill.lab.options import mark
from alertdrill.lab.stack import COMPONENTS, mark_of
from alertdrill.model import Value


class Status(Value, frozen=True, kw_only=True):
    """Whether a lab is there and fit for a play, in a sentence and as data."""

    answers: bool
    sentence: str
    state: State | None = None
    stack: dict[str, str] = {}  # each Deployment of the stack: "ready", or what it lacks
    prometheus: str = ""  # the command that opens a way to it


def status(name: str) -> Status:
    """Look at a lab without changing anything."""
    state = find(name)
    if state is None:
        return Status(
            answers=False, sentence=f"there is no lab {name}; bring it up: alertdrill up --name {name}"
        )
    try:
        kube = Kube(state.access.kubeconfig, state.access.context)
        nodes = [node["metadata"]["name"] for node in kube.get("nodes")]
        stack = _stack(kube, state)
    except LabError as error:
        return Status(answers=False, sentence=f"lab {name} does not answer: {error}", state=state)
    lacking = [f"{component} {what}" for component, what in stack.items() if what != "ready"]
    if lacking:
        sentence = (
            f"lab {name} is not whole: {', '.join(lacking)} (namespace {state.options.namespace});"
            f" bring it up again: alertdrill up --name {name}"
        )
        return Status(answers=False, sentence=sentence, state=state, stack=stack)
    made_of = (
        f"{state.flavour}, nodes {', '.join(nodes)}, stack in {state.options.namespace},"
        f" {state.options.speed:g} times as fast as life"
    )
    return Status(
        answers=True,
        sentence=f"lab {name} is up: {made_of}",
        state=state,
        stack=stack,
        prometheus=state.way_to_prometheus,
    )


def _stack(kube: Kube, state: State) -> dict[str, str]:
    """Return what is with each Deployment of the stack."""
    there = {
        one["metadata"]["name"]: one for one in kube.get("deployments", namespace=state.options.namespace)
    }
    own = mark(state.options.name)
    found = {}
    for name in (*COMPONENTS, *state.options.components):
        one = there.get(name)
        if one is None:
            found[name] = "is not there"
        elif mark_of(one) != own:
            found[name] = f"is not ours but {mark_of(one) or 'without a mark'}"
        elif not one["spec"].get("replicas", 1):
            found[name] = "is scaled to none"
        else:
            found[name] = "ready" if rollout.has_rolled_out(one) else "is not ready"
    return found
