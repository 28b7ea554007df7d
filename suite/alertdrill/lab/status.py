"""Is the lab there, is all of its stack ready, and whose is what stands in its place?"""

from alertdrill.errors import LabError
from alertdrill.kube import Kube
from alertdrill.kube.rollout import Workload
from alertdrill.lab import clusters
from alertdrill.lab.clusters import lost
from alertdrill.lab.known import State, find
from alertdrill.lab.options import Options, mark, wanted
from alertdrill.lab.stack import COMPONENTS, mark_of, parts
from alertdrill.model import Value
from alertdrill.names import LAB_LABEL, SCENARIO_LABEL


class Status(Value, frozen=True, kw_only=True):
    """Whether a lab is there and fit for a play, in a sentence and as data."""

    answers: bool
    sentence: str
    state: State | None = None
    stack: dict[str, str] = {}  # each part of the stack: "ready", or what it lacks
    prometheus: str = ""  # the command that opens a way to it
    lost: bool = False  # its cluster is there, and what was kept of it is not


def status(name: str) -> Status:
    """Look at a lab without changing anything."""
    state = find(name)
    if state is None:
        return _remains(name)
    try:
        kube = Kube(state.access.kubeconfig, state.access.context)
        nodes = [node["metadata"]["name"] for node in kube.get("nodes")]
        stack = _stack(kube, state)
    except LabError as error:
        sentence = (
            f"lab {name} does not answer: {error}; bring it up again: alertdrill up --name {name},"
            f" or take it down: alertdrill down --name {name}"
        )
        return Status(answers=False, sentence=sentence, state=state)
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


def _remains(name: str) -> Status:
    """Say what there is of a lab of which nothing is written down: its cluster may be there all the same."""
    asked, is_lost, is_unknown = wanted(Options(name=name)), False, False
    if record := clusters.state.read(name):
        is_unknown = record.is_of_the_lost
        cluster = clusters.choose(asked)
        seen = cluster.status()
        what = f"{seen.sentence}{_any_stack(cluster, name) if seen.answers else ''}"
    elif engine := lost.find(asked):
        what, is_lost = f"its cluster is there, in {engine.reason}, and what was kept of it is not", True
    else:
        return Status(
            answers=False, sentence=f"there is no lab {name}; bring it up: alertdrill up --name {name}"
        )
    anew = "`up` throws it away and makes it anew, as what it was made with is not known"
    way = anew if is_lost or is_unknown else "bring it up again"
    sentence = (
        f"lab {name} is not whole: {what}; {way}: alertdrill up --name {name},"
        f" or take it down: alertdrill down --name {name}"
    )
    return Status(answers=False, sentence=sentence, lost=is_lost)


def _any_stack(cluster: clusters.Cluster, name: str) -> str:
    """Say where in the cluster this lab's stack is, if it is."""
    chosen = f"{LAB_LABEL}={mark(name)},!{SCENARIO_LABEL}"
    try:
        there = Kube(cluster.access.kubeconfig, cluster.access.context).get("namespaces", selector=chosen)
    except LabError as error:
        return f", and whether it has a stack is not known: {error}"
    where = ", ".join(one["metadata"]["name"] for one in there)
    return f", and what is known of its stack in {where} was lost" if where else ", without a stack"


def _stack(kube: Kube, state: State) -> dict[str, str]:
    """Return what is with each part of the stack."""
    there = parts.there(kube, state.options.namespace)
    own = mark(state.options.name)
    return {name: _state(there.get(name), own) for name in (*COMPONENTS, *state.options.components)}


def _state(part: Workload | None, own: str) -> str:
    if part is None:
        return "is not there"
    if mark_of(part.thing) != own:
        return f"is not ours but {mark_of(part.thing) or 'without a mark'}"
    if parts.wants_none(part):
        return "is scaled to none"
    return "ready" if part.is_healthy else "is not ready"
