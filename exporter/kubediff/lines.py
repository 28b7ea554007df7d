"""On which line of a manifest a value stands.

That is looked up when there is something to say about one: a second parsing of the few files that drifted is
less than remembering the lines of all that did not.
"""

from typing import Any

from kubediff import documents
from kubediff.documents import UnreadableError
from kubediff.manifests import Manifest
from kubediff.results import Place


class Lines:
    """Finds the line of a value; of a file that can't be read again it knows the first line only."""

    def __init__(self) -> None:
        # In one piece, as several threads ask.
        self._last: tuple[tuple[str, int] | None, documents.Document | None] = (None, None)

    def place(self, manifest: Manifest, steps: tuple[Any, ...]) -> Place:
        """Return the line of what these keys lead to."""
        document = self._of(manifest)
        if document is None:
            return manifest.place
        root, item = document.value, manifest.stored.item
        if item is not None:
            steps = ("items", item, *steps)
        line = document.lines.at(root, steps, manifest.stored.line)
        return Place(manifest.source.name, line)

    def _of(self, manifest: Manifest) -> documents.Document | None:
        key = manifest.source.name, manifest.stored.document
        last, document = self._last
        if key == last:
            return document
        try:
            parts = list(documents.split(manifest.source.again()))
            line, part = parts[manifest.stored.document]
            document = documents.read(part, line)
        except (OSError, LookupError, UnreadableError):
            document = None
        self._last = key, document
        return document
