"""Prometheus is given a configuration that it can't load, and goes by the old one."""

import json
from functools import partial
from typing import Any

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.errors import LabError
from alertdrill.faults.base import Anything, FaultKind, Ground, Place
from alertdrill.faults.in_container import anyhow
from alertdrill.names import BROKEN, STACK_ANNOTATION
from alertdrill.scenario import Fault

COMPONENT = "prometheus"
FILE = "prometheus.yaml"
MOUNTED = f"/etc/prometheus/{FILE}"
NONSENSE = "\nno_such_section: {}\n"
SYNC_SECONDS_MAX = 20.0


class RefuseConfiguration(FaultKind):
    """The ConfigMap in force is changed in its place, and Prometheus told to read it again.

    A rollout would not do it: each configuration has a name of its own, and a Prometheus that can't load it
    never runs. Should nobody heal it, the next `up` applies the stack anew.
    """

    name = "refuse_configuration"
    Args = Anything

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Need a Prometheus in the stack."""
        del args
        return "" if COMPONENT in ground.components() else "there is no Prometheus in the monitoring stack"

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Return once Prometheus was told; the kubelet needs a moment to bring it the file."""
        del args
        deployment = _prometheus(place)
        place.remembered[self.name] = deployment["metadata"]["annotations"].get(STACK_ANNOTATION, "")
        _mark(place, BROKEN)
        self._change(place, deployment, is_good=False)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Put the configuration back and have it read."""
        del args
        self._change(place, _prometheus(place), is_good=True)
        if before := place.remembered.get(self.name):
            _mark(place, before)

    def _change(self, place: Place, deployment: dict[str, Any], *, is_good: bool) -> None:
        volumes = deployment["spec"]["template"]["spec"]["volumes"]
        (config_map,) = [one["configMap"]["name"] for one in volumes if one["name"] == "config"]
        path = f"/api/v1/namespaces/{place.stack}/configmaps/{config_map}"
        text = str(place.kube.read("reading the configuration", path, "data")[FILE]).removesuffix(NONSENSE)
        patch = json.dumps({"data": {FILE: text if is_good else text + NONSENSE}})
        _run(place, "changing the configuration", "patch", f"configmap/{config_map}", f"--patch={patch}")
        for pod in place.kube.get(
            "pods", namespace=place.stack, selector=f"app.kubernetes.io/name={COMPONENT}"
        ):
            name = pod["metadata"]["name"]
            # A pod that is changed is looked at at once, and what it mounts with it.
            stamp = f"alertdrill.dev/configuration={'good' if is_good else 'refused'}"
            _run(place, "having the configuration mounted", "annotate", f"pod/{name}", "--overwrite", stamp)
            wait_for(
                "the configuration to be mounted",
                partial(_is_mounted, place, name, is_good=is_good),
                deadline=SYNC_SECONDS_MAX,
                clock=WallClock(),
                every=0.1,
            )
            what, statement = "having the configuration read", "os.kill(1, signal.SIGHUP)"
            anyhow(place.kube, place.stack, name, what, command="kill -HUP 1", statement=statement)


def _is_mounted(place: Place, pod: str, *, is_good: bool) -> bool:
    what, statement = "reading what is mounted", f"print(open({MOUNTED!r}).read().splitlines()[-1])"
    said = anyhow(place.kube, place.stack, pod, what, command=f"tail -n 1 {MOUNTED}", statement=statement)
    if is_good == said.startswith(NONSENSE.strip()):
        raise NotYet("the old one is")
    return True


def _prometheus(place: Place) -> dict[str, Any]:
    for one in place.kube.get("deployments", namespace=place.stack):
        if one["metadata"]["name"] == COMPONENT:
            return one
    raise LabError(f"there is no {COMPONENT} in {place.stack}")


def _mark(place: Place, value: str) -> None:
    stamp = f"{STACK_ANNOTATION}={value}"
    _run(place, "marking the stack", "annotate", f"deployment/{COMPONENT}", "--overwrite", stamp)


def _run(place: Place, what: str, *words: str) -> str:
    verb, *rest = words
    return place.kube.run(what, verb, f"--namespace={place.stack}", *rest)


def refuse_configuration() -> Fault:
    """Give the stack's Prometheus a configuration that it can't load."""
    return Fault(name=RefuseConfiguration.name)
