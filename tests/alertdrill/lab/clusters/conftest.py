"""A docker and a kind that are scripts: they keep clusters as files, so every step can be looked at."""

from pathlib import Path

import pytest

from alertdrill.machine import nodeimage, tools

DOCKER = """#!/bin/sh
echo "docker $1 $2" >>{folder}/calls
[ -e {folder}/dead ] && {{ echo 'Cannot connect to the Docker daemon' >&2; exit 1; }}
case "$1 $2" in
"image ls") cat {folder}/image 2>/dev/null || true;;
"manifest inspect") [ -e {folder}/registry ];;
"inspect --format") echo "172.18.0.$(echo "$4" | tr -cd w | wc -c)";;
"ps --all")
  mount=
  for word in "$@"; do
    case $word in label=*) label=$word;; volume=*) mount=${{word#*=}};; esac
  done
  cd {folder}/clusters && grep --files-with-matches "$mount" "${{label##*=}}" 2>/dev/null || true;;
esac
"""
KIND = """#!/bin/sh
echo "kind $1 $2" >>{folder}/calls
for word in "$@"; do
  case "$before $word" in
  "--name "*) name=$word;;
  "--kubeconfig "*) config=$word;;
  "--config "*) asked=$word;;
  *" --name="*) name=${{word#*=}};;
  *" --kubeconfig="*) config=${{word#*=}};;
  esac
  before=$word
done
case "$1 $2" in
"create cluster")
  cat $asked >{folder}/clusters/$name
  [ -e {folder}/exists ] && {{ echo 'node(s) already exist for a cluster with the name' >&2; exit 1; }}
  [ -e {folder}/taken ] && {{ rm {folder}/taken; echo 'bind: address already in use' >&2; exit 1; }}
  [ -e {folder}/broken ] && {{ echo 'ERROR: could not find a line' >&2; exit 1; }}
  cp {folder}/kubeconfig $config;;
"get kubeconfig") [ -e {folder}/asleep ] && exit 1; cat {folder}/kubeconfig;;
"delete cluster") rm -f {folder}/clusters/$name;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a machine whose Docker answers and whose registry does not.

    Files in it make facts true: dead, image, registry, broken, taken, exists, asleep. `calls` has what docker
    and kind were asked, `clusters/` those that are there, as they were asked for.
    """
    folder = tmp_path / "machine"
    (folder / "clusters").mkdir(parents=True)
    (folder / "kubeconfig").write_text("{}")
    for name, script in (("docker", DOCKER), ("kind", KIND)):
        (folder / name).write_text(script.format(folder=folder))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tools, "kind", lambda: folder / "kind")
    monkeypatch.setattr(tools, "find", lambda name: tools.Found(folder / name, f"{name} is scripted"))
    monkeypatch.setattr(nodeimage, "built", lambda _engine, _progress: "alertdrill/node:scripted")
    return folder
