"""A creature's shapes in cells: what organism/view/body.py says of it, painted by numpy.

A `Field` is a picture of dots of colour, two a cell across and four down. What is too fine to be a patch of colour
(cilia, beads, membranes) lies over it as single dots, which become braille. In every other cell stands the block that
comes nearest, in two colours: the mean of the dots that it covers, and of those that it doesn't.
"""

import math
from collections.abc import Mapping, Sequence
from colorsys import hls_to_rgb
from functools import lru_cache

import numpy as np

from organism.view.body import ANGLES, DARK, FACE, LIGHT, Part, Tone
from organism.view.dots import BITS, BLANK, Canvas

BANDS = 6  # shades of the glow
RIM = 0.5  # dots: a finer one isn't drawn around an eye
GLINT = 0.9  # dots: a smaller one isn't drawn in it
PATCH = 0.8  # dots: a finer edge isn't a patch of colour
FLAT, ROUGH = 10.0, 80.0  # A cell whose dots differ less has no block, one where they differ more has no braille.
EYE = 8  # dots of flesh count as much as one of an eye
STEP = 4  # between two shades of a colour, of 255

BLOCKS = " ▘▝▖▗▀▌▚▂▆"
INVERSE = dict(zip(BLOCKS, "█▟▙▜▛▄▐▞▀▔", strict=True))  # the last two about
COVERED = np.array([[place in quarters for place in "ababcdcd"] for quarters in ("", *"abcd", "ab", "ac", "ad")])
COVERED = np.vstack([COVERED, np.arange(8) >= 6, np.arange(8) >= 2]).astype(float)
"""[blocks, 8]: which dots of a cell each of BLOCKS covers, row by row from the top left."""

Paints = Mapping[str, tuple[tuple[np.ndarray, float] | None, tuple[np.ndarray, float] | None]]
"""For each part its (colour, opacity) of what's filled, and of its line."""


