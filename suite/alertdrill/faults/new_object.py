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

SEEN_SECONDS = 3  # live: a first try is seen running before it fails
FAILS = "raise SystemExit('this job fails')"
RECOVERS = """
import pathlib
from time import sleep
tried = pathlib.Path('/tries/first')
if not tried.exists():
    tried.touch()
    sleep({seconds})
    raise SystemExit('this job fails once')
"""


class Named(Value, frozen=True, kw_only=True):
    """What the object is called."""

    called: Text


class _NewObject(FaultKind):
    """Creates one object, and deletes it to heal."""

    resource: str = ""
    Args: type[Value] = Named

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        body = {**self.object(place, args), "metadata": {"name": args["called"]}}
        place.run(f"injecting {self.name}", "create", "--filename=-", stdin=json.dumps(body))

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        words = ("delete", self.resource, args["called"], "--ignore-not-found", "--wait=false")
        place.run(f"healing {self.name}", *words)

    @abstractmethod
    def object(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return the object but for its metadata."""


class FailJob(_NewObject):
    """A Job whose only try fails, or one whose first does and whose second does not."""

    name = "fail_job"
    resource = "job"

    class Args(Named, frozen=True, kw_only=True):
        """What it is called, and whether its second try succeeds."""

        recovers: bool = False

    def object(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return a Job that exits with 1, under restricted pod security.

        A second try is made in the same pod, where it finds what the first has left.
        """
        recovers = bool(args.get("recovers"))
        program = RECOVERS.format(seconds=SEEN_SECONDS) if recovers else FAILS
        container = {
            "name": "app",
            "image": place.image("alertdrill/workload:dev"),
            "imagePullPolicy": "IfNotPresent",
            "command": ["python3", "-c", program],
            "resources": {"requests": {"cpu": "1m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": NO_RIGHTS,
            "volumeMounts": [{"name": "tries", "mountPath": "/tries"}],
        }
        pod = {
            "restartPolicy": "OnFailure" if recovers else "Never",
            "automountServiceAccountToken": False,
            "securityContext": NOBODY,
            "containers": [container],
            "volumes": [{"name": "tries", "emptyDir": {}}],
        }
        # A Job counts a restart as a failure, and gives up at the last that it allows, not after it.
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "spec": {"backoffLimit": 2 if recovers else 0, "template": {"spec": pod}},
        }


class UnboundClaim(_NewObject):
    """A claim of storage that nobody provides."""

    name = "unbound_claim"
    resource = "persistentvolumeclaim"

    def object(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return a claim of a class that there is not."""
        del place, args
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "alertdrill-no-such-class",
                "resources": {"requests": {"storage": "1Mi"}},
            },
        }


def fail_job(called: str, *, recovers: bool = False) -> Fault:
    """Run a Job of this name that fails for good, or one that `recovers`: its second try succeeds."""
    return Fault(name=FailJob.name, args={"called": called, "recovers": recovers})


def unbound_claim(called: str) -> Fault:
    """Claim storage of a class that there is not, by a claim of this name."""
    return Fault(name=UnboundClaim.name, args={"called": called})
