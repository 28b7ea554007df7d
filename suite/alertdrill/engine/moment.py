"""A template of an alert as it would have been rendered at another moment: what it asks, it asks of then.

`query` asks Prometheus for the present, and `now` is it. Both get the moment put in: a query by a subquery
that is evaluated at this one millisecond and nowhere else. It gives up the order that a query may state.
"""

import re
from collections.abc import Iterator

from alertdrill.rules.template import ACTION

WORD = re.compile(
    r"(?P<text>\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|/\*.*?\*/|'(?:\\.|[^'\\\n])+')|(?P<word>[\w$.]+)|(?P<sign>\S)",
    re.DOTALL,
)
OF_THE_PRESENT = re.compile(r"\b(?:query|now)\b")
# Whatever a template says with none of these in an action depends on an alert's labels alone.
OF_MORE_THAN_LABELS = re.compile(r"value|query|now|(?<![\w.)])[.$](?![\w])", re.IGNORECASE)
CLOSING = {"(": 1, ")": -1}


def is_plain(template: str) -> bool:
    """Say whether a template is its own result."""
    return "{{" not in template


def goes_by_labels_only(template: str) -> bool:
    """Say whether a template has the same result whatever the alert's value and the moment are."""
    return not any(
        OF_MORE_THAN_LABELS.search(re.sub(r"\"(?:\\.|[^\"\\\n])*\"", "", action["body"]))
        for action in ACTION.finditer(template)
    )


def at(template: str, seconds: float) -> str:
    """Return the template with the moment (seconds since the epoch) in place of the present."""
    return ACTION.sub(lambda action: f"{{{{{_at(action['body'], seconds)}}}}}", template)


def _at(body: str, seconds: float) -> str:
    if not OF_THE_PRESENT.search(body):
        return body
    words = [match for match in WORD.finditer(body) if not match[0].startswith("/*")]
    changes = list(_changes(words, len(body), seconds))
    for start, end, text in sorted(changes, reverse=True):
        body = body[:start] + text + body[end:]
    return body


def _changes(words: list[re.Match[str]], length: int, seconds: float) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, text) for each part of an action that is to be another."""
    asked = f'printf "last_over_time((%s)[1ms:1ms] @ {seconds:.3f})"'
    for place, word in enumerate(words):
        if word[0] == "now":
            yield word.start(), word.end(), f"{seconds:.3f}"
        elif word[0] == "query":
            after = words[place + 1][0] if place + 1 < len(words) else ""
            if after in {"", "|", ")"}:  # what it asks comes through a pipe
                yield word.start(), word.end(), f"{asked} | query"
            else:
                yield word.start(), word.end(), asked
                end = words[_operand(words, place + 1)].end()
                yield min(end, length), min(end, length), " | query"


def _operand(words: list[re.Match[str]], place: int) -> int:
    """Return the last word of the operand that begins here."""
    depth = 0
    for last in range(place, len(words)):
        depth += CLOSING.get(words[last][0], 0)
        if depth <= 0:
            return last
    return len(words) - 1
