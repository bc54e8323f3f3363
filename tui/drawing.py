"""A canvas as the strips of a widget, and the small drawings that stand in a line of text."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from organism.view.dots import BLANK, Canvas, Ink


@lru_cache(4096)
def ink(colour: Ink, base: Style) -> Style:
    """The style that draws in `colour` on the ground that `base` is; a pair of colours brings a ground of its own."""
    front, ground = colour if isinstance(colour, tuple) else (colour, None)
    return base + Style(color=_rich(front), bgcolor=_rich(ground))


def _rich(colour: str | None):
    return None if colour is None else Color.parse(colour).rich_color


def strips(canvas: Canvas, base: Style) -> list[Strip]:
    """The picture, a strip for each row of cells."""
    return [_strip(letters, inks, base) for letters, inks in zip(canvas.letters, canvas.inks, strict=True)]


def _strip(letters: Sequence[str], inks: Sequence[Ink], base: Style) -> Strip:
    """A segment for each stretch of one ink; a blank on the common ground goes with what's before it on that.

    Dots and letters never share a segment, since a picture of the screen may draw them in two fonts.
    """
    segments: list[Segment] = []
    start, key, dotted = 0, None, False
    for i, (letter, other) in enumerate(zip(letters, inks, strict=True)):
        if letter == " " and not isinstance(other, tuple) and not isinstance(key, tuple):
            continue
        dots = ord(letter) >= BLANK
        if other != key or dots != dotted:
            if i > start:
                segments.append(Segment("".join(letters[start:i]), ink(key, base)))
            start, key, dotted = i, other, dots
    if len(letters) > start:
        segments.append(Segment("".join(letters[start:]), ink(key, base)))
    return Strip(segments, len(letters))


def spark(values: Sequence[float], width: int) -> str:
    """A row of `width` bars, the newest value last: how a series went, not how much it was."""
    if not values or width < 1:
        return ""
    if len(values) > width:
        edges = [round(i * len(values) / width) for i in range(width + 1)]
        values = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, high = min(values), max(values)
    scale = 7 / (high - low) if high > low else 0.0
    return "".join("▁▂▃▄▅▆▇█"[round((value - low) * scale)] for value in values)


def track(share: float, width: int) -> tuple[str, str]:
    """A way of `width` cells in two pieces, what is behind and what is ahead."""
    done = round(min(1.0, max(0.0, share)) * width)
    return "━" * done, "─" * (width - done)
