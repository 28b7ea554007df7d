"""What the stack itself takes: measured while nothing is played, and told."""

from collections.abc import Callable

from alertdrill import lab as labs
from alertdrill.clock import WallClock
from alertdrill.incident import Incident

CORES_MAX = 0.3
MEBIBYTES_MAX = 700
QUIET_SECONDS = 45  # cAdvisor looks every ten seconds or so


def test_the_stack_at_rest_takes_little(
    drill_lab: labs.Lab,
    incidents: dict[str, Incident],
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    """Beside Kubernetes itself: a third of a core at most, at this speed, and 700 MiB."""
    assert incidents, "played after the scenarios, when their pods are gone"
    WallClock().sleep(QUIET_SECONDS)
    where = f'job="kubernetes-cadvisor",namespace="{drill_lab.site.namespace}",container!=""'
    server = drill_lab.prometheus()
    ((cores,), (memory,)) = (
        [float(one["value"][1]) for one in server.query(query)]
        for query in (
            f"sum(rate(container_cpu_usage_seconds_total{{{where}}}[{QUIET_SECONDS - 10}s]))",
            f"sum(container_memory_working_set_bytes{{{where}}}) / 1024 ^ 2",
        )
    )
    record_testsuite_property("cores", round(cores, 3))
    record_testsuite_property("mebibytes", round(memory))
    assert (cores <= CORES_MAX, memory <= MEBIBYTES_MAX) == (True, True), (cores, memory)
