"""The rules a lab runs: as they were stated, scaled to its speed, and what they ask of the lab."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

from alertdrill import compress, data, durations, rules
from alertdrill.errors import LabError, RulesError
from alertdrill.incident import Delivery, Limits
from alertdrill.lab.options import Options
from alertdrill.model import Claim
from alertdrill.names import CANARY, PODS_JOB
from alertdrill.progress import Progress
from alertdrill.prometheus import promtool

# So many scrapes may be missing in a row before a silence could hide between them.
SCRAPES_MISSING_MAX = 4
# What a message may take beside what the configuration says, in rule time: it is sent, taken and answered.
DELIVERY_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class LabRules:
    """Loaded once and passed on: every part of a play must mean the same rules."""

    stated: rules.RuleSet  # as they are in the files
    scaled: rules.RuleSet  # as the lab evaluates them
    limits: Limits
    left_out: tuple[compress.Refusal, ...] = ()  # what can't be scaled, and is in neither
    delivery: Delivery | None = None  # how long their alerts may be on their way to people
    claims: tuple[Claim, ...] = ()  # what their metrics were taken for when they were scaled

    def told(self) -> tuple[str, ...]:
        """Return a sentence for each rule that the lab does not run; files are named from where we are."""
        here = f"{Path.cwd()}/"
        return tuple(str(one).removeprefix(here) for one in self.left_out)

    def tell(self, progress: Progress) -> None:
        """Warn of what the lab does not run: nothing can be said of it."""
        for one in self.told():
            progress.say(f"left out: {one}", style="yellow")

    def check(self, alert: str) -> None:
        """Raise RulesError for an alert of which a rule was left out: with the others it is another one."""
        for one in self.left_out:
            if one.alert == alert:
                raise RulesError(
                    f"{alert}, which a scenario names, was left out: {one.reason}",
                    file=one.file,
                    line=one.line,
                )


def load(options: Options) -> LabRules:
    """Load the rules asked for, else the shipped ones and those only the drill has; add the canary.

    What we can't read is for promtool to say: what it calls no PromQL is a RulesError, and not left out.
    """
    chosen = [Path(one) for one in options.rules] or [data.path("rules"), data.path("fixtures", "rules")]
    stated = rules.load(chosen)
    if CANARY not in stated.alerts:
        stated = rules.load([*chosen, data.path("rules", "watchdog.rules.yaml")])
    if stated.unread:
        with suppress(LabError):  # without promtool such a rule is left out, and told
            promtool.check_rules(stated)
    scaled = compress.compress(stated, options.speed)
    run = _without(stated, scaled.refusals)
    limits = _limits(run)
    return LabRules(
        stated=run,
        scaled=scaled.rules,
        limits=limits,
        left_out=scaled.refusals,
        delivery=_delivery(limits),
        claims=scaled.claims,
    )


def _without(stated: rules.RuleSet, refusals: Iterable[compress.Refusal]) -> rules.RuleSet:
    """Return the rules without those that were refused, each known by where it stands."""
    places = {(one.file, one.alert, one.line) for one in refusals}

    def rest(group: rules.Group) -> rules.Group:
        kept = tuple(
            rule
            for rule in group.rules
            if not any(
                (rule.file, rule.name, line) in places
                for line in (rule.line, *rule.lines.values(), *group.lines.values())
            )
        )
        return msgspec.structs.replace(group, rules=kept)

    files = {file: tuple(map(rest, groups)) for file, groups in stated.files.items()}
    return msgspec.structs.replace(stated, files=files)


def base_config() -> str:
    """Return the Prometheus configuration as it is in production."""
    return data.path("manifests", "base", "prometheus", "prometheus.yaml").read_text()


def alertmanager_config() -> str:
    """Return the Alertmanager configuration as it is in production."""
    return data.path("manifests", "base", "alertmanager", "alertmanager.yaml").read_text()


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


def _delivery(limits: Limits) -> Delivery:
    """Return how long an alert's way to people may take, from the uncompressed configurations."""
    route = yaml.safe_load(alertmanager_config())["route"]
    beat = next(one for one in route["routes"] if one["matchers"] == [f'alertname="{limits.canary}"'])
    pause = durations.seconds(beat["repeat_interval"]) + durations.seconds(beat["group_interval"])
    return Delivery(
        scrape=limits.scrape_interval + limits.evaluation_interval,
        rule=2 * limits.evaluation_interval,
        group_wait=durations.seconds(route["group_wait"]) + DELIVERY_SECONDS_MAX,
        send=DELIVERY_SECONDS_MAX,
        heartbeat=pause + durations.seconds(beat["group_interval"]),
    )
