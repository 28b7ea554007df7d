"""Which states are told: of what the schema says that is no number, what is worth a series or a label.

Everything can be asked for by its path. What is here decides what nobody asked for: enough to say how an
object fares and what it belongs to, and no more series than people have of a pod today.
"""

import re
from collections.abc import Iterable
from fnmatch import translate

# Free words are labels: past so many different ones in a family they are all `other`.
WORDS_MAX = 200
# Left out unless asked for, of times, quantities, words and conditions …
QUIET = (
    "*emplate.*",  # an object that is yet to be made of it will tell by itself
    "*emplates.*",
    "*conditions.reason",  # it makes another series at every change
    "*onditions.last*Time",  # when it was looked at; lastTransitionTime is below
    "spec.podFailurePolicy.*",
    "spec.*ontainers.*Policy",
    "spec.*ontainers.env*",
    "spec.*ontainers.ports.*",
    "spec.*ontainers.*securityContext.*",
    "spec.*ontainers.*Probe.*",
    "spec.*ontainers.lifecycle.*",
    "spec.*ontainers.volumeMounts.*",
    "spec.securityContext.*",
    "spec.*ffinity.*",
    "spec.tolerations.*",
    "spec.topologySpreadConstraints.*",
    "spec.volumes.*",
    "status.*Statuses.resources.*",  # what the spec says already
    "status.*Statuses.allocatedResources*",
    "status.*Statuses.stopSignal",
    "status.*Statuses.volumeMounts.*",
)
# … but these are told.
LOUD = ("*onditions.lastTransitionTime", "spec.volumes.persistentVolumeClaim.claimName")
# Texts that are labels of an info series: what joins need.
TOLD = (
    "*Name",
    "*Ref.apiVersion",
    "*Ref.kind",
    "*Ref.name",
    "*Revision",
    "metadata.ownerReferences.controller",
    "metadata.ownerReferences.kind",
    "metadata.ownerReferences.name",
    "spec.metrics.*.name",
    "spec.nodeSelector",
    "spec.persistentVolumeClaimRetentionPolicy.*",
    "spec.podCIDR",
    "spec.podCIDRs",
    "spec.providerID",
    "spec.selector",
    "spec.selector.matchLabels",
    "spec.taints.*",
    "status.addresses.*",
    "status.currentMetrics.*.name",
    "status.hostIP",
    "status.nodeInfo.*",
    "status.podIP",
    "status.qosClass",
)
# A word under `spec` is what was wished for: it seldom changes, so it is a label too.
WISHED = re.compile(r"spec\..*")
TEMPLATE = re.compile(r".*emplates?")


class Tell:
    """Says what is told; `more` are paths that somebody asked for, as patterns."""

    def __init__(self, more: Iterable[str] = (), *, states: bool = True) -> None:
        self._asked = tuple(more)
        self._more = _any(self._asked)
        self._quiet, self._loud, self._told = (
            _any(patterns if states else ()) for patterns in (QUIET, LOUD, TOLD)
        )
        self._states = states

    def nothing_below(self, path: str) -> bool:
        """Whether this is a template of other objects, about which nobody asked."""
        return self._more is None and (not self._states or bool(TEMPLATE.fullmatch(path)))

    def state(self, path: str) -> bool:
        """Whether what stands there is told as samples of its own."""
        return self.asked(path) or (self._states and not self._hushed(path))

    def text(self, path: str) -> bool:
        """Whether what stands there is told as a label."""
        return self.asked(path) or (_fits(self._told, path) and not self._hushed(path))

    def word(self, path: str) -> bool:
        """Whether a word of few is told as a label of what was wished, not as a series of what is."""
        return _fits(self._told, path) or bool(WISHED.match(path))

    def flag(self, path: str) -> bool:
        """Whether a boolean is a label of its object, too."""
        return _fits(self._told, path) or path in self._asked

    def asked_below(self, path: str) -> bool:
        """Whether somebody asked for a key of a map."""
        return any(asked.startswith(f"{path}.") for asked in self._asked)

    def asked(self, path: str) -> bool:
        """Whether somebody asked for it."""
        return _fits(self._more, path)

    def _hushed(self, path: str) -> bool:
        return _fits(self._quiet, path) and not _fits(self._loud, path)


def _any(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Return what matches any of the patterns, None if there are none."""
    joined = "|".join(translate(pattern) for pattern in patterns)
    return re.compile(joined) if joined else None


def _fits(pattern: re.Pattern[str] | None, path: str) -> bool:
    return pattern is not None and pattern.fullmatch(path) is not None
