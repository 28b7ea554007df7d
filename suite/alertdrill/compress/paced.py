"""The closed list of what a lab paces: these happen k times as often, and nothing else is taken to.

What a workload paces differently is declared beside its rules (rules/pace.py), metric by metric.
"""

import re

from alertdrill.model import Value


class Paced(Value, frozen=True, kw_only=True):
    """Metrics, by a pattern of their whole name, and why the lab paces them."""

    metrics: str
    reason: str


SCRAPES = "scrape intervals are scaled, and each scrape writes it"
EVALUATIONS = "evaluation intervals are scaled, and each evaluation of a rule counts or writes it"
RESTARTS = "the kubelet's back-off for crash loops is scaled, and each run measures that restarts come so"
RUNS = "the periods of prom-run's commands are scaled, and each run counts"
SENDS = "Alertmanager's timers are scaled, and each send counts"

PACED = (
    Paced(metrics="up", reason=SCRAPES),
    Paced(metrics="scrape_.+", reason=SCRAPES),
    Paced(metrics="ALERTS(?:_FOR_STATE)?", reason=EVALUATIONS),
    Paced(
        metrics="prometheus_rule_(?:evaluations|evaluation_failures|group_iterations|group_iterations_missed)_total",
        reason=EVALUATIONS,
    ),
    Paced(metrics="k8s_[^:]+_restartCount", reason=RESTARTS),
    Paced(metrics="kube_pod_(?:init_)?container_status_restarts_total", reason=RESTARTS),
    Paced(
        metrics="promrun_command_(?:exits|overruns|timeouts|spawn_errors|output_truncated|leftover_processes)_total",
        reason=RUNS,
    ),
    Paced(metrics="promrun_command_duration_seconds_count|promrun_history_write_errors_total", reason=RUNS),
    Paced(metrics="alertmanager_notifications(?:_failed)?_total", reason=SENDS),
)


def reason(metric: str) -> str:
    """Return why the lab paces a metric, `""` where it does not."""
    return next((one.reason for one in PACED if re.fullmatch(one.metrics, metric)), "")
