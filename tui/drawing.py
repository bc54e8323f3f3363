"""Drawing with dots: a canvas of braille cells, two dots wide and four high each, and the strips it becomes.

Two ways in: `Canvas` is drawn on line by line, for plots; `stamp` takes whole arrays of points, for bodies that move.
Either costs a few milliseconds a frame on a full screen. Colours are names that a palette gave; None is the text's.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
BLANK = 0x2800
_WEIGHTS = np.array(BITS, np.uint8)


@lru_cache(512)
def ink(colour: str | None, base: Style) -> Style:
    """The style that draws in `colour` on the ground that `base` is."""
    return base if colour is None else base + Style(color=Color.parse(colour).rich_color)


class Canvas:
    """`width` x `height` cells; dots are addressed from the top left, x to 2 width - 1, y to 4 height - 1."""

    def __init__(self, width: int, height: int):
        self.width, self.height = max(0, width), max(0, height)
        self.cells = [[0] * self.width for _ in range(self.height)]
        self.texts: list[list[str | None]] = [[None] * self.width for _ in range(self.height)]
        self.colours: list[list[str | None]] = [[None] * self.width for _ in range(self.height)]

    def dot(self, x: int, y: int, colour: str | None = None) -> None:
        """Set one dot; beyond the edges nothing happens."""
        column, row = x >> 1, y >> 2
        if 0 <= column < self.width and 0 <= row < self.height:
            self.cells[row][column] |= BITS[y & 3][x & 1]
            self.colours[row][column] = colour

    def line(self, x0: int, y0: int, x1: int, y1: int, colour: str | None = None, every: int = 1) -> None:
        """A straight line, both ends included; `every` > 1 leaves it dotted."""
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(0, steps + 1, every):
            self.dot(x0 + round((x1 - x0) * i / steps), y0 + round((y1 - y0) * i / steps), colour)

    def text(self, column: int, row: int, text: str, colour: str | None = None) -> None:
        """Letters, one a cell, over whatever is drawn there."""
        if not 0 <= row < self.height:
            return
        for i, letter in enumerate(text):
            if 0 <= column + i < self.width:
                self.texts[row][column + i] = letter
                self.colours[row][column + i] = colour

    def strips(self, base: Style) -> list[Strip]:
        """The picture, a strip for each row of cells."""
        strips = []
        for cells, texts, colours in zip(self.cells, self.texts, self.colours, strict=True):
            letters = [t or (chr(BLANK + c) if c else " ") for c, t in zip(cells, texts, strict=True)]
            strips.append(_strip(letters, colours, lambda colour: ink(colour, base)))
        return strips


def _strip(letters: Sequence[str], keys: Sequence, style: Callable[..., Style]) -> Strip:
    """Letters, one a cell, as one segment for each stretch of equal keys; blanks take the key before them.

    Dots and letters never share a segment, since a picture of the screen may draw them in two fonts.
    """
    segments = []
    start, key, dotted = 0, None, False
    for i, (letter, other) in enumerate(zip(letters, keys, strict=True)):
        if letter == " ":
            continue
        dots = ord(letter) >= BLANK
        if other != key or dots != dotted:
            if i > start:
                segments.append(Segment("".join(letters[start:i]), style(key)))
            start, key, dotted = i, other, dots
    if len(letters) > start:
        segments.append(Segment("".join(letters[start:]), style(key)))
    return Strip(segments, len(letters))


def stamp(x: np.ndarray, y: np.ndarray, inks: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """(code points, inks), both [height, width]: the cells that dots at (x, y) make up; in a cell the last ink wins.

    x, y: in dots from the top left, of any float type; what falls outside is left out. inks: small positive integers.
    """
    column = np.floor(np.round(x, 6) + 0.5013).astype(np.int64)
    row = np.floor(np.round(y, 6) + 0.5013).astype(np.int64)
    inside = (column >= 0) & (column < 2 * width) & (row >= 0) & (row < 4 * height)
    column, row = column[inside], row[inside]
    grid = np.zeros((4 * height, 2 * width), np.uint8)
    grid[row, column] = 1
    cells = np.einsum("hawb,ab->hw", grid.reshape(height, 4, width, 2), _WEIGHTS)
    colours = np.zeros((height, width), np.int64)
    colours[row >> 2, column >> 1] = inks[inside]
    return np.where(cells, cells.astype(np.uint32) + BLANK, ord(" ")).astype(np.uint32), colours


def stamped_strips(points: np.ndarray, inks: np.ndarray, table: Sequence[str | None], base: Style) -> list[Strip]:
    """What `stamp` made, as strips; `table` gives the colour of each ink."""
    styles = [ink(colour, base) for colour in table]
    return [
        _strip(row.astype("<u4").tobytes().decode("utf-32-le"), keys.tolist(), lambda k: styles[k or 0])
        for row, keys in zip(points, inks, strict=True)
    ]


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


def bar(share: float, width: int, full: str = "━", empty: str = "─") -> tuple[str, str]:
    """A bar of `width` cells in two pieces, what is done and what isn't."""
    done = round(min(1.0, max(0.0, share)) * width)
    return full * done, empty * (width - done)
