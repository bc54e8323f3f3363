"""The creature, alive: drowsy and loose while primordial, amid its population while it evolves, settled afterwards.

Where each body is, and how far it has come, is eased from frame to frame, so that what a snapshot changes at once is
seen to happen.
"""

import math
from collections.abc import Callable, Iterable
from time import perf_counter

import msgspec
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from organism.genes import Genes
from organism.story import Organism
from organism.view.body import LEGEND, REACH, Mood, body, hue, mood, solid
from organism.view.dots import Canvas
from organism.view.words import STAGE_SIGNS

from ..body import GROUND, Field, ansi_paints, draw, paints
from ..drawing import strips
from ..snapshot import Snapshot
from ..themes import ANSI, ORIGIN_SIGNS
from .picture import Picture

FRAMES = 8  # a second
EASE = 0.22  # of the way that is left, each frame
SHARE = 0.1  # of the time, at most, goes into drawing
RING = 14  # organisms that find room around the creature; more stand in rows
MOST = 60  # organisms that are drawn; of a larger population the rest is counted
FLESH = 0.6  # of how far a body reaches
CREATURE = -1


class _Cell(msgspec.Struct):
    """A body: where its middle is and how far it reaches, in dots, and its mood, now and soon."""

    genes: Genes
    now: tuple[float, ...]  # x, y, reach, form, awake
    soon: tuple[float, ...]
    alive: bool = True
    label: str = ""
    colour: str = ""  # of its label
    place: tuple[int, int] | None = None  # of its label, column and row

    def ease(self, by: float) -> None:
        self.now = tuple(now + (soon - now) * by for now, soon in zip(self.now, self.soon, strict=True))


class Portrait(Picture):
    """Draws what `show` was given, at the moment that `clock` says, `FRAMES` times a second; not on a frozen screen."""

    snapshot = Snapshot()
    laid_out: tuple[int, int] | None = None
    due = 0.0  # when it may be drawn again, by the computer's clock

    def __init__(self, clock: Callable[[], float], moving: bool = True, **options):
        super().__init__(**options)
        self.clock, self.moving = clock, moving
        self.cells: dict[int, _Cell] = {}

    def on_mount(self) -> None:
        if self.moving:
            self.set_interval(1 / FRAMES, self._frame)

    def _frame(self) -> None:
        if self.screen.has_class("-frozen") or not self.is_on_screen or self.screen is not self.app.screen:
            return
        for cell in self.cells.values():
            cell.ease(EASE)
        if perf_counter() >= self.due:
            self.repaint()

    def show(self, snapshot: Snapshot) -> None:
        """The life as it is now."""
        self.snapshot = snapshot
        palette = self.palette
        self.border_title = f"{STAGE_SIGNS.get(snapshot.stage, '')} {snapshot.stage}"
        self.border_subtitle = f"“{snapshot.saying}”" if snapshot.saying else ""
        self.styles.border_title_color = palette.stage(snapshot.stage)
        self.styles.border_subtitle_color = palette.stage(snapshot.stage)
        self.laid_out = None
        if not self.moving:
            self.repaint()

    # --- where everything is

    def _lay_out(self, width: int, height: int) -> None:
        """Give every body its place; one that wasn't there divides from where its mother is."""
        if self.laid_out == (width, height):
            return
        self.laid_out = width, height
        snapshot = self.snapshot
        crowd = snapshot.population[:MOST] if snapshot.stage == "evolving" else ()
        cells: dict[int, _Cell] = {}
        if snapshot.creature and len(crowd) <= RING:
            share = snapshot.lives[0].share if snapshot.lives else 0.0
            how = mood(snapshot.stage, share)
            reach = min(width, 2 * height) * (0.58 if crowd else 1.08)
            soon = float(width), 2.0 * height, reach, how.form, how.awake
            cells[CREATURE] = _Cell(snapshot.creature, (*soon[:2], 1.0, 0.0, 0.0), soon)
        for place, organism in zip(_places(len(crowd), width, height), crowd, strict=True):
            cells[organism.id] = self._organism_cell(organism, *place)
        for id, cell in cells.items():
            organism = snapshot.organisms.get(id)
            before = self.cells.get(id)
            mother = self.cells.get(organism.parents[0]) if organism and organism.parents else None
            if not self.moving:
                cell.ease(1.0)
            elif before:
                cell.now = before.now
            elif mother:
                cell.now = (*mother.now[:2], mother.now[2] * 0.7, 0.3, 0.0)
            cell.place = _label_place(cell, cells.values(), width, height)
        self.cells = cells

    def _organism_cell(self, organism: Organism, x: float, y: float, reach: float) -> _Cell:
        """An organism at its place: it sleeps, its eyes open as it learns, and if it dies, it fades."""
        share = organism.share
        form, awake = {"waiting": (0.4, 0.0), "judged": (1.0, 1.0), "died": (0.0, 0.0)}.get(
            organism.state, (0.5 + 0.4 * share, 0.3 + 0.5 * share)
        )
        sign = ORIGIN_SIGNS.get(organism.origin, " ")
        colour = self.palette.origin(organism.origin)
        soon = x, y, reach * (0.75 + 0.25 * form), form, awake
        now = x, y, reach * 0.3, 0.2, 0.0
        return _Cell(organism.genes, now, soon, organism.state != "died", f"{sign} {organism.id}", colour)

    # --- a frame

    def paint(self, width: int, height: int, base: Style) -> list[Strip]:
        began = perf_counter()
        self._lay_out(width, height)
        theme, ansi = self.app.current_theme, self.palette is ANSI
        ground = GROUND if ansi else Color.parse(self.app.theme_variables["background"]).rgb
        field, canvas = Field(width, height, ground), Canvas(width, height)
        moment = self.clock() if self.moving else 0.0
        for cell in self.cells.values():
            x, y, reach, form, awake = cell.now
            scale, how = reach / REACH, Mood(form, awake, cell.alive)
            drift = 0.1 * (1 - form) * reach
            x, y = x + drift * math.sin(0.5 * moment + x), y + drift * math.cos(0.4 * moment + x)
            shapes = body(cell.genes, moment, how, 1 / scale)
            inks = ansi_paints(hue(cell.genes)) if ansi else paints(hue(cell.genes), theme.dark)
            field.paint(shapes, round(x), round(y / 2) * 2, scale, inks, 1.0 if ansi else solid(how))
        draw(field, canvas, ansi)
        if list(self.cells) == [CREATURE]:
            self._write_legend(canvas)
        for cell in self.cells.values():
            if cell.place:
                canvas.text(*cell.place, cell.label, cell.colour)
        left = len(self.snapshot.population) - len(self.cells)
        if left > 0 and CREATURE not in self.cells:
            canvas.text(1, height - 1, f"and {left:,} more", self.palette.dim)
        drawn = strips(canvas, base)
        self.due = perf_counter() + (perf_counter() - began) / SHARE
        return drawn

    def _write_legend(self, canvas: Canvas) -> None:
        """What shows what, in the corners that a body leaves free."""
        if canvas.width < 50 or canvas.height < 14:
            return
        dim, last = self.palette.dim, canvas.height - 1
        for i, entry in enumerate(sorted(LEGEND, key=len, reverse=True)):
            row, column = i // 4, canvas.width - len(entry) - 1 if i % 2 else 1
            canvas.text(column, last - row if i % 4 > 1 else row, entry, dim)


