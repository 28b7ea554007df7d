"""A web-config that changes: what is believed at once, what is refused, and what is tried again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest
from structlog.testing import capture_logs

from exporter_kit.web import config as web_config
from exporter_kit.web import live as web_live
from exporter_kit.web.config import WebConfig
from exporter_kit.web.live import LiveConfig

ALICE = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users: {{alice: '{ALICE}'}}\n"
HEADERS = "http_server_config: {headers: {X-Frame-Options: deny}}\n"
TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key"


def written(folder: Path, text: str) -> Path:
    """Write a web-config in place, as `cp` and editors do."""
    file = folder / "web.yml"
    file.write_text(text)
    return file


def after_reading(monkeypatch: pytest.MonkeyPatch, write: Callable[[], object]) -> None:
    """Have somebody write the file each time when it was read and not yet looked at again."""
    load = web_config.load

    def read(file: Path) -> WebConfig:
        found = load(file)
        write()
        return found

    monkeypatch.setattr(web_config, "load", read)


def test_what_is_written_while_the_file_is_read_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is finished just after it was read is read again, at the start and on a change."""
    file = written(tmp_path, "")
    after_reading(monkeypatch, lambda: file.write_text(USERS))
    live = LiveConfig(file)
    assert ["alice"] == [*live.config.basic_auth_users]

    written(tmp_path, USERS.replace("alice", "bob"))
    after_reading(monkeypatch, lambda: file.write_text(USERS.replace("alice", "carol")))
    assert ["carol"] == [*live.config.basic_auth_users]


def test_a_file_that_never_rests_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read a few times; the next request looks again."""
    file = written(tmp_path, "")
    after_reading(monkeypatch, lambda: file.write_text(file.read_text() + "# more\n"))
    live = LiveConfig(file)
    assert web_live.READINGS_MAX == file.read_text().count("more")

    monkeypatch.undo()
    file.write_text(USERS)
    assert ["alice"] == [*live.config.basic_auth_users]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (USERS, "", "the file asks for nothing, as one that is being written; restart for that"),
        (HEADERS, "# soon\n", "the file asks for nothing, as one that is being written; restart for that"),
        (USERS, HEADERS, "basic_auth_users can't be dropped while running; restart for that"),
    ],
    ids=["empty", "comment", "users"],
)
def test_a_change_does_not_open_what_was_closed(
    tmp_path: Path, before: str, after: str, sentence: str
) -> None:
    """A file that is cut off, or has no users any more, is refused, and said to be so once."""
    file = written(tmp_path, before)
    live = LiveConfig(file)
    good = live.config
    written(tmp_path, after)
    with capture_logs() as events:
        assert [good, good] == [live.config, live.config]
    assert [f"{file}: {sentence}"] == [event["error"] for event in events]


VERIFIED = ", client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert"
GIVEN = ", client_ca_file: ca.crt, client_auth_type: VerifyClientCertIfGiven"
NAMED = f"{VERIFIED}, client_allowed_sans: [prometheus.example]"


@pytest.mark.parametrize(
    ("before", "after"),
    [(VERIFIED, ""), (VERIFIED, GIVEN), (GIVEN, ""), (NAMED, VERIFIED)],
    ids=["none", "optional", "none of the optional", "any name"],
)
def test_no_less_is_asked_of_clients_than_before(certificates: Path, before: str, after: str) -> None:
    """A file that is cut off after the server's certificate is valid, and would open what was closed."""
    file = written(certificates, f"{TLS}{before}}}")
    live = LiveConfig(file)
    good = live.config
    written(certificates, f"{TLS}{after}}}")
    with capture_logs() as events:
        assert (good, True) == (live.config, live.refused)
    sentence = "client certificates can't be asked for less while running; restart for that"
    assert [f"{file}: {sentence}"] == [event["error"] for event in events]


def test_more_may_be_asked_of_clients_than_before(certificates: Path) -> None:
    """What closes is taken at once."""
    live = LiveConfig(written(certificates, f"{TLS}{GIVEN}}}"))
    written(certificates, f"{TLS}{NAMED}}}")
    tls = live.config.tls_server_config
    assert (("prometheus.example",), False) == (tls and tls.client_allowed_sans, live.refused)


def test_a_file_that_was_empty_may_be_written_anew(tmp_path: Path) -> None:
    """One that asked for nothing loses nothing by it."""
    live = LiveConfig(written(tmp_path, ""))
    written(tmp_path, "# nothing\n")
    assert (WebConfig(), False) == (live.config, live.refused)


def test_a_refused_file_is_known_as_refused(tmp_path: Path) -> None:
    """`refused` is true from the look at a bad file until a good one is found, or the old one is back."""
    file = written(tmp_path, USERS)
    live = LiveConfig(file)
    seen = [live.refused]

    def look() -> None:
        assert live.config.basic_auth_users
        seen.append(live.refused)

    look()
    os.link(file, tmp_path / "kept")
    file.unlink()
    look()
    (tmp_path / "kept").rename(file)
    look()
    written(tmp_path, "")
    look()
    written(tmp_path, USERS + "# anew\n")
    look()
    assert [False, False, True, False, True, False] == seen
    assert not LiveConfig(None).refused


def test_a_refused_file_is_tried_again(certificates: Path) -> None:
    """A certificate that comes later than the file that names it is taken, and was missed in one sentence."""
    now = [100.0]
    live = LiveConfig(written(certificates, TLS + "}"), clock=lambda: now[0])
    written(certificates, TLS.replace("server.", "new.") + "}")

    def in_force() -> str:
        tls = live.config.tls_server_config
        assert tls
        return tls.cert_file

    with capture_logs() as events:
        seen = [in_force()]
        now[0] += web_live.RETRY_SECONDS
        seen.append(in_force())
        for ending in ("crt", "key"):
            shutil.copy(certificates / f"server.{ending}", certificates / f"new.{ending}")
        seen.append(in_force())
        now[0] += web_live.RETRY_SECONDS
        seen.append(in_force())
    assert ["server.crt", "server.crt", "server.crt", "new.crt"] == seen
    assert ["error", "info"] == [event["log_level"] for event in events]
