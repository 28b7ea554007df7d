"""Which kinds the API server serves: asked group by group, only as far as needed."""

from collections.abc import Iterable, Iterator

import msgspec

from exporter_kit.api import ApiClient
from exporter_kit.api_errors import ApiError, NotServed, Unauthorized, Unreachable
from kube_api_exporter.kinds import FIRST_GROUPS, Kind, Resource, ResourceList

# `all` means everything with numbers in it; Secrets have none and must stay unread, Events are a log.
NOT_IN_ALL = frozenset({"secrets", "events", "events.events.k8s.io"})


class _Version(msgspec.Struct):
    groupVersion: str  # noqa: N815


class _Group(msgspec.Struct):
    name: str
    preferredVersion: _Version  # noqa: N815


class _GroupList(msgspec.Struct):
    groups: list[_Group] = []


class UnknownKind(ApiError):  # noqa: N818
    """Nothing the API server serves is called so, or it can't be watched."""

    reason = "unknown_kind"


class HalfKnown(ApiError):  # noqa: N818
    """Some groups did not say what they serve; `kinds` are those of the others."""

    def __init__(self, message: str, kinds: list[Kind]) -> None:
        super().__init__(message)
        self.kinds = kinds


class Discovery:
    """One look at what is served; make a new one to look again."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._groups: dict[str, str] | None = None
        self._served: dict[str, list[tuple[Resource, Kind]]] = {}

    def find(self, word: str) -> Kind:
        """Return the kind a user calls `pods`, `pod`, `po`, `Pod` or `deployments.apps`."""
        name, _, group = word.partition(".")
        missed: list[str] = []
        for candidate in self._order([group] if group else None):
            for resource, kind in self._of_group(candidate, missed):
                if resource.answers_to(name):
                    return kind
        unsure = f", but not all kinds are known: {'; '.join(missed)}" if missed else ""
        raise UnknownKind(f"the API server serves no kind {word!r} that can be listed and watched{unsure}")

    def every(self) -> list[Kind]:
        """Return all kinds that can be watched, but Secrets and Events; HalfKnown if a group is down."""
        found: dict[str, Kind] = {}
        missed: list[str] = []
        for group in self._order(None):
            served = self._of_group(group, missed)
            found |= {kind.name: kind for _, kind in served if kind.name not in NOT_IN_ALL}
        kinds = sorted(found.values(), key=_by_name)
        if missed:
            raise HalfKnown(f"not all kinds are known: {'; '.join(missed)}", kinds)
        return kinds

    def _order(self, only: Iterable[str] | None) -> Iterator[str]:
        """Yield group names, those everybody means first."""
        if only is not None:
            yield from only
            return
        yield from FIRST_GROUPS
        yield from (group for group in sorted(self._preferred()) if group not in FIRST_GROUPS)

    def _preferred(self) -> dict[str, str]:
        """Return group → path of its preferred version."""
        if self._groups is None:
            listed = msgspec.json.decode(self._client.get("/apis"), type=_GroupList)
            self._groups = {group.name: group.preferredVersion.groupVersion for group in listed.groups}
        return self._groups

    def _of_group(self, group: str, missed: list[str]) -> list[tuple[Resource, Kind]]:
        """Return what a group serves, asked once; nothing if it does not say, and a sentence in `missed`."""
        if group not in self._served:
            try:
                path = f"/apis/{self._preferred().get(group, group)}" if group else "/api/v1"
                self._served[group] = msgspec.json.decode(self._client.get(path), type=ResourceList).kinds()
            except NotServed:
                return []  # nobody serves it, or it went away since the groups were listed
            except (Unreachable, Unauthorized):
                raise
            except (ApiError, msgspec.MsgspecError) as error:
                missed.append(f"{group or 'the core group'}: {error}")
                return []
        return self._served[group]


def _by_name(kind: Kind) -> str:
    return kind.name
