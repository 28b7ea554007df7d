"""The command as a whole: its commands, and how it ends."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import click

from alertdrill import crash
from alertdrill.cli.lazy import LazyGroup
from alertdrill.errors import AlertdrillError, UsageError

INTERRUPTED = 130
UNHEARD = 141  # as a shell calls what a broken pipe ended
STREAMS = (1, 2)  # stdout, stderr
COMMANDS = {
    "up": ("alertdrill.cli.lab:up", "Bring up a cluster with the monitoring stack."),
    "down": ("alertdrill.cli.lab:down", "Take the lab down; nothing else is touched."),
    "status": ("alertdrill.cli.lab:status", "Say whether the lab is up, and of what."),
    "play": ("alertdrill.cli.play:play", "Break things on purpose and prove the alerts."),
    "judge": ("alertdrill.cli.play:judge", "Judge recordings again, without a cluster."),
    "replay": ("alertdrill.cli.replay:replay", "Judge recordings at real durations, by any rules."),
    "gate": ("alertdrill.cli.gate:gate", "Say what a change of rules changes of what alerts do."),
    "watch": ("alertdrill.cli.watch:watch", "Gate again whenever a rule file is saved."),
    "export": ("alertdrill.cli.replay:export", "Write a recording as a promtool test file."),
    "faults": ("alertdrill.cli.faults:faults", "List what can be broken on purpose."),
    "compress": ("alertdrill.cli.rules:compress", "Print rules as a faster lab runs them."),
    "mutate": ("alertdrill.cli.mutate:mutate", "Damage rules, and tell which damage nobody notices."),
    "backtest": ("alertdrill.cli.backtest:backtest", "Tell when alerts would have fired in a server's past."),
    "images": ("alertdrill.cli.images:images", "Tell a lab's images, and how to push or load them."),
    "rules": ("alertdrill.cli.rules:rules", "Check rule files, and run their promtool tests."),
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 pass, 1 fail (an alert was wrong), 2 usage or bad input, 3 unknown (the lab was not"
    " fit to judge in, or alertdrill itself broke), 130 interrupted, 141 nobody reads what it says.",
)
@click.version_option(package_name="alertdrill")
@click.option(
    "--debug", is_flag=True, help="If alertdrill itself breaks, show the trace; else a file has it."
)
def cli(*, debug: bool) -> None:
    """Fire drills for Prometheus alerts on Kubernetes.

    \b
    alertdrill up                    a cluster with the monitoring stack, kept until `down`
    alertdrill play 'pods/*'         break things on purpose, prove the alerts
    alertdrill judge incidents/*/*   the verdict on recordings, again
    alertdrill replay incidents      the same at real durations, by rules as they are
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"
    if debug:
        os.environ[crash.DEBUG] = "1"


def main() -> NoReturn:
    """Run the command; whatever goes wrong is one sentence on stderr and an exit code, and never a 1."""
    try:
        with _interruptible():
            code = _code()
    except BrokenPipeError:  # of stderr: not even an error can be told
        code = UNHEARD
    if code == UNHEARD:
        for stream in STREAMS:  # or Python complains, when it ends, of what is left to be written
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    sys.exit(code)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have a command end by both signals, with what it may be waiting for."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGTERM, _interrupt)
    if before[signal.SIGINT] is signal.default_int_handler:  # a shell's background job ignores it
        signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    if engine := sys.modules.get("alertdrill.engine"):  # it is not loaded to be ended
        engine.end_all()
    raise KeyboardInterrupt


def _code() -> int:
    """Return the exit code, with what went wrong told."""
    try:
        code: int | None = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = UsageError.exit_code
    except AlertdrillError as error:
        click.echo(f"alertdrill: {error}", err=True)
        code = error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"alertdrill: {where}{error.strerror or error}", err=True)
        code = AlertdrillError.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("alertdrill: interrupted", err=True)
        code = INTERRUPTED
    except BaseException as error:  # noqa: BLE001  # also a SystemExit: no command of ours ends by one
        if isinstance(error, SystemExit) and _is_unheard():  # click and rich end so
            return UNHEARD
        click.echo(crash.told("alertdrill", error), err=True)
        code = AlertdrillError.exit_code
    return code or 0


def _is_unheard() -> bool:
    """Say whether the reader of what we write has gone, and not that of a pipe to some other process."""
    poll = select.poll()
    for stream in STREAMS:
        poll.register(stream, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))
