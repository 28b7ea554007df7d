"""Which way the images come, chosen by looking: can this machine pull or not."""

from pathlib import Path

from alertdrill.machine import docker
from alertdrill.machine.images import built, layers, local
from alertdrill.machine.images.catalogue import THIRD_PARTY, own
from alertdrill.progress import Progress

# Prometheus', the one image no lab does without.
ASKED_FOR = THIRD_PARTY[0].name


def packed(progress: Progress, *, tofu: bool = False) -> Path:
    """Return an archive with every image the cluster can't pull, to be loaded in one go.

    terradiff's image is among them if `tofu` is asked for.
    """
    ours = own(tofu=tofu)
    engine = docker.answering()
    if engine and engine.can_pull(ASKED_FOR):
        progress.say("images: ours are built with docker, others pulled, because the registry answers")
        return built.built(engine, ours, progress)
    looked = f"no registry answers for {ASKED_FOR}" if engine else "no Docker answers to build or pull with"
    progress.say(f"images: all made here from Debian's packages and PyPI's, because {looked}")
    return local.made(ours, progress)


def identities(*, tofu: bool = False) -> dict[str, str]:
    """Return {image: what it is made of} for our own images, as the sources are now; nothing is built."""
    return {image.name: "-".join(layers.key(name) for name in image.layers) for image in own(tofu=tofu)}
