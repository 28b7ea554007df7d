"""Where a lab's stack stands, and what of a cluster it looks at: several labs may be in one cluster.

Rules and scenarios know one stack, in the namespace `monitoring`. Wherever it is, its series say so: the
job of a pod in the stack's own namespace begins with `monitoring/`.
"""

from typing import Any

import yaml

from alertdrill.machine import images
from alertdrill.model import Value
from alertdrill.names import LAB_LABEL, NAMESPACE_LABEL, NAMESPACE_PREFIX, PODS_JOB, STACK_NAMESPACE

KEY = "__tmp_lab"
THEIRS = "another lab's"

Rules = list[dict[str, Any]]


class Site(Value, frozen=True, kw_only=True):
    """A lab's place in a cluster.

    Everything of it carries `mark`, its scenarios' namespaces end with `tail`. In a cluster that is not its
    own (`guest`), it looks at nothing else. Our own images come from `registry`, if one is named.
    """

    mark: str
    tail: str
    namespace: str = STACK_NAMESPACE
    guest: bool = False
    registry: str = ""

    def image(self, name: str) -> str:
        """Return the name under which the cluster has an image of the manifests."""
        if self.registry and name.startswith(images.PREFIX):
            return f"{self.registry.rstrip('/')}/{name.removeprefix(images.PREFIX)}"
        return name

    def config(self, text: str) -> str:
        """Return a Prometheus configuration that scrapes, and keeps, nothing of other labs in the cluster."""
        config = yaml.safe_load(text)
        pods = next(job for job in config["scrape_configs"] if job["job_name"] == PODS_JOB)
        pods["relabel_configs"] = [*self._targets(), *pods["relabel_configs"], *self._job()]
        pods["metric_relabel_configs"] = [*pods.get("metric_relabel_configs", []), *self._objects()]
        return str(yaml.safe_dump(config, sort_keys=False, width=1_000_000))

    @property
    def _own(self) -> str:
        return f"{NAMESPACE_PREFIX}.*-{self.tail}"

    def _targets(self) -> Rules:
        """Choose the pods: as a guest our own, else all that are not another lab's."""
        namespace = "__meta_kubernetes_namespace"
        if self.guest:
            return [_keep(namespace, f"{self.namespace}|{self._own}")]
        label = f"__meta_kubernetes_pod_label_{LAB_LABEL.replace('.', '_').replace('/', '_')}"
        return [_keep(label, f"|{self.mark}"), *self._not_theirs(namespace)]

    def _objects(self) -> Rules:
        """Choose the series by the object they are about; those about none, or about a node, stay."""
        if self.guest:
            return [_keep(NAMESPACE_LABEL, f"|{self.namespace}|{self._own}")]
        return self._not_theirs(NAMESPACE_LABEL)

    def _not_theirs(self, label: str) -> Rules:
        """Drop what another lab's scenario plays in; RE2 can't say "but not", so it takes three steps."""
        return [
            {
                "source_labels": [label],
                "regex": f"{NAMESPACE_PREFIX}.*",
                "target_label": KEY,
                "replacement": THEIRS,
            },
            {"source_labels": [label], "regex": self._own, "target_label": KEY, "replacement": ""},
            {"source_labels": [KEY], "regex": THEIRS, "action": "drop"},
        ]

    def _job(self) -> Rules:
        """Have the stack's own jobs called as rules know them."""
        if self.namespace == STACK_NAMESPACE:
            return []
        return [
            {
                "source_labels": ["job"],
                "regex": f"{self.namespace}/(.+)",
                "target_label": "job",
                "replacement": f"{STACK_NAMESPACE}/$1",
            }
        ]


def _keep(label: str, regex: str) -> dict[str, Any]:
    return {"source_labels": [label], "regex": regex, "action": "keep"}
