"""The monitoring stack in the cluster: rendered from manifests/, applied, waited for, removed."""

from alertdrill.stack.deployment import deploy, remove
from alertdrill.stack.render import NAMESPACE

__all__ = ["NAMESPACE", "deploy", "remove"]
