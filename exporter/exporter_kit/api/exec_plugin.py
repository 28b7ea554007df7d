"""Programs that say who we are, as a kubeconfig's `exec` names them: run when needed, ended when they hang.

Nobody is ever asked without what such a program says: a request that needs it fails with it, and the next
one runs it again.
"""

import atexit
import contextlib
import datetime as dt
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Annotated, Any

import msgspec
import yaml

from exporter_kit import go_yaml
from exporter_kit.api.errors import CredentialsError
from exporter_kit.api.kubeconfig_file import Exec

GROUP = "client.authentication.k8s.io"
VERSIONS = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
# Long enough for a login over a slow network, short enough for what is served to be called old in time.
RUN_SECONDS_MAX = 60.0
ANSWER_BYTES_MAX = 1 << 20
SAID_CHARS_MAX = 200


@dataclass(frozen=True)
class Credentials:
    """What a plugin said; no `ends` is until the server refuses them."""

    token: str
    certificate: str
    key: str
    ends: dt.datetime | None

    @property
    def ended(self) -> bool:
        """Whether their time is over."""
        return self.ends is not None and dt.datetime.now(dt.UTC) > self.ends


class _Status(msgspec.Struct, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: Annotated[dt.datetime, msgspec.Meta(tz=True)] | None = None


class _Answer(msgspec.Struct, rename="camel"):
    kind: str | None = None
    api_version: str | None = None
    status: _Status | None = None


class Plugin:
    """One program; many may ask at once, and those that wait for the same run get what came of it."""

    def __init__(self, settings: Exec, cluster: Mapping[str, Any]) -> None:
        self._settings = settings
        self._cluster = cluster
        self._lock = threading.Lock()
        self._runs = 0
        self._held: Credentials | None = None
        self._failure = ""

    def credentials(self) -> Credentials:
        """Return what it said, if that is still good, else what it says now."""
        before = self._runs
        with self._lock:
            if self._held is None or self._held.ended:
                if self._runs == before or not self._failure:
                    self._try()
                if self._failure or self._held is None:
                    raise CredentialsError(self._failure)
            return self._held

    def _try(self) -> None:
        self._held, self._failure = None, ""
        try:
            self._held = self._answered(self._run())
        except CredentialsError as error:
            self._failure = str(error)
        finally:
            self._runs += 1

    @property
    def _name(self) -> str:
        return f"the exec plugin {self._settings.command}"

    def _run(self) -> bytes:
        """Run it and return what it wrote."""
        argv, environment = self._command()
        with _memory() as out, _memory() as said:
            try:
                process = subprocess.Popen(
                    argv,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=said,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise CredentialsError(f"running {self._name}: {error}") from error
            code = _wait(process)
            if code is None:
                raise CredentialsError(
                    f"running {self._name}: it did not end within {RUN_SECONDS_MAX:g} s, and was ended"
                )
            if code:
                raise CredentialsError(f"running {self._name}: it ended with {code}: {_last_words(said)}")
            out.seek(0)
            return out.read(ANSWER_BYTES_MAX + 1)

    def _command(self) -> tuple[list[str], dict[str, str]]:
        settings = self._settings
        program = shutil.which(settings.command or "")
        if program is None:
            hint = " ".join((settings.install_hint or "").split())
            hint = f"; {hint}" if hint.isprintable() and hint else ""
            raise CredentialsError(f"running {self._name}: there is no such program{hint}")
        spec: dict[str, Any] = {"interactive": False}
        if settings.provide_cluster_info:
            spec["cluster"] = self._cluster
        info = {"kind": "ExecCredential", "apiVersion": settings.api_version, "spec": spec}
        variables = {one.name or "": one.value or "" for one in settings.env or () if one}
        environment = {**os.environ, **variables, "KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}
        return [program, *(word or "" for word in settings.args or ())], environment

    def _answered(self, text: bytes) -> Credentials:
        """Read what it wrote; nothing of it is quoted."""
        doing = f"reading what {self._name} wrote"
        if len(text) > ANSWER_BYTES_MAX:
            raise CredentialsError(f"{doing}: it is more than {ANSWER_BYTES_MAX:,} bytes")
        try:
            answer = msgspec.convert(go_yaml.first(text), _Answer)
        except msgspec.ValidationError as error:
            raise CredentialsError(f"{doing}: {error}") from None
        except (yaml.YAMLError, ValueError, TypeError, RecursionError):
            raise CredentialsError(f"{doing}: it is neither JSON nor YAML") from None
        if (answer.kind, answer.api_version) != ("ExecCredential", self._settings.api_version):
            raise CredentialsError(
                f"{doing}: it is {answer.api_version} {answer.kind}, "
                f"not {self._settings.api_version} ExecCredential"
            )
        status = answer.status or _Status()
        certificate, key = status.client_certificate_data or "", status.client_key_data or ""
        if not (status.token or certificate or key):
            raise CredentialsError(f"{doing}: there is neither a token nor a client certificate in it")
        if not certificate or not key:
            certificate = key = self._none_of(doing, certificate or key)
        return Credentials(status.token or "", certificate, key, status.expiration_timestamp)

    @staticmethod
    def _none_of(doing: str, half: str) -> str:
        if half:
            raise CredentialsError(f"{doing}: of certificate and key there is only one")
        return ""


def refusal(settings: Exec) -> str:
    """Return why kubectl would not run a plugin, or we can't; "" if nothing is wrong."""
    if not settings.command:
        return "its exec names no command"
    if settings.api_version not in VERSIONS:
        return (
            f"its exec wants apiVersion {settings.api_version or 'none'}; {' and '.join(VERSIONS)} are known"
        )
    if any(not (one and one.name) for one in settings.env or ()):
        return "its exec sets a variable that has no name"
    mode = settings.interactive_mode or ("" if settings.api_version == VERSIONS[0] else "IfAvailable")
    if mode == "Always":
        return "its exec has interactiveMode Always, and there is nobody here to ask"
    if mode not in {"Never", "IfAvailable"}:
        return f"its exec has interactiveMode {mode or 'none'}; write Never or IfAvailable"
    return ""


def _memory() -> IO[bytes]:
    """Return a file that is on no disk: what goes through it is secret."""
    return os.fdopen(os.memfd_create("exec plugin"), "w+b")


def _last_words(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read(ANSWER_BYTES_MAX).decode(errors="replace").split("\n")
    words = ["".join(filter(str.isprintable, line)).strip() for line in lines]
    return next((line[:SAID_CHARS_MAX] for line in reversed(words) if line), "it said nothing")


_running: set[subprocess.Popen[bytes]] = set()


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    """Return its exit code; None if it took too long, and was ended with all that it started."""
    _running.add(process)
    try:
        return process.wait(RUN_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        _end(process)
        return None
    finally:
        _running.discard(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its session; its own number stays taken until it is waited for, which is last."""
    ended: set[int] = set()
    while found := _session(process.pid) - ended:  # again, for what was started while we looked
        ended |= found
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _session(leader: int) -> set[int]:
    """Return the pids of a session."""
    found = set()
    for name in os.listdir("/proc"):  # noqa: PTH208
        with contextlib.suppress(OSError, ValueError):
            if os.getsid(int(name)) == leader:
                found.add(int(name))
    return found


@atexit.register
def end_all() -> None:
    """Leave none behind: it would go on without us."""
    for process in list(_running):
        with contextlib.suppress(OSError):
            _end(process)
