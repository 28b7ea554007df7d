"""Text that came out of a cluster, made fit for a terminal and for XML."""


def printable(text: str) -> str:
    """Return the text with everything that is not printable written as its escape.

    Labels and annotations are anybody's to write: a terminal must not obey them, and XML has no place for
    most control characters at all.
    """
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
