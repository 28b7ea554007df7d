"""Images for the cluster: our own, and third parties' where none can be pulled; loaded in one go."""

from alertdrill.machine.images.catalogue import COMPONENTS, OWN, PREFIX, TERRADIFF, THIRD_PARTY, Image
from alertdrill.machine.images.choice import identities, packed

__all__ = ["COMPONENTS", "OWN", "PREFIX", "TERRADIFF", "THIRD_PARTY", "Image", "identities", "packed"]
