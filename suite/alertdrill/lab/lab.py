"""The lab: a cluster and the monitoring stack on it, brought up, found again, and taken down."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import msgspec

from alertdrill import compress
from alertdrill.clock import WallClock, wait_for
from alertdrill.errors import AlertdrillError, LabError
from alertdrill.faults.base import Ground
from alertdrill.incident import Limits
from alertdrill.kube import Forward, Kube
from alertdrill.lab import clusters, evidence, ground, stack
from alertdrill.lab.options import Options, checked_name, in_use, mark, wanted
from alertdrill.lab.rules import LabRules, base_config
from alertdrill.machine import cache, images
from alertdrill.model import Value
from alertdrill.names import LAB_LABEL, LOOKBACK_SECONDS, STACK_NAMESPACE
from alertdrill.progress import Progress
from alertdrill.prometheus import Prometheus

DELETE_SECONDS_MAX = 120.0
READY_SECONDS_MAX = 60.0
BORROW_TRIES_MAX = 5


class State(Value, frozen=True, kw_only=True):
    """What is known of a lab that is up."""

    options: Options
    flavour: str
    reason: str
    kubeconfig: str
    context: str
    images: dict[str, str]  # image → what it is made of, as loaded into the cluster
    phases: dict[str, float]


@dataclass(frozen=True)
class Lab:
    """A lab that answers: what a play needs of it. `*_seconds` are live seconds."""

    name: str
    kube: Kube
    forward: Forward
    speed: float
    rules: LabRules
    versions: dict[str, str]
    phases: dict[str, float]
    ground: Ground = field(default=Ground(speed=1.0))

    @property
    def limits(self) -> Limits:
        """Return what the rules ask of the lab."""
        return self.rules.limits

    @property
    def scrape_seconds(self) -> float:
        """Return the live seconds between two scrapes of what the rules read."""
        return self.limits.scrape_interval / self.speed

    @property
    def evaluation_seconds(self) -> float:
        """Return the live seconds between two evaluations of a rule."""
        return self.limits.evaluation_interval / self.speed

    @property
    def mark(self) -> str:
        """Return what the label LAB_LABEL says on everything of this lab."""
        return mark(self.name)

    def prometheus(self) -> Prometheus:
        """Return a connection of one's own to the lab's Prometheus."""
        return Prometheus(self.forward.url(), on_silence=self.forward.mistrust)


def up(options: Options, rules: LabRules, progress: Progress, *, keep: bool = False) -> tuple[State, bool]:
    """Bring the lab up, or finish what an earlier run began; a lab that is up already is left as it is.

    Broken on the way, a new one is taken down again, unless it is to be kept; one that was up stays.
    Returns what is known of the lab, and whether it was up already.
    """
    with cache.locked(f"lab-{checked_name(options.name)}"):
        before = find(options.name)  # what an earlier run left
        cluster = clusters.choose(wanted(options))  # the lab's own, else one that this machine can have
        was_up = before is not None and cluster.status().answers
        progress.say(f"cluster: {cluster.flavour}, because {cluster.reason}")
        with _nothing_left_behind(cluster, progress, unless=keep or was_up):
            access, loaded = _cluster_with_images(cluster, before, options, progress)  # side by side
            with evidence.of_failure(cluster, access, progress), in_use(options.name):
                _deploy(rules, options, access, loaded, progress)  # the stack, until all of it is ready
            return _remembered(cluster, access, loaded, before, options=options, progress=progress), was_up


@contextmanager
def _nothing_left_behind(cluster: clusters.Cluster, progress: Progress, *, unless: bool) -> Iterator[None]:
    """Take a lab down that broke on the way up. Trouble with that is said beside what broke, and no more."""
    try:
        yield
    except BaseException:
        if not unless:
            try:
                _take_down(cluster, progress)
                shutil.rmtree(_state_file(cluster.name).parent, ignore_errors=True)
            except BaseException as trouble:  # noqa: BLE001  # whatever it is, the cause is what must be seen
                why = str(trouble) or type(trouble).__name__
                again = f"do it when that is mended: alertdrill down --name {cluster.name}"
                progress.say(f"removing what was begun: {why}; {again}", style="yellow")
        raise


def _remembered(
    cluster: clusters.Cluster,
    access: clusters.Access,
    loaded: dict[str, str],
    before: State | None,
    *,
    options: Options,
    progress: Progress,
) -> State:
    """Write down what is known of the lab, for every command after this one."""
    state = State(
        options=options,
        flavour=cluster.flavour,
        reason=cluster.reason,
        kubeconfig=str(access.kubeconfig),
        context=access.context,
        images=loaded,
        phases={**(before.phases if before else {}), **progress.times},
    )
    cache.write_whole(_state_file(options.name), msgspec.json.encode(state), mode=0o600)
    return state


def _cluster_with_images(
    cluster: clusters.Cluster, before: State | None, options: Options, progress: Progress
) -> tuple[clusters.Access, dict[str, str]]:
    """Bring the cluster up while images are made; load them unless they are there. Returns what is loaded."""
    if clusters.Ability.LOADS_IMAGES not in cluster.abilities:
        progress.say("images: the cluster gets them by itself; ours must be where it can pull them")
        return cluster.up(progress), {}
    with ThreadPoolExecutor() as pool:
        making = pool.submit(images.packed, progress, tofu=options.tofu)
        access = cluster.up(progress)
        archive = making.result()
    record = clusters.state.read(options.name)
    there = before is not None and record is not None and bool(record.loaded)  # not made anew just now
    needed = images.identities(tofu=options.tofu)
    if not (there and before and needed.items() <= before.images.items()):
        with progress.phase("images into the cluster"):
            cluster.load([archive], progress)
    return access, {**(before.images if there and before else {}), **needed}


def down(name: str, progress: Progress) -> bool:
    """Take the lab down and say whether there was one; what is not ours is not touched."""
    with cache.locked(f"lab-{checked_name(name)}"), in_use(name):
        state = find(name)
        _take_down(clusters.choose(wanted(state.options if state else Options(name=name))), progress)
        shutil.rmtree(_state_file(name).parent, ignore_errors=True)
    return state is not None


def _take_down(cluster: clusters.Cluster, progress: Progress) -> None:
    """Remove the stack and every scenario's namespace from a cluster that stays, else the cluster itself."""
    theirs = clusters.Ability.OWNS_CLUSTER not in cluster.abilities
    seen = cluster.status()
    if theirs and not seen.answers and clusters.state.read(cluster.name):
        raise LabError(
            f"taking lab {cluster.name} down: {seen.sentence}; what is ours stays in it until it answers"
            f" (if it is gone for good, remove {clusters.state.folder(cluster.name)})"
        )
    if theirs and seen.answers:
        access = cluster.up(progress)
        with progress.phase("removing what is ours"):
            kube = Kube(access.kubeconfig, access.context)
            chosen = f"--selector={LAB_LABEL}={mark(cluster.name)}"
            kube.run(
                "removing the scenarios' namespaces",
                "delete",
                "namespace",
                chosen,
                timeout=DELETE_SECONDS_MAX,
            )
            stack.remove(access)
    cluster.down(progress)


