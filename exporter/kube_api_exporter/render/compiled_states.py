"""Plans → Python source: the statements that tell the states of an object, beside those of its numbers."""

from collections.abc import Callable, Iterator
from typing import Any

from kube_api_exporter import text
from kube_api_exporter.render import states
from kube_api_exporter.render.shapes import Object

Keep = Callable[[Any], str]
READ = {kind: f"read_{kind.replace('-', '_')}" for kind in states.READ}
# What the source calls.
NAMES: dict[str, Any] = {
    "told": states.told,
    "flag": states.flag,
    "percent": states.percent,
    "truths": states.TRUTH,
    **{name: states.READ[kind] for kind, name in READ.items()},
}


def line(family: str, labels: str, spelled: str, more: str = "") -> str:
    """Return the statement that appends one line; `more` are labels of its own."""
    if not family.isidentifier():
        raise ValueError(f"no name to be written into source: {family!r}")
    return f"lines['{family}'].append(f'{family}{{{{{{{labels}}}{more}}}}} {spelled}\\n')"


def of_fields(shape: Object, plan: states.Fields, keep: Keep) -> list[str]:
    """Return the statements of an object's own states."""
    at = {name: f"o.f{index}" for index, name in enumerate(shape.fields)}
    body = list(_samples(plan.samples, at, "labels", keep(plan.families.lost)))
    for word in plan.words:
        body += [f" v = {at[word.field]}", f" if v: {_word(word, 'labels', keep)}"]
    for name, place in plan.percents.items():
        body += [f" v = {at[name]}", f" if v.__class__ is str: percent(v, {keep(place)}, labels, lines)"]
    if plan.info:
        body += _info(plan.info, at)
    if plan.choice:
        family, label, fields = plan.choice
        for name in fields:
            value = keep(text.label_value(name))
            more = f',{label}="{{{value}}}"'
            body.append(f" if {at[name]} is not None: {line(family, 'labels', '1', more)}")
    return body


def _samples(samples: list[states.Sample], at: dict[str, str], labels: str, lost: str) -> Iterator[str]:
    """Yield the statements of fields that are numbers once they are read."""
    for sample in samples:
        reason = sample.kind.removeprefix("int-or-")
        yield f" v = {at[sample.field]}"
        yield " if v.__class__ is str:"
        yield f"  n = {READ[sample.kind]}(v)"
        yield f"  if n: {line(sample.family, labels, '{n}')}"
        yield f"  else: {lost}['{reason}'] += 1"


def _word(word: states.Word, labels: str, keep: Keep) -> str:
    return line(word.family, labels, "1", f',{word.label}="{{{keep(word.words)}[v]}}"')


def _info(info: states.Info, at: dict[str, str]) -> Iterator[str]:
    yield " more = ''"
    for name, label, is_flag in info.labels:
        yield f" v = {at[name]}"
        if is_flag:
            yield f" if v is not None: more += f',{label}=\"{{flag(v)}}\"'"
        else:
            yield f" if v: more += f',{label}=\"{{told(v)}}\"'"
    yield f" if more: {line(info.family, 'labels', '1', '{more}')}"


def of_condition(element: Object, plan: states.Conditions, keep: Keep) -> list[str]:
    """Return the statements of one element `v` of a list of conditions; `seen` are the types so far."""
    at = {name: f"c.f{index}" for index, name in enumerate(element.fields)}
    lost = keep(plan.families.lost)
    inner = list(_samples(plan.samples, at, "typed", lost))
    for word in plan.reasons:
        inner += [f" v = {at[word.field]}", f" if v: {_word(word, 'typed', keep)}"]
    return [
        "c = v",
        f"t, truth = {at['type']}, truths.get({at['status']})",
        f"kind = {keep(plan.words)}[t] if t else ''",
        f"if not kind or not truth or kind in seen: {lost}['condition'] += 1 if kind or not t else 0",
        "else:",
        " seen.add(kind)",
        " typed = f'{labels},type=\"{kind}\"'",
        f" {line(plan.family, 'typed', '{truth}')}",
        *inner,
    ]
