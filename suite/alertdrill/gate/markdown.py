"""What changed, as a comment on a pull request: a table to decide by, and all else folded."""

import re
from collections.abc import Iterator

from alertdrill.gate import tell
from alertdrill.gate.values import Change, Gated, Kind
from alertdrill.report.printable import printable

# A comment on GitHub has 65,536 characters at most, one on GitLab a million.
SIZE_MAX = 60_000
ROWS_MAX = 100
WORDS = {
    Kind.ALWAYS: "fires **always**",
    Kind.NOW_FIRES: "**fires now**",
    Kind.MORE: "fires more",
    Kind.EARLIER: "fires earlier",
    Kind.NO_LONGER_FIRES: "**does not fire** any more",
    Kind.REMOVED: "**removed**",
    Kind.LESS: "fires less",
    Kind.LATER: "fires later",
    Kind.BREAKS: "**scenario fails**",
    Kind.LABELS: "other labels",
    Kind.TEXT: "other text",
    Kind.NEW: "new",
    Kind.UNKNOWN: "can't be told",
    Kind.UNSEEN: "changed, not seen",
}
# What would end a cell, begin a mention or a link, or be taken for markup.
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@!])")


def markdown(gated: Gated) -> str:
    """Return a heading, the table and the details, cut where a comment would be too long."""
    lines = [f"### {tell.summary(gated)}", ""]
    if gated.changes:
        lines += ["| alert | severity | what | where | approved |", "|---|---|---|---|---|"]
        lines += [_row(one) for one in gated.changes[:ROWS_MAX]]
        if len(gated.changes) > ROWS_MAX:
            lines += ["", f"and {len(gated.changes) - ROWS_MAX} more"]
    lines += [""]
    size = sum(map(len, lines))
    for part in _folded(gated):
        size += len(part)
        if size > SIZE_MAX:
            lines.append("Details are cut here; `alertdrill gate` has them all.")
            break
        lines.append(part)
    return "\n".join(lines).rstrip() + "\n"


def _row(change: Change) -> str:
    cells = (
        _plain(change.alert or change.case),
        _plain(change.severity),
        WORDS[change.kind],
        _plain(change.case or "rules"),
        _plain(change.approved) or "**no**",
    )
    return f"| {' | '.join(cells)} |"


def _folded(gated: Gated) -> Iterator[str]:
    for one in gated.changes:
        head = f"{one.alert or one.case}: {one.kind} in {one.case or 'rules'}"
        body = [one.sentence, *([one.place] if one.place else []), *one.details]
        lines = "\n".join(f"* {_plain(line)}" for line in body)
        yield f"<details><summary>{_html(head)}</summary>\n\n{lines}\n\n</details>\n"
    rest = [*gated.same, *tell.lines_by_case(gated), *gated.notes]
    if rest:
        lines = "\n".join(f"* {_plain(line)}" for line in rest)
        yield f"<details><summary>On what this rests</summary>\n\n{lines}\n\n</details>\n"


def _plain(text: str) -> str:
    """Return text that is shown as it is: whatever labels and annotations hold is anybody's to write."""
    return SPECIAL.sub(r"\\\1", " ".join(printable(text).split()))


def _html(text: str) -> str:
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
