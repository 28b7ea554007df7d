"""alertdrill as an installed command: without what it needs it says so, instead of where it broke."""

import importlib
import sys

from alertdrill.errors import MissingError


def main() -> None:
    """Run it."""
    try:
        command = importlib.import_module("alertdrill.cli").main
    except ModuleNotFoundError as error:
        missing = MissingError(error.name)
        sys.stderr.write(f"alertdrill: {missing}\n")
        sys.exit(missing.exit_code)
    command()
