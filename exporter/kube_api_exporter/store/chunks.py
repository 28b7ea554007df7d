"""Bytes ready to be sent: one family's lines of a page of objects, plain and compressed."""

import zlib
from array import array
from collections.abc import Sequence

GZIP = 31  # zlib's word for a whole gzip member; members may follow each other in one body
LEVEL_GZIP, LEVEL_ZSTD = 1, 3


class Chunk:
    """Never changed once made: a scrape under way keeps what it has, whatever happens meanwhile.

    `ends[i]` is where the lines of the page's i-th object end.
    """

    __slots__ = ("_gzip", "_zstd", "data", "ends")

    def __init__(self, data: bytes, ends: Sequence[int] = ()) -> None:
        self.data = data
        self.ends = ends if isinstance(ends, array) else array("I", ends)
        self._gzip: bytes | None = None
        self._zstd: bytes | None = None

    def piece(self, slot: int) -> bytes:
        """Return the lines of one object."""
        return self.data[self.ends[slot - 1] if slot else 0 : self.ends[slot]]

    @property
    def gzip(self) -> bytes:
        """The data as a gzip member; compressed when first asked for."""
        if self._gzip is None:
            self._gzip = zlib.compress(self.data, LEVEL_GZIP, wbits=GZIP)
        return self._gzip

    @property
    def zstd(self) -> bytes:
        """The data as a zstd frame; compressed when first asked for."""
        if self._zstd is None:
            import zstandard  # noqa: PLC0415  # Prometheus asks for gzip

            self._zstd = zstandard.ZstdCompressor(level=LEVEL_ZSTD).compress(self.data)
        return self._zstd

    def encoded(self, encoding: str) -> bytes:
        """Return the data in a content coding."""
        return self.gzip if encoding == "gzip" else self.zstd if encoding == "zstd" else self.data
