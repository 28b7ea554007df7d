"""Targets that stayed down although nobody took them down: when that is no matter, and what is said then."""

from collections.abc import Iterator

from alertdrill.judge.recording import Recording, Scrape
from alertdrill.judge.words import moment
from alertdrill.model import AlertState, Life


def stretches(recording: Recording, target: Scrape) -> Iterator[tuple[float, float]]:
    """Yield from when to when a target failed scrape after scrape since the fault, for longer than may be."""
    apart, since = recording.gap_max, -recording.incident.limits.scrape_interval
    times = [t for t in target.down if t > since]
    for number, t in enumerate(times):
        if number == 0 or t - times[number - 1] > apart:
            start = t
        ends = number + 1 == len(times) or times[number + 1] - t > apart
        if ends and t - start > apart:
            yield start, t


def is_no_matter(recording: Recording, target: Scrape) -> bool:
    """Say whether nothing that is judged can be another for it: no alert reads it, and none has fired for it.

    One that fired and names no job may have, if it asks of any job. Which metrics a target has is known of
    one that was ever up.
    """
    fired = any(
        _may_be_about(recording, life, target.job)
        for life in recording.lives
        if life.first(AlertState.FIRING) is not None
    )
    was_up = target.samples > len(target.down)
    return was_up and not fired and not recording.readers(target.job)


def _may_be_about(recording: Recording, life: Life, job: str) -> bool:
    if "job" in life.labels:
        return life.labels["job"] == job
    return life.alert not in recording.jobs or life.alert in recording.of_any_scrape


def said(recording: Recording) -> Iterator[str]:
    """Yield a sentence for each that is no matter, and that nobody took down."""
    jobs = {*recording.incident.limits.jobs} - recording.touched_jobs
    for target in recording.scrapes:
        if target.job in jobs and is_no_matter(recording, target):
            for start, stop in stretches(recording, target):
                yield (
                    f"the target {target.instance} of the job {target.job} was down from {moment(start)} to"
                    f" {moment(stop)}, and no alert reads what it tells"
                )
