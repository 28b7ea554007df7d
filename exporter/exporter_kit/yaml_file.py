"""YAML files, read: what can't be is one sentence, which quotes nothing of a file that may hold secrets."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exporter_kit import files
from exporter_kit.errors import ConfigError

# What stands behind these words in PyYAML's sentences is taken from the file.
QUOTED = re.compile(r"(?<=alias|nchor) .*|(?<=the tag) .*")


def read(file: Path, what: str, parse: Callable[[bytes], Any] | None = None) -> Any:
    """Return the values in a file; `what` names them in the sentence of a ConfigError.

    `parse` is for who reads YAML in a way of his own.
    """
    import yaml  # noqa: PLC0415  # most of us run without such a file

    try:
        return (parse or yaml.safe_load)(files.read(file))
    except OSError as error:
        raise ConfigError(file, f"can't read {what}: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        where = f", line {at.line + 1}, column {at.column + 1}" if at else ""
        said = ", ".join(QUOTED.sub("", part) for part in (error.context, error.problem) if part)
        raise ConfigError(file, f"can't read {what}, not YAML: {said}{where}") from None
    except yaml.YAMLError:
        raise ConfigError(file, f"can't read {what}, not YAML: it holds bytes that are no text") from None
    except RecursionError:
        raise ConfigError(file, f"can't read {what}: they nest too deeply") from None
    except (ValueError, LookupError, AttributeError, TypeError, OverflowError):
        # PyYAML raises whatever its handling of a text meets that is not what its tag says.
        raise ConfigError(file, f"can't read {what}: a value in it is not what its tag says") from None
