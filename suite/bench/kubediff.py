"""kubediff beside `kubectl diff`, and beside one `kubectl get` per object, on one API server: prints ratios.

1,000 objects of 12 kinds, clean and with 10 drifts. Only the ratios mean something on another machine.
`kubectl diff` is asked twice: without more words, and with --server-side, which is far less work for it.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from alertdrill.machine import process
from e2e.exporter.apiserver import ApiServer
from e2e.kubediff.running import Kubediff
from e2e.kubediff.seeds import KINDS

OBJECTS = 1_000
DRIFTS = 10
# Of the historic way a part is measured: it takes as long for each object.
GOTTEN = 100
WARM_RUNS = 5
DIFF_MIN, GET_MIN, WARM_SECONDS_MAX, START_SECONDS_MAX = 20.0, 50.0, 0.5, 0.5
# Kinds and pages: 84 objects of each of 12 are one page.
REQUESTS_MAX = 12 + 12
# Not in seeds: their own definition would have to come first.
CUSTOM = frozenset({"thing"})


def objects(count: int) -> list[dict[str, Any]]:
    """Return this many objects, of each kind as many."""
    kinds = [kind for kind in KINDS if kind not in CUSTOM]
    kinds.append("limitrange")
    limits = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {}, "spec": {"limits": [{"type": "Pod"}]}}
    made = []
    for number in range(count):
        found = json.loads(json.dumps({**KINDS, "limitrange": limits}[kinds[number % len(kinds)]]))
        found["metadata"]["name"] = f"it-{number}"
        made.append(found)
    return made


def seconds(run: Callable[[], object]) -> float:
    """Return how long something takes."""
    begun = time.monotonic()
    run()
    return time.monotonic() - begun


def requests(kubediff: Kubediff) -> int:
    """Return how often the reader has asked the API server anything."""
    return sum(b"serviceaccount:default:reader" in line for line in kubediff.api.audit_log.open("rb"))


def measure(kubediff: Kubediff, folder: Path) -> dict[str, float]:
    """Bring the objects into the cluster and time each way to compare them, in seconds."""
    manifests = folder / "manifests"
    manifests.mkdir()
    made = objects(OBJECTS)
    for each in made:
        (manifests / f"{each['metadata']['name']}.yaml").write_text(yaml.safe_dump(each))
    kubediff.kubectl("apply", "--server-side", "-f", manifests)
    found = {"start": seconds(lambda: kubediff("--help", server=False))}
    found["cold"] = seconds(lambda: _expect(kubediff(manifests).code, 0))
    before = requests(kubediff)
    found["warm"] = min(seconds(lambda: _expect(kubediff(manifests).code, 0)) for _ in range(WARM_RUNS))
    found["requests"] = (requests(kubediff) - before) / WARM_RUNS
    found["diff --server-side"] = seconds(lambda: kubediff.kubectl("diff", "--server-side", "-f", manifests))
    found["kubectl diff"] = seconds(lambda: kubediff.kubectl("diff", "-f", manifests))
    one = seconds(lambda: [_get(kubediff, each) for each in made[:GOTTEN]])
    found["kubectl get"] = one * OBJECTS / GOTTEN
    drifted = [each for each in made if each["kind"] == "ConfigMap"][:DRIFTS]
    for each in drifted:
        kubediff.kubectl(
            "patch", f"configmap/{each['metadata']['name']}", "--type=merge", '-p={"data":{"one":"7"}}'
        )
    found["drifted"] = seconds(lambda: _expect(len(kubediff("-j", manifests).drift), DRIFTS))
    return found


def _get(kubediff: Kubediff, found: dict[str, Any]) -> str:
    return kubediff.kubectl("get", f"{found['kind']}/{found['metadata']['name']}", "-o", "json")


def _expect(actual: int, expected: int) -> None:
    assert expected == actual, f"got {actual}, expected {expected}"


def main() -> int:
    """Print what was measured; a 1 where a bar is missed."""
    with tempfile.TemporaryDirectory() as name, process.interruptible():
        folder = Path(name)
        api = ApiServer(folder / "server", audited=True)
        try:
            api.start()
            found = measure(Kubediff(api, folder), folder)
        finally:
            api.kill()
    bars = [
        ("x faster than kubectl diff", found["kubectl diff"] / found["warm"], DIFF_MIN, True),
        ("x faster with 10 drifts", found["kubectl diff"] / found["drifted"], DIFF_MIN, True),
        ("x faster than diff --server-side", found["diff --server-side"] / found["warm"], 1, True),
        ("x faster than kubectl get for each", found["kubectl get"] / found["warm"], GET_MIN, True),
        ("s with a warm cache", found["warm"], WARM_SECONDS_MAX, False),
        ("s to start", found["start"], START_SECONDS_MAX, False),
        ("requests", found.pop("requests"), REQUESTS_MAX, False),
    ]
    for step, took in found.items():
        sys.stdout.write(f"{step:18} {took:8.2f} s\n")
    missed = 0
    for said, value, bar, is_least in bars:
        is_met = value >= bar if is_least else value <= bar
        missed += not is_met
        word = "at least" if is_least else "at most"
        sys.stdout.write(f"{value:8.2f} {said} ({word} {bar:g}){'' if is_met else ': MISSED'}\n")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
