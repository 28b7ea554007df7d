"""The families that are not a number of the object: its labels, a pod's images, a job's padded counts."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from kube_api_exporter import text
from kube_api_exporter.render.walk import Lines

ROLE, OLD_ROLE = "node-role.kubernetes.io/", "kubernetes.io/role"


def identity_labels(namespace: str | None, name: str | None) -> str:
    """Return the labels every series of an object has; a cluster-scoped object has no namespace."""
    named = f'name="{text.label_value(name or "")}"'
    return f'namespace="{text.label_value(namespace)}",{named}' if namespace else named


def labels_line(family: str, identity: str, labels: Mapping[str, str | None] | None) -> str:
    """Return `k8s_<kind>_labels{…, label_…} 1`; keys that read alike get `_conflict2` and so on."""
    seen: set[str] = set()
    written = [identity]
    for key, value in sorted((labels or {}).items()):
        label = text.unused(_label(key), seen, "_conflict")
        seen.add(label)
        written.append(f'{label}="{text.label_value(value or "")}"')
    return f"{family}{{{','.join(written)}}} 1\n"


@lru_cache(maxsize=4096)
def _label(key: str) -> str:
    return f"label_{text.name_part(key)}"


def image_lines(
    family: str, identity: str, containers: Mapping[str, Iterable[tuple[str | None, str | None]]]
) -> list[str]:
    """Return one line per container of a pod: list name → (container's name, image)."""
    return [
        f'{family}{{{identity},{list_name}="{index}",container="{text.label_value(name or "")}"'
        f',image="{text.label_value(image)}"}} 1\n'
        for list_name, listed in containers.items()
        for index, (name, image) in enumerate(listed)
        if image is not None
    ]


def role_lines(family: str, identity: str, labels: Mapping[str, str | None] | None) -> list[str]:
    """Return one line per role of a node: it is the end of a label's key, or the value of the older label."""
    roles = {key.removeprefix(ROLE) for key in labels or () if key.startswith(ROLE)}
    roles.add((labels or {}).get(OLD_ROLE) or "")
    return [f'{family}{{{identity},role="{text.label_value(role)}"}} 1\n' for role in sorted(roles) if role]


def pad_job(lines: Lines, identity: str, counts: Sequence[str]) -> None:
    """Give a job all counts once it has one: the API omits zeros, and a rule compares the two.

    `counts` are the families that the user wants: what was filtered out is no zero.
    """
    if any(family in lines for family in counts):
        for family in counts:
            if family not in lines:
                lines[family] = [f"{family}{{{identity}}} 0\n"]
