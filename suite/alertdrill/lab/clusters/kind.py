"""kind clusters, of the upstream node image or of ours: one class, two sources of the image.

They have two nodes: one for all, and a spare one, which can be lost while all else goes on.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.errors import LabError, UsageError
from alertdrill.faults import node
from alertdrill.kube import Kube
from alertdrill.lab.clusters import certificates, kind_config, nodes, state
from alertdrill.lab.clusters.base import Ability, Access, Status, Wanted
from alertdrill.machine import cache, daemon, docker, process, tools
from alertdrill.machine.docker import Engine
from alertdrill.progress import Progress

UPSTREAM = "kind"
BUILT = "kind-built"
FLAVOURS = frozenset({UPSTREAM, BUILT})
PREFIX = "alertdrill-"
LABEL = "io.x-k8s.kind.cluster"
CREATE_SECONDS_MAX = 300.0
READY_SECONDS_MAX = 120.0
ANSWER_SECONDS_MAX = 20.0  # a cluster that is only busy answers by then; one that doesn't is made anew
CAP_SYS_RESOURCE = 24
HALT_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 10.0
PORT_TAKEN = ("address already in use", "port is already allocated")
NAME_TAKEN = "already exist"

Creator = Callable[["KindCommand", str, Path, Path], None]
"""(kind, image, configuration file, kubeconfig) → a cluster, created."""


@dataclass(frozen=True)
class KindCommand:
    """The kind program as it talks to one engine about one cluster."""

    program: Path
    engine: Engine
    cluster: str

    def run(self, what: str, *words: str | Path, timeout: float = 120.0) -> str:
        """Run a kind command and return what it printed."""
        argv = [self.program, *words, "--name", self.cluster]
        return process.run(what, argv, timeout=timeout, env=self.engine.env)


def create(kind: KindCommand, image: str, config: Path, kubeconfig: Path) -> None:
    """Create the cluster by kind's own command; what it leaves when it fails is removed by the caller."""
    words = ("create", "cluster", "--retain", "--image", image)
    kind.run(
        f"creating the cluster {kind.cluster}",
        *words,
        *("--config", config, "--kubeconfig", kubeconfig),
        timeout=CREATE_SECONDS_MAX,
    )


