"""The `alertdrill` command."""

from alertdrill.cli.main import main

__all__ = ["main"]
