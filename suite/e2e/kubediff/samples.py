"""Objects of every built-in kind, as people write them: `samples/` beside this file."""

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "samples"


def all_of_them() -> list[dict[str, Any]]:
    """Return every sample; definitions come first, as the API server needs them."""
    found = [
        each
        for file in sorted(FOLDER.glob("*.yaml"))
        for each in yaml.safe_load_all(file.read_text())
        if each
    ]
    return sorted(found, key=lambda each: each["kind"] != "CustomResourceDefinition")
