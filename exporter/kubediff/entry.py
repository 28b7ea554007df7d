"""kubediff as an installed command."""

from exporter_kit import entry


def main() -> None:
    """Run it."""
    entry.run("kubediff", "kubediff.cli", "exporter")
