"""What the exporter's tests share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the goldens anew."""
    parser.addoption("--update-goldens", action="store_true", help="write fixtures/objects/*.metrics anew")


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether the user asked to write the goldens anew."""
    return bool(request.config.getoption("--update-goldens", default=False))
