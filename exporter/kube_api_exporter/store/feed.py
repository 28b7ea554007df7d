"""A feed: one kind (in one namespace, where so asked) as we know it at this moment.

The reader thread writes, everybody else reads. Each attribute is replaced as a whole, so a reader of
it sees before or after, never between.
"""

import time
from collections import Counter

from kube_api_exporter.kinds import Kind
from kube_api_exporter.options import Options, full_name
from kube_api_exporter.render.parts import whole
from kube_api_exporter.render.renderer import Refused, Renderer, Seen
from kube_api_exporter.store.store import Store

RESTART_REASONS = (
    "audit",
    "credentials",
    "decode",
    "error",
    "expired",
    "forbidden",
    "gone",
    "incomplete",
    "invalid",
    "not_served",
    "schema",
    "server",
    "throttled",
    "unauthorized",
    "unknown_kind",
    "unreachable",
)
RELISTS = ("audit", "budget", "decode", "gone", "schema", "user")
REFUSALS = ("budget", "decode", "families", "render")


class Feed:
    """What is known, since when, and what went wrong."""

    def __init__(self, word: str, options: Options, namespace: str | None = None) -> None:
        self.word = word
        self.namespace = namespace
        self.options = options
        self.kind: Kind | None = None
        self.renderer: Renderer | None = None
        self.store: Store | None = None
        self.redundant = False  # another feed reads the same; this one stays empty and is never asked
        self.watching = False
        self.trouble = "not asked yet"
        self.last_contact = 0.0
        self.restarts: Counter[str] = Counter()
        self.relists: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.events = self.audits = self.audit_failures = self.mismatches = 0
        self.siblings: tuple[Feed, ...] = (self,)  # the same kind in every namespace, which share its budget

    @property
    def label(self) -> str:
        """The `kind` label of our own metrics; for no default kind the user's word, until the server said."""
        return self.kind.name if self.kind else full_name(self.word)

    @property
    def synced(self) -> bool:
        """Whether all objects are here."""
        return self.store is not None

    def contact(self) -> None:
        """Note that the server was heard."""
        self.last_contact = time.time()

    def take(self, store: Store, seen: Seen) -> None:
        """Put an object into a store; one that would spoil the scrape or the budget is counted instead."""
        mine, shards = self.options.shard
        if shards > 1 and seen.shard(shards) != mine:
            return
        assert self.renderer is not None
        key = seen.key
        store.hidden.pop(key, None)
        try:
            rendered = self.renderer.render(seen)
            if self.options.series_budget:
                self._check_budget(store, seen, rendered.series)
        except Refused as refused:
            # It is known, so that the audit does not miss it, and shows nothing.
            self.refused[refused.reason] += 1
            rendered = whole({})
        store.put(key, seen.ident, rendered)

    def _check_budget(self, store: Store, seen: Seen, series: int) -> None:
        room = self._room(store) + store.series_of(seen.key)
        if series > room:
            store.hidden[seen.key] = series
            raise Refused("budget", f"{self.label} {seen.key}: {series} more series, room for {room}")

    def _room(self, store: Store) -> int:
        """Return how many series may be added to a store of ours before the kind is at its budget."""
        others = (one.store for one in self.siblings if one is not self)
        return self.options.series_budget - store.series - sum(one.series for one in others if one)

    @property
    def could_show_more(self) -> bool:
        """Whether an object that was left out for the budget would fit by now."""
        store = self.store
        hidden = list(store.hidden.values()) if store is not None else []
        return bool(store is not None and hidden and min(hidden) <= self._room(store))


def siblings(feeds: list[Feed]) -> list[Feed]:
    """Have the feeds of one kind know each other."""
    for feed in feeds:
        feed.siblings = tuple(feeds)
    return feeds
