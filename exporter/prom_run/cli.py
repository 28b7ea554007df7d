"""The command `prom-run`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from exporter_kit import listen, log
from exporter_kit.errors import DaemonError, UsageError
from exporter_kit.flags import flag
from exporter_kit.masks import DEFAULT, Masks
from exporter_kit.web import server as web
from exporter_kit.web.live import LiveConfig
from prom_run import config
from prom_run.config import Config, Entry
from prom_run.daemon import Daemon
from prom_run.pages import access
from prom_run.pages.app import Site

FILE = click.Path(path_type=Path)
# Where in the file a flag's value stands, if not under its own name.
IN_FILE = {"mask": "masks", "no_default_masks": "default_masks: false"}


@click.command(
    context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]},
    epilog="Flags may be written with one dash too: -period=60s.",
)
@flag("--config", "file", type=FILE, help="A YAML file of commands, in place of one command here.")
@flag("--period", default="10s", show_default=True, help="Time from one start to the next.")
@flag("--cron", default="", help="Cron expression, in place of a period; in UTC.")
@flag("--jitter", default="0", help="Put each start off by a random time up to this.")
@flag("--timeout", default="10m", show_default=True, help="Time a run may take.")
@flag("--kill-after", default="5s", show_default=True, help="Time from SIGTERM to SIGKILL.")
@flag("--listen-addr", default="127.0.0.1:9152", show_default=True, help="HOST:PORT; :80 is every interface.")
@flag("--name", default="", help="Name of the command in metrics and pages.  [default: its program]")
@flag("--working-dir", default="", help="Folder to run it in.")
@flag("--env", multiple=True, metavar="NAME=VALUE", help="Set a variable for the command.")
@flag("--pass-env", multiple=True, metavar="GLOB", help="Let it have these of our variables.")
@flag("--success-codes", default="0", show_default=True, help="Exit codes that are good, as 0,2.")
@flag("--shell", is_flag=True, help="The command is one line for /bin/sh.")
@flag("--checkout", default="", help="git-sync link or work tree that it looks at.")
@flag("--on-commit", is_flag=True, help="Run also when the checkout is at another commit.")
@flag("--textfile", default="", help="Prometheus textfile that it writes.")
@flag("--keep", default=100, show_default=True, help="Runs to remember.")
@flag("--data", type=FILE, help="Folder to remember runs in, across restarts.")
@flag("--mask", multiple=True, metavar="REGEX", help="Hide what matches in output and logs.")
@flag("--no-default-masks", is_flag=True, help="Hide only that, not what looks like a secret.")
@flag("--external-url", default="", help="Address at which people reach this page.")
@flag("--web-config", "--web.config.file", "web_config", type=FILE, help="TLS and passwords.")
@flag("--run-token-file", type=FILE, help="Token that allows POST /-/run.")
@flag("--log-format", type=click.Choice(log.FORMATS), default="logfmt", show_default=True)
@flag("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
@flag("--check", is_flag=True, help="Check flags and files, and end.")
@click.argument("command", nargs=-1)
@click.pass_context
def prom_run(
    ctx: click.Context,
    /,
    *,
    listen_addr: str,
    data: Path | None,
    external_url: str,
    web_config: Path | None,
    run_token_file: Path | None,
    log_format: log.Format,
    log_level: str,
    check: bool,
    **flags_given: Any,
) -> None:
    """Run COMMAND periodically; serve its exit code as a metric and its output as a page."""
    if flags_given["file"]:
        _refuse_beside_a_file(ctx, flags_given)
    read = _reader(flags_given)
    daemon = Daemon(read, data=_folder(data) if data else None)
    # Masks that a reload adds count for the log, too.
    log.configure(log_format, level=log_level, mask=daemon.hide)
    token = access.read_token(run_token_file) if run_token_file else ""
    site = Site(daemon, external_url=_url(external_url), token=token)
    live = LiveConfig(web_config)
    listen.parse_address(listen_addr)
    if check:
        click.echo(f"good: {len(read().commands)} command(s)")
        return
    web.Server(site.asgi(), listen.bind(listen_addr), live=live).run()


def _refuse_beside_a_file(ctx: click.Context, given: dict[str, Any]) -> None:
    """Refuse flags that describe a command: the file would win, and a mask would hide nothing."""
    for option in ctx.command.params:
        name = option.name or ""
        is_said = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_said and name in given.keys() - {"file", "command"}:
            field = IN_FILE.get(name, name)
            raise UsageError(f"{option.opts[0]} and --config exclude each other; put {field} into the file")


def _reader(given: dict[str, Any]) -> Callable[[], Config]:
    """Return what reads the configuration: the file at each call, or the flags."""
    file, words = given["file"], given["command"]
    if file and words:
        raise UsageError("a command and --config exclude each other; put the command into the file")
    if file:
        return lambda: config.load(file)
    if not words:
        raise UsageError("there is no command; write prom-run -period=60s -- COMMAND, or give --config")
    made = _from_flags(given)
    return lambda: made


def _from_flags(given: dict[str, Any]) -> Config:
    entry = Entry(
        name=given["name"],
        command=given["command"],
        shell=given["shell"],
        period="" if given["cron"] else given["period"],
        cron=given["cron"],
        jitter=given["jitter"],
        timeout=given["timeout"],
        kill_after=given["kill_after"],
        env=_pairs(given["env"]),
        pass_env=given["pass_env"],
        working_dir=given["working_dir"],
        success_codes=_codes(given["success_codes"]),
        textfile=given["textfile"],
        checkout=given["checkout"],
        on_commit=given["on_commit"],
        keep=given["keep"],
    )
    masks = (*(() if given["no_default_masks"] else DEFAULT), *given["mask"])
    try:
        Masks.of(masks)
        return Config((config.checked(entry),), masks)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _pairs(texts: tuple[str, ...]) -> dict[str, str | int | float]:
    found: dict[str, str | int | float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--env {text!r} is not NAME=VALUE")
        found[name] = value
    return found


def _codes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise UsageError(f"--success-codes {text!r} is not numbers with commas, as 0,2") from None


def _url(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise UsageError(f"--external-url {text!r} does not begin with http:// or https://")
    return text


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"can't make the folder --data {path}: {error.strerror}") from None
    return path


def main() -> None:
    """Run the command and turn every mistake into one sentence and an exit code."""
    try:
        prom_run.main(prog_name="prom-run", standalone_mode=False)
    except click.ClickException as error:
        _end(error.format_message(), error.exit_code)
    except click.Abort:
        sys.exit(130)
    except DaemonError as error:
        _end(str(error), error.exit_code)


def _end(sentence: str, code: int) -> None:
    sys.stderr.write(f"prom-run: {sentence}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
