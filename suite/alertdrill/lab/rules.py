"""The rules a lab runs: as they were stated, scaled to its speed, and what they ask of the lab."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from alertdrill import compress, data, durations, rules
from alertdrill.errors import RulesError
from alertdrill.incident import Limits
from alertdrill.lab.options import Options
from alertdrill.names import CANARY, PODS_JOB

# So many scrapes may be missing in a row before a silence could hide between them.
SCRAPES_MISSING_MAX = 4


@dataclass(frozen=True)
class LabRules:
    """Loaded once and passed on: every part of a play must mean the same rules."""

    stated: rules.RuleSet  # as they are in the files
    scaled: rules.RuleSet  # as the lab evaluates them
    limits: Limits


def load(options: Options) -> LabRules:
    """Load the rules asked for, else the shipped ones and those only the drill has; add the canary."""
    chosen = [Path(one) for one in options.rules] or [data.path("rules"), data.path("fixtures", "rules")]
    stated = rules.load(chosen)
    if CANARY not in stated.alerts:
        stated = rules.load([*chosen, data.path("rules", "watchdog.rules.yaml")])
    return LabRules(stated, _scaled(stated, options.speed), _limits(stated))


def _scaled(stated: rules.RuleSet, speed: float) -> rules.RuleSet:
    """Return the rules as the lab runs them; one that can't be scaled is the user's to leave out."""
    scaled = compress.compress(stated, speed)
    if scaled.refusals:
        first = scaled.refusals[0]
        reasons = "; ".join(f"{refusal.alert}: {refusal.reason}" for refusal in scaled.refusals)
        raise RulesError(
            f"{reasons}; play it with --speed 1, or leave it out", file=first.file, line=first.line
        )
    return scaled.rules


def base_config() -> str:
    """Return the Prometheus configuration as it is in production."""
    return data.path("manifests", "base", "prometheus", "prometheus.yaml").read_text()


def _limits(stated: rules.RuleSet) -> Limits:
    """Return what the rules need of the lab, in rule time, from the uncompressed configuration."""
    config = yaml.safe_load(base_config())
    pods = next(job for job in config["scrape_configs"] if job["job_name"] == PODS_JOB)
    scrape = durations.seconds(pods.get("scrape_interval", config["global"]["scrape_interval"]))
    return Limits(
        scrape_interval=scrape,
        scrape_gap_max=scrape * SCRAPES_MISSING_MAX,
        evaluation_interval=durations.seconds(config["global"]["evaluation_interval"]),
        jobs=tuple(sorted(stated.jobs)),
        canary=CANARY,
    )
