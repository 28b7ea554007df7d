"""The same as one HTML page that needs nothing beside it, for whoever comes from an alert."""

import datetime as dt
from html import escape

from kubediff.report import text
from kubediff.report.characters import printable
from kubediff.results import Difference, Item, Verdict

STYLE = """
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; border-left: .5rem solid; padding-left: .75rem; }
.same { border-color: #2a8a3e; } .differs { border-color: #c77700; } .unknown { border-color: #c62828; }
h2 { font-size: 1.05rem; margin: 1.5rem 0 .25rem; overflow-wrap: anywhere; }
dl { margin: .5rem 0 .75rem 1rem; } dt { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
dd { margin: 0 0 0 1rem; overflow-wrap: anywhere; } code { font-family: ui-monospace, monospace; }
.want::before { content: "- "; } .have::before { content: "+ "; }
.want { color: #1b6e2f; } .have { color: #b3261e; }
small { opacity: .75; } nav a { display: block; }
@media (prefers-color-scheme: dark) { .want { color: #7fd393; } .have { color: #ff9d94; } }
"""
CLASSES = {0: "same", 1: "unknown", 2: "differs"}
NEXT = {
    "missing": "Apply the manifest, or take it out of git.",
    "extra": "Put it into git, or delete it.",
    "differs": "Undo the change or put it into git; whoever made it is named below.",
}


def render(verdict: Verdict, now: dt.datetime) -> str:
    """Return a verdict as a page."""
    parts = [f'<h1 class="{CLASSES[verdict.code]}">{_said(text.headline(verdict))}</h1>']
    parts.append(f"<p><small>Compared at {now:%Y-%m-%d %H:%M:%S} UTC, without changing anything.</small></p>")
    if verdict.troubles:
        parts.append("<h2>What could not be told</h2><ul>")
        parts += [
            f"<li><code>{_said(each.where)}</code>: {_said(each.sentence)}</li>" for each in verdict.troubles
        ]
        parts.append("</ul><p>What is not listed here was compared all the same.</p>")
    if verdict.drift:
        links = "".join(
            f'<a href="#i{number}">{_said(item.subject)} {text.SENTENCES[item.state]}</a>'
            for number, item in enumerate(verdict.drift)
        )
        parts.append(f"<nav>{links}</nav>")
    parts += [_section(number, item) for number, item in enumerate(verdict.drift)]
    parts += _rest(verdict)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>kubediff: {_said(text.headline(verdict))}</title><style>{STYLE}</style></head>\n"
        f"<body>{chr(10).join(parts)}</body></html>\n"
    )


def _section(number: int, item: Item) -> str:
    where = f" <small>{_said(item.place)}</small>" if item.place else ""
    head = f'<h2 id="i{number}">{_said(item.subject)} {text.SENTENCES[item.state]}{where}</h2>'
    fields = "".join(map(_difference, item.differences))
    return f"<section>{head}<p>{NEXT[item.state]}</p>{f'<dl>{fields}</dl>' if fields else ''}</section>"


def _difference(each: Difference) -> str:
    about = " · ".join(_said(said) for said in (each.what, each.author, each.place) if said)
    return (
        f"<dt>{_said(each.path)}</dt><dd><small>{about}</small></dd>"
        f'<dd class="want"><code>{_said(each.want)}</code></dd>'
        f'<dd class="have"><code>{_said(each.have)}</code></dd>'
    )


def _rest(verdict: Verdict) -> list[str]:
    """Yield what is no drift, folded away."""
    parts = []
    if verdict.foreign:
        told = "".join(
            f"<li>{_said(item.subject)} <code>{_said(each.path)}</code> = <code>{_said(each.have)}</code> "
            f"<small>{_said(each.author or '')}</small></li>"
            for item in verdict.foreign
            for each in item.foreign
        )
        parts.append(
            f"<details><summary>Fields that others added, no drift</summary><ul>{told}</ul></details>"
        )
    if verdict.ignored:
        told = "".join(
            f"<li>{_said(item.subject)} {text.SENTENCES[item.state]} "
            f"<code>{_said(', '.join(each.path for each in item.differences))}</code></li>"
            for item in verdict.ignored
        )
        parts.append(f"<details><summary>Drift that rules ignore</summary><ul>{told}</ul></details>")
    if verdict.unused:
        told = "".join(f"<li><code>{_said(rule)}</code></li>" for rule in verdict.unused)
        parts.append(f"<details><summary>Ignore rules that took nothing</summary><ul>{told}</ul></details>")
    return parts


def _said(what: object) -> str:
    return escape(printable(str(what)))
