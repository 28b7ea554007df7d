"""Kinds: what `--kinds` may say, and what the API server serves under that name."""

from dataclasses import dataclass
from typing import Any

import msgspec

from kube_api_exporter.text import name_part

# The word for every kind that is served.
EVERY = "all"
# Older rules call these kinds by their short names: their families are exposed under both.
ALIAS_TAGS = {"replicationcontroller": "rc", "daemonset": "ds"}
# Looked through in this order, so that `pods` and `deployments` mean what everybody means by them.
FIRST_GROUPS = ("", "apps", "batch", "autoscaling", "policy")


# Names that must keep meaning the built-in kind whatever else is installed (Knative has a Service too).
_BUILT_IN = """
binding certificatesigningrequest componentstatus configmap controllerrevision cronjob csidriver
csinode csistoragecapacity customresourcedefinition daemonset deployment deviceclass endpoints
endpointslice event flowschema horizontalpodautoscaler ingress ingressclass ipaddress job lease
limitrange mutatingwebhookconfiguration namespace networkpolicy node persistentvolume
persistentvolumeclaim pod poddisruptionbudget podtemplate priorityclass prioritylevelconfiguration
replicaset replicationcontroller resourceclaim resourcequota resourceslice role rolebinding
runtimeclass secret service serviceaccount servicecidr statefulset storageclass
validatingadmissionpolicy validatingwebhookconfiguration volumeattachment
"""
BUILT_IN_WORDS = frozenset(_BUILT_IN.split()) | frozenset(ALIAS_TAGS.values())
# For where no API server can be asked: the resources of the group without a name.
_CORE = """
bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims
persistentvolumes pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services
"""
CORE_RESOURCES = frozenset(_CORE.split())
# And the built-in kinds whose objects are in no namespace.
_CLUSTER_SCOPED = """
apiservices.apiregistration.k8s.io certificatesigningrequests.certificates.k8s.io
clusterrolebindings.rbac.authorization.k8s.io clusterroles.rbac.authorization.k8s.io
clustertrustbundles.certificates.k8s.io componentstatuses csidrivers.storage.k8s.io csinodes.storage.k8s.io
customresourcedefinitions.apiextensions.k8s.io deviceclasses.resource.k8s.io
flowschemas.flowcontrol.apiserver.k8s.io ingressclasses.networking.k8s.io ipaddresses.networking.k8s.io
mutatingadmissionpolicies.admissionregistration.k8s.io
mutatingadmissionpolicybindings.admissionregistration.k8s.io
mutatingwebhookconfigurations.admissionregistration.k8s.io namespaces nodes nodes.metrics.k8s.io
persistentvolumes priorityclasses.scheduling.k8s.io prioritylevelconfigurations.flowcontrol.apiserver.k8s.io
resourceslices.resource.k8s.io runtimeclasses.node.k8s.io servicecidrs.networking.k8s.io
storageclasses.storage.k8s.io validatingadmissionpolicies.admissionregistration.k8s.io
validatingadmissionpolicybindings.admissionregistration.k8s.io
validatingwebhookconfigurations.admissionregistration.k8s.io volumeattachments.storage.k8s.io
volumeattributesclasses.storage.k8s.io
"""
CLUSTER_SCOPED = frozenset(_CLUSTER_SCOPED.split())


@dataclass(frozen=True)
class Kind:
    """A resource the API server serves, in one version."""

    group: str
    version: str
    resource: str
    kind: str
    namespaced: bool = True

    @property
    def name(self) -> str:
        """`pods`, `deployments.apps`: unique in a cluster, the `kind` label of our own metrics."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`: as an object says it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def built_in(self) -> bool:
        """Whether Kubernetes itself defines it: groups without a dot, or below k8s.io."""
        return "." not in self.group or self.group.endswith(".k8s.io")

    @property
    def tag(self) -> str:
        """The kind in a metric's name; a custom resource called like a built-in kind gets its group too."""
        word = name_part(self.kind.lower())  # an aggregated API server may say anything
        if self.built_in or word not in BUILT_IN_WORDS:
            return word
        return self.long_tag

    @property
    def long_tag(self) -> str:
        """The kind in a metric's name where another one has its word."""
        return name_part(f"{self.kind.lower()}_{self.group}")

    def path(self, namespace: str | None = None) -> str:
        """The URL path of its list, of all namespaces or of one."""
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{base}/namespaces/{namespace}/{self.resource}" if namespace else f"{base}/{self.resource}"


class Resource(msgspec.Struct):
    """One line of a group's discovery document."""

    name: str
    kind: str
    namespaced: bool = True
    singularName: str = ""  # noqa: N815  # the API's spelling
    shortNames: list[str] | None = None  # noqa: N815
    verbs: list[str] | None = None

    def answers_to(self, word: str) -> bool:
        """Whether a user may call it so."""
        names = {self.name, self.kind.lower(), self.singularName, *(self.shortNames or ())}
        return word.lower() in names

    @property
    def watchable(self) -> bool:
        """Whether it can be listed and watched; subresources can't."""
        return "/" not in self.name and {"list", "watch"} <= set(self.verbs or ())


class ResourceList(msgspec.Struct):
    """A group's discovery document."""

    groupVersion: str  # noqa: N815
    resources: list[Resource] = []

    def kinds(self) -> list[tuple[Resource, Kind]]:
        """Return what of it we can read."""
        group, _, version = self.groupVersion.rpartition("/")
        return [
            (found, Kind(group, version, found.name, found.kind, found.namespaced))
            for found in self.resources
            if found.watchable
        ]


def of_object(value: dict[str, Any]) -> Kind:
    """Return the kind an object says it is, for objects read from files; the resource is a guess."""
    group, _, version = str(value["apiVersion"]).rpartition("/")
    kind = str(value["kind"])
    return Kind(group, version, kind.lower() + "s", kind, namespaced="namespace" in value["metadata"])
