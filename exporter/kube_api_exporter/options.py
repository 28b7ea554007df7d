"""What the user asked for, checked once, as one frozen value."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import translate

from exporter_kit.errors import UsageError
from kube_api_exporter.telling import WORDS_MAX, Tell
from kube_api_exporter.words import DEFAULT_KINDS, FULL_NAMES

KIND_WORD = re.compile(r"[A-Za-z0-9-]+(\.[a-z0-9.-]+)?")
SELECTOR = re.compile(r"[A-Za-z0-9_./!=,() -]*")
# The API's short names of the default kinds; those of other kinds are learnt from the API server.
SHORT_NAMES = {
    "deploy": "deployments",
    "ds": "daemonsets",
    "hpa": "horizontalpodautoscalers",
    "no": "nodes",
    "ns": "namespaces",
    "pdb": "poddisruptionbudgets",
    "po": "pods",
    "pvc": "persistentvolumeclaims",
    "quota": "resourcequotas",
    "rc": "replicationcontrollers",
    "rs": "replicasets",
    "sts": "statefulsets",
}
# Presets are lists of field paths, as --allow takes them; none: everything. `numbers` tells no states.
PRESETS: dict[str, tuple[str, ...]] = {
    "all": (),
    "numbers": (),
    "status": ("metadata.labels", "metadata.generation", "spec.replicas", "status.*"),
    "rules": (
        "metadata.generation",
        "metadata.labels",
        "spec.replicas",
        "spec.unschedulable",
        "spec.m??Replicas",
        "status.*eplicas",
        "status.*umber*",
        "status.observedGeneration",
        "status.containerStatuses.restartCount",
        "status.containerStatuses.ready",
        "status.initContainerStatuses.restartCount",
        "status.initContainerStatuses.ready",
        "status.active",
        "status.failed",
        "status.succeeded",
        "status.currentHealthy",
        "status.desiredHealthy",
        "metadata.deletionTimestamp",
        "metadata.ownerReferences.*",
        "spec.nodeName",
        "status.conditions",
        "status.phase",
        "status.reason",
        "status.*ontainerStatuses.*tate",
        "status.*ontainerStatuses.*tate.*.reason",
    ),
}

# By every name the API server has for them: Secrets must stay unread, Events are a log.
NEVER = frozenset(
    {
        *("secret", "secrets"),
        *("ev", "event", "events"),
        *("ev.events.k8s.io", "event.events.k8s.io", "events.events.k8s.io"),
    }
)


@dataclass(frozen=True)
class Options:
    """How to export; everything here can be left out."""

    kinds: tuple[str, ...] = DEFAULT_KINDS
    namespaces: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    tell: tuple[str, ...] = ()
    preset: str = "all"
    series_budget: int = 0
    word_budget: int = WORDS_MAX
    shard: tuple[int, int] = (0, 1)
    node: str | None = None
    audit_interval: float = 600.0
    silence: float = 120.0
    page: int = 500
    watch_list: bool = True
    compressed_lists: bool = False
    _keepers: dict[str, "Keeper"] = field(default_factory=dict, compare=False, repr=False)
    _words: dict[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    def _check_kinds(self) -> None:
        for word in self.kinds:
            if not KIND_WORD.fullmatch(word):
                raise UsageError(f"--kinds names {word!r}, which is no kind; write pods or deployments.apps")
            if word.lower() in NEVER:
                raise UsageError(f"--kinds names {word}: Secrets and Events are never exported; leave it out")
        if not self.kinds:
            raise UsageError("--kinds names no kind; leave it out for the default ones")

    def __post_init__(self) -> None:
        """Refuse what can't be meant, with a sentence."""
        self._check_kinds()
        for given in self.selectors:
            if not SELECTOR.fullmatch(_split(given)[1]) or not _split(given)[1]:
                raise UsageError(f"--selector {given!r} is no label selector; write app=web or pods:app=web")
        for flag in ("selectors", "allow", "deny", "tell"):
            for given in getattr(self, flag):
                self._check_kind(flag.removesuffix("s"), given)
        if self.preset not in PRESETS:
            raise UsageError(f"--preset {self.preset!r} is unknown; choose from {', '.join(PRESETS)}")
        if not 0 <= self.shard[0] < self.shard[1]:
            raise UsageError(
                f"--shard {self.shard[0]}/{self.shard[1]}: no such shard; the first of two is 0/2"
            )

    def _check_kind(self, flag: str, given: str) -> None:
        """Refuse what is said for a kind that is not exported: it would be for nothing, unseen."""
        word, _ = _split(given)
        if word and "all" not in self.kinds and not any(_fits(word, chosen) for chosen in self.kinds):
            raise UsageError(
                f"--{flag} {given!r} is for {word!r}, which is no kind of --kinds; "
                f"there {'is' if len(self.kinds) == 1 else 'are'} {', '.join(self.kinds)}"
            )

    def learn(self, word: str, kind: str) -> None:
        """Take note that the user calls a kind so, as the API server understood it."""
        known = self._words.get(kind, frozenset())
        if word not in known:
            self._words[kind] = known | {word, word.partition(".")[0]}
            self._keepers.pop(kind, None)

    @property
    def first_namespace(self) -> list[str]:
        """The namespace, if any were named, whose reader also reads the kinds that have none."""
        return sorted(set(self.namespaces))[:1]

    def label_selector(self, kind: str) -> str:
        """Return the label selector of a kind: those for all kinds and its own, all of which must hold."""
        return ",".join(self._meant_for(kind, self.selectors))

    def keeper(self, kind: str) -> "Keeper":
        """Return what decides on field paths of a kind."""
        if kind not in self._keepers:
            allow = [*self._meant_for(kind, self.allow), *PRESETS[self.preset]]
            self._keepers[kind] = Keeper(allow, self._meant_for(kind, self.deny))
        return self._keepers[kind]

    def telling(self, kind: str) -> Tell:
        """Return what decides which states of a kind are told."""
        return Tell(self._meant_for(kind, self.tell), states=self.preset != "numbers")

    def _meant_for(self, kind: str, given: Iterable[str]) -> list[str]:
        """Return what is said for a kind, or for all of them."""
        names = {"", kind, kind.partition(".")[0], *self._words.get(kind, ())}
        return [said for word, said in map(_split, given) if word in names or full_name(word) == kind]


