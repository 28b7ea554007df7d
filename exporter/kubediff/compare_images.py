"""The command `compare-images`: which images run in other versions in one place than in another."""

import json
import sys
from pathlib import Path

import click

BROKEN, DIFFERS = 1, 2


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to write it."
)
@click.argument("source")
@click.argument("target")
def compare_images(form: str, source: str, target: str) -> int:
    """Tell which images the manifests in SOURCE and in TARGET (files or folders) have in different versions.

    Exit code 0: all are the same; 2: some differ; 1: a manifest could not be read.
    """
    from kubediff import images, manifests  # noqa: PLC0415  # a start is mostly imports

    troubles, sides = [], []
    for given in (source, target):
        found = manifests.read([given], namespace="default")
        troubles += found.troubles
        sides.append(images.versions(each.value for each in found.found))
    differing = images.differing(*sides)
    if form == "json":
        click.echo(json.dumps(differing, indent=2))
    elif differing:
        click.echo(_table(differing, Path(source).name, Path(target).name))
    for trouble in troubles:
        click.echo(f"compare-images: {trouble}", err=True)
    if troubles:
        return BROKEN
    return DIFFERS if differing else 0


def _table(differing: dict[str, tuple[list[str], list[str]]], source: str, target: str) -> str:
    """Return a line for each image; where a side has none of it there is a dash."""
    rows = [("IMAGE", source, target)]
    rows += [(name, *(", ".join(side) or "-" for side in sides)) for name, sides in differing.items()]  # type: ignore[misc]  # two sides
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def main() -> None:
    """Run the command; a mistake is a sentence and a 1, as 2 means that something differs."""
    try:
        sys.exit(compare_images.main(sys.argv[1:], "compare-images", standalone_mode=False) or 0)
    except click.ClickException as error:
        sys.stderr.write(f"compare-images: {error.format_message()}\n")
    except click.Abort:
        pass
    sys.exit(BROKEN)


if __name__ == "__main__":
    main()
