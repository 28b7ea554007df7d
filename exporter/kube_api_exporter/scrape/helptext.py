"""HELP: where in the object a family comes from, and in what unit."""

from kube_api_exporter.kinds import ALIAS_TAGS, Kind
from kube_api_exporter.render.places import Families

# One text for all formats: OpenMetrics would escape a quote, plain text would not.
PLAIN = str.maketrans({'"': "'", "\\": "/", "\n": " ", "\r": " "})
UNITS = ("milliseconds", "seconds", "bytes", "percentage", "percent")


def header(families: Families, kind: Kind, family: str) -> bytes:
    """Return the HELP and TYPE lines of a family."""
    return f"# HELP {family} {_said(families, kind, family)}\n# TYPE {family} gauge\n".encode()


def _said(families: Families, kind: Kind, family: str) -> str:
    tag = ALIAS_TAGS.get(kind.tag)
    own = family.replace(f"k8s_{tag}_", f"k8s_{kind.tag}_", 1) if tag else family
    paths = ", ".join(f".{path}" for path in sorted(set(families.paths.get(own, ()))))
    said = families.units.get(own) or unit(family)
    return f"{paths} of {kind.kind} ({kind.api_version}); {said}.".translate(PLAIN)


def unit(family: str) -> str:
    """Return the unit as far as the API's own spelling tells it."""
    word = family.rsplit("_", 1)[-1].lower()
    if word in {"labels", "images", "roles"}:
        return "always 1, for joins"
    return next((name for name in UNITS if word.endswith(name)), "a number, booleans are 0 and 1")
