"""Programs that say who we are: nobody is asked without them, and none hangs for ever."""

import json
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import trustme

from exporter_kit.api import exec_plugin
from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import CredentialsError, Unauthorized, Unreachable
from exporter_kit.api.place import Place

VERSION = "client.authentication.k8s.io/v1"


def user(script: str) -> dict[str, Any]:
    """Return a user whom a shell script knows."""
    words = {"apiVersion": VERSION, "interactiveMode": "Never", "command": "sh", "args": ["-c", script]}
    return {"exec": words}


def says(**status: str) -> str:
    """Return what a plugin prints."""
    return json.dumps({"kind": "ExecCredential", "apiVersion": VERSION, "status": status})


def alive(folder: Path) -> list[str]:
    """Return the processes that a script wrote down and that go on running: one that is killed ends soon."""
    left = (folder / "pids").read_text().split()
    until = time.monotonic() + 5
    while left and time.monotonic() < until:
        left = [pid for pid in left if running(pid)]
        time.sleep(0.01)  # between two looks
    return left


def running(pid: str) -> bool:
    """Say whether there is such a process, and not only what is left of one."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_plugin_that_fails_fails_the_request_and_is_run_again(secure: Any) -> None:
    """The server answers whoever asks as nobody, and is not asked: once the plugin works, all is well."""
    asked: list[str | None] = []

    def answer(handler: Any) -> None:
        asked.append(handler.headers["Authorization"])
        handler.say(200, b"{}")

    (secure.folder / "answer").write_text(says(token="good"))
    (secure.folder / "down").touch()
    script = f"cd {secure.folder}; test -e down && echo 'no network' >&2 && exit 3; cat answer"
    client = ApiClient(Place(secure.kubeconfig(secure.serve(answer), user(script))))
    for _ in range(2):
        with pytest.raises(
            CredentialsError, match=r"^running the exec plugin sh: it ended with 3: no network$"
        ):
            client.get("/api")
    (secure.folder / "down").unlink()
    assert b"{}" == client.get("/api")
    assert ["Bearer good"] == asked


def test_a_plugin_that_hangs_is_ended_with_all_it_started(
    secure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for it is told at the same time, not one after the other."""
    monkeypatch.setattr(exec_plugin, "RUN_SECONDS_MAX", 0.5)
    folder = secure.folder
    script = f"sleep 99 & echo $! $$ >> {folder}/pids; set -m; sleep 98 & echo $! >> {folder}/pids; wait"
    access = Place(secure.kubeconfig("https://x", user(script))).access()
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(CredentialsError) as caught:
            access.identity()
        told.append(str(caught.value))

    asking = [threading.Thread(target=ask) for _ in range(8)]
    began = time.monotonic()
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert time.monotonic() - began < 2 * 0.5 + 1
    assert {"running the exec plugin sh: it did not end within 0.5 s, and was ended"} == set(told)
    assert 8 == len(told)
    assert [] == alive(folder)


def test_no_plugin_outlives_us(secure: Any) -> None:
    """One that is still running when the process ends is ended."""
    folder = secure.folder
    script = f"echo $$ > {folder}/new; mv {folder}/new {folder}/pids; sleep 99"
    access = Place(secure.kubeconfig("https://x", user(script))).access()

    def ask() -> None:
        with pytest.raises(CredentialsError, match=r"it ended with (-9|137): "):
            access.identity()

    asking = threading.Thread(target=ask)
    asking.start()
    while not (folder / "pids").exists():
        time.sleep(0.01)  # between two looks
    exec_plugin.end_all()
    asking.join()
    assert [] == alive(folder)


def test_credentials_are_kept_until_they_end(secure: Any) -> None:
    """A plugin is run once for as long as what it said is good."""
    script = f"date +%s%N >> {secure.folder}/runs; echo '{{answer}}'"
    for ends, runs in (("2099-01-01T00:00:00Z", 1), ("2020-01-01T00:00:00Z", 3)):
        (secure.folder / "runs").unlink(missing_ok=True)
        answer = says(token="t", expirationTimestamp=ends)
        access = Place(secure.kubeconfig("https://x", user(script.replace("{answer}", answer)))).access()
        assert ["Bearer t"] * 3 == [access.identity().headers["authorization"] for _ in range(3)]
        assert runs == len((secure.folder / "runs").read_text().splitlines())


