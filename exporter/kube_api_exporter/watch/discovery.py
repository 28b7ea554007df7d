"""Which kinds the API server serves: asked group by group, only as far as needed."""

from collections.abc import Iterable, Iterator

import msgspec

from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError, NotServed, Unauthorized, Unreachable
from kube_api_exporter.kinds import FIRST_GROUPS, Kind, Resource, ResourceList

# `all` means everything with numbers in it; Secrets have none and must stay unread, Events are a log.
NOT_IN_ALL = frozenset({"secrets", "events", "events.events.k8s.io"})


class _Version(msgspec.Struct):
    groupVersion: str  # noqa: N815


class _Group(msgspec.Struct):
    name: str
    preferredVersion: _Version  # noqa: N815
    versions: list[_Version] = []

    @property
    def paths(self) -> list[str]:
        """Where its versions say what they serve, the preferred one first."""
        named = [self.preferredVersion.groupVersion, *(one.groupVersion for one in self.versions)]
        return [f"/apis/{name}" for name in dict.fromkeys(named)]


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
        self._groups: dict[str, list[str]] | None = None
        self._served: dict[str, list[tuple[Resource, Kind]]] = {}

    def find(self, word: str) -> Kind:
        """Return the kind a user calls `pods`, `pod`, `po`, `Pod` or `deployments.apps`.

        In its group's preferred version, or in another one where that doesn't serve it.
        """
        name, _, group = word.partition(".")
        missed: dict[str, None] = {}
        groups = [group] if group else list(self._order())
        for paths in ([self._paths(one)[:1] for one in groups], [self._paths(one)[1:] for one in groups]):
            for candidate, asked in zip(groups, paths, strict=True):
                for resource, kind in self._at(candidate, asked, missed):
                    if resource.answers_to(name):
                        return kind
        unsure = f", but not all kinds are known: {'; '.join(missed)}" if missed else ""
        raise UnknownKind(f"the API server serves no kind {word!r} that can be listed and watched{unsure}")

    def every(self) -> list[Kind]:
        """Return all kinds that can be watched, but Secrets and Events; HalfKnown if a group is down."""
        found: dict[str, Kind] = {}
        missed: dict[str, None] = {}
        for group in self._order():
            for _, kind in self._at(group, self._paths(group), missed):
                if kind.name not in NOT_IN_ALL:
                    found.setdefault(kind.name, kind)  # the preferred version comes first
        kinds = sorted(found.values(), key=_by_name)
        if missed:
            raise HalfKnown(f"not all kinds are known: {'; '.join(missed)}", kinds)
        return kinds

    def _order(self) -> Iterator[str]:
        """Yield group names, those everybody means first."""
        yield from FIRST_GROUPS
        yield from (group for group in sorted(self._listed()) if group not in FIRST_GROUPS)

    def _listed(self) -> dict[str, list[str]]:
        """Return group → paths of its versions, the preferred one first."""
        if self._groups is None:
            listed = msgspec.json.decode(self._client.get("/apis"), type=_GroupList)
            self._groups = {group.name: group.paths for group in listed.groups}
        return self._groups

    def _paths(self, group: str) -> list[str]:
        """Return where a group says what it serves, the preferred version first."""
        return self._listed().get(group, [f"/apis/{group}"]) if group else ["/api/v1"]

    def _at(
        self, group: str, paths: Iterable[str], missed: dict[str, None]
    ) -> Iterator[tuple[Resource, Kind]]:
        """Yield what these versions of a group serve; one that doesn't say is a sentence in `missed`."""
        for path in paths:
            try:
                yield from self._of_version(path)
            except NotServed:
                continue  # nobody serves it, or it went away since the groups were listed
            except (Unreachable, Unauthorized):
                raise
            except (ApiError, msgspec.MsgspecError) as error:
                missed[f"{group or 'the core group'}: {error}"] = None

    def _of_version(self, path: str) -> list[tuple[Resource, Kind]]:
        """Return what a version of a group serves, asked once."""
        if path not in self._served:
            self._served[path] = msgspec.json.decode(self._client.get(path), type=ResourceList).kinds()
        return self._served[path]


def _by_name(kind: Kind) -> str:
    return kind.name
