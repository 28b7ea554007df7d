"""How a judge says times and instances, in sentences for a tired person."""

import math

from alertdrill import durations
from alertdrill.model import Life
from alertdrill.names import NAMESPACE_LABEL, TARGET_LABELS

# Are the same for nearly all instances of an alert in one scenario.
SAME_LABELS = frozenset({NAMESPACE_LABEL, "job", "severity"})


def moment(t: float) -> str:
    """Say a time of rule time, "6m15s" after the fault or "15s before the fault"; whole seconds do."""
    if not math.isfinite(t):  # a recording may say anything
        return f"t = {t}"
    text = durations.text(round(abs(t)))
    return f"{text} before the fault" if round(t) < 0 else text


def often(count: int) -> str:
    """Say how many times something was."""
    return "once" if count == 1 else f"{count} times"


def instance(life: Life) -> str:
    """Name an alert instance by all that tells it from others, as PromQL does."""
    return f"{life.alert}{_braces(life, TARGET_LABELS)}"


def short(life: Life) -> str:
    """Name an alert instance among those of one scenario."""
    return f"{life.alert}{_braces(life, TARGET_LABELS | SAME_LABELS)}"


def _braces(life: Life, hidden: frozenset[str]) -> str:
    shown = [f'{name}="{value}"' for name, value in sorted(life.labels.items()) if name not in hidden]
    return "{" + ", ".join(shown) + "}" if shown else ""
