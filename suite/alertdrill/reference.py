"""What a scenario can say, read from the code itself: for the command line, and for docs/scenarios.md."""

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

from alertdrill import faults, scenario
from alertdrill.errors import ScenarioError
from alertdrill.faults import FaultKind, Place, Trait, catalogue
from alertdrill.scenario import Expectation, Scenario

# A field with the comment that says what it is: that of Scenario, of a FaultKind, of Trait.
FIELD = re.compile(
    r"^    (?P<name>\w+)(?:: (?P<type>.+?))?(?: = (?P<default>.+?))?  # (?P<what>.+)$", re.MULTILINE
)
EXPECTATIONS = (scenario.fires, scenario.pends, scenario.resolves, scenario.never, scenario.like)
WAYS = (FaultKind.fault, FaultKind.inject, FaultKind.heal, FaultKind.check, FaultKind.available)
HELPERS = (Place.run, Place.pods, Place.patch)


PAGE = """\
# What a scenario takes

Written from the code by `pytest tests/alertdrill/test_reference.py --update-goldens`.
[Drill your own rules](drill-your-own-rules.md) shows all of it at work.

## Scenario

A module has a list of them called `SCENARIOS`. What is named here is imported from `alertdrill.scenario`.
All durations are rule time: what you would wait in production.

{scenario}

## Expectations

{expectations}

## Faults

They are imported from `alertdrill.faults`. `alertdrill faults` prints them, with those that installed
packages bring.

{faults}

## Faults of your own

A class with `alertdrill.faults.FaultKind` as its base, in a scenario module or anywhere it can be imported
from. A package brings it by an entry point in the group `{group}`, named as the fault is; a
scenario then needs no import of it: `Fault(name="fill_disk", args={{...}})`.

{kind}

{ways}

### Place

{place}

{helpers}

### Trait

What a fault does to the world is recorded, and decides what the judge asks of a recording.

{traits}
"""


def listed(one: Scenario) -> str:
    """Return a scenario as `alertdrill play --list` shows it."""
    lines = [one.name, f"    {one.why}", f"    workload: {one.workload or 'none'}"]
    if one.fault:
        try:
            kind = catalogue.of(one)
        except ScenarioError:  # who plays it is told
            kind = None
        said = f": {_said(kind)}" if kind else ""
        lines.append(f"    fault:    {one.fault}, held for {one.hold}{said}")
    else:
        lines.append(f"    fault:    none, watched for {one.hold}")
    lines += [f"    expect:   {_expected(each)}" for each in one.expect]
    return "\n".join(lines + (["    nothing else is played beside it"] if one.exclusive else []))


def _expected(one: Expectation) -> str:
    window = {
        "never": "",
        "resolves": f" within {one.within} of the repair",
        "fires": f" {one.after} to {one.within}",
        "pends": f" {one.after} to {one.within}",
        "notified": f" by {one.receiver} within {one.within} of its firing"
        + (f", and within {one.resolved} of the repair" if one.resolved else ""),
        "unnotified": "",
    }
    return f"{one.kind} {one.alert}{window[one.kind]}"


def listed_faults(own: Iterable[Scenario] = ()) -> str:
    """Return every fault as `alertdrill faults` shows it, with those that scenarios bring."""
    kinds = {kind.name: kind for kind in (*catalogue.ALL, *catalogue.installed())}
    kinds |= {kind.name: kind for one in own if (kind := catalogue.of(one))}
    return "\n".join(f"{_call(kinds[name])}\n    {_said(kinds[name])}" for name in sorted(kinds))


def markdown() -> str:
    """Return docs/scenarios.md."""
    return PAGE.format(
        scenario=_table(Scenario, "field"),
        expectations="\n\n".join([*(_entry(one) for one in EXPECTATIONS), _text(Expectation)]),
        faults="\n\n".join(_fault(kind) for kind in catalogue.ALL),
        group=catalogue.GROUP,
        kind=f"{_text(FaultKind)}\n\n{_table(FaultKind, 'field')}",
        ways="\n\n".join(_entry(one) for one in WAYS),
        place=_text(Place),
        helpers="\n\n".join(_entry(one, "place.") for one in HELPERS),
        traits=_table(Trait, "trait"),
    )


def _fault(kind: FaultKind) -> str:
    lines = [f"### {kind.name}", f"`{_call(kind)}`", _text(type(kind))]
    function = getattr(faults, kind.name)
    lines.append(_text(function))
    if type(kind).available is not FaultKind.available:
        lines.append(_text(type(kind).available).replace("Need ", "It needs "))
    if kind.traits:
        lines.append(f"Traits: {', '.join(sorted(kind.traits))}.")
    return "\n\n".join(lines)


def _call(kind: FaultKind) -> str:
    """Return how a fault is made: by its function, else by what its class takes."""
    function = getattr(faults, kind.name, None)
    if function is not None:
        return f"{kind.name}{_signature(function)}"
    takes = kind.Args.__struct_fields__ or ("...",)
    return f"{type(kind).__name__}.fault({', '.join(takes)})"


def _entry(function: Callable[..., Any], owner: str = "") -> str:
    return f"`{owner}{function.__name__}{_signature(function)}`: {_text(function)}"


def _signature(function: Callable[..., Any]) -> str:
    """Return the parameters as they are written, without modules' names and the one that is the object."""
    signature = inspect.signature(function)
    named = [one for name, one in signature.parameters.items() if name not in {"self", "cls"}]
    text = str(signature.replace(parameters=named, return_annotation=inspect.Signature.empty))
    return re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=\w)", "", text).replace("'", '"')


def _table(of: type, head: str) -> str:
    rows = [f"| {head} | default or value | what it is |", "|---|---|---|"]
    for one in FIELD.finditer(inspect.getsource(of)):
        default = f"`{one['default']}`" if one["default"] else "must be said"
        rows.append(f"| `{one['name']}` | {default} | {one['what']} |")
    return "\n".join(rows)


def _text(of: object) -> str:
    return inspect.getdoc(of) or ""


def _said(kind: FaultKind) -> str:
    """Return the first sentence of a fault's class, as it is told on one line."""
    own = type(kind).__doc__ or kind.name
    return " ".join(inspect.cleandoc(own).split("\n\n")[0].split())
