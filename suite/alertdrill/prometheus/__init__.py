"""Prometheus and its kin, asked over HTTP or by command."""

from alertdrill.prometheus.api import AlertInstance, Prometheus, RuleState

__all__ = ["AlertInstance", "Prometheus", "RuleState"]
