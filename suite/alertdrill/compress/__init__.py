"""Rules x k → rules for a live run, and a reason for everything that can't be scaled."""

from alertdrill.compress.config import alertmanager_config, prometheus_config
from alertdrill.compress.ruleset import Compressed, Refusal, compress, why_unused

__all__ = ["Compressed", "Refusal", "alertmanager_config", "compress", "prometheus_config", "why_unused"]
