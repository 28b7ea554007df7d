"""Figures → a table with ratios, and a picture of how cost grows."""

from collections.abc import Callable, Sequence
from pathlib import Path

from jinja2 import Environment

from bench.measure import Figures

OURS, KSM, PLAIN = "kube-api-exporter", "kube-state-metrics", "plain"
CUSTOM_MAX = 0.5
COLOURS = {OURS: "#2a78d6", KSM: "#d97706", PLAIN: "#6b7280"}


def table(rows: Sequence[Figures]) -> str:
    """Return Markdown: one line per run."""
    head = (
        "| pods | changes/s | exporter | series | start s | peak MiB | steady MiB | MiB/1000 series"
        " | plain p50/p99 ms | gzip p50/p99 ms | CPU s/10k events |\n|" + "---|" * 11 + "\n"
    )
    return head + "".join(_line(row) for row in rows)


def _line(row: Figures) -> str:
    cpu = "-" if row.cpu_per_10k_events is None else f"{row.cpu_per_10k_events:.2f}"
    start = "-" if row.start_seconds is None else f"{row.start_seconds:.2f}"
    return (
        f"| {row.pods} | {row.changes_per_second} | {row.subject} | {row.series} | {start}"
        f" | {row.peak_mib:.0f} | {row.steady_mib:.0f} | {row.steady_mib / row.series * 1000:.3f}"
        f" | {row.plain_p50 * 1000:.0f}/{row.plain_p99 * 1000:.0f}"
        f" | {row.gzip_p50 * 1000:.0f}/{row.gzip_p99 * 1000:.0f} | {cpu} |\n"
    )


def ratios(rows: Sequence[Figures]) -> str:
    """Return Markdown: what was promised, and what came out, per size and rate."""
    text = "| pods | changes/s | figure | promised | measured |\n|---|---|---|---|---|\n"
    for pods, rate in dict.fromkeys((row.pods, row.changes_per_second) for row in rows):
        found = {row.subject: row for row in rows if (row.pods, row.changes_per_second) == (pods, rate)}
        for figure, promised, measured in _promises(found):
            mark = "" if measured <= promised else " **missed**"
            text += f"| {pods} | {rate} | {figure} | ≤ {promised:g} | {measured:.3g}{mark} |\n"
    return text


def _promises(found: dict[str, Figures]) -> list[tuple[str, float, float]]:
    """Return (figure, promised, measured) as ratios, per series where the number of series matters."""
    us, them, plain = found.get(OURS), found.get(KSM), found.get(PLAIN)
    promises: list[tuple[str, float, float]] = []
    if us:
        promises.append(("peak / steady memory", 1.5, us.peak_mib / us.steady_mib))
    if us and them:
        same = them.series / us.series
        promises += [
            ("scrape p99, plain, per series, to KSM", 0.25, us.plain_p99 / them.plain_p99 * same),
            ("scrape p99, gzip, per series, to KSM", 0.1, us.gzip_p99 / them.gzip_p99 * same),
            ("peak memory, per series, to KSM", 0.5, us.peak_mib / them.peak_mib * same),
            ("steady memory, per series, to KSM", 0.6, us.steady_mib / them.steady_mib * same),
            ("steady memory in all, to KSM", 1.0, us.steady_mib / them.steady_mib),
        ]
        if us.start_seconds and them.start_seconds:
            promises.append(
                ("cold start to complete scrape, to KSM", 1.0, us.start_seconds / them.start_seconds)
            )
        if us.cpu_per_10k_events and them.cpu_per_10k_events:
            promises.append(
                ("CPU per 10,000 events, to KSM", 1.0, us.cpu_per_10k_events / them.cpu_per_10k_events)
            )
    if us and plain:
        same = plain.series / us.series
        promises.append(("scrape p50, per series, to plain", 1 / 200, us.plain_p50 / plain.plain_p50 * same))
    return promises


PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 300" font-family="sans-serif" font-size="12">
<rect width="860" height="300" fill="white"/>
{%- for panel in panels %}
<g transform="translate({{ 60 + loop.index0 * 280 }} 40)">
<text x="0" y="-16" font-weight="bold">{{ panel.title }}</text>
<path d="M0 0V200H200" fill="none" stroke="#999"/>
<text x="-6" y="10" text-anchor="end">{{ panel.top }}</text><text x="-6" y="204" text-anchor="end">0</text>
{%- for size, x in panel.sizes %}
<text x="{{ x }}" y="218" text-anchor="middle">{{ size }}</text>
{%- endfor %}
{%- for line in panel.lines %}
<polyline points="{{ line.points }}" fill="none" stroke="{{ line.colour }}" stroke-width="2"/>
{%- endfor %}
</g>
{%- endfor %}
{%- for name, colour in colours.items() %}
<rect x="{{ 60 + loop.index0 * 180 }}" y="275" width="12" height="12" fill="{{ colour }}"/>
<text x="{{ 78 + loop.index0 * 180 }}" y="285">{{ name }}</text>
{%- endfor %}
</svg>
"""


def picture(rows: Sequence[Figures]) -> str:
    """Return SVG: memory, scrape time and start over the number of pods."""
    panels = [
        _panel("steady memory, MiB", rows, lambda row: row.steady_mib),
        _panel("gzip scrape p99, ms", rows, lambda row: row.gzip_p99 * 1000),
        _panel("cold start, s", rows, lambda row: row.start_seconds or 0.0),
    ]
    return Environment(autoescape=True).from_string(PICTURE).render(panels=panels, colours=COLOURS)


def _panel(title: str, rows: Sequence[Figures], value: Callable[[Figures], float]) -> dict[str, object]:
    shown = _quiet(rows)
    top, most = max(map(value, shown)) or 1, max(row.pods for row in shown)
    lines = [
        {
            "colour": colour,
            "points": " ".join(
                f"{row.pods / most * 200:.0f},{200 - value(row) / top * 200:.0f}"
                for row in sorted(shown, key=lambda row: row.pods)
                if row.subject == name
            ),
        }
        for name, colour in COLOURS.items()
    ]
    sizes = [(f"{pods // 1000}k", pods / most * 200) for pods in sorted({row.pods for row in shown})]
    return {"title": title, "top": f"{top:.0f}", "lines": lines, "sizes": sizes}


def _quiet(rows: Sequence[Figures]) -> list[Figures]:
    """Return what the picture shows: how cost grows with objects, not with changes."""
    return [row for row in rows if row.subject != PLAIN and row.changes_per_second == 0]


def write(
    rows: Sequence[Figures], folder: Path, machine: str, *, custom: dict[str, float] | None = None
) -> None:
    """Write the tables and the picture, from the smallest size to the biggest."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = sorted(rows, key=lambda row: (row.pods, row.changes_per_second))
    text = f"# Benchmark\n\n{machine}\n\n## Ratios\n\n{ratios(rows)}\n## Figures\n\n{table(rows)}"
    if custom:
        ratio = custom[OURS] / custom[KSM]
        mark = "" if ratio <= CUSTOM_MAX else " **missed**"
        text += "\n## Custom resources\n\n| exporter | CPU s/10k events |\n|---|---|\n"
        text += "".join(f"| {name} | {seconds:.2f} |\n" for name, seconds in custom.items())
        text += f"\nRatio {ratio:.2f}, promised {CUSTOM_MAX:g} at most{mark}.\n"
    (folder / "benchmark.md").write_text(text)
    if _quiet(rows):
        (folder / "benchmark.svg").write_text(picture(rows))