def _split(given: str) -> tuple[str, str]:
    """Split `pods:app=web` into kind and the rest; without a kind it is for all."""
    word, colon, rest = given.partition(":")
    return (word, rest) if colon else ("", given)


def full_name(word: str) -> str:
    """Return the full name of a default kind by any name of it; another kind's word stays as it is."""
    name, _, group = word.partition(".")
    plural = SHORT_NAMES.get(name.lower(), name.lower())
    full = FULL_NAMES.get(plural) or FULL_NAMES.get(f"{plural}s") or word
    return full if group in {"", full.partition(".")[2]} else word


def _fits(word: str, chosen: str) -> bool:
    """Whether a word may mean the same kind as one that was chosen."""
    if full_name(word) == full_name(chosen) or word == chosen.partition(".")[0]:
        return True
    # A kind of no group that we know may turn out to be of the one that is named here.
    return full_name(chosen) not in DEFAULT_KINDS and word.partition(".")[0] == chosen


class Keeper:
    """Says which field paths are exported: allowed by any pattern (or no pattern given), denied by none.

    A path is written without list marks (`status.containerStatuses.restartCount`); `*` stands for anything,
    dots too.
    """

    def __init__(self, allow: Iterable[str], deny: Iterable[str]) -> None:
        self._allow = [re.compile(translate(pattern)) for pattern in allow]
        self._deny = [re.compile(translate(pattern)) for pattern in deny]

    def __call__(self, path: str) -> bool:
        """Whether what stands at this path is exported."""
        if any(pattern.fullmatch(path) for pattern in self._deny):
            return False
        return not self._allow or any(pattern.fullmatch(path) for pattern in self._allow)


def parse_shard(given: str) -> tuple[int, int]:
    """Read `i/n`."""
    first, slash, total = given.partition("/")
    if not slash or not first.isdecimal() or not total.isdecimal():
        raise UsageError(f"--shard {given!r} is not I/N; the first of two is 0/2, the second 1/2")
    return int(first), int(total)
