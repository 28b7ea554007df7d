"""Ways to write a kubeconfig, good and bad, plain and odd; `$NAMES` in them are filled in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

V1, V1BETA1 = (f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1"))
NOBODY_THERE = "http://127.0.0.1:1"
TOKEN = {"token": "$TOKEN"}


@dataclass(frozen=True)
class Form:
    """One way to write a kubeconfig; `whole` is all of it, else it is made of a cluster and a user."""

    name: str
    user: Mapping[str, Any] = field(default_factory=lambda: TOKEN)
    cluster: Mapping[str, Any] = field(default_factory=dict)
    whole: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False

    def text(self) -> str:
        """Return the kubeconfig, with $NAMES in it."""
        if self.whole:
            return self.whole
        cluster = {"server": "$SERVER", "certificate-authority": "$CA", **self.cluster}
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "it",
                "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
                "clusters": [{"name": "it", "cluster": {k: v for k, v in cluster.items() if v != "-"}}],
                "users": [{"name": "it", "user": dict(self.user)}],
            }
        )


def plugin(script: str, version: str = V1, **more: Any) -> dict[str, Any]:
    """Return a user whom a shell script knows."""
    mode = {"interactiveMode": "Never"} if version == V1 else {}
    words = {"apiVersion": version, "command": "sh", "args": ["-c", script]}
    return {"exec": {**words, **mode, **more}}


def says(status: Mapping[str, object], version: str = V1) -> str:
    """Return a script that answers as a plugin."""
    answer = json.dumps({"kind": "ExecCredential", "apiVersion": version, "status": dict(status)})
    return f"cat <<'END'\n{answer}\nEND"


WHOLE = """
apiVersion: v1
kind: Config
current-context: it
clusters: [{name: it, cluster: {server: '$SERVER', certificate-authority: $CA}}]
contexts: [{name: it, context: {cluster: it, user: it}}]
users: [{name: it, user: {token: $TOKEN}}]
"""
ADMIN = {"client-certificate": "$CERT", "client-key": "$KEY"}
FORMS = (
    # Tokens.
    Form("token"),
    Form("token that is wrong", {"token": "wrong"}),
    Form("tokenFile", {"tokenFile": "$FOLDER/token"}),
    Form("tokenFile with a line end, relative", {"tokenFile": "token"}),
    Form("tokenFile over token", {"token": "other", "tokenFile": "$FOLDER/token"}),
    Form("tokenFile over token, the other way", {"token": "$TOKEN", "tokenFile": "$FOLDER/other"}),
    Form("tokenFile that isn't there, beside token", {"token": "$TOKEN", "tokenFile": "$FOLDER/none"}),
    Form("tokenFile that isn't there", {"tokenFile": "$FOLDER/none"}, refused=True),
    Form("tokenFile that is empty", {"tokenFile": "$FOLDER/empty"}, refused=True),
    Form("tokenFile that is empty, beside token", {"token": "$TOKEN", "tokenFile": "$FOLDER/empty"}),
    Form("token empty beside tokenFile", {"token": "", "tokenFile": "$FOLDER/token"}),
    Form("token null beside tokenFile", {"token": None, "tokenFile": "$FOLDER/token"}),
    Form("token a number", whole=WHOLE.replace("$TOKEN", "12345"), refused=True),
    Form("token true", whole=WHOLE.replace("$TOKEN", "yes"), refused=True),
    Form("token a date", whole=WHOLE.replace("$TOKEN", "2026-01-01")),
    Form("no credentials", {}, refused=True),
    Form("user null", whole=WHOLE.replace("{token: $TOKEN}", "null"), refused=True),
    Form("user and password", {"username": "me", "password": "secret"}),
    Form("password alone", {"password": "secret"}, refused=True),
    Form("token and password", {"token": "$TOKEN", "username": "me", "password": "x"}, refused=True),
    Form(
        "tokenFile and password",
        {"tokenFile": "$FOLDER/token", "username": "me", "password": "x"},
        refused=True,
    ),
    # Client certificates.
    Form("certificate", ADMIN),
    Form("certificate beside token", {**ADMIN, "token": "other"}),
    Form("certificate as data", {"client-certificate-data": "$CERTDATA", "client-key-data": "$KEYDATA"}),
    Form("certificate a file, key data", {"client-certificate": "$CERT", "client-key-data": "$KEYDATA"}),
    Form("certificate null beside a file", {**ADMIN, "client-certificate-data": None, "client-key-data": ""}),
    Form("certificate twice", {**ADMIN, "client-certificate-data": "$CERTDATA"}, refused=True),
    Form("key twice", {**ADMIN, "client-key-data": "$KEYDATA"}, refused=True),
    Form("certificate without key", {"client-certificate": "$CERT"}, refused=True),
    Form("key without certificate", {"client-key": "$KEY", "token": "$TOKEN"}),
    Form("certificate that isn't there", {**ADMIN, "client-certificate": "$FOLDER/none"}, refused=True),
    Form("certificate that is none", {**ADMIN, "client-certificate": "$FOLDER/token"}, refused=True),
    Form("certificate no base64", {"client-certificate-data": "*", "client-key-data": "*"}, refused=True),
    # Authorities.
    Form("CA data", cluster={"certificate-authority": "-", "certificate-authority-data": "$CADATA"}),
    Form("CA data empty beside a file", cluster={"certificate-authority-data": ""}),
    Form("CA data null beside a file", cluster={"certificate-authority-data": None}),
    Form("CA twice", cluster={"certificate-authority-data": "$CADATA"}, refused=True),
    Form(
        "CA data no certificate",
        cluster={"certificate-authority": "", "certificate-authority-data": "aGk="},
        refused=True,
    ),
    Form("CA that isn't there", cluster={"certificate-authority": "$FOLDER/none"}, refused=True),
    Form("CA beside insecure", cluster={"insecure-skip-tls-verify": True}, refused=True),
    Form(
        "CA data beside insecure",
        cluster={
            "certificate-authority": "-",
            "certificate-authority-data": "$CADATA",
            "insecure-skip-tls-verify": True,
        },
        refused=True,
    ),
    Form("insecure", cluster={"certificate-authority": "-", "insecure-skip-tls-verify": True}),
    Form("insecure false", cluster={"insecure-skip-tls-verify": False}),
    Form("insecure a text", cluster={"insecure-skip-tls-verify": "true"}, refused=True),
    Form("insecure yes", whole=WHOLE.replace("certificate-authority: $CA", "insecure-skip-tls-verify: yes")),
    Form("insecure y", whole=WHOLE.replace("certificate-authority: $CA", "insecure-skip-tls-verify: y")),
    Form("the system's CAs", cluster={"certificate-authority": "-"}, refused=True),
    Form("tls-server-name empty", cluster={"tls-server-name": ""}),
    Form("tls-server-name right", cluster={"tls-server-name": "localhost"}),
    Form("tls-server-name wrong", cluster={"tls-server-name": "elsewhere.example"}, refused=True),
    # Servers.
    Form("server HTTPS", cluster={"server": "HTTPS://127.0.0.1:$PORT"}),
    Form("server with a slash", cluster={"server": "$SERVER/"}),
    Form("server with a path", cluster={"server": "$SERVER/below"}),
    Form("server with a path and more", cluster={"server": "$SERVER/below/?a=b#c"}),
    Form("server without a scheme", cluster={"server": "127.0.0.1:$PORT"}, refused=True),
    Form("server without a scheme, and a path", cluster={"server": "127.0.0.1:$PORT/below"}, refused=True),
    Form("server of another scheme", cluster={"server": "ftp://127.0.0.1:$PORT"}, refused=True),
    Form("server empty", cluster={"server": ""}, refused=True),
    Form("server null", cluster={"server": None}, refused=True),
    Form("server with a user, beside token", cluster={"server": "https://me:secret@127.0.0.1:$PORT"}),
    Form(
        "server with a user, alone", {}, cluster={"server": "https://me:secret@127.0.0.1:$PORT"}, refused=True
    ),
    Form("server a number", cluster={"server": 5}, refused=True),
    # Standing for somebody else.
    Form("as", {**TOKEN, "as": "jane"}),
    Form("as with groups", {**TOKEN, "as": "jane", "as-groups": ["a", "b", "ü"]}),
    Form(
        "as with all",
        {**TOKEN, "as": "jöe", "as-uid": "u1", "as-groups": ["g"], "as-user-extra": {"A b%/é": ["x", "z"]}},
    ),
    Form("as with a certificate", {**ADMIN, "as": "jane"}),
    Form("as without the right to", {"token": "other", "as": "jane"}),
    Form("as empty", {**TOKEN, "as": "", "as-groups": [], "as-user-extra": {}}),
    Form("as null", {**TOKEN, "as": None, "as-groups": None, "as-uid": None}),
    Form("as-groups alone", {**TOKEN, "as-groups": ["a"]}, refused=True),
    Form("as-uid alone", {**TOKEN, "as-uid": "a"}, refused=True),
    Form("as-user-extra alone", {**TOKEN, "as-user-extra": {"a": ["b"]}}, refused=True),
    Form("as-groups a text", {**TOKEN, "as": "jane", "as-groups": "a"}, refused=True),
    Form("as with a line end", {**TOKEN, "as": "jane\n"}, refused=True),
    Form(
        "as-user-extra with a number for a key",
        whole=WHOLE.replace("$TOKEN", "$TOKEN, as: jane, as-user-extra: {1: [a]}"),
    ),
    # Proxies.
    Form("proxy-url nobody is at", cluster={"proxy-url": NOBODY_THERE}, refused=True),
    Form(
        "proxy-url, NO_PROXY",
        cluster={"proxy-url": NOBODY_THERE},
        environment={"NO_PROXY": "127.0.0.1,*"},
        refused=True,
    ),
    Form("proxy-url empty", cluster={"proxy-url": ""}),
    Form("proxy-url null", cluster={"proxy-url": None}),
    Form("proxy-url a number", cluster={"proxy-url": 5}, refused=True),
    Form("proxy-url without a scheme", cluster={"proxy-url": "127.0.0.1:1"}, refused=True),
    Form("proxy-url of another scheme", cluster={"proxy-url": "ftp://127.0.0.1:1"}, refused=True),
    Form("HTTPS_PROXY, and a server of this machine", environment={"HTTPS_PROXY": NOBODY_THERE}),
    Form("ALL_PROXY", environment={"ALL_PROXY": "socks5://127.0.0.1:1"}),
    # Programs that say who we are.
    Form("exec", plugin(says(TOKEN))),
    Form("exec of the older version", plugin(says(TOKEN, V1BETA1), V1BETA1)),
    Form("exec of an alpha version", plugin(says(TOKEN, V1BETA1), f"{V1[:-3]}/v1alpha1"), refused=True),
    Form("exec without a version", plugin(says(TOKEN), ""), refused=True),
    Form("exec without a command", plugin(says(TOKEN), command=""), refused=True),
    Form("exec that isn't there", plugin("", command="no-such-plugin"), refused=True),
    Form("exec beside the kubeconfig", plugin("", command="./plugin", args=None)),
    Form(
        "exec with a variable",
        plugin(says({"token": "$$WHO"}).replace("'END'", "END"), env=[{"name": "WHO", "value": "$TOKEN"}]),
    ),
    Form("exec with a nameless variable", plugin(says(TOKEN), env=[{"value": "x"}]), refused=True),
    Form("exec that fails", plugin("exit 3"), refused=True),
    Form("exec that says nothing", plugin("true"), refused=True),
    Form("exec that says nonsense", plugin("echo hello"), refused=True),
    Form(
        "exec that answers in YAML",
        plugin(f"printf 'kind: ExecCredential\\napiVersion: {V1}\\nstatus: {{token: $TOKEN}}\\n'"),
    ),
    Form("exec that answers in another version", plugin(says(TOKEN, V1BETA1)), refused=True),
    Form(
        "exec without status",
        plugin(f"""echo '{{"kind": "ExecCredential", "apiVersion": "{V1}"}}'"""),
        refused=True,
    ),
    Form("exec without a token", plugin(says({"token": ""})), refused=True),
    Form("exec whose token ended", plugin(says({**TOKEN, "expirationTimestamp": "2020-01-01T00:00:00Z"}))),
    Form("exec whose end is no time", plugin(says({**TOKEN, "expirationTimestamp": "soon"})), refused=True),
    Form("exec whose token is a number", plugin(says({"token": 5})), refused=True),
    Form("exec with a certificate", plugin("./certificate", command="./certificate", args=None)),
    Form("exec with half a certificate", plugin(says({"clientCertificateData": "x"})), refused=True),
    Form(
        "exec with a certificate that is none",
        plugin(says({"clientCertificateData": "x", "clientKeyData": "x"})),
        refused=True,
    ),
    Form("exec beside token", {**plugin("exit 1"), "token": "$TOKEN"}),
    Form("exec beside a certificate", {**plugin("exit 1"), **ADMIN}),
    Form("exec null", {**TOKEN, "exec": None}),
    Form("exec standing for somebody", {**plugin(says(TOKEN)), "as": "jane"}),
    Form("exec without interactiveMode", plugin(says(TOKEN), interactiveMode=""), refused=True),
    Form(
        "exec with interactiveMode Always",
        plugin(says(TOKEN), interactiveMode="Always"),
        refused=True,
    ),
    Form("exec with interactiveMode IfAvailable", plugin(says(TOKEN), interactiveMode="IfAvailable")),
    Form("exec with interactiveMode never", plugin(says(TOKEN), interactiveMode="never"), refused=True),
    Form(
        "exec that looks at the cluster",
        plugin("./told", command="./told", args=None, provideClusterInfo=True),
        cluster={
            "extensions": [
                {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "it", "port": 8}}
            ]
        },
    ),
    Form("auth-provider null", {**TOKEN, "auth-provider": None}),
    Form("auth-provider gcp", {"auth-provider": {"name": "gcp"}}, refused=True),
    Form("auth-provider unknown, beside token", {**TOKEN, "auth-provider": {"name": "who"}}, refused=True),
    # The file as a whole.
    Form("whole", whole=WHOLE),
    Form(
        "two users of a name",
        whole=WHOLE + "\n".join(["users:", *["- {name: it, user: {token: $TOKEN}}"] * 2]),
        refused=True,
    ),
    Form(
        "two contexts of a name",
        whole=WHOLE.replace("contexts: [", "contexts: [{name: x}, {name: x}, "),
        refused=True,
    ),
    Form(
        "two clusters of a name",
        whole=WHOLE.replace("clusters: [", "clusters: [{name: x}, {name: x}, "),
        refused=True,
    ),
    Form("a number for a name", whole=WHOLE.replace("contexts: [", "contexts: [{name: 5}, "), refused=True),
    Form("a float for a name", whole=WHOLE.replace("users: [", "users: [{name: 12e4}, "), refused=True),
    Form("a truth for a name", whole=WHOLE.replace("users: [", "users: [{name: y}, "), refused=True),
    Form(
        "a date, a time and a word for names",
        whole=WHOLE.replace("users: [", "users: [{name: 2026-01-01}, {name: 1:30}, {name: 0x}, "),
    ),
    Form(
        "names that are numbers, in quotes",
        whole=WHOLE.replace("name: it", "name: '5'").replace(": it", ": '5'"),
    ),
    Form("null in a list", whole=WHOLE.replace("users: [", "users: [null, ")),
    Form("unknown words", whole=WHOLE + "what: {ever: 1}\nClusters: 5\n"),
    Form("preferences", whole=WHOLE + "preferences: {colors: true}\n"),
    Form("another kind", whole=WHOLE.replace("kind: Config", "kind: Pod"), refused=True),
    Form("another version", whole=WHOLE.replace("apiVersion: v1", "apiVersion: v2"), refused=True),
    Form("no kind", whole=WHOLE.replace("kind: Config", "").replace("apiVersion: v1", "")),
    Form("a second document", whole=WHOLE + "---\nnonsense: 1\n"),
    Form("a key twice", whole=WHOLE.replace("user: {token", "user: {token: wrong, token")),
    Form("an alias", whole=WHOLE.replace("user: {token: $TOKEN}", "user: &it {token: $TOKEN}") + "x: *it\n"),
    Form(
        "a context that isn't there",
        whole=WHOLE.replace("current-context: it", "current-context: that"),
        refused=True,
    ),
    Form("a cluster that isn't there", whole=WHOLE.replace("cluster: it,", "cluster: that,"), refused=True),
    Form("a user that isn't there", whole=WHOLE.replace("user: it}", "user: that}"), refused=True),
    Form("no clusters", whole=WHOLE.replace("clusters: [{", "# [{"), refused=True),
    Form(
        "clusters a map",
        whole=WHOLE.replace("clusters: [", "clusters: {a: [").replace("$CA}}]", "$CA}}]}"),
        refused=True,
    ),
    Form("not YAML", whole="a: [", refused=True),
    Form("words", whole="just words", refused=True),
    Form("a list", whole="[]", refused=True),
    Form("deep", whole="[" * 20_000, refused=True),
    Form("bytes", whole="a: \x00", refused=True),
)
