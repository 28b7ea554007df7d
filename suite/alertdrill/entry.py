"""alertdrill as an installed command: without what it needs it says so, instead of where it broke."""

import importlib
import sys


def main() -> None:
    """Run it."""
    try:
        command = importlib.import_module("alertdrill.cli").main
    except ModuleNotFoundError as error:
        sys.exit(f"alertdrill: {error.name} is not installed: pip install 'alertdrill[suite]'")
    command()
