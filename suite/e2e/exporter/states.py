"""Random states of objects, drawn by dice: what a status may say beside numbers, some of it hostile."""

import random
from typing import Any

TIMES = ("2026-01-01T00:00:00Z", "2026-02-03T04:05:06Z", "1999-12-31T23:59:59Z")
QUANTITIES = ("100m", "1500m", "64Mi", "1Gi", "2", "0", "250u", "1e3", "7E")
# The server lets any of these stand where a reason stands.
WORDS = ("Because", "CrashLoopBackOff", 'a "quoted" word', "two\nlines", "back\\slash", "w" * 10_000, "")
TRUTHS = ("True", "False", "Unknown")


def conditions(dice: random.Random, *types: str) -> list[dict[str, Any]]:
    """Draw some of these conditions, in any order."""
    drawn = dice.sample(types, dice.randrange(len(types) + 1))
    return [
        {
            "type": kind,
            "status": dice.choice(TRUTHS),
            "reason": dice.choice(WORDS),
            "lastTransitionTime": dice.choice(TIMES),
        }
        for kind in drawn
    ]


def container(dice: random.Random) -> dict[str, Any]:
    """Draw the status of a container: one of three states now, perhaps another before."""
    return {
        "name": "app",
        "restartCount": dice.randrange(99),
        "ready": dice.random() < 0.5,
        "image": "",
        "imageID": "",
        "state": _state(dice),
        "lastState": dice.choice([{}, _state(dice)]),
    }


def _state(dice: random.Random) -> dict[str, Any]:
    ended = {"exitCode": dice.randrange(256), "reason": dice.choice(WORDS)}
    return dice.choice(
        [
            {"waiting": {"reason": dice.choice(WORDS), "message": "told to nobody"}},
            {"running": {"startedAt": dice.choice(TIMES)}},
            {"terminated": {**ended, "startedAt": dice.choice(TIMES), "finishedAt": dice.choice(TIMES)}},
        ]
    )


def pod(dice: random.Random) -> dict[str, Any]:
    """Draw the status of a pod; null takes a field away."""
    return {
        "containerStatuses": dice.choice([None, [container(dice)]]),
        "conditions": conditions(dice, "Ready", "PodScheduled", "Initialized"),
        "phase": dice.choice(["Pending", "Running", "Failed"]),
        "reason": dice.choice([None, *WORDS]),
        "startTime": dice.choice([None, *TIMES]),
        "hostIP": dice.choice(["10.0.0.1", "10.0.0.2"]),
    }


def node(dice: random.Random) -> dict[str, Any]:
    """Draw the status of a node."""
    resources = {"cpu": dice.choice(QUANTITIES), "memory": dice.choice(QUANTITIES)}
    return {
        "conditions": conditions(dice, "Ready", "DiskPressure", "example.com/Odd"),
        "capacity": resources,
        "allocatable": dice.choice([None, {"pods": "110", "example.com/gpu": "3"}]),
        "addresses": dice.choice([None, [{"type": "InternalIP", "address": "10.0.0.7"}]]),
    }


def widget(dice: random.Random) -> dict[str, Any]:
    """Draw the states of a custom resource, all of which its schema alone tells of."""
    return {
        "mode": dice.choice([None, "Fast", "Slow"]),
        "storage": dice.choice([None, *QUANTITIES, 7]),
        "requests": {"cpu": dice.choice(QUANTITIES), "memory": dice.choice([None, "1Gi"])},
        "timeout": dice.choice([None, "1h30m", "300ms"]),
        "since": dice.choice([None, *TIMES]),
        "conditions": conditions(dice, "Ready", "Synced"),
        "runState": dice.choice([None, {"idle": {}}, {"busy": {"reason": dice.choice(WORDS)}}]),
    }
