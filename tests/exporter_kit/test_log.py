"""One line per event, secrets masked."""

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter_kit import log


def written(style: log.Format, **values: object) -> str:
    """Log one event and return what came out."""
    stream = io.StringIO()
    log.configure(style, stream=stream, mask=lambda text: text.replace("hunter2", "***"))
    log.get().info("it happened", **values)
    return stream.getvalue()


@pytest.mark.parametrize("style", log.FORMATS)
@given(value=st.text())
def test_an_event_is_one_line(style: log.Format, value: str) -> None:
    """No value can break out of its line."""
    line = written(style, value=value)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert "it happened" in line


def test_logfmt_opens_with_time_level_and_event() -> None:
    """A person sees when, how bad and what, in that order."""
    line = written("logfmt", code=2)
    assert line.startswith("ts=20")
    assert ' level=info event="it happened" code=2' in line


@given(value=st.text())
def test_json_holds_the_value(value: str) -> None:
    """A JSON event gives back what was logged."""
    if "hunter2" in value:
        return
    event = json.loads(written("json", value=value))
    assert (value, "info", "it happened") == (event["value"], event["level"], event["event"])


@pytest.mark.parametrize("style", log.FORMATS)
def test_secrets_are_masked(style: log.Format) -> None:
    """The mask sees every text of an event."""
    assert "hunter2" not in written(style, login="user:hunter2")


@pytest.mark.parametrize("style", log.FORMATS)
def test_libraries_leave_by_the_same_door(style: log.Format) -> None:
    """An event of the logging module, its traceback too, is one masked line in our format."""
    stream = io.StringIO()
    log.configure(style, stream=stream, mask=lambda text: text.replace("hunter2", "***"))
    try:
        int("hunter2")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("went %s", "wrong")
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert "went wrong" in line
    assert "ValueError" in line
    assert "hunter2" not in line


def test_quiet_levels_are_left_out() -> None:
    """An event below the level is not written."""
    stream = io.StringIO()
    log.configure(level="warning", stream=stream)
    log.get().info("unheard")
    assert stream.getvalue() == ""


def test_who_configured_nothing_writes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that ends at once, and so sets up no log, keeps its standard output for what it found."""
    log.get().warning("it happened")
    out, errors = capsys.readouterr()
    assert ("", 1) == (out, errors.count('level=warning event="it happened"'))
