"""The `git-sync` command, with git-sync v4's flags as far as this stand-in knows them."""

import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

from exporter_kit import durations, log
from exporter_kit.errors import DaemonError, UsageError
from git_sync_stand_in import health
from git_sync_stand_in.checkout import Checkout
from git_sync_stand_in.hooks import Exec, Hook, Webhook
from git_sync_stand_in.sync import Sync

NOTICE = "this is a stand-in for git-sync, made for drills where its image can't be pulled"


class Duration(click.ParamType[float]):
    """`30s`, `1m30s`, as Go writes durations."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        if isinstance(value, float):
            return value
        try:
            return durations.seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


SECONDS = Duration()


@click.command(
    context_settings={
        "auto_envvar_prefix": "GITSYNC",
        "show_default": True,
        "help_option_names": ["-h", "--help"],
    }
)
@click.option("--repo", required=True, help="The repository to sync.")
@click.option("--root", required=True, type=click.Path(path_type=Path), help="Where everything is kept.")
@click.option("--link", type=click.Path(path_type=Path), help="The link; by default the repository's name.")
@click.option("--ref", default="HEAD", help="The branch, tag or commit to follow.")
@click.option("--depth", default=1, type=click.IntRange(min=0), help="How much history; 0 is all of it.")
@click.option("--period", default="10s", type=SECONDS, help="How long to wait between syncs.")
@click.option("--sync-timeout", default="120s", type=SECONDS, help="How long one git command may take.")
@click.option(
    "--stale-worktree-timeout",
    default="0s",
    type=SECONDS,
    help="How long to keep what the link led to before.",
)
@click.option("--one-time", is_flag=True, help="Sync once, then end.")
@click.option("--max-failures", default=0, help="Failures in a row to bear; -1 bears all.")
@click.option("--touch-file", type=click.Path(path_type=Path), help="A file to touch after each new commit.")
@click.option("--exechook-command", help="A program to run after each new commit; it gets no arguments.")
@click.option("--exechook-timeout", default="30s", type=SECONDS)
@click.option("--exechook-backoff", default="3s", type=SECONDS)
@click.option("--webhook-url", help="An address to tell of each new commit.")
@click.option("--webhook-method", default="POST")
@click.option("--webhook-success-status", default=200, help="The status that means taken; 0 is any.")
@click.option("--webhook-timeout", default="1s", type=SECONDS)
@click.option("--webhook-backoff", default="3s", type=SECONDS)
@click.option("--http-bind", metavar="HOST:PORT", help="Where to say whether it has synced.")
@click.option("--http-metrics", is_flag=True, help="Serve /metrics there, too.")
def main(**flags: Any) -> None:
    """Keep a checkout of a repository at a ref, one worktree per commit, behind a link."""
    log.configure(mask=_without_credentials)
    log.get().warning(NOTICE)
    try:
        _run(flags)
    except DaemonError as error:
        click.echo(f"git-sync: {_without_credentials(str(error))}", err=True)
        sys.exit(error.exit_code)


def _run(flags: dict[str, Any]) -> None:
    checkout = Checkout(
        flags["repo"],
        flags["root"],
        flags["link"] or Path(_leaf(flags["repo"])),
        ref=flags["ref"],
        depth=flags["depth"],
        timeout=flags["sync_timeout"],
        stale_timeout=flags["stale_worktree_timeout"],
    )
    sync = Sync(checkout, _hooks(flags), flags["touch_file"])
    if flags["one_time"]:
        commit = sync.once()
        for hook in sync.hooks if commit else ():
            hook.tell_now(str(commit), checkout.link)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if flags["http_bind"]:
        try:
            health.serve(flags["http_bind"], sync, metrics=flags["http_metrics"])
        except OSError as error:
            raise DaemonError(f"can't listen on {flags['http_bind']}: {error.strerror}") from None
    sync.forever(flags["period"], flags["max_failures"], stop)


def _hooks(flags: dict[str, Any]) -> list[Hook]:
    hooks = []
    if flags["exechook_command"]:
        send = Exec(flags["exechook_command"], flags["exechook_timeout"])
        hooks.append(Hook("exechook", send, flags["exechook_backoff"]))
    if flags["webhook_url"]:
        webhook = Webhook(
            flags["webhook_url"],
            flags["webhook_method"],
            flags["webhook_success_status"],
            flags["webhook_timeout"],
        )
        hooks.append(Hook("webhook", webhook, flags["webhook_backoff"]))
    return hooks


def _leaf(repo: str) -> str:
    name = repo.rstrip("/").rpartition("/")[2].rpartition(":")[2].removesuffix(".git")
    if not name:
        raise UsageError(f"the repository {repo!r} has no name to call the link by; give --link")
    return name


def _without_credentials(text: str) -> str:
    return re.sub(r"(?<=://)[^/@\s]+@", "…@", text)
