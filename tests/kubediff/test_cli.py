"""The command line: what goes in, what comes out, and the exit code. suite/e2e/kubediff has a real server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from kubediff.judge import Judge
from kubediff.manifests import Manifest
from kubediff.results import Item

from .conftest import Outcome, Server

Run = Callable[..., Outcome]
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata:\n  a: '%s'\n"


@pytest.fixture
def one(server: Server, manifests: Path) -> Path:
    """Return a manifest of an object that the cluster has otherwise."""
    server.add("ConfigMap", "one", data={"a": "2"})
    file = manifests / "one.yaml"
    file.write_text(CONFIG % ("one", "1"))
    return file


def test_drift_is_two(kubediff: Run, one: Path) -> None:
    """What differs is told with path, want, have and line, and is a 2."""
    outcome = kubediff(one)
    assert (
        2,
        f"""1 object of 1 drifted
~ ConfigMap default/one differs  {one}:1
    data.a: changed  {one}:5
      want "1"
      have "2"
""",
    ) == (outcome.code, outcome.out)


def test_nothing_is_zero(kubediff: Run, server: Server, manifests: Path) -> None:
    """What is as git says is a 0."""
    server.add("ConfigMap", "one", data={"a": "1"})
    (manifests / "one.yaml").write_text(CONFIG % ("one", "1"))
    assert (0, "no drift in 1 objects\n") == kubediff(manifests)[:2]


def test_what_is_not_there_is_two(kubediff: Run, manifests: Path) -> None:
    """An object that the cluster lacks is drift."""
    (manifests / "one.yaml").write_text(CONFIG % ("one", "1"))
    outcome = kubediff(manifests)
    assert 2 == outcome.code
    assert "- ConfigMap default/one is not in the cluster" in outcome.out


def test_drift_of_an_object_that_is_not_readable_is_one(kubediff: Run, server: Server, one: Path) -> None:
    """A missing right is a 1, named by its kind, and never drift."""
    server.failing["configmaps"] = 403
    outcome = kubediff("--json", one)
    assert 1 == outcome.code
    assert [] == outcome.data["drift"]
    assert "configmaps" == outcome.data["troubles"][0]["where"]


def test_the_rest_is_compared_all_the_same(kubediff: Run, server: Server, one: Path) -> None:
    """A kind that may not be listed takes nothing from the others, but the exit code stays 1."""
    server.failing["secrets"] = 403
    one.with_name("two.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")
    outcome = kubediff("--json", one.parent)
    assert (1, 1, 1) == (outcome.code, len(outcome.data["drift"]), len(outcome.data["troubles"]))


def test_a_server_that_is_down_is_one(kubediff: Run, one: Path) -> None:
    """Where nothing answers, that is one trouble, and no drift."""
    outcome = kubediff("--server=http://127.0.0.1:9", "--json", one)
    assert (1, [], 1) == (outcome.code, outcome.data["drift"], len(outcome.data["troubles"]))


@pytest.mark.parametrize(("codes", "wanted"), [("kubediff", (0, 2, 1)), ("diff", (0, 1, 3))])
def test_exit_codes_can_be_those_of_diff(
    kubediff: Run, server: Server, one: Path, codes: str, wanted: tuple[int, int, int]
) -> None:
    """Same, different and could not tell are three codes, in either convention."""
    differs = kubediff(f"--exit-codes={codes}", one).code
    server.objects["configmaps"][0]["data"]["a"] = "1"
    same = kubediff(f"--exit-codes={codes}", one).code
    server.failing["configmaps"] = 500
    assert wanted == (same, differs, kubediff(f"--exit-codes={codes}", one).code)


def test_the_historic_flags_keep_working(kubediff: Run, one: Path, tmp_path: Path) -> None:
    """-k, -c, -n, -j and -e are what they were."""
    config = tmp_path / "config"
    server = kubediff("--json", one).data  # warm, and the URL is in use
    assert server["objects_checked"] == 1
    config.write_text(
        json.dumps(
            {
                "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
                "clusters": [{"name": "it", "cluster": {"server": "http://127.0.0.1:9"}}],
                "users": [{"name": "it", "user": {"token": "t"}}],
            }
        )
    )
    assert (0, 1) == ((done := kubediff("-e", "-j", "-n", "default", one)).code, len(done.data["drift"]))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "no manifests are named"),
        (("--output=pdf", "x"), "'pdf' is not FORMAT[=FILE]"),
        (("-j", "--stat", "x"), "json and stat go to standard output"),
        (("--ignore", "a/b:c", "x"), "is not [KIND[/NAMESPACE/NAME]:]PATH[@MANAGER]"),
        (("--nonsense",), "No such option"),
        (("--ignore-file=/nowhere", "x"), "/nowhere"),
        (("--watch", "-f", "-"), "give files or folders in place of -"),
        (("--watch", "-j", "x"), "leave --textfile and --output out"),
        (("--watch",), "no manifests are named"),
        (("--watch", "--listen-address=8080", "x"), "is not HOST:PORT"),
        (("--watch", "--web-config=/nowhere", "x"), "/nowhere"),
    ],
)
def test_a_mistake_is_a_sentence(kubediff: Run, words: tuple[str, ...], sentence: str) -> None:
    """A command line that can't be followed is one sentence and a 1."""
    outcome = kubediff(*words)
    assert (1, "") == (outcome.code, outcome.out)
    assert sentence in outcome.err
    assert "Traceback" not in outcome.err


