"""A right is lost: what reads the cluster can no longer tell."""

import json
from typing import Any

from alertdrill.errors import LabError
from alertdrill.faults.base import FaultKind, Place, Text
from alertdrill.model import Value
from alertdrill.scenario import Fault


class Revoke(FaultKind):
    """A Role no longer lets anybody read one resource."""

    name = "revoke"

    class Args(Value, frozen=True, kw_only=True):
        """The Role, and the resource as roles name it ("services", "deployments.apps")."""

        role: Text
        resource: Text

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Take out the rules about it; a Role without any is an error, as nothing would be broken."""
        before = self._rules(place, args)
        after = [rule for rule in before if rule not in _about(before, args["resource"])]
        if after == before:
            raise LabError(
                f"injecting {self.name}: the Role {args['role']} says nothing of {args['resource']}"
            )
        self._write(place, f"injecting {self.name}", args, after)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Put the right to read it back."""
        resource, _, group = args["resource"].partition(".")
        rule = {"apiGroups": [group], "resources": [resource], "verbs": ["get", "list"]}
        rules = self._rules(place, args)
        if not _about(rules, args["resource"]):
            self._write(place, f"healing {self.name}", args, [*rules, rule])

    def _rules(self, place: Place, args: dict[str, Any]) -> list[dict[str, Any]]:
        where = f"role/{args['role']}"
        return list(json.loads(place.run(f"reading {where}", "get", where, "--output=json"))["rules"])

    def _write(self, place: Place, what: str, args: dict[str, Any], rules: list[dict[str, Any]]) -> None:
        patch = json.dumps({"rules": rules})
        place.run(what, "patch", f"role/{args['role']}", "--type=merge", f"--patch={patch}")


def _about(rules: list[dict[str, Any]], named: str) -> list[dict[str, Any]]:
    """Return the rules about a resource."""
    resource, _, group = named.partition(".")
    return [rule for rule in rules if group in rule["apiGroups"] and resource in rule["resources"]]


def revoke(role: str, *, resource: str) -> Fault:
    """Take the right to read a resource ("services") out of a Role of the workload."""
    return Fault(name=Revoke.name, args={"role": role, "resource": resource})
