"""Curves and clouds on a canvas: axes with round figures, dotted rules, and a sign at each curve's end.

A pure function from series to a picture. A curve is told from another by its sign as well as by its colour, so that a
plot without colours can still be read.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from organism.view.dots import Canvas
from organism.view.ticks import labels, ticks

from .themes import Palette

SIGNS = "●▲■◆○△□◇"
LEFT = 7  # cells for the figures of the axis
Points = Sequence[tuple[float, float]]


class Trace(msgspec.Struct, frozen=True):
    """A curve, or with `joined` False a cloud of signs."""

    label: str
    points: Points
    colour: str
    sign: str = "●"
    joined: bool = True
    strong: bool = False


class Rule(msgspec.Struct, frozen=True):
    """A horizontal line to compare with."""

    label: str
    value: float
    colour: str


class View(msgspec.Struct, frozen=True):
    """How a plot is looked at: on a logarithmic scale, smoothed, and from which share of the width on."""

    log: bool = False
    smoothing: float = 0.0
    begin: float = 0.0
    x_name: str = ""
    x_whole: bool = True
    y_span: tuple[float, float] | None = None
    x_span: tuple[float, float] | None = None


class _Frame(NamedTuple):
    """Where values stand on a canvas, in dots: between two of x across, and two of y, on their scale, up."""

    canvas: Canvas
    xs: tuple[float, float]
    ys: tuple[float, float]
    scale: Callable[[float], float]

    def column(self, x: float) -> int:
        low, high = self.xs
        return 2 * LEFT + round((x - low) / (high - low) * (2 * (self.canvas.width - LEFT) - 3))

    def row(self, y: float) -> int:
        y, low, high = map(self.scale, (y, *self.ys))
        return round((1 - (y - low) / (high - low)) * (4 * (self.canvas.height - 1) - 1))


def plot(
    series: Sequence[Trace], rules: Sequence[Rule], view: View, palette: Palette, width: int, height: int
) -> Canvas:
    """The picture of `series`, in cells. Values that aren't positive are left out on a logarithmic scale."""
    canvas = Canvas(width, height)
    drawn = [(one, points) for one in series if (points := smooth(visible(one.points, view), view.smoothing))]
    if not drawn or width < LEFT + 8 or height < 4:
        canvas.text(max(0, (width - 15) // 2), height // 2, "nothing yet" if width > 14 else "", palette.dim)
        return canvas
    xs = view.x_span or _span([x for _, points in drawn for x, _ in points])
    values = [y for _, points in drawn for _, y in points]
    if not view.y_span:
        low, high = min(values), max(values)
        reach = (high - low) or 1.0
        values += [rule.value for rule in rules if low - 0.6 * reach <= rule.value <= high + 0.6 * reach]
    frame = _Frame(canvas, xs, view.y_span or _padded(values, view.log), math.log if view.log else float)
    _axes(frame, view, palette)
    near = [rule for rule in rules if frame.ys[0] <= rule.value <= frame.ys[1]]
    for rule in near:
        canvas.line(2 * LEFT, frame.row(rule.value), 2 * width - 1, frame.row(rule.value), rule.colour, every=4)
    for one, points in drawn:
        places = [(frame.column(x), frame.row(y)) for x, y in points]
        if one.joined:
            for (x0, y0), (x1, y1) in pairwise(places):
                canvas.line(x0, y0, x1, y1, one.colour)
                if one.strong:
                    canvas.line(x0, y0 + 1, x1, y1 + 1, one.colour)
    for one, points in drawn:
        for x, y in points[-1:] if one.joined else points:
            canvas.text(frame.column(x) // 2, frame.row(y) // 4, one.sign, one.colour)
    for rule in near:
        # At the left, since a curve is told by the sign at its right end.
        canvas.text(LEFT + 1, frame.row(rule.value) // 4, rule.label, rule.colour)
    return canvas


def visible(points: Points, view: View) -> list[tuple[float, float]]:
    """What of a series is looked at; a loss that has run away isn't."""
    kept = [(x, y) for x, y in points if abs(y) < 1e9 and (y > 0 or not view.log)]
    if view.begin and kept:
        begin = kept[0][0] + view.begin * (kept[-1][0] - kept[0][0])
        kept = [(x, y) for x, y in kept if x >= begin]
    return kept


def smooth(points: Points, smoothing: float) -> list[tuple[float, float]]:
    """A moving mean that forgets exponentially, unbiased at its beginning."""
    if not smoothing:
        return list(points)
    total = weight = 0.0
    smoothed = []
    for x, y in points:
        total, weight = smoothing * total + y, smoothing * weight + 1
        smoothed.append((x, total / weight))
    return smoothed


def _axes(frame: _Frame, view: View, palette: Palette) -> None:
    """Figures beside their height, and under their place, each only where there's room for it."""
    canvas = frame.canvas
    bottom = canvas.height - 1
    taken = -2
    heights = ticks(*frame.ys, max(2, canvas.height // 4))
    places = ticks(*frame.xs, max(2, (canvas.width - LEFT) // 12))
    for y, text in zip(heights, labels(heights), strict=True):
        if y > 0 or not view.log:
            place = frame.row(y) // 4
            if 0 <= place < bottom and place != taken:
                canvas.text(0, place, f"{text:>{LEFT - 1}}", palette.dim)
                canvas.line(2 * LEFT, frame.row(y), 2 * canvas.width - 1, frame.row(y), palette.faint, every=8)
                taken = place
    if view.x_whole:
        places = [x for x in places if x == int(x)]
    for x, text in zip(places, labels(places), strict=True):
        place = min(frame.column(x) // 2 - len(text) // 2, canvas.width - len(text))
        if place >= LEFT - 1 and place + len(text) <= canvas.width:
            canvas.text(place, bottom, text, palette.dim)
    canvas.text(0, bottom, view.x_name[: LEFT - 1], palette.dim)


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high - low > 1e-9 * max(1.0, abs(low)) else (low - 0.5, low + 0.5)


def _padded(values: Sequence[float], log: bool) -> tuple[float, float]:
    low, high = _span(values)
    if log:
        return max(low, 1e-9) * 0.97, high * 1.03
    return low - 0.05 * (high - low), high + 0.05 * (high - low)