class KindCluster:
    """A kind cluster that is ours as a whole."""

    abilities = frozenset(Ability)

    def __init__(
        self,
        wanted: Wanted,
        *,
        flavour: str,
        reason: str,
        engine: Callable[[], Engine],
        image: Callable[[Engine, Progress], str],
        creator: Creator = create,
    ) -> None:
        self.name = wanted.name
        self.flavour = flavour
        self.reason = reason
        self._engine = engine
        self._image = image
        self._creator = creator
        self._config = kind_config.config(
            restart_seconds_max=wanted.restart_seconds_max,
            bounded=is_bounded(),
            own_network=flavour == BUILT,
            speed=wanted.speed,
            mark=wanted.mark,
        )
        self._digest = cache.digest(flavour, self._config)

    def __repr__(self) -> str:
        """Say which cluster it is, in tests and in a debugger."""
        return f"<KindCluster {PREFIX}{self.name} [{self.flavour}]>"

    @property
    def _container(self) -> str:
        return self._containers["control-plane"]

    @property
    def _containers(self) -> dict[str, str]:
        """Return the nodes' containers, {what kind calls its part: container}."""
        return {part: f"{PREFIX}{self.name}-{part}" for part in nodes.POD_RANGES}

    @property
    def spare(self) -> nodes.Machine:
        """Return the node that is there to be lost."""
        return nodes.Machine(self._engine_there, self._containers["worker"])

    @property
    def access(self) -> Access:
        """Return how to reach it, once it is up."""
        return Access(kubeconfig=state.kubeconfig(self.name), context=f"kind-{PREFIX}{self.name}")

    def up(self, progress: Progress) -> Access:
        """Return access to the cluster: at once when it is up as asked for, else made anew."""
        earlier = state.read(self.name)
        if earlier and earlier.complete and earlier.digest == self._digest:
            self.mend()
            if self._answers():
                return self.access
        with progress.phase("container engine"):
            kind = self._kind(begin=earlier)
        progress.say(f"{kind.engine.reason}; {tools.find('kind').reason}")
        self._clear(kind, earlier, progress)
        image = self._image(kind.engine, progress)
        with progress.phase("cluster"):
            try:
                self._create(kind, image)
            except LabError as error:
                if NAME_TAKEN in str(error):  # somebody was faster
                    raise self._foreign(kind) from error
                if not any(words in str(error) for words in PORT_TAKEN):
                    raise
                progress.say("the port that was free a moment ago is taken: trying another")
                self._delete(kind)
                self._create(kind, image)
        self._wait_ready(progress)
        self._remember(private_engine=kind.engine.private, complete=True, begun=True)
        return self.access

    def down(self, progress: Progress) -> None:
        """Delete the cluster, and stop an engine of ours that nobody else needs."""
        record = state.read(self.name)
        if record:
            with progress.phase("taking the cluster down"):
                kind = self._kind(begin=record)
                self._stop_earlier_kind()
                if record.begun:
                    self._delete(kind)
                state.forget(self.name)
        docker.stop_private(unless=lambda: bool(state.others(self.name, FLAVOURS)))

    def status(self) -> Status:
        """Look whether it is there and its node is ready."""
        record = state.read(self.name)
        if not record:
            return Status(exists=False, answers=False, sentence=f"there is no cluster {PREFIX}{self.name}")
        if not record.complete:
            return Status(exists=True, answers=False, sentence=f"{PREFIX}{self.name} is half made")
        answers = self._answers()
        verb = "answers" if answers else "does not answer"
        return Status(
            exists=True,
            answers=answers,
            sentence=f"{PREFIX}{self.name} ({self.flavour}) {verb}",
            as_asked=record.digest == self._digest,
        )

    def load(self, archives: Sequence[Path], progress: Progress) -> None:
        """Import image archives into the nodes, except those it has had already."""
        for archive in archives:
            record = state.read(self.name)
            if not record:
                raise LabError(
                    f"loading {archive.name}: the cluster {PREFIX}{self.name} is not there: bring it up"
                )
            mark = f"{archive}@{archive.stat().st_mtime_ns}"
            if mark in record.loaded:
                continue
            kind = self._kind(begin=record)
            kind.run(
                f"loading {archive.name} into the cluster", "load", "image-archive", archive, timeout=300
            )
            state.write(self.name, replace(record, loaded=[*record.loaded, mark]))
            progress.say(f"loaded {archive.name} ({archive.stat().st_size >> 20} MB)")

    def run(self, what: str, *argv: str) -> str:
        """Run a program on the node that the control plane runs on."""
        return self._node(what, *argv)

    def pause(self) -> None:
        """Put the node of the control plane to sleep, with all that is on it."""
        self._engine_there().run("pausing the node", "pause", self._container)

    def mend(self) -> None:
        """Repair what a drill that was killed left broken; nodes that are not there are not mended."""
        record = state.read(self.name)
        if not (record and record.complete):
            return
        try:
            kind = self._kind(begin=record)
            for asleep in kind.engine.containers(f"label={LABEL}={kind.cluster}", "status=paused"):
                kind.engine.run("waking the node", "unpause", asleep)
            node.mend_both(self, self.spare)
            if self.flavour == BUILT:
                nodes.introduce(kind.engine, self._containers)
        except LabError:
            return  # who asks looks whether it answers, and makes it anew

    def halt(self, component: str) -> None:
        """Take the component's manifest from the kubelet and wait until its process is gone."""
        self._node(
            f"halting {component}",
            "mv",
            f"{node.MANIFESTS}/{component}.yaml",
            f"{node.HALTED}/{component}.yaml",
        )
        wait_for(
            f"{component} to stop",
            lambda: not self._runs(component),
            deadline=HALT_SECONDS_MAX,
            clock=WallClock(),
        )

    def resume(self, component: str) -> None:
        """Give the manifest back and wait until the process is there."""
        self._node(
            f"resuming {component}",
            "mv",
            f"{node.HALTED}/{component}.yaml",
            f"{node.MANIFESTS}/{component}.yaml",
        )
        wait_for(
            f"{component} to start",
            lambda: self._runs(component),
            deadline=HALT_SECONDS_MAX,
            clock=WallClock(),
        )

    def export_logs(self, folder: Path) -> None:
        """Write the nodes' journals and the logs of their pods to a folder."""
        if record := state.read(self.name):
            folder.mkdir(parents=True, exist_ok=True)
            try:
                self._kind(begin=record).run("exporting the nodes' logs", "export", "logs", folder)
            except LabError as error:  # a node in trouble gives what it has, and kind says what it lacks
                (folder / "incomplete.txt").write_text(f"{error}\n")

    def _kind(self, *, begin: state.Record | None) -> KindCommand:
        """Return kind on the engine that has, or will have, the cluster; recorded before it is started."""
        if begin is None:
            self._remember(private_engine=None, complete=False)
        engine = self._engine()
        if begin is None or begin.private_engine != engine.private:
            self._remember(private_engine=engine.private, complete=False, begun=bool(begin and begin.begun))
        return KindCommand(tools.kind(), engine, PREFIX + self.name)

    def _engine_there(self) -> Engine:
        return self._kind(begin=state.read(self.name)).engine

    def _node(self, what: str, *argv: str) -> str:
        """Run a program on the node of the control plane."""
        return nodes.Machine(self._engine_there, self._container).run(what, *argv)

    def _runs(self, component: str) -> bool:
        programs = self._node("listing the node's programs", "ps", "-e", "-o", "args=")
        return any(line.split(" ")[0] == component for line in programs.splitlines())

    def _remember(self, *, private_engine: bool | None, complete: bool, begun: bool = False) -> None:
        state.write(
            self.name,
            state.Record(
                flavour=self.flavour,
                reason=self.reason,
                digest=self._digest,
                private_engine=private_engine,
                complete=complete,
                begun=begun,
            ),
        )

    def _clear(self, kind: KindCommand, earlier: state.Record | None, progress: Progress) -> None:
        """Remove what is left of a cluster of ours; one that we know nothing of is somebody else's."""
        self._stop_earlier_kind()
        if not kind.engine.containers(f"label={LABEL}={kind.cluster}"):
            return
        if earlier is None or not earlier.begun:
            raise self._foreign(kind)
        why = self._why_anew(earlier)
        progress.say(f"a cluster {kind.cluster} of ours is there, but {why}: making it anew")
        self._delete(kind)

    def _why_anew(self, earlier: state.Record) -> str:
        if earlier.is_of_the_lost:
            return "what it was made with is not known"
        if not earlier.complete:
            return "half made"
        return "does not answer" if earlier.digest == self._digest else "not as asked for"

    def _foreign(self, kind: KindCommand) -> UsageError:
        """Forget what we began, and say that a cluster of that name is somebody else's."""
        state.forget(self.name)
        return UsageError(
            f"a kind cluster {kind.cluster} is there already and was not made from this cache folder:"
            f" take another --name, or remove it: kind delete cluster --name {kind.cluster}"
        )

    def _stop_earlier_kind(self) -> None:
        """Stop the kind that a killed run of ours left at work: it would go on creating."""
        daemon.stop("an earlier kind", str(state.kind_config(self.name)), grace=STOP_SECONDS_MAX)

    def _delete(self, kind: KindCommand) -> None:
        words = ("delete", "cluster", "--kubeconfig", state.kubeconfig(self.name))
        kind.run(f"deleting the cluster {kind.cluster}", *words)

    def _create(self, kind: KindCommand, image: str) -> None:
        kubeconfig = state.kubeconfig(self.name)
        kubeconfig.unlink(missing_ok=True)
        config = state.kind_config(self.name)
        cache.write_whole(config, self._config)
        self._remember(private_engine=kind.engine.private, complete=False, begun=True)
        # Upstream's nodes have a network that finds the way.
        met = nodes.meeting(kind.engine, self._containers) if self.flavour == BUILT else nullcontext()
        try:
            with met:
                self._creator(kind, image, config, kubeconfig)
        finally:
            config.unlink()
        kubeconfig.chmod(0o600)

    def _wait_ready(self, progress: Progress) -> None:
        kube = Kube(self.access.kubeconfig, self.access.context)
        with progress.phase("nodes ready"):
            wait_for(
                "the nodes to be ready",
                lambda: _all_ready(kube),
                deadline=READY_SECONDS_MAX,
                clock=WallClock(),
                every=0.2,
            )
        with progress.phase("kubelets' certificates"):
            certificates.approve(kube)

    def _answers(self) -> bool:
        if not self.access.kubeconfig.exists():
            return False
        try:
            kube = Kube(self.access.kubeconfig, self.access.context)
            return wait_for(
                f"{PREFIX}{self.name} to answer",
                lambda: _all_ready(kube),
                deadline=ANSWER_SECONDS_MAX,
                clock=WallClock(),
            )
        except LabError:
            return False


def is_bounded(status: Path = Path("/proc/self/status")) -> bool:
    """Say whether even root here lacks CAP_SYS_RESOURCE, and so will a node."""
    for line in status.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "CapBnd":
            return not int(value, 16) >> CAP_SYS_RESOURCE & 1
    return False


def _all_ready(kube: Kube) -> bool:
    nodes = kube.get("nodes")
    conditions = [one for node in nodes for one in node["status"].get("conditions", [])]
    ready = [one for one in conditions if one["type"] == "Ready" and one["status"] == "True"]
    if not nodes or len(ready) < len(nodes):
        reasons = [one.get("message", "") for one in conditions if one["type"] == "Ready"]
        raise NotYet(f"{len(ready)} of {len(nodes)} nodes ready {'; '.join(reasons)}".strip())
    return True
