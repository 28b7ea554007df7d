"""A kind node image made on the spot, where none can be pulled; in stages, each cached by its inputs."""

from alertdrill.machine.nodeimage.image import built
from alertdrill.machine.nodeimage.program import built as programs

__all__ = ["built", "programs"]
