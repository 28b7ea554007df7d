"""The lab: a cluster and the monitoring stack on it, brought up, found again, and taken down."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import metadata

from alertdrill import compress
from alertdrill.clock import WallClock, wait_for
from alertdrill.errors import AlertdrillError, LabError, UsageError
from alertdrill.faults.base import Ground
from alertdrill.incident import Limits
from alertdrill.kube import Forward, Kube
from alertdrill.lab import clusters, evidence, ground, images_there, known, receiver, stack, turn
from alertdrill.lab.clusters import Ability, dns
from alertdrill.lab.known import State, find
from alertdrill.lab.options import Options, mark, wanted
from alertdrill.lab.receiver import Receiver
from alertdrill.lab.rules import LabRules, alertmanager_config, base_config
from alertdrill.lab.status import status
from alertdrill.lab.turn import Turn
from alertdrill.machine import images
from alertdrill.names import LOOKBACK_SECONDS, RESEND_SECONDS, STACK_NAMESPACE
from alertdrill.progress import Progress
from alertdrill.prometheus import Prometheus

READY_SECONDS_MAX = 60.0
BORROW_TRIES_MAX = 5


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
    site: stack.Site = field(default=stack.Site(mark="", tail=""))
    turn: Turn | None = None
    mail: Forward | None = None  # to the receiver

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

    def check_turn(self) -> None:
        """Raise LabError if somebody else has taken the lab meanwhile."""
        if self.turn:
            self.turn.check()

    def receiver(self) -> Receiver:
        """Return the lab's receiver; a LabError where there is no way to it."""
        if self.mail is None:
            raise LabError(f"the lab {self.name} has no receiver")
        return Receiver(self.mail)

    def prometheus(self) -> Prometheus:
        """Return a connection of one's own to the lab's Prometheus."""
        return Prometheus(self.forward.url(), on_silence=self.forward.mistrust)


def up(options: Options, rules: LabRules, progress: Progress, *, keep: bool = False) -> tuple[State, bool]:
    """Bring the lab up, or finish what an earlier run began; a lab that is up already is left as it is.

    Broken on the way, a new one is taken down again, unless it is to be kept; one that was up stays.
    Returns what is known of the lab, and whether it was up already.
    """
    with turn.on_this_machine(options.name, progress, of="lab"):
        before = find(options.name)  # what an earlier run left
        clusters.recover(wanted(options))
        cluster = clusters.choose(wanted(options))  # the lab's own, else one that this machine can have
        site = known.site(options, is_guest=Ability.OWNS_CLUSTER not in cluster.abilities)
        cluster.mend()
        seen = cluster.status()
        _spare_guests(cluster, seen, site.mark)
        was_up = before is not None and seen.answers
        progress.say(f"cluster: {cluster.flavour}, because {cluster.reason}")
        with _nothing_left_behind(cluster, site.namespace, progress, unless=keep or was_up):
            access, loaded = _cluster_with_images(cluster, before, options, site, progress)  # side by side
            kube = Kube(access.kubeconfig, access.context)
            with (
                evidence.of_failure(cluster, kube, site.namespace, progress),
                turn.on_this_machine(options.name, progress),
                turn.in_cluster(kube, site.namespace, site.mark, progress),
            ):
                _deploy(rules, options, kube, site, loaded, progress=progress)  # until all of it is ready
            return _remembered(cluster, access, loaded, before, options=options, progress=progress), was_up


def _spare_guests(cluster: clusters.Cluster, seen: clusters.Status, own: str) -> None:
    """Raise LabError if a cluster would be made anew in which others have labs."""
    if seen.answers and not seen.as_asked and (guests := _guests(cluster, own)):
        record = clusters.state.read(cluster.name)
        is_lost = record is not None and record.is_of_the_lost
        why = "what its cluster was made with is not known" if is_lost else "its cluster is not as asked for"
        raise LabError(
            f"bringing lab {cluster.name} up: {why}, and it can't be made anew because"
            f" labs of others are in it: {stack.told(guests)}; once they are down, try again, or take"
            " another --name"
        )


def _guests(cluster: clusters.Cluster, own: str) -> list[tuple[str, list[str]]]:
    """Return the other labs in a cluster that answers: their marks, and their namespaces."""
    return sorted(stack.others(Kube(cluster.access.kubeconfig, cluster.access.context), own).items())


