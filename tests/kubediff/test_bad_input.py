"""Whatever is wrong with manifests is named by file and line, the rest is compared, and that is a 1."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import CUT, Outcome, Server

Run = Callable[..., Outcome]
GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\ndata: {a: '1'}\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
HEAD = "apiVersion: v1\nkind: ConfigMap\n"
CASES = {
    "empty": (b"", 1, "the file is empty"),
    "blank": (b"\n\n", 1, "the file is empty"),
    "truncated": (b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x\n", 4, "not YAML"),
    "binary": (bytes(range(256)), 1, "bytes that are no text"),
    "utf-16-half": (b"\xff\xfea", 1, "not YAML"),
    "deep": (b"a: " + b"[" * 5000, 1, "nests deeper than 200 levels"),
    "bomb": (BOMB.encode(), 6, "aliases stand for more than"),
    "duplicate": (b"apiVersion: v1\nkind: ConfigMap\nkind: Secret\n", 3, "is there twice, first in line 2"),
    "list": (b"- a\n- b\n", 1, "it is no mapping"),
    "scalar": (b"hello\n", 1, "it is no mapping"),
    "no-kind": (b"metadata: {name: x}\n", 1, "it says no apiVersion and kind"),
    "no-name": (f"{HEAD}metadata: {{}}\n".encode(), 1, "it has no metadata.name"),
    "generated": (f"{HEAD}metadata: {{generateName: x-}}\n".encode(), 1, "generateName x-"),
    "name-is-a-number": (f"{HEAD}metadata: {{name: 7}}\n".encode(), 1, "it has no metadata.name"),
    "namespace-is-a-list": (
        f"{HEAD}metadata: {{name: x, namespace: [a]}}\n".encode(),
        1,
        "namespace is no text",
    ),
    "not-json": (f"{HEAD}metadata: {{name: x}}\ndata: {{a: .inf}}\n".encode(), 4, "JSON does not have"),
    "alias-of-nothing": (b"a: *b\n", 1, "an alias has no anchor"),
    "unknown-kind": (
        b"apiVersion: x.example/v1\nkind: Odd\nmetadata: {name: x}\n",
        1,
        "the cluster serves no",
    ),
    "no-namespace": (
        f"{HEAD}metadata: {{name: x, namespace: nowhere}}\n".encode(),
        1,
        "there is no namespace nowhere",
    ),
    "template": (b"apiVersion: v1\nkind: {{ .Kind }}\n", 2, "a key is a mapping or a list"),
}


@pytest.fixture
def good(server: Server, manifests: Path) -> Path:
    """Return a folder in which one manifest is as the cluster has it."""
    server.add("ConfigMap", "good", data={"a": "1"})
    (manifests / "good.yaml").write_text(GOOD)
    return manifests


@pytest.mark.parametrize("name", CASES)
def test_bad_input_costs_only_itself(kubediff: Run, good: Path, name: str) -> None:
    """It is named by file and line, with what is wrong; the good manifest beside it is compared."""
    text, line, sentence = CASES[name]
    file = good / "bad.yaml"
    file.write_bytes(text)
    outcome = kubediff("--json", good)
    assert (1, []) == (outcome.code, outcome.data["drift"])
    assert "Traceback" not in outcome.err
    [trouble] = outcome.data["troubles"]
    assert f"{file}:{line}" == trouble["where"]
    assert sentence in trouble["sentence"]
    assert 1 == outcome.data["objects_checked"]


def test_a_bad_document_leaves_its_neighbours(kubediff: Run, good: Path) -> None:
    """In a file of several documents, the others are compared."""
    (good / "good.yaml").write_text(f"a: [\n---\n{GOOD}")
    outcome = kubediff("--json", good)
    assert (1, 1, 1) == (outcome.code, outcome.data["objects_checked"], len(outcome.data["troubles"]))


def test_two_manifests_for_one_object_are_trouble(kubediff: Run, good: Path) -> None:
    """Nothing tells which of two counts, so neither is compared, and both places are named."""
    (good / "more.yaml").write_text(GOOD)
    outcome = kubediff("--json", good)
    assert (1, []) == (outcome.code, outcome.data["drift"])
    [trouble] = outcome.data["troubles"]
    assert (f"{good / 'more.yaml'}:1", True) == (
        trouble["where"],
        f"{good / 'good.yaml'}:1" in trouble["sentence"],
    )


def test_an_object_in_no_namespace_cannot_be_there_twice(kubediff: Run, server: Server, good: Path) -> None:
    """Two manifests of one such object are trouble, whatever namespaces they name."""
    server.objects["nodes"] = [{"metadata": {"name": "one", "uid": "one"}}]
    node = "apiVersion: v1\nkind: Node\nmetadata: {name: one%s}\n"
    (good / "nodes.yaml").write_text(f"{node % ''}---\n{node % ', namespace: other'}")
    outcome = kubediff("--json", good)
    [trouble] = outcome.data["troubles"]
    assert (1, f"{good / 'nodes.yaml'}:5") == (outcome.code, trouble["where"])
    assert f"Node one is in {good / 'nodes.yaml'}:1 too" in trouble["sentence"]


def test_a_folder_that_cannot_be_read_is_trouble(
    kubediff: Run, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a folder holds is not known when it can't be looked into; the rest is compared."""
    (good / "closed").mkdir()
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # nothing is closed to root
    outcome = kubediff("--json", good)
    assert (1, 1) == (outcome.code, outcome.data["objects_checked"])
    assert [(str(good / "closed"), "can't read it: Permission denied")] == [
        (each["where"], each["sentence"]) for each in outcome.data["troubles"]
    ]


def test_a_file_that_is_not_there_is_trouble(kubediff: Run, good: Path) -> None:
    """A missing file is named, and the rest compared."""
    outcome = kubediff("--json", good, good / "none.yaml")
    assert (1, 1) == (outcome.code, outcome.data["objects_checked"])
    assert [str(good / "none.yaml")] == [each["where"] for each in outcome.data["troubles"]]


def test_a_huge_file_is_not_read(kubediff: Run, good: Path) -> None:
    """100 MB are refused by their size, without being parsed."""
    with (good / "huge.yaml").open("wb") as file:
        file.truncate(100 << 20)
    outcome = kubediff("--json", good)
    assert (1, 1) == (outcome.code, outcome.data["objects_checked"])
    assert "larger than 64 MiB" in outcome.data["troubles"][0]["sentence"]


def test_an_empty_folder_is_no_peace(kubediff: Run, tmp_path: Path) -> None:
    """Where there is nothing to compare, nothing is known."""
    (tmp_path / "none").mkdir()
    assert 1 == kubediff(tmp_path / "none").code


def test_a_cluster_that_goes_away_half_way_is_one(kubediff: Run, server: Server, good: Path) -> None:
    """What was compared by then is told; the rest is one trouble, and no drift."""
    (good / "s.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")
    server.failing["secrets"] = 503
    outcome = kubediff("--json", good)
    assert (1, [], 1) == (outcome.code, outcome.data["drift"], outcome.data["objects_checked"])
    assert "1 objects were not compared" in outcome.data["troubles"][0]["sentence"]


def test_a_cluster_that_hangs_up_half_way_is_one(kubediff: Run, server: Server, good: Path) -> None:
    """Without an answer nothing more is asked: that is one trouble for all that was not compared."""
    (good / "s.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")
    server.failing["secrets"] = CUT
    outcome = kubediff("--json", good)
    assert (1, []) == (outcome.code, outcome.data["drift"])
    assert ["the API server"] == [each["where"] for each in outcome.data["troubles"]]
