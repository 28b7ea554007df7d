"""A cluster and a repository that part: drift, what can't be compared, what is too old to compare with."""

from alertdrill.faults import commit, delete, patch, revoke
from alertdrill.scenario import Expectation, Match, Scenario, fires, like, never, notified, pends, resolves

GIT = "app.kubernetes.io/name=git"
LABELS: dict[str, Match] = {"job": like("drill-.+/kubediff"), "command": "kubediff"}
ADDRESS = "https://kubediff.example.com/c/kubediff"
PAGE: dict[str, Match] = {"url": ADDRESS}
# Two hours, and until somebody looks: kubediff runs every 10 live seconds, at a new commit within one.
HOLD, HOLD_A_COMMIT = "128m", "124m"
# What was edited, or is gone, is told by kubediff and git-sync, so nobody is asked for a new generation.
AWAY = patch("deployment/git", {"spec": {"replicas": 0}})
EDIT = patch("deployment/web", {"spec": {"progressDeadlineSeconds": 900}})
# kubediff looks for itself: nobody else needs to tell of the cluster's objects.
REGARDLESS_OF = ("kube-api-exporter",)
# Without an API server it can't tell, for as long as that is gone: the alert's clock goes on. So it does
# while Prometheus restarts, and what runs needs no controller.
WITHOUT = ("apiserver", "controllers", "prometheus")
# Of drift nobody is told for two hours.
UNTIL_IT_IS_TOLD = ("alertmanager", *WITHOUT)
NO_OTHER = (
    never("KubediffBroken"),
    never("KubediffStale"),
    never("PromRunCommandFailing"),
    never("PromRunCommandHangs"),
)


def told_and_over(within: str = "126m") -> tuple[Expectation, ...]:
    """Return what is expected of drift that lasts, until it is over."""
    return (
        fires(
            "Kubediff",
            after="2h",
            within=within,
            labels={**LABELS, **PAGE, "severity": "warning"},
            annotations={"description": like(f".* when: {ADDRESS}")},
        ),
        resolves("Kubediff", within="8m"),
        *NO_OTHER,
    )


SCENARIOS = [
    Scenario(
        name="kubediff/edited",
        why="Somebody edits the cluster by hand: after two hours the page that says who is sent.",
        workload="from-git",
        fault=EDIT,
        hold=HOLD,
        without=UNTIL_IT_IS_TOLD,
        regardless_of=REGARDLESS_OF,
        expect=(
            *told_and_over(),
            notified(
                "Kubediff",
                receiver="tickets",
                within="2m",
                alerts=1,
                says=like(rf"\[FIRING:1\] warning: Kubediff in drill-.+<{ADDRESS}\|.+>.+"),
                resolved="15m",
            ),
        ),
    ),
    Scenario(
        name="kubediff/never-applied",
        why="A commit that nobody applies is drift, too: the cluster is not what git says.",
        workload="from-git",
        fault=commit(GIT, file="settings.yaml", old="greeting: hello", new="greeting: good evening"),
        hold=HOLD_A_COMMIT,
        without=WITHOUT,
        regardless_of=REGARDLESS_OF,
        expect=told_and_over(within="123m30s"),
    ),
    Scenario(
        name="kubediff/removed-from-git",
        why="A field that git no longer has lives on in the cluster, where nobody would look for it.",
        workload="from-git",
        fault=commit(GIT, file="web.yaml", old="  minReadySeconds: 1\n", new=""),
        hold=HOLD_A_COMMIT,
        without=WITHOUT,
        regardless_of=REGARDLESS_OF,
        expect=told_and_over(within="123m30s"),
    ),
    Scenario(
        name="kubediff/deleted",
        why="Somebody deletes what git has: no metric of it is left to alert on, only the comparison.",
        workload="from-git",
        fault=delete("service/web"),
        hold=HOLD,
        without=WITHOUT,
        regardless_of=REGARDLESS_OF,
        expect=told_and_over(),
    ),
    Scenario(
        name="kubediff/corrected-soon",
        why="Drift that somebody corrects within the hour, such as an experiment, wakes nobody.",
        workload="from-git",
        fault=EDIT,
        hold="50m",
        settle="15m",
        regardless_of=REGARDLESS_OF,
        # What is watched is shorter than two hours, so its silence alone would say nothing: it must be over.
        expect=(
            pends("Kubediff", within="8m"),
            resolves("Kubediff", within="8m"),
            never("Kubediff"),
            *NO_OTHER,
        ),
    ),
    Scenario(
        name="kubediff/git-unreachable",
        why="A repository that can't be reached is neither drift nor silence: what is compared with is old.",
        workload="from-git",
        fault=AWAY,
        hold="68m",
        without=WITHOUT,
        regardless_of=REGARDLESS_OF,
        expect=(
            # An hour after the last sync, which was before the fault.
            fires("KubediffStale", after="55m", within="66m", labels={**LABELS, "severity": "warning"}),
            # Its pod comes back in live time, and two syncs are needed.
            resolves("KubediffStale", within="15m"),
            never("Kubediff"),
            *(one for one in NO_OTHER if one.alert != "KubediffStale"),
        ),
    ),
    Scenario(
        name="kubediff/forbidden",
        why="A right that is missing is no drift: nobody knows whether there is any, which is worse.",
        workload="from-git",
        fault=revoke("kubediff", resource="services"),
        hold="68m",
        without=WITHOUT,
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "KubediffBroken", after="1h", within="66m", labels={**LABELS, **PAGE, "severity": "critical"}
            ),
            resolves("KubediffBroken", within="8m"),
            never("Kubediff"),
            *(one for one in NO_OTHER if one.alert != "KubediffBroken"),
        ),
    ),
]
