"""What a Prometheus has, written so that promtool makes the same data of it again."""

import subprocess
from pathlib import Path

from alertdrill import engine
from alertdrill.incident import Series
from alertdrill.machine import tools
from alertdrill.prometheus import openmetrics

LONG_AGO = 1_500_000_000
TIMES = tuple((LONG_AGO + 15 * number) * 1000 + 250 for number in range(4))
WRITTEN = [
    Series(
        labels={"__name__": "plain", "job": "a"},
        timestamps=TIMES,
        values=(1.5, float("inf"), float("-inf"), 1e300),
    ),
    Series(labels={"__name__": "plain", "job": 'b"\\\n'}, timestamps=TIMES[:1], values=(0.1,)),
    Series(labels={"__name__": "näme.with dots", "ünd": "é"}, timestamps=TIMES[:1], values=(2.0,)),
]
DUMPED = r"""
{__name__="näme.with dots", "ünd"="é"} 2 1500000000250
{__name__="plain", job="a"} 1.5 1500000000250
{__name__="plain", job="a"} +Inf 1500000015250
{__name__="plain", job="a"} -Inf 1500000030250
{__name__="plain", job="a"} 1e+300 1500000045250
{__name__="plain", job="b\"\\\n"} 0.1 1500000000250
"""


def promtool(*words: object) -> str:
    """Run a command of promtool's on data, and return what it says."""
    argv = [str(tools.promtool()), "tsdb", *map(str, words)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_promtool_makes_the_same_data_of_it(tmp_path: Path) -> None:
    """Every sample of every series comes back, whatever its name, its labels and its value are."""
    file, made = tmp_path / "prometheus.om.txt", tmp_path / "data"
    with engine.started() as one:
        one.write(WRITTEN)
        file.write_bytes(b"".join(openmetrics.lines(one.prometheus, start=LONG_AGO - 1, end=LONG_AGO + 60)))
    promtool("create-blocks-from", "openmetrics", file, made)
    (made / "wal").mkdir()  # without which promtool reads no data
    assert sorted(DUMPED.strip().split("\n")) == sorted(promtool("dump", made).splitlines())
