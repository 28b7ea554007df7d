"""What was sent, out of single requests: a message that is refused and tried again is one message.

Pure; times are seconds of rule time since the fault.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from alertdrill.incident import Notification
from alertdrill.model import Value


class Letter(Value, frozen=True, kw_only=True):
    """A message from its first try at `first` until it was taken at `taken`, None if it never was."""

    said: Notification
    first: float
    taken: float | None
    tries: int


def sent(requests: Iterable[tuple[float, Notification]]) -> tuple[Letter, ...]:
    """Return the messages in order of their first tries.

    What is given up on is tried anew with what is known by then, so what counts is to whom, of what, and
    whether it fires or is over.
    """
    letters: list[Letter] = []
    open_: dict[tuple[str, str, str, str], Letter] = {}
    for t, said in sorted(requests, key=lambda one: one[0]):
        key = (said.receiver, said.alert or said.title, said.namespace, said.status)
        before = open_.pop(key, None)
        letter = Letter(
            said=said,
            first=before.first if before else t,
            taken=t + said.took if said.is_taken else None,
            tries=before.tries + 1 if before else 1,
        )
        if before:
            letters.remove(before)
        letters.append(letter)
        if letter.taken is None:
            open_[key] = letter
    return tuple(sorted(letters, key=lambda one: one.first))


def pauses(times: Sequence[float], start: float, stop: float) -> list[tuple[float, float]]:
    """Return the stretches between two times, in order, and to the ends of what was watched."""
    points = [start, *sorted(t for t in times if start < t < stop), stop]
    return list(pairwise(points))
