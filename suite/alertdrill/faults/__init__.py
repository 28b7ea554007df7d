"""Ways to break things on purpose, and what one of your own is made of."""

from alertdrill.faults.base import FaultKind, Place
from alertdrill.faults.commit import commit
from alertdrill.faults.delete import delete
from alertdrill.faults.execute import execute
from alertdrill.faults.in_container import fail_readiness, restart_once
from alertdrill.faults.manifests import apply
from alertdrill.faults.misbehave import misbehave
from alertdrill.faults.new_object import fail_job, unbound_claim
from alertdrill.faults.patch import patch
from alertdrill.faults.refuse_replicasets import refuse_replicasets
from alertdrill.faults.revoke import revoke
from alertdrill.faults.scale import scale
from alertdrill.faults.stop_watcher import stop_watcher
from alertdrill.faults.template import crash_container, missing_image, slow_rollout, stuck_rollout
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
    "execute",
    "fail_job",
    "fail_readiness",
    "misbehave",
    "missing_image",
    "patch",
    "refuse_replicasets",
    "restart_once",
    "revoke",
    "scale",
    "slow_rollout",
    "stop_watcher",
    "stuck_rollout",
    "trouble_receiver",
    "unbound_claim",
]
