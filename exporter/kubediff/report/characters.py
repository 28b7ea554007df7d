"""Characters that may stand in XML and on a page."""

import re

# XML 1.0 has no way at all to say these.
_UNSAID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """Return a text with what can't be written replaced."""
    return _UNSAID.sub("\ufffd", text)
