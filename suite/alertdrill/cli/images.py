"""`alertdrill images`: what a lab runs, for clusters that must be given it."""

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from alertdrill.cli import options, reading
from alertdrill.machine import images as machine_images
from alertdrill.machine.images import archive
from alertdrill.progress import Progress


@click.command()
@click.option("--tofu", is_flag=True, help="Tell of terradiff's image, too; to build its tofu takes minutes.")
@options.components
@reading.output_format
def images(*, tofu: bool, components: Sequence[str], output_format: str) -> None:
    """Make the images a lab needs and say their names, their digests, and how to give them to a cluster.

    A cluster of ours gets them loaded. Somebody else's (--cluster existing) must have them on its nodes, or
    pull them from a registry, named by `alertdrill up --registry`.
    """
    packed = machine_images.packed(Progress(), tofu=tofu, components=components)
    digests = archive.digests(packed)
    others = (*machine_images.THIRD_PARTY, *(machine_images.COMPONENTS[one] for one in components))
    pulled = [image.name for image in others if image.name not in digests]
    if output_format == "json":
        said: dict[str, Any] = {"archive": str(packed), "images": digests, "pulled": pulled}
        click.echo(msgspec.json.format(msgspec.json.encode(said), indent=2))
        return
    for name, digest in digests.items():
        click.echo(f"{name}  {digest}")
    for name in pulled:
        click.echo(f"{name}  pulled by the cluster")
    click.echo(
        f"""
onto the nodes of a kind cluster:
  kind load image-archive {packed} --name CLUSTER
onto a node that has containerd:
  ctr --namespace k8s.io images import {packed}
into a registry of yours, here registry.example.com/drill:
  docker load --input {packed}"""
    )
    for name in digests:
        if name.startswith(machine_images.PREFIX):
            there = f"registry.example.com/drill/{name.removeprefix(machine_images.PREFIX)}"
            click.echo(f"  docker tag {name} {there} && docker push {there}")
    click.echo("  alertdrill up --cluster existing --registry registry.example.com/drill ...")
