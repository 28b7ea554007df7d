"""Which way the images come, chosen by looking: can this machine pull or not."""

from collections.abc import Sequence
from pathlib import Path

from alertdrill.machine import docker
from alertdrill.machine.images import built, layers, local
from alertdrill.machine.images.catalogue import THIRD_PARTY, of_components, own
from alertdrill.progress import Progress

# Prometheus', the one image no lab does without.
ASKED_FOR = THIRD_PARTY[0].name


def packed(progress: Progress, *, tofu: bool = False, components: Sequence[str] = ()) -> Path:
    """Return an archive with every image the cluster can't pull, to be loaded in one go.

    terradiff's image is among them if `tofu` is asked for, and those of the `components` that are.
    """
    ours = own(tofu=tofu)
    engine = docker.answering()
    if engine and engine.can_pull(ASKED_FOR):
        progress.say("images: ours are built with docker, others pulled, because the registry answers")
        return built.built(engine, ours, progress)
    looked = f"no registry answers for {ASKED_FOR}" if engine else "no Docker answers to build or pull with"
    progress.say(f"images: all made here from Debian's packages and PyPI's, because {looked}")
    return local.made(ours, progress, of_components(components))


def identities(*, tofu: bool = False, components: Sequence[str] = ()) -> dict[str, str]:
    """Return {image: what it is made of}, as the sources are now; nothing is built.

    Of our own images and those of the `components`; the others are in every lab, and never change.
    """
    needed = (*own(tofu=tofu), *of_components(components))
    return {image.name: "-".join(layers.key(name) for name in image.layers) for image in needed}
