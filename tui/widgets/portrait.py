"""The creature, alive: formless while primordial, amid its population while it evolves, settled once it has evolved.

Bodies are grown once for their genes and size and posed for each frame. How far each has moved or formed is eased by
the frames themselves, so that what a snapshot changes at once is seen to happen.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import msgspec
import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from organism.genes import Genes
from organism.view.words import counted

from .. import body
from ..body import CILIUM, EYE, FLESH, GRAIN, INKS, INNER_FLESH, INNER_MEMBRANE, MEMBRANE, NUCLEUS
from ..drawing import ink as ink_of
from ..drawing import stamp, stamped_strips
from ..snapshot import Organism, Snapshot
from ..themes import ORIGIN_SIGNS as ORIGINS
from ..themes import STAGE_SIGNS, Palette
from .picture import Picture

FRAMES = 8  # a second
EASE = 0.22  # of the way that is left, each frame
RING = 14  # organisms that find room around the creature; more stand in rows

grown = lru_cache(256)(body.grow)


class _Cell(msgspec.Struct):
    """Where a body is drawn and how much form it has, now and soon."""

    genes: Genes
    colour: int
    x: float
    y: float
    radius: float
    form: float
    to_x: float = 0.0
    to_y: float = 0.0
    to_radius: float = 0.0
    to_form: float = 1.0
    grown: float = 1.0  # share of its turn that is drawn whole; the rest flickers
    flicker: float = 0.0  # how many points of that rest are missing

    def ease(self, by: float) -> None:
        self.x += (self.to_x - self.x) * by
        self.y += (self.to_y - self.y) * by
        self.radius += (self.to_radius - self.radius) * by
        self.form += (self.to_form - self.form) * by


class Portrait(Picture):
    """Draws what `show` was given, at the moment that `clock` says, `FRAMES` times a second; not on a frozen screen."""

    def __init__(self, clock: Callable[[], float], moving: bool = True, **options):
        super().__init__(**options)
        self.clock = clock
        self.moving = moving
        self.snapshot = Snapshot()
        self.cells: dict[int, _Cell] = {}
        self.laid_out: tuple[int, int] | None = None

    def on_mount(self) -> None:
        if self.moving:
            self.set_interval(1 / FRAMES, self._frame)

    def _frame(self) -> None:
        if self.screen.has_class("-frozen") or not self.is_on_screen or self.screen is not self.app.screen:
            return
        for cell in self.cells.values():
            cell.ease(EASE)
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
        snapshot = self.snapshot
        if self.laid_out == (width, height):
            return
        self.laid_out = width, height
        room = min(width, 2 * height)  # dots from the middle to the nearer edge, twice
        crowd = snapshot.population if snapshot.stage == "evolving" else ()
        wanted: dict[int, _Cell] = {}
        middle = (float(width), 2.0 * height)
        if snapshot.creature and len(crowd) <= RING:
            radius = room * (0.46 if crowd else 0.9)
            wanted[-1] = _Cell(snapshot.creature, 0, *middle, 1.0, 0.0, *middle, radius, self._creature_form())
        for place, organism in zip(_places(len(crowd), width, height), crowd, strict=True):
            wanted[organism.id] = self._organism_cell(organism, *place)
        for id, cell in wanted.items():
            before = self.cells.get(id)
            mother = (
                self.cells.get(snapshot.organisms[id].parents[0])
                if id in snapshot.organisms and (snapshot.organisms[id].parents)
                else None
            )
            if not self.moving:
                cell.ease(1.0)
            elif before is not None:
                cell.x, cell.y, cell.radius, cell.form = before.x, before.y, before.radius, before.form
            elif mother is not None:
                cell.x, cell.y, cell.radius, cell.form = mother.x, mother.y, mother.radius * 0.7, 0.3
            else:
                cell.x, cell.y, cell.radius = cell.to_x, cell.to_y, cell.to_radius * 0.3
        self.cells = wanted

    def _creature_form(self) -> float:
        """How settled the creature itself is."""
        snapshot = self.snapshot
        if snapshot.stage == "primordial":
            return 0.1 + 0.25 * (snapshot.trainings[0].share if snapshot.trainings else 0.0)
        return 0.97 if snapshot.stage == "evolving" else 1.0

    def _organism_cell(self, organism: Organism, x: float, y: float, radius: float) -> _Cell:
        colour = 1 + list(ORIGINS).index(organism.origin) if organism.origin in ORIGINS else 0
        form = {"waiting": 0.3, "judged": 1.0, "died": 0.0}.get(organism.state, 0.55 + 0.45 * organism.share)
        whole = 0.0 if organism.state == "died" else organism.share
        flicker = 0.85 if organism.state == "died" else 0.6
        return _Cell(organism.genes, colour, x, y, radius * 0.4, 0.2, x, y, radius, form, whole, flicker)

    # --- a frame

    def paint(self, width: int, height: int, base: Style) -> list[Strip]:
        self._lay_out(width, height)
        snapshot, moment = self.snapshot, self.clock() if self.moving else 1.0
        xs, ys, inks = [], [], []
        for id, cell in self.cells.items():
            if cell.radius < 1.5:
                continue
            form = grown(cell.genes, float(max(3, round(cell.radius))))
            x, y = body.pose(form, moment + id * 0.7, cell.form)
            ink = form.inks
            if cell.grown < 1:
                kept = form.angle % (2 * math.pi) < 2 * math.pi * cell.grown
                kept |= _flicker(len(x), 0.0 if snapshot.paused else moment, id) > cell.flicker
                x, y, ink = x[kept], y[kept], ink[kept]
            xs.append(cell.x + x * cell.radius)
            ys.append(cell.y + y * cell.radius)
            inks.append(ink + INKS * cell.colour)
        if not xs:
            return []
        points, colours = stamp(np.concatenate(xs), np.concatenate(ys), np.concatenate(inks), width, height)
        strips = stamped_strips(points, colours, self._table(), base)
        caption = anatomy(snapshot.creature) if snapshot.creature and -1 in self.cells else ""
        if height >= 20 and len(caption) + 2 <= width:
            strips[-1] = Strip([Segment(f" {caption:<{width - 1}}", ink_of(self.palette.dim, base))])
        return strips

    def _table(self) -> list[str | None]:
        """The colour of each ink: the creature's own, then those of an organism of each origin."""
        palette, snapshot = self.palette, self.snapshot
        heat = body.warmth(snapshot.creature) if snapshot.creature else 0.5
        ground = self.app.theme_variables["background"]
        table: list[str | None] = [None]
        table += _inks(palette, ground, palette.stage(snapshot.stage), _skin(palette, snapshot.stage, heat))
        for origin in ORIGINS:
            table += _inks(palette, ground, palette.origin(origin), palette.origin(origin))
        return table


