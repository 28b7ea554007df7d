"""The rules a lab runs: as they were stated, scaled to its speed, and what they ask of the lab."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from alertdrill import compress, data, durations, rules
from alertdrill.errors import RulesError
from alertdrill.incident import Limits
from alertdrill.lab.options import Options
from alertdrill.model import Claim
from alertdrill.names import CANARY, PODS_JOB

# So many scrapes may be missing in a row before a silence could hide between them.
SCRAPES_MISSING_MAX = 4


@dataclass(frozen=True)
class LabRules:
    """Loaded once and passed on: every part of a play must mean the same rules."""

    stated: rules.RuleSet  # as they are in the files
    scaled: rules.RuleSet  # as the lab evaluates them
    limits: Limits
    claims: tuple[Claim, ...] = ()  # what their metrics were taken for when they were scaled


def load(options: Options) -> LabRules:
    """Load the rules asked for, else the shipped ones and those only the drill has; add the canary."""
    chosen = [Path(one) for one in options.rules] or [data.path("rules"), data.path("fixtures", "rules")]
    stated = rules.load(chosen)
    if CANARY not in stated.alerts:
        stated = rules.load([*chosen, data.path("rules", "watchdog.rules.yaml")])
    scaled = _scaled(stated, options.speed)
    return LabRules(stated, scaled.rules, _limits(stated), scaled.claims)


def _scaled(stated: rules.RuleSet, speed: float) -> compress.Compressed:
    """Return the rules as the lab runs them; one that can't be scaled is the user's to mend or leave out."""
    scaled = compress.compress(stated, speed)
    if scaled.refusals:
        raise rules.BadRulesError(
            [
                RulesError(f"{one.alert}: {one.reason}", file=one.file, line=one.line)
                for one in scaled.refusals
            ]
        )
    return scaled


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
