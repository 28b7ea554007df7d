"""A command that was installed without what it needs says so, instead of where it broke."""

import importlib
import sys


def run(program: str, module: str, extra: str) -> None:
    """Run the `main` of a module; `extra` is what of the package it needs."""
    try:
        main = importlib.import_module(module).main
    except ModuleNotFoundError as error:
        sys.exit(f"{program}: {error.name} is not installed: pip install 'alertdrill[{extra}]'")
    main()
