"""For people: what differs, where that stands, who did it and when."""

from kubediff.results import Difference, Item, Verdict

RED, GREEN, YELLOW, DIM = 31, 32, 33, 2
COLOURS = {"missing": RED, "extra": YELLOW, "differs": YELLOW}
SIGNS = {"missing": "-", "extra": "+", "differs": "~"}
SENTENCES = {"missing": "is not in the cluster", "extra": "is not in git", "differs": "differs"}


def render(verdict: Verdict, *, colour: bool = False, foreign: bool = False) -> str:
    """Return the whole of it, the headline first."""
    lines = [headline(verdict)]
    for item in verdict.drift:
        lines += paragraph(item, colour=colour)
    if verdict.foreign:
        lines += _foreign(verdict, told=foreign, colour=colour)
    for item in verdict.ignored:
        lines.append(f"ignored: {item.subject} {SENTENCES[item.state]}")
        lines += [f"    {each.path}" for each in item.differences]
    lines += [_painted(f"? {trouble}", RED, on=colour) for trouble in verdict.troubles]
    lines += [f"the ignore rule {rule} matched nothing; remove it?" for rule in verdict.unused]
    return "\n".join(lines) + "\n"


def headline(verdict: Verdict) -> str:
    """Return the outcome in one line."""
    count = len(verdict.drift)
    said = (
        f"{_counted(count, 'object')} of {verdict.checked} drifted"
        if count
        else f"no drift in {verdict.checked} objects"
    )
    said += f", {len(verdict.ignored)} ignored" if verdict.ignored else ""
    troubles = len(verdict.troubles)
    return said + (f"; {troubles} could not be told" if troubles else "")


def stat(verdict: Verdict) -> str:
    """Return one line for each object that drifted."""
    lines = [headline(verdict)]
    width = max((len(str(item.subject)) for item in verdict.drift), default=0)
    for item in verdict.drift:
        said = (
            f"{len(item.differences)} {'+' * min(len(item.differences), 40)}"
            if item.differences
            else SENTENCES[item.state]
        )
        lines.append(f" {item.subject!s:{width}} | {said}")
    return "\n".join(lines + [f"? {trouble}" for trouble in verdict.troubles]) + "\n"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def paragraph(item: Item, *, colour: bool = False) -> list[str]:
    """Return the lines about one object."""
    where = f"  {item.place}" if item.place else ""
    head = f"{SIGNS[item.state]} {item.subject} {SENTENCES[item.state]}"
    lines = [_painted(head, COLOURS[item.state], on=colour) + _painted(where, DIM, on=colour)]
    for each in item.differences:
        lines += _difference(each, colour=colour)
    return lines


def _difference(each: Difference, *, colour: bool) -> list[str]:
    place = f"  {each.place}" if each.place else ""
    by = f"  {each.author}" if each.author else ""
    lines = [f"    {each.path}: {each.what}" + _painted(place + by, DIM, on=colour)]
    lines += [_painted(f"      want {each.want}", GREEN, on=colour)]
    return [*lines, _painted(f"      have {each.have}", RED, on=colour)]


def _foreign(verdict: Verdict, *, told: bool, colour: bool) -> list[str]:
    count = sum(len(item.foreign) for item in verdict.foreign)
    head = f"{_counted(count, 'field')} of others, which git says nothing of; that is no drift"
    if not told:
        return [_painted(f"{head} (--foreign shows them)", DIM, on=colour)]
    lines = [head]
    for item in verdict.foreign:
        lines += [
            f"    {item.subject} {each.path} = {each.have}  {each.author or ''}".rstrip()
            for each in item.foreign
        ]
    return lines


def _painted(text: str, code: int, *, on: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if on and text else text
