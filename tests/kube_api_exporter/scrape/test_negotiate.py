"""What is asked for and what is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_api_exporter.scrape.negotiate import choose_coding, choose_format

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
OLD = "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", OLD),
        ("*/*", OLD),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", OLD),
        ("application/json", OLD),
        ("text/plain", OLD),
        ("text/plain;version=7", OLD),
        (
            "application/vnd.google.protobuf;q=1,text/plain;version=1.0.0;q=0.5",
            OLD_1 := ("text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
        ),
        ("text/plain;version=1.0.0;escaping=nonsense", OLD_1),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"),
        (
            PROMETHEUS.replace("allow-utf-8", "allow-utf8"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        ),
        (
            "application/openmetrics-text;version=0.0.1,text/plain;q=0.5",
            "application/openmetrics-text; version=0.0.1; charset=utf-8",
        ),
        (
            'text/plain; version="1.0.0"; escaping="dots"',
            "text/plain; version=1.0.0; charset=utf-8; escaping=dots",
        ),
        ("text/plain;version=1.0.0;q=0,application/openmetrics-text;q=0", OLD),
    ],
)
def test_the_best_liked_format_we_speak_is_chosen(accept: str, content_type: str) -> None:
    """Quality decides, then order; text 0.0.4 is the answer of last resort."""
    assert content_type == choose_format(accept).content_type


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("gzip, zstd", "zstd"),
        ("gzip;q=1, zstd;q=0.5", "gzip"),
        ("br", ""),
        ("*", "zstd"),
        ("gzip;q=0", ""),
        ("zstd;q=0, *", "gzip"),
        ("identity", ""),
        ("identity;q=1, gzip;q=0.1", ""),
        ("identity, *;q=0.1", ""),
        ("identity;q=0.5, gzip;q=0.1, zstd;q=0.5", "zstd"),
        ("identity, gzip", "gzip"),
        ("gzip;q=0.5", "gzip"),
    ],
)
def test_the_best_liked_coding_is_chosen(accept_encoding: str, coding: str) -> None:
    """Zstd wins where both are liked alike; nothing is compressed unasked, or where plain is liked better."""
    assert coding == choose_coding(accept_encoding)


@given(st.text(), st.text())
def test_nonsense_gets_an_answer(accept: str, accept_encoding: str) -> None:
    """No header makes negotiation fail."""
    assert "version=" in choose_format(accept).content_type
    assert choose_coding(accept_encoding) in {"", "gzip", "zstd"}