def test_a_401_has_the_plugin_run_again(secure: Any) -> None:
    """A token may be taken back before it ends."""

    def answer(handler: Any) -> None:
        handler.say(200 if handler.headers["Authorization"] == "Bearer 2" else 401, b"{}")

    (secure.folder / "answer").write_text(says(token="1"))
    client = ApiClient(Place(secure.kubeconfig(secure.serve(answer), user(f"cat {secure.folder}/answer"))))
    with pytest.raises(Unauthorized):
        client.get("/api")
    (secure.folder / "answer").write_text(says(token="2"))
    assert b"{}" == client.get("/api")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_certificate_that_the_handshake_refuses_is_renewed(secure: Any, version: ssl.TLSVersion) -> None:
    """No 401 tells that it is over; it costs one failed request."""
    stranger = trustme.CA(key_type=trustme.KeyType.ECDSA)
    secure.context.minimum_version = secure.context.maximum_version = version
    secure.context.verify_mode = ssl.CERT_REQUIRED
    secure.authority.configure_trust(secure.context)

    def answered(authority: trustme.CA) -> str:
        issued = authority.issue_cert("me", key_type=trustme.KeyType.ECDSA)
        chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
        key = issued.private_key_pem.bytes()
        return says(clientCertificateData=chain.decode(), clientKeyData=key.decode())

    file = secure.folder / "answer"
    file.write_text(answered(stranger))
    url = secure.serve(lambda handler: handler.say(200, b"{}"))
    client = ApiClient(Place(secure.kubeconfig(url, user(f"cat {file}"))))
    with pytest.raises(Unreachable):
        client.get("/api")
    file.write_text(answered(secure.authority))
    assert b"{}" == client.get("/api")


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        ("", "Expected `object`, got `null`"),
        ("hello", "Expected `object`, got `str`"),
        ("a: [", "it is neither JSON nor YAML"),
        ("[" * 20_000, "it is neither JSON nor YAML"),
        (says(), "there is neither a token nor a client certificate in it"),
        (says(token=""), "there is neither a token nor a client certificate in it"),
        (says(clientKeyData="secret"), "of certificate and key there is only one"),
        (says(token="secret", expirationTimestamp="soon"), "Invalid RFC3339 encoded datetime"),
        (
            says(token="t").replace("/v1", "/v1beta1"),
            "it is .*/v1beta1 ExecCredential, not .*/v1 ExecCredential",
        ),
        ("x" * ((1 << 20) + 1), "it is more than 1,048,576 bytes"),
    ],
)
def test_what_a_plugin_should_not_have_said_is_a_sentence(secure: Any, printed: str, sentence: str) -> None:
    """Nothing of it is quoted."""
    (secure.folder / "answer").write_text(printed)
    access = Place(secure.kubeconfig("https://x", user(f"cat {secure.folder}/answer"))).access()
    with pytest.raises(
        CredentialsError, match=f"^reading what the exec plugin sh wrote: {sentence}"
    ) as caught:
        access.identity()
    assert "secret" not in str(caught.value)


def test_a_certificate_that_is_none_and_a_token_that_no_header_holds(secure: Any) -> None:
    """Both are told by name, and not quoted."""
    for status, sentence in (
        (
            {"clientCertificateData": "secret", "clientKeyData": "secret"},
            "reading the client certificate of the exec",
        ),
        ({"token": "sec\nret"}, "reading the token of the exec plugin: it holds what no header can$"),
    ):
        (secure.folder / "answer").write_text(says(**status))
        access = Place(secure.kubeconfig("https://x", user(f"cat {secure.folder}/answer"))).access()
        with pytest.raises(CredentialsError, match=f"^{sentence}") as caught:
            access.identity()
        assert "sec" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"command": ""}, "its exec names no command"),
        (
            {"apiVersion": "client.authentication.k8s.io/v1alpha1"},
            "its exec wants apiVersion .*v1alpha1; .* are known",
        ),
        ({"env": [{"value": "x"}]}, "its exec sets a variable that has no name"),
        ({"interactiveMode": ""}, "its exec has interactiveMode none; write Never or IfAvailable"),
        (
            {"interactiveMode": "Always"},
            "its exec has interactiveMode Always, and there is nobody here to ask",
        ),
    ],
)
def test_a_plugin_that_kubectl_would_not_run_is_refused_at_once(
    secure: Any, words: dict[str, Any], sentence: str
) -> None:
    """That is a mistake in the file, not trouble of the day."""
    known = user("true")["exec"]
    file = secure.kubeconfig("https://x", {"exec": {**known, **words}})
    with pytest.raises(CredentialsError, match=f": the user u: {sentence}"):
        Place(file).access()


def test_a_plugin_that_is_not_there_says_how_to_get_it(secure: Any) -> None:
    """Its hint is part of the sentence, in one line."""
    words = {**user("true")["exec"], "command": "no-such", "installHint": "brew\n install it"}
    access = Place(secure.kubeconfig("https://x", {"exec": words})).access()
    with pytest.raises(CredentialsError) as caught:
        access.identity()
    assert "running the exec plugin no-such: there is no such program; brew install it" == str(caught.value)
