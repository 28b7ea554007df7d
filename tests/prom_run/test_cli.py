"""The command line, as users type it."""

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import bcrypt
import click
import pytest
import trustme

from prom_run import cli

from .conftest import PromRun

Start = Callable[..., PromRun]
Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def prom_run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Ran]:
    """Return a function that runs the command to its end, here, and tells exit code, output and errors."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["prom-run", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capfd.readouterr()

    yield run
    root.handlers[:], root.level = before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "there is no command; write prom-run -period=60s -- COMMAND, or give --config"),
        (("-period=60", "--", "true"), "'60' is not a duration; write 90s"),
        (("-period=60s", "-cron=* * * * *", "-check", "--", "true"), ""),
        (("-cron=x", "--", "true"), "cron 'x' is no cron expression"),
        (("--nonsense", "--", "true"), "No such option '--nonsense'"),
        (("-env=A", "--", "true"), "--env 'A' is not NAME=VALUE"),
        (("-success-codes=0,x", "--", "true"), "--success-codes '0,x' is not numbers"),
        (("-mask=(", "--", "true"), "the mask '(' is not a regular expression"),
        (("-external-url=ops", "--", "true"), "--external-url 'ops' does not begin with http"),
        (("-listen-addr=80", "--", "true"), "the listen address '80' is not HOST:PORT"),
        (("--config", "/no/file"), "/no/file: can't read the commands: No such file"),
        (("--config", "/no/file", "true"), "a command and --config exclude each other"),
        (("--web.config.file", "/no/file", "--", "true"), "/no/file: can't read the web configuration"),
        (("--run-token-file=/no/file", "--", "true"), "/no/file: can't read the token"),
        (("--data=/proc/x", "--", "true"), "can't make the folder --data /proc/x"),
    ],
)
def test_a_mistake_is_one_sentence(prom_run: Ran, words: tuple[str, ...], sentence: str) -> None:
    """Wrong flags end with 2 and a sentence, never a traceback."""
    code, _, errors = prom_run(*words)
    assert (2 if sentence else 0) == code
    assert sentence in errors
    assert errors.count("\n") == bool(sentence)


OF_THE_PROCESS = {
    *("config", "listen-addr", "data", "external-url", "web-config", "run-token-file"),
    *("log-format", "log-level", "check"),
}


@pytest.mark.parametrize(
    "option",
    [
        option
        for option in cli.prom_run.params
        if isinstance(option, click.Option) and option.opts[0].removeprefix("--") not in OF_THE_PROCESS
    ],
    ids=lambda option: option.opts[0],
)
def test_a_flag_that_the_file_would_override_is_refused(
    prom_run: Ran, tmp_path: Path, option: click.Option
) -> None:
    """Beside --config, a flag that describes a command is an error, even where it says the default."""
    file = tmp_path / "commands.yaml"
    file.write_text("commands: [{name: x, command: ['true']}]")
    words = (option.opts[0], *(() if option.is_flag else (str(option.default or "1"),)))
    code, _, errors = prom_run("--check", "--config", str(file), *words)
    field = {"mask": "masks", "no_default_masks": "default_masks: false"}.get(str(option.name), option.name)
    sentence = f"{option.opts[0]} and --config exclude each other; put {field} into the file"
    assert (2, f"prom-run: {sentence}\n") == (code, errors)


def test_flags_of_the_process_stand_beside_a_file(prom_run: Ran, tmp_path: Path) -> None:
    """What is no matter of a command is said on the command line, with a file too."""
    file = tmp_path / "commands.yaml"
    file.write_text("commands: [{name: x, command: ['true']}]")
    words = (
        "-listen-addr=:1",
        f"-data={tmp_path}",
        "-external-url=http://x",
        "-log-format=json",
        "-log-level=debug",
    )
    assert (0, "good: 1 command(s)\n", "") == prom_run("--check", "--config", str(file), *words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--web-config=/no/file",), "/no/file: "),
        (("--external-url=here",), "--external-url 'here' does not begin with http:// or https://"),
        (("--listen-addr=here",), "the listen address 'here' is not HOST:PORT"),
    ],
)
def test_check_looks_at_what_is_served_too(prom_run: Ran, words: tuple[str, ...], sentence: str) -> None:
    """What would keep the process from serving is a mistake before it is started."""
    code, _, errors = prom_run("--check", *words, "--", "true")
    assert 2 == code
    assert sentence in errors


def test_check_only_checks(prom_run: Ran, tmp_path: Path) -> None:
    """--check ends before anything is run."""
    mark = tmp_path / "mark"
    assert (0, "good: 1 command(s)\n", "") == prom_run("--check", "--", "touch", str(mark))
    assert not mark.exists()


def test_help_names_every_flag(prom_run: Ran) -> None:
    """-h works as in Go."""
    code, out, _ = prom_run("-h")
    assert 0 == code
    assert "--web-config" in out


def test_a_taken_port_is_one_sentence(prom_run: Ran) -> None:
    """The port of another is a sentence and a 1, and the command is never run."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, _, errors = prom_run(f"-listen-addr=127.0.0.1:{other.getsockname()[1]}", "--", "true")
    assert (1, 1) == (code, errors.count("\n"))
    assert "Address already in use" in errors


def test_the_historic_command_line_works(start: Start) -> None:
    """Flags with one dash, a command without `--`, its own flags untouched."""
    running = start("-period=1h", "-timeout", "30s", "-working-dir=/", "/bin/sh", "-c", "pwd; exit 7")
    running.wait_for(lambda it: it.metric('command_exit_code{command="sh"}') == 7)
    assert "<pre" in running.get("/c/sh").text


def test_passwords_and_certificates_are_those_of_every_exporter(start: Start, tmp_path: Path) -> None:
    """With a web-config the page is behind TLS and a password, and who gives it may start runs."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "crt")
    authority.cert_pem.write_to_path(tmp_path / "ca")
    hashed = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode()
    config = tmp_path / "web.yml"
    config.write_text(
        f"tls_server_config: {{cert_file: crt, key_file: key}}\nbasic_auth_users: {{alice: '{hashed}'}}"
    )
    running = start("--web.config.file", str(config), "-period=1h", "--", "true", scheme="https")
    verify, auth = str(tmp_path / "ca"), ("alice", "wonderland")

    assert [401, 401, 200] == [
        running.get("/", verify=verify).status_code,
        running.post("/-/run", verify=verify).status_code,
        running.get("/livez", verify=verify).status_code,
    ]
    assert [200, 200] == [
        running.get("/", verify=verify, auth=auth).status_code,
        running.post("/-/run", verify=verify, auth=auth).status_code,
    ]


def test_logs_are_json_when_asked_and_hold_no_secret(start: Start) -> None:
    """Each line is an event; what the masks hide is not in them."""
    running = start("-log-format=json", "-name=x", "-period=1h", "--", "/no/token=hunter2")
    running.wait_for(lambda it: it.metric('command_exit_code{command="x"}') == 255)
    assert 0 == running.end(signal.SIGTERM)
    lines = running.log.read_text().splitlines()
    assert all(line.startswith("{") and line.endswith("}") for line in lines)
    assert "hunter2" not in "".join(lines)
    assert any('"outcome": "not started"' in line for line in lines)
