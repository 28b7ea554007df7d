"""kubediff as an installed command."""

from exporter_kit import entry


def main() -> None:
    """Run it."""
    entry.run("kubediff", "kubediff.cli", "exporter")


def compare_images() -> None:
    """Run what compares versions of images."""
    entry.run("compare-images", "kubediff.compare_images", "exporter")
