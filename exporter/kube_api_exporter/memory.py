"""Telling the C library that we would rather have the memory back. No-ops where it is not glibc."""

import ctypes
import gc

M_ARENA_MAX = -8


def share_one_heap() -> None:
    """Keep one heap for all threads; call before any is started.

    glibc gives each thread a heap of its own, and each keeps what its thread once needed: 65 MB of 226 at
    600,000 series. Threads of Python rarely allocate at the same moment, so one heap costs nothing.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, 1)


def settle() -> None:
    """Take what is alive now as staying alive, and give the rest back to the system."""
    gc.collect()
    gc.freeze()  # no later collection looks at it again
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
