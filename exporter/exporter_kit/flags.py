"""Flags as Go programs take them: one dash or two, `=` or a space, up to the first word that is no flag."""

from collections.abc import Sequence


def two_dashes(arguments: Sequence[str], *, without_value: frozenset[str]) -> list[str]:
    """Return arguments with `-flag` written `--flag`; the command and its own flags are left alone.

    `without_value` names the flags that take none: after any other, the next word is its value.
    """
    found: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word == "--" or not word.startswith("-") or word == "-":
            return [*found, word, *words]
        name, equals, _ = word.lstrip("-").partition("=")
        if not word.startswith("--") and len(word) > 2:  # noqa: PLR2004  # -h stays what it is
            word = f"-{word}"
        found.append(word)
        if not equals and words and name not in without_value:
            found.append(words.pop(0))
    return found
