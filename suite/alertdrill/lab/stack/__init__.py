"""The monitoring stack in the cluster: rendered from manifests/, applied, waited for, removed."""

from alertdrill.lab.stack.deployment import deploy, remove

__all__ = ["deploy", "remove"]