def _places(count: int, width: int, height: int) -> list[tuple[float, float, float]]:
    """(x, y, radius) in dots for each of a crowd: in a ring, or in rows if they're too many for that."""
    if not count:
        return []
    if count <= RING:
        across, down = 0.76 * width, 1.5 * height
        radius = min(0.8 * math.pi * (across + down) / 2 / max(count, 6), 0.25 * min(2 * width, 4 * height))
        turns = [2 * math.pi * i / count - math.pi / 2 for i in range(count)]
        return [(width + across * math.cos(t), 2 * height + down * math.sin(t), radius) for t in turns]
    columns = max(1, round(math.sqrt(count * width / (2 * height))))
    rows = math.ceil(count / columns)
    room_x, room_y = 2 * width / columns, 4 * height / rows
    radius = 0.42 * min(room_x, room_y)
    return [((i % columns + 0.5) * room_x, (i // columns + 0.5) * room_y, radius) for i in range(count)]


def anatomy(genes: Genes) -> str:
    """The body in words."""
    parts = (counted(genes.n_layer, "membrane"), counted(genes.n_head, "eye"), f"width {genes.n_embd}")
    return " · ".join(
        (*parts, counted(genes.block_size, "cilium").replace("ciliums", "cilia"), f"flesh ×{genes.mlp_ratio}")
    )


def _flicker(count: int, moment: float, id: int) -> np.ndarray:
    """A number in [0, 1) for each point that changes from frame to frame, yet draws on no generator."""
    seed = np.arange(count) * 12.9898 + int(moment * FRAMES) * 78.233 + id * 3.7
    return np.modf(np.abs(np.sin(seed)) * 4375.85)[0]


def _skin(palette: Palette, stage: str, heat: float) -> str:
    """What colour every second membrane has: the warmer, the higher the learning rate is."""
    if stage == "primordial":
        return palette.primordial
    return palette.flow if heat < 0.34 else palette.symmetry if heat < 0.72 else palette.creativity


def _inks(palette: Palette, ground: str, skin: str, inner: str) -> list[str]:
    """The colour of each ink of a body whose membranes have, in turn, these two colours."""
    table = {
        FLESH: _sunken(skin, ground),
        INNER_FLESH: _sunken(inner, ground),
        CILIUM: palette.dim,
        MEMBRANE: skin,
        INNER_MEMBRANE: inner,
        GRAIN: palette.dim,
        NUCLEUS: palette.text,
        EYE: palette.text,
    }
    return [table[ink] for ink in range(1, INKS + 1)]


@lru_cache(256)
def _sunken(colour: str, ground: str) -> str:
    """A colour, half sunk into the ground that it lies on; one of the sixteen stays as it is."""
    if colour.startswith("ansi_"):
        return colour
    return Color.parse(ground).blend(Color.parse(colour), 0.6).hex
