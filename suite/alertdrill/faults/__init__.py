"""Ways to break things on purpose."""

from alertdrill.faults.in_container import fail_readiness, restart_once
from alertdrill.faults.misbehave import misbehave
from alertdrill.faults.new_object import fail_job, unbound_claim
from alertdrill.faults.refuse_replicasets import refuse_replicasets
from alertdrill.faults.scale import scale
from alertdrill.faults.stop_watcher import stop_watcher
from alertdrill.faults.template import crash_container, missing_image, slow_rollout, stuck_rollout

__all__ = [
    "crash_container",
    "fail_job",
    "fail_readiness",
    "misbehave",
    "missing_image",
    "refuse_replicasets",
    "restart_once",
    "scale",
    "slow_rollout",
    "stop_watcher",
    "stuck_rollout",
    "unbound_claim",
]
