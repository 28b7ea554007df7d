"""What kubeconfig files say, read as kubectl reads them: types, names, files joined, and what goes together.

Nothing is passed over: kubectl reads a whole file by its types, so a mistake anywhere in it is a sentence.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from exporter_kit import go_yaml, yaml_file
from exporter_kit.api.errors import CredentialsError
from exporter_kit.errors import ConfigError

T = TypeVar("T")
# Nothing and null are the same, as they are to kubectl.
Text = str | None


class Extension(msgspec.Struct):
    """What some program keeps in a kubeconfig."""

    name: Text = None
    extension: Any = None


class Cluster(msgspec.Struct, rename="kebab"):
    """An API server, and how it is reached and known."""

    server: Text = None
    tls_server_name: Text = None
    insecure_skip_tls_verify: bool | None = None
    certificate_authority: Text = None
    certificate_authority_data: Text = None
    proxy_url: Text = None
    disable_compression: bool | None = None
    extensions: list[Extension | None] | None = None


class Variable(msgspec.Struct):
    """A variable of a plugin's environment."""

    name: Text = None
    value: Text = None


class Exec(msgspec.Struct, rename="camel"):
    """A program that says who we are."""

    command: Text = None
    args: list[Text] | None = None
    env: list[Variable | None] | None = None
    api_version: Text = None
    install_hint: Text = None
    provide_cluster_info: bool | None = None
    interactive_mode: Text = None


class AuthProvider(msgspec.Struct):
    """What plugins were before there were programs."""

    name: Text = None


class User(msgspec.Struct, rename="kebab"):
    """Who we are, and whom we stand for."""

    client_certificate: Text = None
    client_certificate_data: Text = None
    client_key: Text = None
    client_key_data: Text = None
    token: Text = None
    token_file: Text = msgspec.field(name="tokenFile", default=None)
    as_user: Text = msgspec.field(name="as", default=None)
    as_uid: Text = None
    as_groups: list[Text] | None = None
    as_user_extra: dict[str, list[Text] | None] | None = None
    username: Text = None
    password: Text = None
    auth_provider: AuthProvider | None = None
    exec: Exec | None = None


class Context(msgspec.Struct):
    """Which user at which cluster."""

    cluster: Text = None
    user: Text = None


class _NamedCluster(msgspec.Struct):
    name: Text = None
    cluster: Cluster | None = None


class _NamedUser(msgspec.Struct):
    name: Text = None
    user: User | None = None


class _NamedContext(msgspec.Struct):
    name: Text = None
    context: Context | None = None


class _File(msgspec.Struct, rename="kebab"):
    kind: Text = None
    api_version: Text = msgspec.field(name="apiVersion", default=None)
    clusters: list[_NamedCluster | None] | None = None
    users: list[_NamedUser | None] | None = None
    contexts: list[_NamedContext | None] | None = None
    current_context: Text = None


@dataclass
class Kubeconfig:
    """One or more files, joined: a name means what the first file to use it says. Paths are absolute."""

    clusters: dict[str, Cluster] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    contexts: dict[str, Context] = field(default_factory=dict)
    current: str = ""

    def join(self, other: "Kubeconfig") -> None:
        """Take what a later file adds."""
        self.clusters = other.clusters | self.clusters
        self.users = other.users | self.users
        self.contexts = other.contexts | self.contexts
        self.current = self.current or other.current


@dataclass(frozen=True)
class Chosen:
    """One context of a kubeconfig, looked up."""

    cluster_name: str
    cluster: Cluster
    user_name: str
    user: User


def load(given: Path) -> Kubeconfig:
    """Read a file, or several with colons between them as in $KUBECONFIG: of those some may be missing."""
    files = [Path(word) for word in dict.fromkeys(str(given).split(os.pathsep)) if word]
    if given.exists() or len(files) == 1:
        return _read(given)
    present = [file for file in files if file.exists()]
    if not present:
        raise CredentialsError(f"reading kubeconfig {given}: none of these files is there")
    joined = Kubeconfig()
    for file in present:
        joined.join(_read(file))
    return joined


