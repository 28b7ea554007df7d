"""What a lab knows of its cluster before anything is broken in it."""

from collections.abc import Sequence
from typing import Any

import pytest

from alertdrill.errors import LabError
from alertdrill.lab import ground
from alertdrill.testing import FakeKube


class Kubelets(FakeKube):
    """An API server before kubelets that tell, or don't, what they are configured to."""

    def __init__(self, *configs: Any) -> None:
        super().__init__(lambda _: [{"metadata": {"name": str(number)}} for number in range(len(configs))])
        self.configs = configs

    def read(self, what: str, path: str, field: str, query: Sequence[tuple[str, str]] = ()) -> Any:
        """Answer with the configuration of the node that the path names."""
        del what, query
        assert "kubeletconfig" == field
        config = self.configs[int(path.split("/")[4])]
        if isinstance(config, Exception):
            raise config
        return config


def capped(said: str) -> dict[str, dict[str, str]]:
    """Return a kubelet's configuration with a cap on crash loops."""
    return {"crashLoopBackOff": {"maxContainerRestartPeriod": said}}


@pytest.mark.parametrize(
    ("configs", "seconds"),
    [
        ([capped("5s")], 5.0),
        ([capped("32.857142857s")], 32.857142857),
        ([capped("1m30s"), capped("5s")], 90.0),
        ([{}, capped("5s")], 300.0),
        ([capped("5s"), LabError("forbidden")], None),
        ([None], None),
        ([], None),
    ],
)
def test_the_slowest_kubelet_caps_a_crash_loop(configs: list[Any], seconds: float | None) -> None:
    """One that says nothing of it has Kubernetes' own cap; one that can't be asked leaves it unknown."""
    assert seconds == ground.restart_seconds_max(Kubelets(*configs))


def test_components_are_the_deployments_of_the_stack() -> None:
    """They are looked for only by a fault that needs one."""
    kube = FakeKube(lambda _: [{"metadata": {"name": "prometheus"}}])
    assert {"prometheus"} == ground.of(kube, speed=20, again="").components()
