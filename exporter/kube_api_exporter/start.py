"""What the command does, once its flags are read; `--help` and a mistyped flag don't wait for it to load."""

import sys
from pathlib import Path
from typing import Any

import click

from exporter_kit import log
from exporter_kit.api.errors import ApiError, CredentialsError
from exporter_kit.api.place import Place
from exporter_kit.errors import DaemonError
from kube_api_exporter import memory
from kube_api_exporter.options import Options, parse_shard

# The API server takes JSON 10,000 levels deep; we must be able to skip what it takes.
RECURSION_MAX = 15_000


def start(
    *,
    kubeconfig: Path | None,
    context: str | None,
    server: str | None,
    token_file: Path | None,
    ca_file: Path | None,
    listen_address: str,
    web_config: Path | None,
    log_format: log.Format,
    log_level: str,
    print_rbac: bool,
    **given: Any,
) -> None:
    """Export until told to stop, or print the role that is asked for."""
    log.configure(log_format, level=log_level)
    memory.prepare()
    sys.setrecursionlimit(RECURSION_MAX)
    try:
        options = _options(**given)
        place = Place(kubeconfig, context, server, token_file, ca_file)
        # What either needs is loaded when it is known which: a start is mostly imports.
        if print_rbac:
            from kube_api_exporter import rbac  # noqa: PLC0415

            click.echo(rbac.role(place, options), nl=False)
        else:
            from kube_api_exporter import daemon  # noqa: PLC0415

            daemon.run(place, options, listen_address=listen_address, web_config=web_config)
    except CredentialsError as error:
        _end(error, 2)
    except DaemonError as error:
        _end(error, error.exit_code)
    except ApiError as error:  # only where a command ends on it: the daemon itself never gives up
        _end(error, 1)


def _options(*, kinds: str, namespaces: str, selector: tuple[str, ...], shard: str, **rest: Any) -> Options:
    """Read the flags that hold more than one value."""
    return Options(
        kinds=_words(kinds),
        namespaces=_words(namespaces),
        selectors=selector,
        shard=parse_shard(shard),
        **rest,
    )


def _words(given: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in given.split(",") if word.strip()))


def _end(error: Exception, code: int) -> None:
    click.echo(f"kube-api-exporter: {error}", err=True)
    sys.exit(code)
