"""How many series a pod has: by default no more here than kube-state-metrics gives it, whatever its state.

The numbers of probes, of which it has none, are not counted.
"""

from collections import Counter

import pytest
import urllib3

from alertdrill.machine import process
from bench import load, migrating, subjects
from e2e.exporter.apiserver import ApiServer


def _counted(subject: subjects.Subject, label: str) -> Counter[str]:
    """Return pod → its samples in a complete scrape."""
    subject.start()
    try:
        scrape = urllib3.request("GET", subject.url, headers=subjects.PLAIN).data.decode()
    finally:
        subject.stop()
    lines = [line for line in scrape.splitlines() if line.startswith(("kube_pod_", "k8s_pod_"))]
    lines = [line for line in lines if "Probe_" not in line]
    return Counter(line.partition(f'{label}="')[2].partition('"')[0] for line in lines)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Counter[str], Counter[str]]:
    """Return the series of each pod, here and there, by the flags that both have when nobody gives any."""
    folder = tmp_path_factory.mktemp("series")
    pods = [pair for pair in migrating.objects() if pair[0].startswith("pods/")]
    pods.append(load.pod(0))
    api = ApiServer(folder)
    with process.interruptible():
        try:
            api.start()
            made = {"pod": load.fill(api.etcd, pods)}
            ours = subjects.ours(api, folder, made, kinds=["pods"])
            theirs = subjects.kube_state_metrics(api, folder, made, kinds=["pods"], flags=())
            return _counted(ours, "name"), _counted(theirs, "pod")
        finally:
            api.kill()


def test_no_pod_has_more_series_than_there(counted: tuple[Counter[str], Counter[str]]) -> None:
    """Running, waiting, ended, evicted, deleted and unplaced pods, and one of two containers with probes."""
    ours, theirs = counted
    print({pod: (ours[pod], theirs[pod]) for pod in theirs})  # noqa: T201  # the evidence
    assert ours.keys() == theirs.keys()
    assert {} == {pod: (ours[pod], theirs[pod]) for pod in theirs if ours[pod] > theirs[pod]}
