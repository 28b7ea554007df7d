"""What is drilled in: a cluster with the monitoring stack on it."""

from alertdrill.lab.lab import Lab, State, Status, borrowed, down, find, status, up
from alertdrill.lab.options import SPEED, Options, wanted
from alertdrill.lab.rules import LabRules
from alertdrill.lab.rules import load as load_rules

__all__ = [
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
