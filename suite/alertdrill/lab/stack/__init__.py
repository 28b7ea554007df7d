"""The monitoring stack in the cluster: rendered from manifests/, applied, waited for, removed."""

from alertdrill.lab.stack.deployment import deploy, remove
from alertdrill.lab.stack.ownership import COMPONENTS, mark_of, others, told
from alertdrill.lab.stack.render import Alertmanager
from alertdrill.lab.stack.site import Site

__all__ = ["COMPONENTS", "Alertmanager", "Site", "deploy", "mark_of", "others", "remove", "told"]
