"""The shell of a report: one HTML document that needs nothing else, no network, no script, no font, no image.

It follows the reader's dark or light, and is laid out for a phone first. A policy in its head forbids it to load or
run anything whatsoever.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape

from ...view.body import DARK, LIGHT, stylesheet

STYLE = """
:root { color-scheme: light dark; --ground: #faf8f3; --raised: #fffdf9; --ink: #1f2430; --soft: #5f6675;
  --edge: #e2dccf; --grid: #e9e4d8; --a: #b4552d; --b: #2c6e8f; --c: #6b8e3d; --d: #8a4f9e; --dot: #c3bba9;
  --gone: #fbe4df; --come: #e2f1dc; --gone-ink: #8d2f1d; --come-ink: #2f6420 }
@media (prefers-color-scheme: dark) { :root { --ground: #11141b; --raised: #181c26; --ink: #e8e6df; --soft: #9ea5b4;
  --edge: #2b3140; --grid: #252b38; --a: #f0915f; --b: #6db8dc; --c: #a5c96f; --d: #cf97e3; --dot: #5b6479;
  --gone: #3b201c; --come: #1d3120; --gone-ink: #f3a797; --come-ink: #a9d99a } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 28px 18px 64px }
h1 { font: 400 clamp(2.1rem, 7vw, 3.6rem)/1.1 Georgia, "Times New Roman", serif; margin: .1em 0 .25em }
h2 { font: 400 1.5rem/1.2 Georgia, "Times New Roman", serif; margin: 0 0 .5rem }
h3 { font-size: .95rem; font-weight: 600; margin: 0 0 .3rem }
p { margin: 0 0 .8rem; max-width: 68ch } .soft, figcaption { color: var(--soft); font-size: .875rem }
.over { letter-spacing: .14em; text-transform: uppercase; font-size: .75rem; color: var(--soft); margin: 0;
  overflow-wrap: anywhere }
section { margin-top: 52px } .card { background: var(--raised); border: 1px solid var(--edge); border-radius: 14px;
  padding: 18px; min-width: 0 }
.hero { display: grid; gap: 12px; align-items: center }
.hero figure { text-align: center } .hero .portrait { width: min(100%, 340px); margin: 0 auto }
@media (min-width: 760px) { .hero { grid-template-columns: 1.25fr 1fr } main { padding-top: 52px } }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)) }
.grid.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr)) }
.tiles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); margin: 18px 0 0 }
.tiles div { border-top: 2px solid var(--a); padding-top: 6px } .tiles dt { color: var(--soft); font-size: .8rem }
.tiles dd { margin: 0; font: 400 1.45rem/1.2 Georgia, serif; font-variant-numeric: tabular-nums }
figure { margin: 0 } svg { display: block; width: 100%; height: auto; overflow: visible }
.scroll { overflow-x: auto; padding-bottom: 4px } .lineage { overflow: hidden }
section > .card + .card { margin-top: 16px }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--edge); vertical-align: top }
th { font-weight: 600; color: var(--soft); white-space: nowrap } tbody th { color: var(--ink) }
td.n, th.n { text-align: right; white-space: nowrap } table.wide { min-width: 660px }
tbody tr.win th, tbody tr.win td { font-weight: 600 }
pre { margin: 0; overflow-x: auto; font: .8rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.diff span { display: block; padding: 0 8px } .diff ins { display: block; text-decoration: none; padding: 0 8px;
  background: var(--come); color: var(--come-ink) } .diff del { display: block; text-decoration: none; padding: 0 8px;
  background: var(--gone); color: var(--gone-ink) }
.names { columns: 7.5em; column-gap: 18px; margin: 0; padding: 0; list-style: none; font: 1.05rem/1.7 Georgia, serif;
  overflow-wrap: anywhere }
.grid .portrait { width: 210px; margin: 0 auto }
.saying { font: italic 1.15rem/1.4 Georgia, serif; margin: 0 0 .4rem }
.tick { fill: var(--soft); font-size: 11px } .grid path.grid, path.grid { stroke: var(--grid); stroke-width: 1 }
.rule { stroke: var(--soft); stroke-dasharray: 4 4; fill: none } .line { fill: none; stroke-width: 2;
  stroke-linejoin: round; stroke: var(--ink) }
.dot { fill: var(--dot) } .line.a { stroke: var(--a) } .line.b { stroke: var(--b) } .line.c { stroke: var(--c) }
.line.d { stroke: var(--d) } .end.a { fill: var(--a) } .end.b { fill: var(--b) } .end.c { fill: var(--c) }
.end.d { fill: var(--d) } .line.b { stroke-dasharray: 7 3 } .line.c { stroke-dasharray: 2 3 }
.line.d { stroke-dasharray: 9 3 2 3 } .line.only { stroke-dasharray: none }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: .8rem; color: var(--soft); margin: 4px 0 0 }
.key { display: inline-block; width: 12px; height: 12px; border-radius: 50%; margin-right: 6px; vertical-align: -1px;
  background: var(--dot) } .key.a { background: var(--a) } .key.b { background: var(--b) }
