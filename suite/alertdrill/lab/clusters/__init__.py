"""Clusters of every flavour behind one interface; `choose` looks which it can be."""

from alertdrill.lab.clusters.base import Ability, Access, Cluster, Status, Wanted
from alertdrill.lab.clusters.choose import choose

__all__ = ["Ability", "Access", "Cluster", "Status", "Wanted", "choose"]
