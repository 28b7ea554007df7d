"""Flags as Go programs take them."""

import ast

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from exporter_kit.flags import flag


@click.command(
    context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]},
)
@flag("--period", default="10s", help="How often.")
@flag("--listen-addr", default="")
@flag("--check", is_flag=True)
@flag("--web-config", "--web.config.file", "web", default="")
@click.argument("command", nargs=-1)
def cli(*, period: str, listen_addr: str, check: bool, web: str, command: tuple[str, ...]) -> None:
    """Print what was understood."""
    click.echo(repr((period, listen_addr, check, web, command)))


def understood(*words: str) -> tuple[str, str, bool, str, tuple[str, ...]]:
    """Return what the command line above makes of the words."""
    ended = CliRunner().invoke(cli, words)
    assert 0 == ended.exit_code, ended.output
    found: tuple[str, str, bool, str, tuple[str, ...]] = ast.literal_eval(ended.output)
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-period=60s echo -n", ("60s", "", False, "", ("echo", "-n"))),
        ("-period 60s -- cmd -period=1s", ("60s", "", False, "", ("cmd", "-period=1s"))),
        ("--period 60s cmd -x", ("60s", "", False, "", ("cmd", "-x"))),
        ("-listen-addr=:80 -check cmd -check", ("10s", ":80", True, "", ("cmd", "-check"))),
        ("-listen-addr -:80 cmd", ("10s", "-:80", False, "", ("cmd",))),
        ("-web.config.file=x -- cmd", ("10s", "", False, "x", ("cmd",))),
        ("- -x", ("10s", "", False, "", ("-", "-x"))),
        ("", ("10s", "", False, "", ())),
    ],
)
def test_one_dash_is_as_good_as_two_up_to_the_command(
    words: str, expected: tuple[str, str, bool, str, tuple[str, ...]]
) -> None:
    """Our flags are understood either way, the command's own are left alone."""
    assert expected == understood(*words.split())


@given(st.lists(st.text()))
def test_the_command_is_left_alone(words: list[str]) -> None:
    """Whatever follows `--` arrives unchanged."""
    assert tuple(words) == understood("--", *words)[-1]


def test_the_help_shows_each_flag_once() -> None:
    """Two dashes are how it is written today."""
    shown = CliRunner().invoke(cli, ["-h"]).output
    assert "  --period TEXT  " in " ".join(shown.split("\n")) + "  "
    assert " -period" not in shown.replace("--period", "")


def test_an_unknown_flag_is_named() -> None:
    """It is not taken for the command."""
    ended = CliRunner().invoke(cli, ["-perod=1s"])
    assert (2, True) == (ended.exit_code, "No such option" in ended.output)
