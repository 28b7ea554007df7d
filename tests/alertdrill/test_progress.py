"""What is said of work while it goes on."""

import io
import time

from rich.console import Console

from alertdrill.progress import Progress


def test_only_what_takes_long_is_said_again() -> None:
    """Nobody wants to hear of what is over in a moment."""
    heard = io.StringIO()
    progress = Progress(Console(file=heard, width=80))
    with progress.patience("checking", every=0.01):
        time.sleep(0.1)  # what takes long here
    with progress.patience("reading", every=60):
        pass
    assert {"checking …"} == {line.partition("s ")[2] for line in heard.getvalue().splitlines()}
