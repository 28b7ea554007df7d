"""What the exporter's tests share."""

import pytest


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether the user asked to write the goldens anew."""
    return bool(request.config.getoption("--update-goldens", default=False))