def test_an_ignored_path_is_no_drift(kubediff: Run, one: Path) -> None:
    """A rule takes what it is about, counts it, and one that took nothing is named."""
    outcome = kubediff("--json", "--ignore", "ConfigMap:data.*", "--ignore", "Secret:data", one)
    assert (0, [], 1) == (outcome.code, outcome.data["drift"], len(outcome.data["ignored"]))
    assert {"ConfigMap:data.*": 1, "Secret:data": 0} == outcome.data["ignore_hits"]
    assert ["Secret:data"] == outcome.data["unused_rules"]


def test_an_annotation_ignores(kubediff: Run, one: Path) -> None:
    """The manifest itself may say what is meant to drift."""
    one.write_text(
        CONFIG.replace("{name: %s}", "{name: %s, annotations: {kubediff/ignore: data.a}}") % ("one", "1")
    )
    outcome = kubediff("--json", one)
    assert ["data.a"] == [each["path"] for item in outcome.data["ignored"] for each in item["differences"]]


def test_a_secret_is_told_by_nobody(kubediff: Run, server: Server, manifests: Path, tmp_path: Path) -> None:
    """No output says what a Secret holds, nor how long it is."""
    server.add("Secret", "s", data={"k": "YnJpZWY="})
    (manifests / "s.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: correct-horse-battery}\n"
    )
    files = {form: tmp_path / form for form in ("text", "stat", "json", "junit", "sarif", "html")}
    words = [f"--output={form}={file}" for form, file in files.items()]
    outcome = kubediff(*words, f"--textfile={tmp_path / 'prom'}", manifests)
    said = (
        outcome.out + outcome.err + "".join(file.read_text() for file in (*files.values(), tmp_path / "prom"))
    )
    assert 2 == outcome.code
    assert said.count("(sensitive)") >= 8
    assert [] == [each for each in ("correct-horse", "YnJpZWY", "Y29ycmVjd", "brief") if each in said]


def test_every_form_tells_the_same(kubediff: Run, one: Path, tmp_path: Path) -> None:
    """JUnit, SARIF and the page all name the object, the path and the line."""
    words = [f"--output={form}={tmp_path / form}" for form in ("stat", "json", "junit", "sarif", "html")]
    assert 2 == kubediff(*words, one).code
    suite = ET.fromstring((tmp_path / "junit").read_text())
    assert ("1", "1", "0") == tuple(suite.get(name) for name in ("tests", "failures", "errors"))
    result: dict[str, Any] = json.loads((tmp_path / "sarif").read_text())["runs"][0]["results"][0]
    assert {
        "artifactLocation": {"uri": str(one)},
        "region": {"startLine": 5},
    } == result["locations"][0]["physicalLocation"]
    page = (tmp_path / "html").read_text()
    assert [] == [each for each in ("data.a", f"{one}:5", "ConfigMap default/one") if each not in page]
    assert "src=" not in page
    assert " ConfigMap default/one | 1 +\n" in (tmp_path / "stat").read_text()


def test_hostile_text_is_harmless(kubediff: Run, server: Server, manifests: Path, tmp_path: Path) -> None:
    """Neither markup nor control characters of the cluster get into a page or an XML."""
    server.add("ConfigMap", "one", data={"a": "<script>\u0000\u001b[31m"})
    (manifests / "one.yaml").write_text(CONFIG % ("one", "1"))
    kubediff(f"--output=html={tmp_path / 'html'}", f"--output=junit={tmp_path / 'junit'}", manifests)
    assert "<script>" not in (tmp_path / "html").read_text()
    assert "failure" == ET.fromstring((tmp_path / "junit").read_text())[0][0].tag


def test_metrics_say_how_it_is(kubediff: Run, server: Server, one: Path, tmp_path: Path) -> None:
    """The textfile has the drift, and remembers since when; without an answer it keeps that."""
    file = tmp_path / "t.prom"
    kubediff(f"--textfile={file}", one)
    first = file.read_text()
    assert 'kubediff_drift{kind="ConfigMap",namespace="default",name="one"} 1\n' in first
    seen = [line for line in first.splitlines() if line.startswith("kubediff_drift_first_seen")]
    success = [line for line in first.splitlines() if line.startswith("kubediff_last_success")]
    kubediff(f"--textfile={file}", one)
    assert seen[0] in file.read_text()
    server.failing["configmaps"] = 500
    kubediff(f"--textfile={file}", one)
    assert "kubediff_errors 1\n" in file.read_text()
    assert success[0].split()[0] in file.read_text()


