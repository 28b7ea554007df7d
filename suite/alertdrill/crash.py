"""A mistake of ours, told as one sentence: what broke, and where its trace is.

Whatever of ours breaks by a mistake gives no verdict: an exit code of 1 says that an alert was wrong.
"""

import os
import sys
import tempfile
import traceback

DEBUG = "ALERTDRILL_DEBUG"  # set: traces go to stderr, as `alertdrill --debug` asks


def told(what: str, error: BaseException) -> str:
    """Return the sentence, with the place of the trace: a file, or stderr where that was asked for."""
    trace = "".join(traceback.format_exception(error))
    try:  # whatever broke may be in the error's own words, too
        said = " ".join(str(error).split()) or "it said nothing"
    except Exception:  # noqa: BLE001
        said = "it could not say what"
    return f"{what}: alertdrill itself broke, {type(error).__name__}: {said[:300]} ({_kept(trace)})"


def _kept(trace: str) -> str:
    """Put the trace where it can be found; a disk that is full does not hide what broke."""
    if os.environ.get(DEBUG):
        sys.stderr.write(trace)
        return "trace: above"
    try:
        handle, file = tempfile.mkstemp(prefix="alertdrill-", suffix=".trace.txt")
        with os.fdopen(handle, "w", errors="replace") as stream:
            stream.write(trace)
    except OSError as error:
        return f"no trace: {error.strerror}; see it with --debug"
    return f"trace: {file}"
