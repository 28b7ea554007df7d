"""Faults that are an object of its own: made beside the workload, gone once healed."""

import json
from abc import abstractmethod
from typing import Any

from alertdrill.faults.base import FaultKind, Place, Text
from alertdrill.model import Value
from alertdrill.scenario import Fault

NOBODY = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
NO_RIGHTS = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


class Named(Value, frozen=True, kw_only=True):
    """What the object is called."""

    called: Text


class _NewObject(FaultKind):
    """Creates one object, and deletes it to heal."""

    resource: str = ""
    Args: type[Value] = Named

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        body = {**self.object(), "metadata": {"name": args["called"]}}
        place.run(f"injecting {self.name}", "create", "--filename=-", stdin=json.dumps(body))

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        words = ("delete", self.resource, args["called"], "--ignore-not-found", "--wait=false")
        place.run(f"healing {self.name}", *words)

    @abstractmethod
    def object(self) -> dict[str, Any]:
        """Return the object but for its metadata."""


class FailJob(_NewObject):
    """A Job whose only try fails."""

    name = "fail_job"
    resource = "job"

    def object(self) -> dict[str, Any]:
        """Return a Job that exits with 1, under restricted pod security."""
        container = {
            "name": "app",
            "image": "alertdrill/workload:dev",
            "imagePullPolicy": "IfNotPresent",
            "command": ["python3", "-c", "raise SystemExit('this job fails')"],
            "resources": {"requests": {"cpu": "1m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": NO_RIGHTS,
        }
        pod = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": NOBODY,
            "containers": [container],
        }
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "spec": {"backoffLimit": 0, "template": {"spec": pod}},
        }


class UnboundClaim(_NewObject):
    """A claim of storage that nobody provides."""

    name = "unbound_claim"
    resource = "persistentvolumeclaim"

    def object(self) -> dict[str, Any]:
        """Return a claim of a class that there is not."""
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "alertdrill-no-such-class",
                "resources": {"requests": {"storage": "1Mi"}},
            },
        }


def fail_job(called: str) -> Fault:
    """Run a Job of this name that fails."""
    return Fault(name=FailJob.name, args={"called": called})


def unbound_claim(called: str) -> Fault:
    """Claim storage of a class that there is not, by a claim of this name."""
    return Fault(name=UnboundClaim.name, args={"called": called})
