"""Images for the cluster: our own, and third parties' where none can be pulled; loaded in one go."""

from alertdrill.images.catalogue import OWN, TERRADIFF, THIRD_PARTY, Image
from alertdrill.images.choice import archive, identities

__all__ = ["OWN", "TERRADIFF", "THIRD_PARTY", "Image", "archive", "identities"]