class Field:
    """A picture of `width` x `height` cells on a ground of one colour; (x, y) is a dot of it, from the top left."""

    def __init__(self, width: int, height: int, ground: tuple[int, int, int]):
        self.width, self.height, self.ground = width, height, np.array(ground, np.float32)
        self.light = np.empty((4 * height, 2 * width, 3), np.float32)
        self.light[:] = self.ground
        self.weight = np.ones((4 * height, 2 * width))  # of each dot where blocks are chosen: an eye's count most
        self.dots = np.zeros((4 * height, 2 * width), np.int32)  # indices into inks
        self.inks: list[np.ndarray] = [self.ground]

    def paint(self, parts: Sequence[Part], x: int, y: int, scale: float, paints: Paints, solid: float = 1.0) -> None:
        """Paint a body whose middle is at (x, y), in `scale` dots a unit; all but its eyes at an opacity of `solid`."""
        y -= y % 2
        for part in parts:
            opacity = 1.0 if part.name in FACE else solid
            fill, line = ((ink[0], ink[1] * opacity) if ink else None for ink in paints[part.name])
            width = LIGHT[part.name].width * scale
            discs, paths = np.array(part.discs).T * scale, np.array(part.lines) * scale
            if part.name == "glow" and fill:
                self._glow(x, y, discs[2, 0], *fill)
            elif part.name in FACE and len(discs) and fill:
                if line and width > RIM and discs[3, 0] < discs[1, 0] - discs[2, 0]:
                    self._eyes(x, y, _within(discs, True, max(width, 1.0)), *line)
                if discs[2, 0] > GLINT:
                    self._eyes(x, y, _within(discs, True), *fill)
            elif len(discs) and fill:
                self._dots(x, y, _within(discs), *fill)
            elif LIGHT[part.name].fill:
                for path in paths:
                    self._outline(x, y, np.hypot(*path.T), fill, line, width)
            elif len(paths) and line:
                self._dots(x, y, _along(paths), *line)

    def _near(self, x: int, y: int, half: int) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
        """The square around (x, y), or what of it is inside: where it is, and what `_polar` says of it."""
        left, right = max(0, half - x), max(0, min(2 * half + 1, 2 * self.width - x + half))
        top, bottom = max(0, half - y), max(0, min(2 * half + 1, 4 * self.height - y + half))
        away, turn = _polar(half)
        place = slice(y - half + top, y - half + max(top, bottom)), slice(x - half + left, x - half + max(left, right))
        return place, away[top:bottom, left:right], turn[top:bottom, left:right]

    def _blend(self, place: tuple[slice, slice], colour: np.ndarray, opacity: np.ndarray) -> None:
        """Mix a colour into a rectangle, [rows, columns] telling how much of it."""
        light = self.light[place]
        light += (colour - light) * opacity[..., None]

    def _ink(self, colour: np.ndarray, opacity: float) -> int:
        self.inks.append(self.ground + (colour - self.ground) * opacity)
        return len(self.inks) - 1

    def _glow(self, x: int, y: int, radius: float, colour: np.ndarray, opacity: float) -> None:
        """Light that fades from the middle to `radius`."""
        place, away, _ = self._near(x, y, 4 * math.ceil(radius / 4))
        fading = np.clip((1 - away / np.float32(radius)) / np.float32(0.7), 0, 1)
        self._blend(place, colour, np.float32(opacity / BANDS) * np.ceil(fading * BANDS))

    def _outline(self, x: int, y: int, radii: np.ndarray, fill, line, width: float) -> None:
        """A body or a membrane, whose edge is `radii` away at ANGLES."""
        place, away, turn = self._near(x, y, 4 * math.ceil(radii.max() / 4) + 1)
        edge = np.interp(np.arange(8 * len(ANGLES)) / 8, np.arange(len(ANGLES) + 1), [*radii, radii[0]])
        beneath = edge.astype(np.float32)[turn] - away
        if fill:
            self._blend(place, fill[0], (beneath > 0) * np.float32(fill[1]))
            self.dots[place] *= beneath <= 0
        if line and width >= PATCH:
            self._blend(place, line[0], ((beneath > 0) & (beneath <= max(width, 1.5))) * np.float32(line[1]))
        elif line:
            self.dots[place][(beneath > 0) & (beneath <= 1)] = self._ink(*line)

    def _eyes(self, x: int, y: int, places: np.ndarray, colour: np.ndarray, opacity: float) -> None:
        place = self._inside(x, y, places)
        self.light[place] += (colour - self.light[place]) * opacity
        self.weight[place], self.dots[place] = EYE, 0

    def _dots(self, x: int, y: int, places: np.ndarray, colour: np.ndarray, opacity: float) -> None:
        self.dots[self._inside(x, y, places)] = self._ink(colour, opacity)

    def _inside(self, x: int, y: int, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(rows, columns) of those of `places`, which are told from (x, y), that are in the picture."""
        column, row = np.rint(places).astype(int) + np.array([[x], [y]])
        inside = (column >= 0) & (column < 2 * self.width) & (row >= 0) & (row < 4 * self.height)
        return row[inside], column[inside]


def _within(discs: np.ndarray, quarters: bool = False, rim: float = 0.0) -> np.ndarray:
    """[2, dots]: the columns and rows that discs cover, one dot each at least; [4, discs]: x, y, radii and tops.

    With `quarters`, whole quarters of cells, two dots high, which is what blocks can show: eyes come out alike so.
    """
    across, down, radius, top = discs[..., None]
    radius = np.maximum(radius + rim, 0.75)
    reach = np.arange(-math.ceil(radius.max()) - 1, math.ceil(radius.max()) + 2)
    column, row = np.rint(across) + np.tile(reach, len(reach)), np.rint(down) + np.repeat(reach, len(reach))
    level = row
    if quarters:
        across, down, level = np.rint(2 * across) / 2, np.floor(down + 0.5) + 0.5, row // 2 * 2 + 0.5
    covered = ((column - across) ** 2 + (level - down) ** 2 < radius**2) & (row >= top)
    return np.stack([column[covered], row[covered]])


def _along(paths: np.ndarray) -> np.ndarray:
    """[2, dots]: the columns and rows of lines, [lines, points, 2]."""
    starts, ends = paths[:, :-1, None], paths[:, 1:, None]
    along = np.linspace(0, 1, max(2, math.ceil(abs(ends - starts).max()) + 1))[:, None]
    return (starts + (ends - starts) * along).reshape(-1, 2).T


@lru_cache(128)
def _polar(half: int) -> tuple[np.ndarray, np.ndarray]:
    """How far dots are from the middle of a square, and in which of eight directions for each of ANGLES."""
    side = np.arange(-half, half + 1, dtype=np.float32)
    turn = np.arctan2(side[:, None], side[None]) % (2 * math.pi)
    directions = 8 * len(ANGLES)
    return np.hypot(side[:, None], side[None]), (turn * (directions / (2 * math.pi))).astype(np.int32) % directions


@lru_cache(256)
def paints(hue: int, dark: bool) -> Paints:
    """How a creature of that hue is painted."""

    def mixed(ink: Tone | None):
        if ink is None:
            return None
        own = hue if ink.hue is None else ink.hue
        rgb = hls_to_rgb(own / 360, ink.lightness / 100, ink.saturation / 100)
        return np.array(rgb, np.float32) * 255, ink.opacity

    return {name: (mixed(paint.fill), mixed(paint.line)) for name, paint in (DARK if dark else LIGHT).items()}


def draw(field: Field, canvas: Canvas, ansi: bool = False) -> None:
    """Put the picture on a canvas of its size, each cell in a pair of colours: its letter's, and its ground's."""
    # Whole numbers, so that no machine rounds a sum in its own way.
    cells = _by_cell(np.rint(field.light).astype(float), field)
    weight, dots = _by_cell(field.weight, field), _by_cell(field.dots, field)
    spread = (cells.max(0) - cells.min(0)).max(-1)
    letters, back = np.full(len(spread), ord(" ")), cells.mean(0)
    front = back.copy()

    rough = np.flatnonzero(spread >= FLAT)
    weighed, count = cells[:, rough] * weight[:, rough, None], COVERED @ weight[:, rough]
    covered = np.tensordot(COVERED, weighed, 1)
    rest, others = weighed.sum(0) - covered, weight[:, rough].sum(0) - count
    likeness = (covered**2).sum(-1) / np.maximum(count, 1) + (rest**2).sum(-1) / others
    best = likeness.argmax(0), np.arange(len(rough))
    letters[rough] = np.array([ord(block) for block in BLOCKS])[best[0]]
    front[rough] = covered[best] / np.maximum(count, 1)[best][:, None]
    back[rough] = rest[best] / others[best][:, None]

    ink = dots.max(0)
    fine = np.flatnonzero((ink > 0) & (spread < ROUGH))
    letters[fine] = BLANK + np.array(BITS).ravel() @ (dots[:, fine] > 0)
    front[fine], back[fine] = np.array(field.inks)[ink[fine]], cells[:, fine].mean(0)

    fronts, backs = (_names(field, colours, ansi) for colours in (front, back))
    for i, (letter, mine, ground) in enumerate(zip(map(chr, letters.tolist()), fronts, backs, strict=True)):
        if mine == ground:
            letter = " "
        if letter == " " and ground is None:
            continue
        row, column = divmod(i, field.width)
        if mine is None and ground is not None and letter in INVERSE:
            letter, mine, ground = INVERSE[letter], ground, None
        canvas.letters[row][column] = letter
        canvas.inks[row][column] = mine, ground


def _by_cell(dots: np.ndarray, field: Field) -> np.ndarray:
    """[8, cells, ...] of what is known for every dot."""
    order, rest = (1, 3, 0, 2, *range(4, dots.ndim + 2)), dots.shape[2:]
    return dots.reshape(field.height, 4, field.width, 2, *rest).transpose(order).reshape(8, -1, *rest)


def _names(field: Field, colours: np.ndarray, ansi: bool) -> list[str | None]:
    """Colours as Textual spells them; None is that of the common ground."""
    if ansi:
        known = np.array([GROUND, *SIXTEEN.values()])
        nearest = ((colours[:, None] - known) ** 2).sum(-1).argmin(1)
        return [(None, *SIXTEEN)[i] for i in nearest.tolist()]
    steps = np.rint((colours - field.ground) / STEP) * STEP
    packed = np.clip(field.ground + steps, 0, 255).astype(int) @ (1 << 16, 1 << 8, 1)
    differs = np.any(steps, 1).tolist()
    return [_spelt(colour) if differs[i] else None for i, colour in enumerate(packed.tolist())]


@lru_cache(4096)
def _spelt(colour: int) -> str:
    return f"#{colour:06x}"


# --- for a terminal of sixteen colours, whose ground nobody knows

GROUND = 85, 85, 85
SIXTEEN = {
    "ansi_black": (0, 0, 0),
    "ansi_bright_white": (255, 255, 255),
    "ansi_red": (170, 0, 0),
    "ansi_yellow": (170, 170, 0),
    "ansi_green": (0, 170, 0),
    "ansi_cyan": (0, 170, 170),
    "ansi_blue": (0, 0, 170),
    "ansi_bright_red": (255, 80, 80),
    "ansi_bright_yellow": (255, 255, 80),
    "ansi_bright_green": (80, 255, 80),
    "ansi_bright_cyan": (80, 255, 255),
    "ansi_bright_blue": (80, 80, 255),
}
HUES = (25, "red"), (75, "yellow"), (150, "green"), (195, "cyan"), (360, "blue")


@lru_cache(256)
def ansi_paints(hue: int) -> Paints:
    """How a creature of that hue is painted there: no colours are mixed, and none is known for a glow."""
    name = next(name for most, name in HUES if hue <= most)
    own, bright, black, white = (
        (np.array(SIXTEEN[f"ansi_{colour}"], np.float32), 1.0)
        for colour in (name, f"bright_{name}", "black", "bright_white")
    )
    painted = {"body": (own, bright), "eye": (white, None), "pupil": (black, None), "lid": (None, black)}
    painted |= {"glow": (None, None), "membrane": (None, bright), "glint": (white, None), "spore": (white, None)}
    return {part: painted.get(part, (bright, bright)) for part in LIGHT}
