"""kube-api-exporter as an installed command."""

from exporter_kit import entry


def main() -> None:
    """Run it."""
    entry.run("kube-api-exporter", "kube_api_exporter.cli", "exporter")
