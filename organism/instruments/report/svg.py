"""Charts as SVG text: lines and dots over generations, genes, and the lineage. Pure functions; colours are the page's.

Everything is drawn in units of about a phone's pixels, so that text stays legible where a chart has the whole width of
a phone. Large runs are thinned evenly, so that no chart takes more than some 60 kB.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TypeVar

import msgspec

from ...view.ticks import decades, labels, ticks

T = TypeVar("T")

WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 14, 34
DOTS = 1_000
DRAWN = 500


class Curve(msgspec.Struct, frozen=True):
    """Points to be joined, under a label; `style` is the class that colours it."""

    label: str
    style: str
    points: tuple[tuple[float, float], ...]


class Dot(msgspec.Struct, frozen=True):
    """A mark with a text that shows when it's pointed at."""

    x: float
    y: float
    style: str
    text: str
    radius: float = 2.4


def thinned(items: Sequence[T], most: int) -> list[T]:
    """At most `most` of `items`, evenly spaced, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def chart(
    title: str,
    lines: Sequence[Curve],
    dots: Sequence[Dot] = (),
    across: str = "generation",
    rule: tuple[float, str] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    logarithmic: bool = False,
) -> str:
    """Lines over dots with both axes; `rule` is a height that is marked and named."""
    width, height = size
    lines = [line for line in lines if line.points]
    places = [place for line in lines for place in line.points] + [(dot.x, dot.y) for dot in dots]
    if not places:
        return ""
    bend = math.log10 if logarithmic else float
    low, high = _fence([bend(y) for _, y in places] + ([bend(rule[0])] if rule else []))
    margin = (high - low) * 0.06 or abs(high) * 0.05 or 0.5
    low, high = low - margin, high + margin
    first, last = min(x for x, _ in places), max(x for x, _ in places)
    span = last - first or 1.0

    def to_x(x: float) -> float:
        return LEFT + (width - LEFT - RIGHT) * ((x - first) / span if last > first else 0.5)

    def to_y(y: float) -> float:
        return TOP + (height - TOP - BOTTOM) * (high - min(high, max(low, bend(y)))) / (high - low)

    parts = [f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">']
    heights = decades(10**low, 10**high) if logarithmic else ticks(low, high, 5)
    for y, label in zip(heights, labels(heights), strict=True):
        parts.append(f'<path class="grid" d="M{LEFT} {_n(to_y(y))}H{width - RIGHT}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{_n(to_y(y) + 4)}" text-anchor="end">{label}</text>')
    for x in sorted({round(tick) for tick in ticks(first, last, width // 60) if first <= round(tick) <= last}):
        parts.append(
            f'<text class="tick" x="{_n(to_x(x))}" y="{height - BOTTOM + 16}" text-anchor="middle">{x:,}</text>'
        )
    parts.append(f'<text class="tick" x="{width - RIGHT}" y="{height - 4}" text-anchor="end">{escape(across)}</text>')
    if rule:
        parts.append(f'<path class="rule" d="M{LEFT} {_n(to_y(rule[0]))}H{width - RIGHT}"/>')
        place = f'x="{width - RIGHT}" y="{_n(to_y(rule[0]) - 4)}" text-anchor="end"'
        parts.append(f'<text class="tick" {place}>{escape(rule[1])}</text>')
    for dot in thinned(dots, DOTS):
        parts.append(_circle(to_x(dot.x), to_y(dot.y), dot))
    for line in lines:
        path = "L".join(f"{_n(to_x(x))} {_n(to_y(y))}" for x, y in line.points)
        parts.append(f'<path class="line {line.style}" d="M{path}"/>')
    for line in lines:
        x, y = line.points[-1]
        parts.append(f'<circle class="end {line.style}" cx="{_n(to_x(x))}" cy="{_n(to_y(y))}" r="3"/>')
    return "".join([*parts, "</svg>"])


def _fence(heights: list[float]) -> tuple[float, float]:
    """The reach of a chart, beyond which values stand at its edge: 4 quartile distances off the middle half.

    (Tukey, Exploratory Data Analysis, 1977, calls 3 of them far out.) One creature that failed hides no other thus.
    """
    ranked = sorted(heights)
    first, third = ranked[len(ranked) // 4], ranked[3 * len(ranked) // 4]
    reach = 4 * (third - first) or math.inf
    return max(ranked[0], first - reach), min(ranked[-1], third + reach)


def _circle(x: float, y: float, dot: Dot) -> str:
    title = f"<title>{escape(dot.text)}</title>"
    return f'<circle class="{dot.style}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(dot.radius)}">{title}</circle>'


class Member(msgspec.Struct, frozen=True):
    """A creature in the picture of a lineage: its lane and generation, its rank there (0 is best), and its parents."""

    id: int
    generation: int
    lane: int
    rank: int
    parents: tuple[int, ...]
    style: str
    text: str
    ancestral: bool


def lineage(creatures: Sequence[Member], lanes: Sequence[str]) -> str:
    """Who came of whom: generations from left to right, the best on top, the champion's ancestors drawn out."""
    chosen = [c for c in creatures if c.ancestral] + thinned([c for c in creatures if not c.ancestral], DRAWN)
    last = max(c.generation for c in creatures)
    tallest = max(c.rank for c in creatures) + 1
    column = max(14.0, min(160.0, 860 / last))
    row = max(4.0, min(20.0, 260 / tallest))
    lane_height = row * tallest + 26
    width, height = round(70 + column * last), round(24 + lane_height * len(lanes))

    places = {
        c.id: (40 + column * (c.generation - 0.5), 24 + lane_height * c.lane + row * (c.rank + 0.5)) for c in chosen
    }
    threads: dict[str, list[str]] = {"thread": [], "thread own": []}
    for c in chosen:
        x, y = places[c.id]
        for parent in c.parents:
            if parent in places and places[parent] != (x, y):
                px, py = places[parent]
                bend = (x - px) / 2
                path = f"M{_n(px)} {_n(py)}c{_n(bend)} 0 {_n(bend)} {_n(y - py)} {_n(x - px)} {_n(y - py)}"
                threads["thread own" if c.ancestral else "thread"].append(path)
    widths = f"min-width:{min(width, 720)}px;max-width:{round(1.2 * width)}px"
    parts = [f'<svg class="lineage" viewBox="0 0 {width} {height}" style="{widths}" role="img" ']
    parts.append('aria-label="Who came of whom, by generation">')
    parts += [f'<path class="{style}" d="{"".join(paths)}"/>' for style, paths in threads.items() if paths]
    for i, name in enumerate(lanes):
        parts.append(f'<text class="tick" x="2" y="{_n(18 + lane_height * i)}">{escape(name)}</text>')
    for generation in thinned(range(1, last + 1), 12):
        x = 40 + column * (generation - 0.5)
        parts.append(f'<text class="tick" x="{_n(x)}" y="{height - 4}" text-anchor="middle">{generation}</text>')
    for c in chosen:
        x, y = places[c.id]
        size = 4.4 if c.ancestral else max(1.6, min(3.2, row / 3))
        parts.append(_circle(x, y, Dot(x, y, c.style, c.text, size)))
    return "".join([*parts, "</svg>"])


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """(style, label) pairs as a line of keys."""
    keys = "".join(f'<span><i class="key {style}"></i>{escape(label)}</span>' for style, label in entries)
    return f'<p class="legend">{keys}</p>'


def _n(x: float) -> str:
    """A coordinate, as short as it can be."""
    return f"{x:.1f}".removesuffix(".0")
