"""A kind configuration says what was asked for, and what the machine needs."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill.lab.clusters import kind_config


def read(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the configuration, and the kubelet's in it."""
    config = yaml.safe_load(text)
    node, _ = config["nodes"]
    return config, yaml.safe_load(node["kubeadmConfigPatches"][0])


def test_the_api_server_is_on_loopback_at_a_port_of_the_kernels_choice() -> None:
    """Nobody else reaches it, and no port can be taken."""
    config, _ = read(kind_config.config(restart_seconds_max=None, bounded=False, own_network=False))
    assert {"apiServerAddress": "127.0.0.1", "disableDefaultCNI": False} == config["networking"]


def test_kubelets_get_certificates_of_the_cluster() -> None:
    """Prometheus verifies them, so they must not be self-signed."""
    _, kubelet = read(kind_config.config(restart_seconds_max=None, bounded=False, own_network=True))
    assert kubelet["serverTLSBootstrap"]
    assert not kubelet["failCgroupV1"]


def test_what_was_not_asked_for_is_left_as_it_is() -> None:
    """Without a cap and without bounds, no feature gate is touched."""
    config, kubelet = read(kind_config.config(restart_seconds_max=None, bounded=False, own_network=True))
    assert {} == config["featureGates"]
    assert "crashLoopBackOff" not in kubelet


def test_a_bounded_node_is_told_so() -> None:
    """Where even root lacks a capability, the kubelet must not take that for a fault."""
    config, _ = read(kind_config.config(restart_seconds_max=None, bounded=True, own_network=True))
    assert {"KubeletInUserNamespace": True} == config["featureGates"]


@settings(deadline=None)
@given(st.floats(min_value=0.001, max_value=10_000))
def test_the_cap_is_one_that_a_kubelet_takes(seconds: float) -> None:
    """It is between one second and five minutes, as near as can be to what was asked for."""
    config, kubelet = read(kind_config.config(restart_seconds_max=seconds, bounded=False, own_network=True))
    period = kubelet["crashLoopBackOff"]["maxContainerRestartPeriod"]
    assert config["featureGates"]["KubeletCrashLoopBackOffMax"]
    assert min(max(seconds, 1), 300) == pytest.approx(float(period.removesuffix("s")), rel=1e-4)


def flags(text: str, version: str, part: str = "controllerManager") -> Any:
    """Return the flags of a part of the control plane for one version of kubeadm's configuration."""
    node, _ = yaml.safe_load(text)["nodes"]
    patches = [yaml.safe_load(one) for one in node["kubeadmConfigPatches"]]
    (found,) = (
        one[part]["extraArgs"] for one in patches if one.get("apiVersion") == f"kubeadm.k8s.io/{version}"
    )
    return found


@pytest.mark.parametrize("part", ["controllerManager", "scheduler"])
def test_nobody_is_elected_where_there_is_one_of_each(part: str) -> None:
    """Who leads would end when the API server is gone, and wait for its own lease when that is back."""
    text = kind_config.config(restart_seconds_max=None, bounded=False, own_network=False)
    assert {"leader-elect": "false"} == flags(text, "v1beta3", part)
    assert [{"name": "leader-elect", "value": "false"}] == flags(text, "v1beta4", part)


def test_a_fast_lab_s_kubelets_forget_as_much_sooner() -> None:
    """Who scrapes them, and what he may: two and five minutes of rule time, as everywhere."""
    text = kind_config.config(restart_seconds_max=None, bounded=False, own_network=False, speed=20)
    _, kubelet = read(text)
    assert {"webhook": {"cacheTTL": "6000ms"}} == kubelet["authentication"]
    assert {"webhook": {"cacheAuthorizedTTL": "15000ms"}} == kubelet["authorization"]


def test_a_fast_lab_waits_less_for_a_node_that_is_silent() -> None:
    """The flag is there in both of kubeadm's ways, and a kubelet is heard of several times before."""
    text = kind_config.config(restart_seconds_max=None, bounded=False, own_network=False, speed=20)
    silent = {"node-monitor-grace-period": "12s", "node-monitor-period": "1s"}
    assert silent.items() <= flags(text, "v1beta3").items()
    assert silent.items() <= {(one["name"], one["value"]) for one in flags(text, "v1beta4")}
    assert 10 == read(text)[1]["nodeLeaseDurationSeconds"]


def test_a_lab_at_life_s_speed_has_a_cluster_s_own_times() -> None:
    """Nothing of a kubelet's or of the controllers' is touched."""
    text = kind_config.config(restart_seconds_max=None, bounded=False, own_network=False, speed=1)
    assert text == kind_config.config(restart_seconds_max=None, bounded=False, own_network=False)
    assert {"authentication", "authorization", "nodeLeaseDurationSeconds"}.isdisjoint(read(text)[1])


def test_one_node_is_for_all_and_a_spare_one_for_who_bears_it() -> None:
    """As there is another, kubeadm would keep pods from the first."""
    text = kind_config.config(restart_seconds_max=None, bounded=False, own_network=True)
    first, spare = yaml.safe_load(text)["nodes"]
    assert ["control-plane", "worker"] == [first["role"], spare["role"]]
    assert {"alertdrill.dev/spare": ""} == spare["labels"]
    registered = [yaml.safe_load(node["kubeadmConfigPatches"][-1]) for node in (first, spare)]
    taints = [one["nodeRegistration"]["taints"] for one in registered]
    assert [[], [{"key": "alertdrill.dev/spare", "effect": "NoSchedule"}]] == taints


def test_a_node_says_from_outside_whose_it_is() -> None:
    """By the path of a mount of nothing, which Docker tells whether the node runs or not."""
    text = kind_config.config(restart_seconds_max=None, bounded=False, own_network=False, mark="lab-1")
    mount = {"hostPath": "/dev/null", "containerPath": "/alertdrill.dev/lab/lab-1", "readOnly": True}
    assert [[mount], [mount]] == [node["extraMounts"] for node in yaml.safe_load(text)["nodes"]]
