"""The cluster and git part: somebody edits, commits or deletes what the other knows nothing of."""

import json
from typing import Annotated, Any

import msgspec

from alertdrill.errors import LabError
from alertdrill.faults.base import Aimed, FaultKind, Place, Text
from alertdrill.faults.in_container import pods, python
from alertdrill.model import Trait, Value
from alertdrill.scenario import Fault

SpecField = Annotated[str, msgspec.Meta(pattern=r"^spec(\.[A-Za-z]+)+$")]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$")]
# Where a git server of a workload has its files, and what they were (fixtures/workloads/from-git).
FILES, GIVEN = "/tmp/files", "/etc/in-git"  # noqa: S108  # in a pod of the drill


class Edit(FaultKind):
    """One field of a spec is another, as by `kubectl edit`; an edit again repairs it."""

    name = "edit"
    traits = frozenset({Trait.CHANGES_SPEC})

    class Args(Aimed, frozen=True, kw_only=True):
        """The object, the field ("spec.replicas"), and its value while it is broken and after."""

        field: SpecField
        to: int | str | bool
        back_to: int | str | bool

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Write the wrong value."""
        self._write(place, f"injecting {self.name}", args, args["to"])

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Write the right one."""
        self._write(place, f"healing {self.name}", args, args["back_to"])

    def _write(self, place: Place, what: str, args: dict[str, Any], value: Any) -> None:
        for name in reversed(args["field"].split(".")):
            value = {name: value}
        # The name under which `kubectl edit` itself stands in managedFields.
        who = "--field-manager=kubectl-edit"
        place.run(what, "patch", args["target"], "--type=merge", who, f"--patch={json.dumps(value)}")


class Delete(FaultKind):
    """An object is gone; it is made again by the manifest in a ConfigMap."""

    name = "delete"

    class Args(Aimed, frozen=True, kw_only=True):
        """The object, and the ConfigMap and the file in it that make it again."""

        manifests: Text
        file: FileName

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Delete it."""
        place.run(f"injecting {self.name}", "delete", args["target"], "--wait=false")

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Apply its manifest."""
        where = f"configmap/{args['manifests']}"
        read = place.run(f"reading {where}", "get", where, "--output=json")
        manifest = json.loads(read)["data"].get(args["file"], "")
        place.run(f"healing {self.name}", "apply", "--filename=-", stdin=manifest)


class Commit(FaultKind):
    """A file in git is another, and nobody applies it; the repair is to revert the commit."""

    name = "commit"

    class Args(Value, frozen=True, kw_only=True):
        """The pods that serve git, the file, the text in it, and what that becomes."""

        selector: Text
        file: FileName
        old: Text
        new: str

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Write the file anew; a text that is not in it is an error, as nothing would be broken."""
        for pod in pods(place, args):
            change = f"text.replace({args['old']!r}, {args['new']!r}), text.index({args['old']!r})"
            self._write(place, pod, f"injecting {self.name}", args, FILES, change)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Write what was there at the start."""
        for pod in pods(place, args):
            self._write(place, pod, f"healing {self.name}", args, GIVEN, "text, None")

    def _write(  # noqa: PLR0917  # where, what, how
        self, place: Place, pod: str, what: str, args: dict[str, Any], folder: str, change: str
    ) -> None:
        """Put a new file in the place of the old in one step: whoever reads sees one or the other."""
        file, aside = f"'{FILES}/{args['file']}'", "pathlib.Path('/tmp/aside')"
        read = f"text = pathlib.Path('{folder}/{args['file']}').read_text()"
        python(
            place, pod, what, f"{read}; new, _ = {change}; {aside}.write_text(new); {aside}.replace({file})"
        )


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


def edit(target: str, *, field: str, to: int | str | bool, back_to: int | str | bool) -> Fault:
    """Change a field of the spec of `target` ("deployment/web") by hand; `back_to` is what it was."""
    return Fault(name=Edit.name, args={"target": target, "field": field, "to": to, "back_to": back_to})


def delete(target: str, *, manifests: str, file: str) -> Fault:
    """Delete `target` ("service/web"); `file` in the ConfigMap `manifests` makes it again."""
    return Fault(name=Delete.name, args={"target": target, "manifests": manifests, "file": file})


def commit(selector: str, *, file: str, old: str, new: str) -> Fault:
    """Have the git server in the pods that match commit a change to a file, which nobody applies."""
    return Fault(name=Commit.name, args={"selector": selector, "file": file, "old": old, "new": new})


def revoke(role: str, *, resource: str) -> Fault:
    """Take the right to read a resource ("services") out of a Role of the workload."""
    return Fault(name=Revoke.name, args={"role": role, "resource": resource})
