"""Doing something to the lab until it succeeds, for a while."""

from collections.abc import Callable

from alertdrill.clock import Clock, NotYet, wait_for
from alertdrill.errors import FutileError, LabError

# An API server under load refuses now and then; one that has for so long is in trouble.
PATIENCE_SECONDS = 20


def insist(do: Callable[[], object], clock: Clock) -> None:
    """Do something until it succeeds, for a while; it must be the same done twice as done once.

    Every LabError but a FutileError counts as a hiccup: kubectl ends with 1 whatever the reason.
    """

    def attempt() -> bool:
        try:
            do()
        except FutileError:
            raise
        except LabError as error:
            raise NotYet(str(error)) from error
        return True

    wait_for("kubectl to succeed", attempt, deadline=PATIENCE_SECONDS, clock=clock, every=1)