def _label_place(cell: _Cell, cells: Iterable[_Cell], width: int, height: int) -> tuple[int, int] | None:
    """Where the label of a body is beside it and on no other one, as (column, row); nowhere, perhaps."""
    x, y, reach = cell.soon[:3]
    size = len(cell.label)
    for across, down in ((0, 1), (0, -1), (-0.8, 0.8), (0.8, 0.8), (-0.8, -0.8), (0.8, -0.8)):
        column, row = round(x / 2 + across * reach * 0.45 - size / 2), round((y + down * reach * 0.78) / 4 - 0.5)
        free = all(
            abs(2 * column + size - other.soon[0]) > size + FLESH * other.soon[2]
            or abs(4 * row + 2 - other.soon[1]) > 2 + FLESH * other.soon[2]
            for other in cells
        )
        if cell.label and free and 0 <= column <= width - size and 0 <= row < height:
            return column, row
    return None


def _places(count: int, width: int, height: int) -> list[tuple[float, float, float]]:
    """(x, y, reach) in dots for each of a crowd: in a ring, or in rows if they're too many for that."""
    if not count:
        return []
    if count <= RING:
        across, down = 0.76 * width, 1.45 * height
        reach = min(0.62 * math.pi * (across + down) / max(count, 5), 0.25 * min(2 * width, 4 * height))
        turns = [2 * math.pi * i / count - math.pi / 2 for i in range(count)]
        return [(width + across * math.cos(t), 2 * height + down * math.sin(t), reach) for t in turns]
    columns = max(1, round(math.sqrt(count * width / (2 * height))))
    rows = math.ceil(count / columns)
    room_x, room_y = 2 * width / columns, 4 * height / rows
    reach = 0.55 * min(room_x, room_y)
    return [((i % columns + 0.5) * room_x, (i // columns + 0.5) * room_y, reach) for i in range(count)]
