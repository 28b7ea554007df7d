"""prom-run as an installed command."""

from exporter_kit import entry


def main() -> None:
    """Run it."""
    entry.run("prom-run", "prom_run.cli", "exporter")
