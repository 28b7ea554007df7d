"""Clusters of every flavour behind one interface; `choose` looks which it can be."""

from alertdrill.lab.clusters.base import Ability, Access, Cluster, Status, Wanted
from alertdrill.lab.clusters.choose import choose
from alertdrill.lab.clusters.lost import recover

__all__ = ["Ability", "Access", "Cluster", "Status", "Wanted", "choose", "recover"]