.key.c { background: var(--c) } .key.d { background: var(--d) }
.key.dead { background: none; border: 1.5px solid var(--soft) }
.thread { fill: none; stroke: var(--dot); stroke-width: .7; opacity: .55 }
.thread.own { stroke: var(--a); stroke-width: 1.8; opacity: .95 }
.dead { fill: none; stroke: var(--soft); stroke-width: 1.2 } circle.a { fill: var(--a) } circle.b { fill: var(--b) }
circle.c { fill: var(--c) } circle.d { fill: var(--d) }
footer { margin-top: 56px; color: var(--soft); font-size: .8rem }
"""

STYLE += f"{stylesheet(LIGHT)}\n@media (prefers-color-scheme: dark) {{ {stylesheet(DARK)} }}\n"
NUMBER = re.compile(r"[-+\d,.e%]*")


def page(title: str, parts: Iterable[str]) -> str:
    """A whole document."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>\n'
        + "\n".join(part for part in parts if part)
        + "\n</main></body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A part of the page under a heading; nothing if there's nothing in it."""
    inside = "\n".join(part for part in parts if part)
    return f"<section><h2>{escape(title)}</h2>\n{inside}</section>" if inside else ""


def card(*parts: str, title: str = "") -> str:
    """A box, under a small heading if there's one."""
    heading = f"<h3>{escape(title)}</h3>" if title else ""
    return f'<div class="card">{heading}{"".join(parts)}</div>'


def grid(cards: Iterable[str], small: bool = False) -> str:
    """Boxes side by side, as many as there's room for."""
    return f'<div class="grid{" small" if small else ""}">{"".join(cards)}</div>'


def tiles(figures: Iterable[tuple[str, str]]) -> str:
    """A row of figures, each under what it is."""
    each = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd></div>" for what, value in figures)
    return f'<dl class="tiles">{each}</dl>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]], marked: int | None = None) -> str:
    """A table whose first column names the row, and whose row `marked` stands out. Columns of numbers are aligned."""
    cells = [list(row) for row in rows]
    numeric = [i > 0 and bool(cells) and all(NUMBER.fullmatch(row[i]) for row in cells) for i in range(len(header))]
    kinds = [' class="n"' if is_numeric else "" for is_numeric in numeric]
    head = "".join(f"<th{kind}>{escape(cell)}</th>" for kind, cell in zip(kinds, header, strict=True))
    body = []
    for i, row in enumerate(cells):
        cells = f'<th scope="row">{escape(row[0])}</th>'
        cells += "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds[1:], row[1:], strict=True))
        body.append(f'<tr class="win">{cells}</tr>' if i == marked else f"<tr>{cells}</tr>")
    opening = f"<thead><tr>{head}</tr></thead>" if any(header) else ""
    kind = ' class="wide"' if len(header) > 3 else ""
    return f'<div class="scroll"><table{kind}>{opening}<tbody>{"".join(body)}</tbody></table></div>'


def names(dreamt: Iterable[str]) -> str:
    """Dreams, in columns."""
    return '<ul class="names">' + "".join(f"<li>{escape(name) or '&nbsp;'}</li>" for name in dreamt) + "</ul>"


def paragraph(text: str, style: str = "") -> str:
    kind = f' class="{style}"' if style else ""
    return f"<p{kind}>{escape(text)}</p>"