def find(name: str) -> State | None:
    """Return what is known of a lab, None if there is none; a state that can't be read counts as none."""
    try:
        return msgspec.json.decode(_state_file(name).read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return None


@contextmanager
def _connected(state: State, options: Options, rules: LabRules, progress: Progress) -> Iterator[Lab]:
    """Yield the lab, with the rules and the speed of `options` deployed; unchanged ones take no time.

    The lab must be in use by the caller (`_in_use`), so that nobody else changes the rules meanwhile.
    """
    access = clusters.Access(kubeconfig=Path(state.kubeconfig), context=state.context)
    kube = Kube(access.kubeconfig, access.context)
    _deploy(rules, options, access, state.images, progress)
    with kube.forward(STACK_NAMESPACE, "service/prometheus", 9090) as forward:
        wait_for(
            "Prometheus to be ready",
            lambda: Prometheus(forward.url()).ready(),
            deadline=READY_SECONDS_MAX,
            clock=WallClock(),
            every=0.25,
        )
        yield Lab(
            name=options.name,
            kube=kube,
            forward=forward,
            speed=options.speed,
            rules=rules,
            versions={
                "alertdrill": metadata.version("alertdrill"),
                "kubernetes": kube.version(),
                "prometheus": Prometheus(forward.url()).version(),
            },
            phases={**state.phases, **progress.times},
            ground=ground.of(kube, speed=options.speed, again=_again(state, options)),
        )


def _again(state: State, options: Options) -> str:
    """Say how to have kubelets that fit the speed, where they are ours."""
    if state.flavour == clusters.existing.FLAVOUR:
        return ""
    lab = f"--name {options.name}"
    return (
        f", or make the lab anew: alertdrill down {lab}, then alertdrill up {lab} --speed {options.speed:g}"
    )


def _deploy(
    rules: LabRules,
    options: Options,
    access: clusters.Access,
    loaded: dict[str, str],
    progress: Progress,
) -> None:
    stack.deploy(
        access,
        config=compress.prometheus_config(base_config(), options.speed),
        rules={"drill.rules.yaml": rules.scaled.to_yaml()},
        lookback_seconds=LOOKBACK_SECONDS / options.speed,
        progress=progress,
        images=loaded,
    )


def _state_file(name: str) -> Path:
    return cache.folder() / "labs" / checked_name(name) / "lab.json"


class Status(Value, frozen=True, kw_only=True):
    """Whether a lab is there and answers, in a sentence and as data."""

    answers: bool
    sentence: str
    state: State | None = None


def status(name: str) -> Status:
    """Look at a lab without changing anything."""
    state = find(name)
    if state is None:
        return Status(
            answers=False, sentence=f"there is no lab {name}; bring it up: alertdrill up --name {name}"
        )
    try:
        ready = [
            node["metadata"]["name"] for node in Kube(Path(state.kubeconfig), state.context).get("nodes")
        ]
    except LabError as error:
        return Status(answers=False, sentence=f"lab {name} does not answer: {error}", state=state)
    made_of = f"{state.flavour}, nodes {', '.join(ready)}, {state.options.speed:g} times as fast as life"
    return Status(answers=True, sentence=f"lab {name} is up: {made_of}", state=state)


@contextmanager
def borrowed(options: Options, rules: LabRules, progress: Progress, *, keep: bool) -> Iterator[Lab]:
    """Yield the lab that is up, which stays, or a new one, taken down after unless it is to be kept.

    While we wait for another run to be done with the lab, that run may take it down: then we start over.
    """
    for _ in range(BORROW_TRIES_MAX):
        with ExitStack() as after:
            there = status(options.name)
            if there.answers and _has_images(there.state, options):
                progress.say(f"{there.sentence}; using it")
            else:
                _, was_up = up(options, rules, progress, keep=keep or there.answers)
                if not was_up:
                    after.callback(_leave, options.name, progress, keep=keep)
            with in_use(options.name):
                state = find(options.name)  # as it is now that nobody else can change it
                if state and _has_images(state, options):
                    with _connected(state, options, rules, progress) as lab:
                        yield lab
                    return
            after.pop_all()  # what we made is gone already
        progress.say(f"the lab {options.name} was taken down while we waited for our turn: starting over")
    raise LabError(f"borrowing the lab {options.name}: others took it down each time; use another --name")


def _has_images(state: State | None, options: Options) -> bool:
    return state is not None and not (options.tofu and images.TERRADIFF.name not in state.images)


def _leave(name: str, progress: Progress, *, keep: bool) -> None:
    """Take down the lab that we made, unless it is to be kept."""
    if keep:
        progress.say(f"kept the lab; take it down: alertdrill down --name {name}")
        return
    try:
        down(name, progress)
    except (AlertdrillError, OSError) as trouble:  # whatever was played in it, that stands
        progress.say(f"{trouble}; the lab stays until: alertdrill down --name {name}", style="yellow")
