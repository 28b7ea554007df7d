"""The web-config file: what is understood, and what is refused with a sentence."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter_kit.errors import ConfigError
from exporter_kit.web.config import WebConfig, load

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
WHOLE = f"""
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example]
  min_version: TLS13
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=3600
basic_auth_users:
  alice: {HASH}
rate_limit:
  interval: 1s
  burst: 20
"""


def written(folder: Path, text: str) -> Path:
    """Write a web-config."""
    file = folder / "web.yml"
    file.write_text(text)
    return file


def test_the_whole_format_is_understood(tmp_path: Path) -> None:
    """Every section of the exporter-toolkit's format arrives as a value."""
    config = load(written(tmp_path, WHOLE))
    assert config.tls_server_config
    assert "server.crt" == config.tls_server_config.cert_file
    assert ("prometheus.example",) == config.tls_server_config.client_allowed_sans
    assert {"alice": HASH} == config.basic_auth_users
    assert "deny" == config.http_server_config.headers["X-Frame-Options"]
    assert 20 == config.rate_limit.burst


def test_an_empty_file_asks_for_nothing(tmp_path: Path) -> None:
    """No section means plain HTTP for all."""
    assert WebConfig() == load(written(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tls_server_config: {cert_fiel: x}", "unknown field `cert_fiel`"),
        (
            "basic_auth_users: {bob: secret}",
            "the password of 'bob' is not a bcrypt hash; make one with htpasswd",
        ),
        ("basic_auth_users: [bob]", "Expected `object`, got `array`"),
        ("http_server_config: {headers: {X-Powered-By: me}}", "the header 'X-Powered-By' can't be set"),
        ("http_server_config: {headers: {X-Frame-Options: all}}", "choose from deny, sameorigin"),
        ('http_server_config: {headers: {X-XSS-Protection: "a\\nb"}}', "holds what no header can"),
        ("rate_limit: {interval: fast}", "'fast' is not a duration"),
        ("rate_limit: {interval: 1s}", "rate_limit.burst must be 1 or more"),
        ("tls_server_config: {min_version: SSL3}", "Invalid enum value 'SSL3'"),
        ("a: [", "can't read the web configuration, not YAML: "),
        ("- a", "Expected `object`, got `array`"),
    ],
)
def test_a_mistake_is_a_sentence_with_the_file(tmp_path: Path, text: str, sentence: str) -> None:
    """What can't be honoured is refused, naming the file and the place."""
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert sentence in str(caught.value)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    """A file that isn't there is named."""
    with pytest.raises(ConfigError, match=r"none\.yml: can't read the web configuration: No such file"):
        load(tmp_path / "none.yml")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(raw=st.binary() | st.text().map(str.encode))
def test_no_bytes_break_the_reader(tmp_path: Path, raw: bytes) -> None:
    """Any file is a web-config or a ConfigError."""
    file = tmp_path / "web.yml"
    file.write_bytes(raw)
    try:
        assert isinstance(load(file), WebConfig)
    except ConfigError as error:
        assert str(error).startswith(f"{file}: ")  # noqa: PT017  # either way is right
