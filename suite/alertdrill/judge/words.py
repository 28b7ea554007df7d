"""How a judge says times and instances, in sentences for a tired person."""

from collections.abc import Mapping

from alertdrill import durations
from alertdrill.model import Life

# Say where a series was scraped; the others say what it is about.
TARGET_LABELS = frozenset({"instance", "namespace", "node", "pod"})


def moment(t: float) -> str:
    """Say a time of rule time, "6m15s" after the fault or "15s before the fault"; whole seconds do."""
    text = durations.text(round(abs(t)))
    return f"{text} before the fault" if round(t) < 0 else text


def instance(life: Life) -> str:
    """Name an alert instance by the labels that tell it from others."""
    return f"{life.alert}{braces(life.labels)}"


def braces(labels: Mapping[str, str]) -> str:
    """Write labels as PromQL does, without those of the target."""
    shown = {name: value for name, value in sorted(labels.items()) if name not in TARGET_LABELS}
    return "{" + ", ".join(f'{name}="{value}"' for name, value in shown.items()) + "}"
