"""The API server of a lab's cluster."""

from alertdrill.kube.client import Kube
from alertdrill.kube.forward import Forward

__all__ = ["Forward", "Kube"]