@contextmanager
def _nothing_left_behind(
    cluster: clusters.Cluster, namespace: str, progress: Progress, *, unless: bool
) -> Iterator[None]:
    """Take a lab down that broke on the way up. Trouble with that is said beside what broke, and no more."""
    try:
        yield
    except BaseException:
        if not unless:
            try:
                _take_down(cluster, progress, namespace)
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
    known.remember(state)
    return state


def _cluster_with_images(
    cluster: clusters.Cluster,
    before: State | None,
    options: Options,
    site: stack.Site,
    progress: Progress,
) -> tuple[clusters.Access, dict[str, str]]:
    """Bring the cluster up while images are made; load them unless they are there. Returns what is loaded."""
    if Ability.LOADS_IMAGES not in cluster.abilities:
        access = cluster.up(progress)
        images_there.told(Kube(access.kubeconfig, access.context), site, _named(options), progress)
        return access, {}
    with ThreadPoolExecutor() as pool:
        making = pool.submit(images.packed, progress, tofu=options.tofu, components=options.components)
        access = cluster.up(progress)
        archive = making.result()
    record = clusters.state.read(options.name)
    there = before is not None and record is not None and bool(record.loaded)  # not made anew just now
    needed = images.identities(tofu=options.tofu, components=options.components)
    if not (there and before and needed.items() <= before.images.items()):
        with progress.phase("images into the cluster"):
            cluster.load([archive], progress)
        dns.start_anew(Kube(access.kubeconfig, access.context))  # it began before there was a way for it
    return access, {**(before.images if there and before else {}), **needed}


def _named(options: Options) -> tuple[str, ...]:
    """Return the images that not every lab needs, by what was asked for."""
    return (*(images.COMPONENTS[one].name for one in options.components), *options.images)


def down(name: str, progress: Progress) -> bool:
    """Take the lab down and say whether there was one; what is not ours is not touched."""
    with turn.on_this_machine(name, progress, of="lab"), turn.on_this_machine(name, progress):
        state = find(name)
        options = state.options if state else Options(name=name)
        was_there = clusters.recover(wanted(options)) or state is not None
        _take_down(clusters.choose(wanted(options)), progress, options.namespace)
    return was_there


def _take_down(cluster: clusters.Cluster, progress: Progress, namespace: str = STACK_NAMESPACE) -> None:
    """Remove the cluster; but from one that stays, only what carries our mark.

    One stays that is not ours, or that another lab is a guest in.
    """
    theirs = Ability.OWNS_CLUSTER not in cluster.abilities
    cluster.mend()  # else nobody can be asked whether others are in it
    seen = cluster.status()
    if theirs and not seen.answers and clusters.state.read(cluster.name):
        raise LabError(
            f"taking lab {cluster.name} down: {seen.sentence}; what is ours stays in it until it answers"
            f" (if it is gone for good, remove {clusters.state.folder(cluster.name)})"
        )
    guests = []
    if seen.answers:
        kube = Kube(cluster.access.kubeconfig, cluster.access.context)
        own = mark(cluster.name)
        guests = [] if theirs else _guests(cluster, own)
        if theirs or guests:
            with turn.in_cluster(kube, namespace, own, progress), progress.phase("removing what is ours"):
                stack.remove(kube, own)
    known.file(cluster.name).unlink(missing_ok=True)
    if guests:
        progress.say(
            f"the cluster stays, because labs of others are in it: {stack.told(guests)}; once they are down:"
            f" alertdrill down --name {cluster.name}",
            style="yellow",
        )
        return
    cluster.down(progress)
    shutil.rmtree(known.file(cluster.name).parent, ignore_errors=True)


