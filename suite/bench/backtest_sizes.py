"""How a backtest grows with rules, with series and with days, to 14. Draws a picture.

`python -m bench.backtest_sizes`, in less than five minutes: 50 alerts over one day of 500 series at 30 s, and
more of one of the three at a time. Series have 150 names, and an alert reads one: 50 of them a third.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment

from bench.backtest import KEPT, Figure, filled, measured
from bench.report import PICTURE

FILE = Path(__file__).parent / "backtest.svg"
COLOURS = dict(zip(KEPT, ("#d97706", "#2a78d6"), strict=True))


class Size(NamedTuple):
    """How much there is."""

    alerts: int = 50
    series: int = 500
    days: int = 1


# What grows, and by what of a size that is written below the axis.
GROWING = {
    "alerts": (50, 150, 450),
    "series": (500, 2_000, 5_000),
    "days": (1, 4, 7, 14),
}


def measure() -> dict[Size, list[Figure]]:
    """Return for each size a backtest with nothing kept, and one with all kept; each is measured once."""
    sizes = [Size()._replace(**{name: count}) for name, counts in GROWING.items() for count in counts]
    end = int(time.time()) // 3600 * 3600
    found = {}
    for size in dict.fromkeys(sizes):
        with tempfile.TemporaryDirectory() as folder, filled(size.series, size.days, end) as source:
            found[size] = list(measured(Path(folder), source, size.days, size.alerts))
        told = ", ".join(
            f"{kept} {one.seconds:5.1f} s, {one.mebibytes:4.0f} MiB"
            for kept, one in zip(KEPT, found[size], strict=True)
        )
        sys.stdout.write(f"{size.alerts:4} alerts, {size.series:6} series, {size.days:2} days: {told}\n")
        sys.stdout.flush()
    return found


def picture(found: dict[Size, list[Figure]]) -> str:
    """Return SVG: time over each of what grows."""
    panels = [_panel(name, counts, found) for name, counts in GROWING.items()]
    return Environment(autoescape=True).from_string(PICTURE).render(panels=panels, colours=COLOURS)


def _panel(name: str, counts: tuple[int, ...], found: dict[Size, list[Figure]]) -> dict[str, object]:
    figures = [found[Size()._replace(**{name: count})] for count in counts]
    top = max(one.seconds for each in figures for one in each)
    places = [count / max(counts) * 200 for count in counts]
    lines = [
        {
            "colour": colour,
            "points": " ".join(
                f"{x:.0f},{200 - each[number].seconds / top * 200:.0f}"
                for x, each in zip(places, figures, strict=True)
            ),
        }
        for number, colour in enumerate(COLOURS.values())
    ]
    sizes = [(str(count), x) for count, x in zip(counts, places, strict=True)]
    return {"title": f"s, by {name}", "top": f"{top:.0f}", "lines": lines, "sizes": sizes}


def main() -> None:
    """Measure, and write the picture."""
    FILE.write_text(picture(measure()))


if __name__ == "__main__":
    main()
