"""Ways to break things on purpose, and what one of your own is made of."""

from alertdrill.faults.base import FaultKind, Place
from alertdrill.faults.commit import commit
from alertdrill.faults.delete import delete
from alertdrill.faults.execute import execute
from alertdrill.faults.followed_by import followed_by
from alertdrill.faults.in_container import fail_readiness, restart_once
from alertdrill.faults.manifests import apply
from alertdrill.faults.misbehave import misbehave
from alertdrill.faults.modelled import disturb_scrapes, use_up
from alertdrill.faults.new_object import fail_job, unbound_claim
from alertdrill.faults.node import distrust_kubelet, halt_control_plane, stop_kubelet
from alertdrill.faults.patch import patch
from alertdrill.faults.refuse_configuration import refuse_configuration
from alertdrill.faults.refuse_replicasets import refuse_replicasets
from alertdrill.faults.revoke import revoke
from alertdrill.faults.scale import scale
from alertdrill.faults.stop_watcher import double_watcher, restart_watcher, stop_watcher
from alertdrill.faults.template import (
    crash_container,
    fail_liveness,
    missing_image,
    slow_rollout,
    stuck_rollout,
)
from alertdrill.faults.trouble_receiver import trouble_receiver
from alertdrill.model import Trait

__all__ = [
    "FaultKind",
    "Place",
    "Trait",
    "apply",
    "commit",
    "crash_container",
    "delete",
    "distrust_kubelet",
    "disturb_scrapes",
    "double_watcher",
    "execute",
    "fail_job",
    "fail_liveness",
    "fail_readiness",
    "followed_by",
    "halt_control_plane",
    "misbehave",
    "missing_image",
    "patch",
    "refuse_configuration",
    "refuse_replicasets",
    "restart_once",
    "restart_watcher",
    "revoke",
    "scale",
    "slow_rollout",
    "stop_kubelet",
    "stop_watcher",
    "stuck_rollout",
    "trouble_receiver",
    "unbound_claim",
    "use_up",
]
