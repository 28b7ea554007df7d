"""The recordings of this repository, read once."""

import pytest

from alertdrill import data, incident
from alertdrill.incident import Incident

FOLDERS = sorted(path for path in data.path("fixtures", "incidents").iterdir() if path.is_dir())
RECORDINGS = {folder.name: incident.read(folder) for folder in FOLDERS}


@pytest.fixture
def crash_loop() -> Incident:
    """Return the recording of a crash loop, on which the historic rule and its mend differ."""
    return RECORDINGS["pods-crash-loop"]