def choose(config: Kubeconfig, context: str | None) -> Chosen:
    """Look a context up, the current one unless another is named; what is missing is a CredentialsError."""
    name = context or config.current
    if not name:
        raise CredentialsError(
            f"it has no current-context; name one with --context: {_listed(config.contexts)}"
        )
    if name not in config.contexts:
        raise CredentialsError(f"it has no context {name}; there are {_listed(config.contexts)}")
    chosen = config.contexts[name]
    cluster = _named(config.clusters, chosen.cluster, f"the context {name} names", "cluster")
    user = _named(config.users, chosen.user, f"the context {name} names", "user")
    return Chosen(chosen.cluster or "", cluster, chosen.user or "", user)


def _named(known: Mapping[str, T], name: Text, who: str, what: str) -> T:
    if not name:
        raise CredentialsError(f"{who} no {what}; there are {_listed(known)}")
    if name not in known:
        raise CredentialsError(f"{who} the {what} {name}, which isn't there; there are {_listed(known)}")
    return known[name]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _read(file: Path) -> Kubeconfig:
    """Read one file; its mistakes name it and quote nothing of it."""
    try:
        tree = yaml_file.read(file, "it", go_yaml.first)
        said = msgspec.convert({} if tree is None else tree, _File)
    except ConfigError as error:
        raise CredentialsError(f"reading kubeconfig {error}") from None
    except (msgspec.ValidationError, RecursionError) as error:
        what = "it nests too deeply" if isinstance(error, RecursionError) else str(error)
        raise CredentialsError(f"reading kubeconfig {file}: it is not a kubeconfig: {what}") from None
    if said.kind not in {None, "", "Config"} or said.api_version not in {None, "", "v1"}:
        raise CredentialsError(
            f"reading kubeconfig {file}: it is not a kubeconfig: it is {said.api_version} {said.kind}, "
            "not v1 Config"
        )
    base = Path(os.path.abspath(file)).parent  # noqa: PTH100  # resolve() would follow a link; kubectl doesn't
    return Kubeconfig(
        clusters={
            name: _cluster_at(base, each)
            for name, each in _by_name(file, "clusters", said.clusters, lambda one: one.cluster or Cluster())
        },
        users={
            name: _user_at(base, each)
            for name, each in _by_name(file, "users", said.users, lambda one: one.user or User())
        },
        contexts=dict(_by_name(file, "contexts", said.contexts, lambda one: one.context or Context())),
        current=said.current_context or "",
    )


def _by_name(
    file: Path, what: str, listed: Sequence[Any] | None, inner: Callable[[Any], T]
) -> list[tuple[str, T]]:
    """Return names and what they name; kubectl refuses to guess which of two is meant."""
    found = [(one.name or "", inner(one)) for one in listed or () if one is not None]
    names = [name for name, _ in found]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise CredentialsError(f"reading kubeconfig {file}: two of its {what} are called {twice[0]}")
    return found


def _cluster_at(base: Path, cluster: Cluster) -> Cluster:
    return msgspec.structs.replace(
        cluster, certificate_authority=_absolute(base, cluster.certificate_authority)
    )


def _user_at(base: Path, user: User) -> User:
    """Return a user whose paths begin where the kubeconfig is, a plugin's too unless it is on PATH."""
    program = user.exec
    if program and os.sep in (program.command or ""):
        program = msgspec.structs.replace(program, command=_absolute(base, program.command))
    paths = {
        name: _absolute(base, getattr(user, name))
        for name in ("client_certificate", "client_key", "token_file")
    }
    return msgspec.structs.replace(user, exec=program, **paths)


def _absolute(base: Path, path: Text) -> Text:
    return os.path.normpath(base / path) if path else path