def test_what_git_does_not_have_is_told_when_asked(kubediff: Run, server: Server, one: Path) -> None:
    """--extra tells objects of the same kinds and namespaces, but not what others own or the cluster has."""
    server.add("ConfigMap", "two")
    server.add("ConfigMap", "kube-root-ca.crt")
    server.objects["configmaps"][1]["metadata"]["labels"] = {"a": "b"}
    server.add("ConfigMap", "owned")
    server.objects["configmaps"][-1]["metadata"]["ownerReferences"] = [{"name": "x"}]
    assert ["differs"] == [item["state"] for item in kubediff("--json", one).data["drift"]]
    told = kubediff("--json", "--extra", one).data["drift"]
    assert [("one", "differs"), ("two", "extra")] == [
        (item["subject"]["name"], item["state"]) for item in told
    ]


def test_an_unreadable_manifest_makes_nothing_extra(kubediff: Run, server: Server, one: Path) -> None:
    """While a manifest can't be read, no object is said to be missing in git."""
    server.add("ConfigMap", "two")
    one.with_name("two.yaml").write_text("{")
    outcome = kubediff("--json", "--extra", one.parent)
    assert (1, ["one"]) == (outcome.code, [item["subject"]["name"] for item in outcome.data["drift"]])


def test_a_rendered_manifest_counts(kubediff: Run, one: Path) -> None:
    """--render takes what a command writes; one that fails is trouble with its last words."""
    assert 2 == kubediff("--render", f"cat {one}").code
    outcome = kubediff("--json", "--render", "sh -c 'echo no >&2; exit 3'")
    assert (1, "it ended with 3: no") == (outcome.code, outcome.data["troubles"][0]["sentence"])


def test_pages_are_followed(kubediff: Run, server: Server, manifests: Path) -> None:
    """A kind is listed once, page by page, and nothing else is asked."""
    for number in range(7):
        server.add("ConfigMap", f"c{number}", data={"a": "1"})
    (manifests / "all.yaml").write_text("---\n".join(CONFIG % (f"c{number}", 1) for number in range(7)))
    assert 0 == kubediff("--page=3", manifests).code
    assert 3 == sum("configmaps" in url for url in server.asked)
    assert len(server.asked) <= 3 + 4  # discovery twice, which schemas there are, one of them


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of all objects that are compared and not known already."""
    found: list[str] = []
    differences = Judge.differences

    def noted(judge: Judge, manifest: Manifest, *rest: Any) -> Item:
        found.append(manifest.subject.name)
        return differences(judge, manifest, *rest)

    monkeypatch.setattr(Judge, "differences", noted)
    return found


def test_what_was_the_same_is_not_compared_twice(
    kubediff: Run, server: Server, manifests: Path, compared: list[str]
) -> None:
    """A second run compares no object again, until either side of it changes."""
    server.schemas = {"api/v1": b'{"components": {"schemas": {}}}'}
    server.add("ConfigMap", "one", data={"a": "1", "b": "2"})
    (manifests / "one.yaml").write_text(CONFIG % ("one", "1"))
    first, second = kubediff(manifests), kubediff(manifests)
    assert (["one"], first) == (compared, second)
    server.objects["configmaps"][0]["data"]["a"] = "3"
    assert 2 == kubediff(manifests).code
    (manifests / "one.yaml").write_text(CONFIG % ("one", "3"))
    assert (0, 0) == (kubediff(manifests).code, kubediff(manifests).code)
    assert 3 == len(compared)


def test_another_schema_or_flag_compares_anew(
    kubediff: Run, server: Server, manifests: Path, compared: list[str]
) -> None:
    """What was found out holds for one schema and one set of wishes only."""
    server.schemas = {"api/v1": b'{"components": {"schemas": {}}}'}
    server.add("ConfigMap", "one", data={"a": "1"})
    (manifests / "one.yaml").write_text(CONFIG % ("one", "1"))
    assert 0 == kubediff(manifests).code
    assert 0 == kubediff("--field-manager=me", manifests).code
    assert 0 == kubediff("--sensitive=data.a", manifests).code
    server.schemas = {"api/v1": b'{"components": {}}'}
    assert 0 == kubediff(manifests).code
    assert 4 == len(compared)


def test_a_warning_leaves_standard_output_to_the_verdict(
    kubediff: Run, server: Server, one: Path, tmp_path: Path
) -> None:
    """What a kubeconfig is warned of goes to standard error, so JSON stays JSON."""
    config = tmp_path / "config"
    cluster = {"name": "c", "cluster": {"server": server.url}}
    user = {"name": "u", "user": {"token": "t"}}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    tree = {"clusters": [cluster], "users": [user], "contexts": [context], "current-context": "x"}
    config.write_text(json.dumps(tree))
    outcome = kubediff("--server=", "--kubeconfig", config, "--json", one)
    assert 1 == len(outcome.data["drift"])
    assert 1 == outcome.err.count("credentials are not sent over plain http")


def test_a_textfile_that_is_a_device_is_not_read_back(kubediff: Run, one: Path, tmp_path: Path) -> None:
    """It is written into, and a full one is a mistake that is told; reading it would never end."""
    textfile = tmp_path / "full"
    textfile.symlink_to("/dev/full")
    outcome = kubediff("--textfile", textfile, one)
    assert (1, True) == (outcome.code, textfile.is_symlink())
    assert f"can't write the metrics to {textfile}: [Errno 28] No space left on device" in outcome.err
