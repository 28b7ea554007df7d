"""Names with characters that older readers refuse: rewritten for the readers that take them.

What is stored has underscores. Only families whose true name differs are rewritten, for the `dots` scheme
all of them; label names keep their underscores in every scheme but `dots`.
"""

import re

from kube_api_exporter.scrape.negotiate import Escaping

# A metric's name, at the start of a sample or after the word of a comment.
NAME = re.compile(rb"^((?:# (?:HELP|TYPE|UNIT) )?)([a-zA-Z_:][a-zA-Z0-9_:]*)", re.MULTILINE)
LABEL = re.compile(rb'([{,])([a-zA-Z_][a-zA-Z0-9_]*)(="(?:[^"\\\n]|\\.)*")')


def family_name(name: str, raw: str, escaping: Escaping) -> str:
    """Return a family's name in a scheme: `name` is what is stored, `raw` the true one."""
    if escaping == "allow-utf-8":
        return raw
    if escaping == "dots":
        # Other odd characters all read alike in this scheme; what is stored is unique.
        return _dots(raw if raw.replace(".", "_") == name else name)
    if escaping == "values" and raw != name:
        return "U__" + "".join(_value(character) for character in raw)
    return name


def _dots(name: str) -> str:
    return name.replace("_", "__").replace(".", "_dot_")


def _value(character: str) -> str:
    if character == "_":
        return "__"
    if character.isascii() and character.isalnum():
        return character
    return f"_{ord(character):x}_"


def rewrite(data: bytes, name: str, wanted: str, escaping: Escaping) -> bytes:
    """Return sample lines of a family under another name."""
    if escaping == "dots":
        data = _dots_in_labels(data)
    old = name.encode() + b"{"
    new = b'{"' + quoted(wanted) + b'",' if escaping == "allow-utf-8" else wanted.encode() + b"{"
    return (b"\n" + data).replace(b"\n" + old, b"\n" + new)[1:]


def own(data: bytes, escaping: Escaping) -> bytes:
    """Return metrics whose names every reader takes: only the `dots` scheme spells these otherwise, too."""
    if escaping != "dots":
        return data
    return NAME.sub(lambda found: found[1] + found[2].replace(b"_", b"__"), _dots_in_labels(data))


def _dots_in_labels(data: bytes) -> bytes:
    return LABEL.sub(lambda found: found[1] + found[2].replace(b"_", b"__") + found[3], data)


def rewrite_header(header: bytes, name: str, wanted: str, escaping: Escaping) -> bytes:
    """Return HELP and TYPE under another name."""
    new = b'"' + quoted(wanted) + b'"' if escaping == "allow-utf-8" else wanted.encode()
    return header.replace(b" " + name.encode() + b" ", b" " + new + b" ")


def quoted(name: str) -> bytes:
    """Escape a name to stand between quotes."""
    return name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n").encode()
