"""Options that several commands share."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from alertdrill import lab
from alertdrill.cli.reading import FILE, RULES, Within
from alertdrill.machine import cache, images
from alertdrill.rules.files import STDIN, text_of

NAME = "lab"
# What a lab that is up keeps: the flag, as click calls it, and the field of its options.
KEPT = (
    ("speed", "speed"),
    ("rule_files", "rules"),
    ("components", "components"),
    ("namespace", "namespace"),
    ("registry", "registry"),
)
name = click.option(
    "--name", default=NAME, show_default=True, help="The lab's name; several can be up at once."
)
components = click.option(
    "--with",
    "components",
    type=click.Choice(sorted(images.COMPONENTS)),
    multiple=True,
    help="What else the lab has, because rules read it; with no registry it is built: minutes, once.",
)


def of_lab(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which lab, where, how fast and with which rules."""
    for option in (
        click.option(
            "--rules",
            "rule_files",
            type=RULES,
            multiple=True,
            help="What `alertdrill rules` takes: file, folder or -; again for more. [default: the shipped]",
        ),
        click.option(
            "--speed",
            type=Within(min=1, max=60),
            default=lab.SPEED,
            show_default=True,
            help="How many times faster than real life; crash loops are faithful up to about 22.",
        ),
        click.option(
            "--tofu",
            is_flag=True,
            help="Have terradiff's image in the lab; with no registry tofu is built, which takes minutes.",
        ),
        click.option(
            "--registry",
            default="",
            help="With --cluster existing: where it pulls our own images, as `alertdrill images` says.",
        ),
        click.option(
            "--namespace",
            default=lab.NAMESPACE,
            show_default=True,
            help="Where the stack is; another one for each lab in one cluster. The rules need not know it.",
        ),
        components,
        click.option(
            "--context", default="", help="With --cluster existing: the context, which must be named."
        ),
        click.option(
            "--kubeconfig", type=FILE, default=None, help="With --cluster existing: the kubeconfig."
        ),
        click.option(
            "--cluster",
            type=click.Choice(["auto", "kind", "kind-built", "existing"]),
            default="auto",
            show_default=True,
            help="auto looks: kind's own node image where a registry answers, else one made on the spot.",
        ),
        name,
    ):
        command = option(command)
    return command


def as_it_is(asked: lab.Options) -> lab.Options:
    """Return the options as the lab that is up has them, where the command line says nothing."""
    state, said = lab.find(asked.name), click.get_current_context().get_parameter_source
    if state is None:
        return asked
    kept = {
        name: getattr(state.options, name) for flag, name in KEPT if said(flag) is ParameterSource.DEFAULT
    }
    return msgspec.structs.replace(asked, **kept)


def lab_options(
    *,
    name: str,
    cluster: str,
    kubeconfig: Path | None,
    context: str,
    namespace: str,
    registry: str,
    tofu: bool,
    components: Sequence[str],
    speed: float,
    rule_files: Sequence[Path],
) -> lab.Options:
    """Return what `of_lab` collected."""
    return lab.Options(
        name=name,
        cluster=cluster,
        kubeconfig=str(kubeconfig.absolute()) if kubeconfig else "",
        context=context,
        namespace=namespace,
        registry=registry,
        tofu=tofu,
        components=tuple(sorted(set(components))),
        speed=speed,
        rules=tuple(str(_kept(one).absolute()) for one in rule_files),
    )


def _kept(rules: Path) -> Path:
    """Return a path that can be read again: that of a copy where it is the standard input."""
    if rules != STDIN:
        return rules
    text = text_of(rules)
    folder = cache.folder() / "rules"
    folder.mkdir(exist_ok=True)
    copy = folder / f"{cache.digest(text)}.yaml"
    cache.write_whole(copy, text)
    return copy
