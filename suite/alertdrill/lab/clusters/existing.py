"""A cluster that is there already and belongs to somebody: named in full, only what is ours is touched."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from alertdrill.errors import LabError, UsageError
from alertdrill.kube import Kube
from alertdrill.lab.clusters import state
from alertdrill.lab.clusters.base import Ability, Access, Status, Wanted
from alertdrill.progress import Progress

FLAVOUR = "existing"
# What kubectl heeds, with which we change things, and the official client does not, with which we look.
KUBECTL_ONLY = ("as", "as-uid", "as-groups", "as-user-extra", "auth-provider")


class ExistingCluster:
    """A cluster by kubeconfig and context, both named by the user: never one that happens to be current."""

    flavour = FLAVOUR
    abilities = frozenset({Ability.RUNS_PODS})

    def __init__(self, wanted: Wanted) -> None:
        if not wanted.kubeconfig or not wanted.context:
            there = f", which is one of {', '.join(contexts(wanted.kubeconfig))}" if wanted.kubeconfig else ""
            raise UsageError(
                "an existing cluster must be named in full, so that no other is touched by mistake:"
                f" give its kubeconfig and its context{there}"
            )
        self.name = wanted.name
        self.access = Access(kubeconfig=wanted.kubeconfig, context=wanted.context)
        self.reason = f"context {wanted.context} was named"

    def __repr__(self) -> str:
        """Say which cluster it is, in tests and in a debugger."""
        return f"<ExistingCluster {self.access.context}>"

    def up(self, progress: Progress) -> Access:
        """Return access to it, once it has answered."""
        require_context(self.access)
        with progress.phase("cluster"):
            kube = Kube(self.access.kubeconfig, self.access.context)
            kube.get("nodes")
        if not kube.verifies:
            told = f"the certificate of {self.access.context} is not verified, as its kubeconfig says"
            progress.say(f"{told}: whoever is on the way reads and changes what is asked", style="yellow")
        record = state.Record(
            flavour=self.flavour,
            reason=self.reason,
            kubeconfig=str(self.access.kubeconfig.absolute()),
            context=self.access.context,
            complete=True,
        )
        state.write(self.name, record)
        return self.access

    def down(self, progress: Progress) -> None:
        """Forget it; the cluster stays as it is."""
        if state.read(self.name):
            progress.say(f"the cluster of context {self.access.context} is not ours and stays")
            state.forget(self.name)

    def status(self) -> Status:
        """Look whether it answers."""
        try:
            require_context(self.access)
            Kube(self.access.kubeconfig, self.access.context).get("nodes")
        except (LabError, UsageError) as error:
            return Status(exists=True, answers=False, sentence=str(error))
        return Status(exists=True, answers=True, sentence=f"context {self.access.context} answers")

    def load(self, archives: Sequence[Path], progress: Progress) -> None:
        """Say that images must come from where this cluster pulls them."""
        progress.say(
            f"{', '.join(one.name for one in archives)} not loaded: an existing cluster pulls its images"
        )

    def run(self, what: str, *argv: str) -> str:
        """Refuse."""
        del argv
        raise LabError(f"{what}: not in a cluster that is not ours")

    @property
    def spare(self) -> None:
        """Return none: no node here is ours."""
        return

    def mend(self) -> None:
        """Do nothing: nothing of it is broken by us."""

    def halt(self, component: str) -> None:
        """Refuse."""
        raise LabError(f"halting {component}: not in a cluster that is not ours")

    def resume(self, component: str) -> None:
        """Refuse, as nothing was halted."""
        raise LabError(f"resuming {component}: not in a cluster that is not ours")

    def export_logs(self, folder: Path) -> None:
        """Do nothing: the nodes of somebody else's cluster are not read."""


def contexts(kubeconfig: Path) -> list[str]:
    """Return the names of the contexts; a kubeconfig that can't be read is a UsageError."""
    return sorted(str(one["name"]) for one in _loaded(kubeconfig)["contexts"])


def _loaded(kubeconfig: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
        for context in loaded["contexts"]:
            str(context["name"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        said = getattr(error, "strerror", None) or "it is no kubeconfig"
        raise UsageError(f"reading the kubeconfig {kubeconfig}: {said}") from error
    return loaded


def require_context(access: Access) -> None:
    """Raise a UsageError if the kubeconfig can't be read or has no such context."""
    names = contexts(access.kubeconfig)
    if access.context not in names:
        raise UsageError(
            f"the kubeconfig {access.kubeconfig} has no context {access.context}: it has"
            f" {', '.join(names) or 'none'}"
        )
    _require_one_reading(access, _loaded(access.kubeconfig))


def _require_one_reading(access: Access, loaded: dict[str, Any]) -> None:
    """Refuse a user who is one to kubectl and another to the client: half of us would have other rights."""
    named = [one.get("context") or {} for one in loaded["contexts"] if str(one["name"]) == access.context]
    names = {each.get("user") for each in named} - {None}
    for one in loaded.get("users") or ():
        user = one.get("user") or {}
        if one.get("name") not in names or not isinstance(user, dict):
            continue
        ignored = [word for word in KUBECTL_ONLY if user.get(word)]
        if user.get("token") and user.get("tokenFile"):
            ignored.append("tokenFile beside token")
        if ignored:
            raise UsageError(
                f"the kubeconfig {access.kubeconfig} has {ignored[0]} for the user {one['name']}, which"
                " kubectl heeds and the client that alertdrill looks with does not: give a kubeconfig whose"
                " user is who is meant"
            )
