"""What is drilled in: a cluster with the monitoring stack on it."""

from alertdrill.lab.known import PROMETHEUS_PORT, State, find
from alertdrill.lab.lab import Lab, borrowed, down, up
from alertdrill.lab.options import Options, wanted
from alertdrill.lab.rules import LabRules
from alertdrill.lab.rules import load as load_rules
from alertdrill.lab.status import Status, status
from alertdrill.names import SPEED
from alertdrill.names import STACK_NAMESPACE as NAMESPACE

__all__ = [
    "NAMESPACE",
    "PROMETHEUS_PORT",
    "SPEED",
    "Lab",
    "LabRules",
    "Options",
    "State",
    "Status",
    "borrowed",
    "down",
    "find",
    "load_rules",
    "status",
    "up",
    "wanted",
]
