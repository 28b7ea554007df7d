"""Which scenarios a run plays: all of them, or as few as have every alert fire, and people told, once."""

from collections.abc import Sequence
from typing import Literal, get_args

from alertdrill.scenario.values import Scenario

Profile = Literal["all", "commit"]
PROFILES: tuple[Profile, ...] = get_args(Profile)


def chosen(scenarios: Sequence[Scenario], profile: Profile) -> list[Scenario]:
    """Return the scenarios of a profile, in the order given.

    `commit` has each alert fire that fires in any: it is what a change of a rule is tried with. Of those that
    have the same alert fire the one with most others is taken, then the shortest. The shortest of those in
    which people are told, with nothing in the way of it, is played as well.
    """
    if profile == "all":
        return list(scenarios)
    firing = {one.name: _fired(one) for one in scenarios}
    missing = frozenset().union(*firing.values())
    by_alert = {alert: [one for one in scenarios if alert in firing[one.name]] for alert in missing}
    taken: set[str] = set()
    # What only one scenario has fire is first: it may have others fire as well.
    for alert in sorted(missing, key=lambda alert: (len(by_alert[alert]), alert)):
        if alert in missing:
            best = min(
                by_alert[alert], key=lambda one: (-len(firing[one.name] & missing), one.rule_seconds_max)
            )
            taken.add(best.name)
            missing -= firing[best.name]
    telling = [one for one in scenarios if not one.disturbs and _tells(one)]
    if telling and not any(one.name in taken for one in telling):
        taken.add(min(telling, key=lambda one: one.rule_seconds_max).name)
    return [one for one in scenarios if one.name in taken]


def _tells(scenario: Scenario) -> bool:
    return any(one.kind == "notified" for one in scenario.expect)


def _fired(scenario: Scenario) -> frozenset[str]:
    return frozenset(one.alert for one in scenario.expect if one.kind == "fires")
