"""A verdict told to people, programs and Prometheus."""

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from terradiff import report
from terradiff.drift import Change, Drift
from terradiff.ignore import Verdict

WEB = Drift("a.web", "update", (Change("input.n", "3", "5"),))
VERDICT = Verdict(
    left=[WEB, Drift("a.db", "delete")],
    ignored=[Drift("a.c", "create")],
    hits=Counter({"a.c": 1, "a.x": 0}),
    over=["a.o"],
)


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels, in the order of their names."""
    families = text_string_to_metric_families(text.decode())
    found = [sample for family in families for sample in family.samples]
    return {(each.name, *(each.labels[key] for key in sorted(each.labels))): each.value for each in found}


def test_text_tells_what_differs_and_what_rules_did() -> None:
    """The headline first, then each difference, then what was ignored and which rules are idle or over."""
    assert (
        "2 resources drifted, 1 ignored\n"
        "~ a.web (update)\n"
        "    input.n: 3 → 5\n"
        "- a.db (delete)\n"
        "ignored: a.c (create)\n"
        "the ignore rule a.o has ended and counts no more\n"
        "the ignore rule a.x matched nothing; remove it?\n"
    ) == report.text(VERDICT, colour=False)
    assert "\x1b[31m- a.db\x1b[0m (delete)" in report.text(VERDICT, colour=True)
    assert "no drift\n" == report.text(Verdict(), colour=True)


def test_json_holds_the_same() -> None:
    """A program finds every difference with its attributes."""
    tree = msgspec.json.decode(report.json(VERDICT))
    assert {"path": "input.n", "before": "3", "after": "5"} == tree["drift"][0]["changes"][0]
    assert (["a.c"], {"a.c": 1, "a.x": 0}) == (
        [each["address"] for each in tree["ignored"]],
        tree["ignore_hits"],
    )


def test_drift_is_a_series_per_resource() -> None:
    """Address and action are labels; rules count their hits, idle ones too."""
    found = samples(report.metrics(2, VERDICT, tool="tofu", version="1.10", seconds=1.5))
    assert {
        ("terradiff_plan_exit_code",): 2,
        ("terradiff_plan_duration_seconds",): 1.5,
        ("terradiff_info", "tofu", "1.10"): 1,
        ("terradiff_resources_drifted",): 2,
        ("terradiff_resources_ignored",): 1,
        ("terradiff_resource_drift", "update", "a.web"): 1,
        ("terradiff_resource_drift", "delete", "a.db"): 1,
        ("terradiff_resource_drift_omitted",): 0,
        ("terradiff_ignore_hits", "a.c"): 1,
        ("terradiff_ignore_hits", "a.x"): 0,
    } == found


def test_a_broken_plan_says_nothing_about_drift() -> None:
    """Its exit code is there, no series of drift is."""
    found = samples(report.metrics(1, None, tool="tofu", version="", seconds=0.1))
    assert 1 == found[("terradiff_plan_exit_code",)]
    assert not [key for key in found if "drift" in key[0] or "ignore" in key[0]]


def test_a_thousand_drifts_do_not_flood_prometheus() -> None:
    """Past the limit they are counted, and have no series."""
    many = Verdict(left=[Drift(f"a.b[{number}]", "create") for number in range(1000)])
    found = samples(report.metrics(2, many, tool="tofu", version="1", seconds=1))
    assert (report.SERIES_MAX, 500, 1000) == (
        sum(key[0] == "terradiff_resource_drift" for key in found),
        found[("terradiff_resource_drift_omitted",)],
        found[("terradiff_resources_drifted",)],
    )


@given(st.text(), st.text())
def test_any_address_can_be_a_label(address: str, action: str) -> None:
    """Quotes, newlines and braces in an address do not break a scrape."""
    text = report.metrics(2, Verdict(left=[Drift(address, action)]), tool="t", version="1", seconds=1)
    assert [key for key in samples(text.replace(b"\r", b" ")) if key[0] == "terradiff_resource_drift"]
