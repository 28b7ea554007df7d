"""Capacity: memory, a disk and inodes that are short, that get short, and that only look so.

Modelled: a node that is shared can't be used up. A target says so in node-exporter's own words, and what is
proved is the way from there to the alert.
"""

from alertdrill.faults import use_up
from alertdrill.scenario import Match, Scenario, fires, like, never, pends, resolves

MODELLED = "app.kubernetes.io/name=prom-node-exporter"
JOB = like("drill-.+/prom-node-exporter")
DISK: dict[str, Match] = {"device": "/dev/modelled", "fstype": "ext4", "mountpoint": "/modelled"}
# What it says is scraped from itself: nobody else needs to tell of the cluster's objects.
REGARDLESS_OF = ("kube-api-exporter",)

SCENARIOS = [
    Scenario(
        name="capacity/memory-low",
        why="Without memory the kernel chooses what ends: people want to choose before.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="memory", left=0.05),
        hold="19m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "NodeMemoryLow",
                after="15m",
                within="18m",
                labels={"job": JOB, "severity": "critical"},
                annotations={"summary": like(".*left.*|.*nearly full.*")},
            ),
            resolves("NodeMemoryLow", within="3m"),
            never("NodeMemoryRunningOut"),
        ),
    ),
    Scenario(
        name="capacity/memory-running-out",
        why="Memory that leaks away must be told while there is time to look for the leak.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="memory", left=0.38, lost_per_hour=0.3),
        hold="21m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "NodeMemoryRunningOut",
                after="15m",
                within="20m",
                labels={"job": JOB, "severity": "warning"},
                annotations={"summary": like(".* 4 hours.")},
            ),
            resolves("NodeMemoryRunningOut", within="3m"),
            never("NodeMemoryLow"),
        ),
    ),
    Scenario(
        name="capacity/memory-low-for-a-moment",
        why="A build or a dump that is over in ten minutes wakes nobody.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="memory", left=0.05),
        hold="8m",
        settle="8m",
        regardless_of=REGARDLESS_OF,
        expect=(pends("NodeMemoryLow", within="2m"), never("NodeMemoryLow")),
    ),
    Scenario(
        name="capacity/memory-shrinks-for-a-moment",
        why="What fills up for some minutes and is cleared again is no trend.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="memory", left=0.38, lost_per_hour=0.3),
        hold="8m",
        settle="8m",
        regardless_of=REGARDLESS_OF,
        expect=(
            pends("NodeMemoryRunningOut", within="5m"),
            never("NodeMemoryRunningOut"),
            never("NodeMemoryLow"),
        ),
    ),
    Scenario(
        name="capacity/disk-low",
        why="A disk that is full stops all that writes, and pods are evicted: it must be told before.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="disk", left=0.05),
        hold="19m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "NodeDiskLow",
                after="15m",
                within="18m",
                labels={"job": JOB, **DISK, "severity": "critical"},
                annotations={"summary": like(".*left.*|.*nearly full.*")},
            ),
            resolves("NodeDiskLow", within="3m"),
            never("NodeDiskRunningOut"),
        ),
    ),
    Scenario(
        name="capacity/disk-running-out",
        why="A disk that fills up must be told while there is time to find what writes.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="disk", left=0.38, lost_per_hour=0.3),
        hold="21m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "NodeDiskRunningOut",
                after="15m",
                within="20m",
                labels={"job": JOB, **DISK, "severity": "warning"},
                annotations={"summary": like(".* 4 hours.")},
            ),
            resolves("NodeDiskRunningOut", within="3m"),
            never("NodeDiskLow"),
        ),
    ),
    Scenario(
        name="capacity/disk-low-for-a-moment",
        why="A build or a dump that is over in ten minutes wakes nobody.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="disk", left=0.05),
        hold="8m",
        settle="8m",
        regardless_of=REGARDLESS_OF,
        expect=(pends("NodeDiskLow", within="2m"), never("NodeDiskLow")),
    ),
    Scenario(
        name="capacity/disk-shrinks-for-a-moment",
        why="What fills up for some minutes and is cleared again is no trend.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="disk", left=0.38, lost_per_hour=0.3),
        hold="8m",
        settle="8m",
        regardless_of=REGARDLESS_OF,
        expect=(pends("NodeDiskRunningOut", within="5m"), never("NodeDiskRunningOut"), never("NodeDiskLow")),
    ),
    Scenario(
        name="capacity/inodes-low",
        why="Without inodes no file can be made, and `df` says that there is room: it must be told.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="inodes", left=0.05),
        hold="19m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "NodeInodesLow",
                after="15m",
                within="18m",
                labels={"job": JOB, **DISK, "severity": "critical"},
                annotations={"summary": like(".*left.*|.*nearly full.*")},
            ),
            resolves("NodeInodesLow", within="3m"),
            never("NodeInodesRunningOut"),
        ),
    ),
    Scenario(
        name="capacity/inodes-running-out",
        why="Files that are made and never deleted must be told of while there is time.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="inodes", left=0.38, lost_per_hour=0.3),
        hold="21m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "NodeInodesRunningOut",
                after="15m",
                within="20m",
                labels={"job": JOB, **DISK, "severity": "warning"},
                annotations={"summary": like(".* 4 hours.")},
            ),
            resolves("NodeInodesRunningOut", within="3m"),
            never("NodeInodesLow"),
        ),
    ),
    Scenario(
        name="capacity/inodes-low-for-a-moment",
        why="A build or a dump that is over in ten minutes wakes nobody.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="inodes", left=0.05),
        hold="8m",
        settle="8m",
        regardless_of=REGARDLESS_OF,
        expect=(pends("NodeInodesLow", within="2m"), never("NodeInodesLow")),
    ),
    Scenario(
        name="capacity/inodes-shrinks-for-a-moment",
        why="What fills up for some minutes and is cleared again is no trend.",
        workload="modelled-node",
        fault=use_up(MODELLED, what="inodes", left=0.38, lost_per_hour=0.3),
        hold="8m",
        settle="8m",
        regardless_of=REGARDLESS_OF,
        expect=(
            pends("NodeInodesRunningOut", within="5m"),
            never("NodeInodesRunningOut"),
            never("NodeInodesLow"),
        ),
    ),
]