@contextmanager
def _connected(state: State, options: Options, rules: LabRules, progress: Progress) -> Iterator[Lab]:
    """Yield the lab, with the rules and the speed of `options` deployed; unchanged ones take no time.

    The caller must have the lab on this machine (`turn`); here it is held in the cluster, too, so that nobody
    else changes the rules meanwhile.
    """
    site = known.site(options, is_guest=state.is_guest)
    cluster = clusters.choose(wanted(options))
    cluster.mend()
    kube = Kube(state.access.kubeconfig, state.access.context)
    with (
        turn.in_cluster(kube, site.namespace, site.mark, progress) as ours,
        kube.forward(site.namespace, "service/prometheus", known.PROMETHEUS_PORT) as forward,
        kube.forward(site.namespace, f"deployment/{receiver.NAME}", receiver.PORT) as mail,
    ):
        if state.is_guest:
            images_there.told(kube, site, _named(options), progress)
        _deploy(rules, options, kube, site, state.images, progress=progress)
        known.remember(state.running(options))
        ours.take()  # where the namespace was gone
        wait_for(
            f"Prometheus in {site.namespace} to be ready",
            lambda: Prometheus(forward.url()).ready(),
            deadline=READY_SECONDS_MAX,
            clock=WallClock(),
            every=0.25,
            tell=lambda _seen: progress.say(f"waiting for Prometheus in {site.namespace} to be ready"),
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
            ground=ground.of(
                kube,
                site.namespace,
                speed=options.speed,
                again=_again(state, options),
                cluster=cluster if Ability.STOPS_CONTROL_PLANE in cluster.abilities else None,
            ),
            site=site,
            turn=ours,
            mail=mail,
        )


def _again(state: State, options: Options) -> str:
    """Say how to have kubelets that fit the speed, where they are ours."""
    if state.is_guest:
        return ""
    lab = f"--name {options.name}"
    return (
        f", or make the lab anew: alertdrill down {lab}, then alertdrill up {lab} --speed {options.speed:g}"
    )


def _deploy(
    rules: LabRules,
    options: Options,
    kube: Kube,
    site: stack.Site,
    loaded: dict[str, str],
    *,
    progress: Progress,
) -> None:
    stack.deploy(
        kube,
        site,
        config=compress.prometheus_config(base_config(), options.speed),
        rules={"drill.rules.yaml": rules.scaled.to_yaml()},
        lookback_seconds=LOOKBACK_SECONDS / options.speed,
        alertmanager=stack.Alertmanager(
            config=compress.alertmanager_config(alertmanager_config(), options.speed),
            resend_seconds=RESEND_SECONDS / options.speed,
        ),
        progress=progress,
        images=loaded,
        components=options.components,
    )


@contextmanager
def borrowed(options: Options, rules: LabRules, progress: Progress, *, keep: bool) -> Iterator[Lab]:
    """Yield the lab that is up, which stays, or a new one, taken down after unless it is to be kept.

    While we wait for another run to be done with the lab, that run may take it down: then we start over.
    """
    rules.tell(progress)
    for _ in range(BORROW_TRIES_MAX):
        with ExitStack() as after:
            there = status(options.name)
            if there.state and there.state.options.namespace != options.namespace:
                raise UsageError(known.elsewhere(there.state, options))
            if there.lost:  # what is in it may be somebody's work: whoever plays did not ask to make it anew
                raise LabError(there.sentence)
            if there.answers and _has_images(there.state, options):
                progress.say(f"{there.sentence}; using it")
            else:
                _, was_up = up(options, rules, progress, keep=keep or there.answers)
                if not was_up:
                    after.callback(_leave, options.name, progress, keep=keep)
            with turn.on_this_machine(options.name, progress):
                state = find(options.name)  # as it is now that nobody else can change it
                if state and _has_images(state, options):
                    with _connected(state, options, rules, progress) as lab:
                        yield lab
                    return
            after.pop_all()  # what we made is gone already
        progress.say(f"the lab {options.name} was taken down while we waited for our turn: starting over")
    raise LabError(f"borrowing the lab {options.name}: others took it down each time; use another --name")


def _has_images(state: State | None, options: Options) -> bool:
    if state is None or state.is_guest:  # a guest's images are looked for where they are
        return state is not None
    needed = {images.COMPONENTS[one].name for one in options.components}
    needed |= {images.TERRADIFF.name} if options.tofu else set()
    return needed <= state.images.keys()


def _leave(name: str, progress: Progress, *, keep: bool) -> None:
    """Take down the lab that we made, unless it is to be kept."""
    if keep:
        progress.say(f"kept the lab; take it down: alertdrill down --name {name}")
        return
    try:
        down(name, progress)
    except (AlertdrillError, OSError) as trouble:  # whatever was played in it, that stands
        progress.say(f"{trouble}; the lab stays until: alertdrill down --name {name}", style="yellow")
