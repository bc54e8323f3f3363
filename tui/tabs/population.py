"""Population: the organisms of this generation, their species, and where the champion comes from."""

from typing import ClassVar

from rich.text import Text as RichText
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from organism.events import Act
from organism.story import Organism
from organism.view.words import bar, figure, genes_in_short, species_in_short

from ..controller import Refused
from ..drawing import spark
from ..screens.organism import OrganismScreen
from ..snapshot import Snapshot
from ..themes import ORIGIN_SIGNS, STATE_SIGNS, Palette, palette_of, rich_colour
from ..widgets.lists import Page, Table
from ..widgets.text import Piece, Text
from .tab import Tab, saying_why_not

# Name and width. The first seven of these fit into 80 columns, the state as well into 120.
COLUMNS = (
    ("#", 5),
    ("origin", 12),
    ("done", 8),
    ("learning", 10),
    ("held out", 8),
    ("beauty", 6),
    ("fitness", 9),
    ("state", 24),
    ("genes", 44),
    ("params", 8),
)


class Organisms(Table):
    """The table of a population."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", id="population.open", tooltip="look at the organism closely"),
    ]


class PopulationTab(Tab):
    TITLE = "Population"
    ABOUT = """\
Each organism of this generation: how it came to be, how far its training is, a spark of its loss, and what it was
judged to be. ★ leads, ♥ is blessed, ◇ is on the Pareto front.

`s` sorts by the next column, `r` turns the order around; enter opens an organism.

`c` culls the organism under the cursor: it ends at once, unjudged. `b` blesses it: it will be an elite of the next
generation, whatever its fitness. `i` calls one more stranger into the next generation. All three are written into the
journal, so that the run can still be resumed and replayed exactly.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "do('cull')", "Cull", id="population.cull", tooltip="end it, unjudged"),
        Binding("b", "do('bless')", "Bless", id="population.bless", tooltip="make it an elite of the next generation"),
        Binding("i", "app.immigrant", "Immigrant", id="immigrant", tooltip="call a stranger"),
        Binding("s", "sort", "Sort", id="population.sort", tooltip="by the next column"),
        Binding("r", "reverse", "Reverse", id="population.reverse", show=False),
    ]

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.sorted_by, self.reversed = "#", False
        self.shown: dict[str, tuple] = {}
        self.order: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="organisms", classes="panel"):
            yield Organisms(id="population-table")
        with Horizontal(id="relations"):
            yield Text("Species", id="species", classes="panel")
            with Page(id="lineage-page", classes="panel"):
                yield Text(id="lineage")

    def on_mount(self) -> None:
        table = self.query_one(Table)
        for name, width in COLUMNS:
            table.add_column(name, key=name, width=width)
        self.query_one("#organisms").border_title = "Organisms"
        self.query_one("#lineage-page").border_title = "Lineage of the leader"

    def draw(self) -> None:
        snapshot = self.snapshot
        self._show_table(snapshot)
        species = self.query_one("#species", Text)
        species.write(*species_lines(snapshot, species.palette, species.size.width))
        lineage = self.query_one("#lineage", Text)
        lineage.write(*(tree(snapshot, lineage.palette) or [[("No organism leads yet.", lineage.palette.dim)]]))
        panel = self.query_one("#organisms")
        regime = f", {snapshot.regime}" if snapshot.generation else ""
        panel.border_title = f"Generation {snapshot.generation}{regime}" if snapshot.generation else "Organisms"
        panel.border_subtitle = f"by {self.sorted_by}{', turned around' if self.reversed else ''}"

    def _show_table(self, snapshot: Snapshot) -> None:
        """Change what differs from what the table shows, and nothing else."""
        table = self.query_one(Table)
        palette = palette_of(self.app.current_theme)
        organisms = sorted(snapshot.population, key=lambda o: _sort_key(o, self.sorted_by), reverse=self.reversed)
        order = [str(organism.id) for organism in organisms]
        if order != self.order:
            self.order = order
            self.shown = {str(organism.id): _cells(organism, snapshot, palette) for organism in organisms}
            table.refill((key, [RichText(*cell) for cell in cells]) for key, cells in self.shown.items())
            return
        for organism in organisms:
            key, cells = str(organism.id), _cells(organism, snapshot, palette)
            before = self.shown[key]
            for (name, _), cell, old in zip(COLUMNS, cells, before, strict=True):
                if cell != old:
                    table.update_cell(key, name, RichText(*cell))
            self.shown[key] = cells

    @property
    def chosen(self) -> Organism | None:
        """The organism under the cursor."""
        key = self.query_one(Table).key_under_cursor
        return self.snapshot.organisms.get(int(key)) if key else None

    @on(Table.RowSelected)
    def _open(self, event: Table.RowSelected) -> None:
        if event.row_key.value:
            self.app.push_screen(OrganismScreen(int(event.row_key.value), self.controller, self.moving))

    @on(Table.HeaderSelected)
    def _sort_by(self, event: Table.HeaderSelected) -> None:
        name = event.column_key.value or "#"
        self.reversed = not self.reversed if name == self.sorted_by else False
        self.sorted_by = name
        self.draw()

    def action_sort(self) -> None:
        names = [name for name, _ in COLUMNS]
        self.sorted_by = names[(names.index(self.sorted_by) + 1) % len(names)]
        self.draw()

    def action_reverse(self) -> None:
        self.reversed = not self.reversed
        self.draw()

    def action_do(self, verb: str) -> None:
        """Cull or bless the organism under the cursor."""
        with saying_why_not(self):
            if not (chosen := self.chosen):
                raise Refused("There's no organism under the cursor.")
            self.controller.act(Act(verb=verb, id=chosen.id))

    def copied(self) -> str:
        return self.chosen.genes.canonical() if self.chosen else ""


def _sort_key(organism: Organism, column: str) -> tuple:
    judged = organism.judged
    last = float("inf")
    keys = {
        "#": organism.id,
        "origin": organism.origin,
        "done": -organism.share,
        "learning": organism.loss if organism.loss is not None else last,
        "held out": judged.validation_loss if judged else last,
        "beauty": -judged.beauty if judged else last,
        "fitness": -judged.mean_fitness if judged else last,
        "genes": organism.genes.species,
        "params": organism.params,
        "state": organism.state,
    }
    return keys[column], organism.id


def _cells(organism: Organism, snapshot: Snapshot, palette: Palette) -> tuple[tuple[str, str], ...]:
    """(text, style) of each column."""
    judged, colour = organism.judged, rich_colour(palette.origin(organism.origin))
    dim, text = rich_colour(palette.dim), rich_colour(palette.text)
    leads = snapshot.leader is not None and snapshot.leader.id == organism.id
    states = {"judged": palette.good, "died": palette.bad, "training": palette.evolving}
    state = organism.reason or organism.state
    if organism.state == "judged" and organism.judged and organism.judged.inherited:
        state = "judged before"
    fronts = snapshot.front is not None and snapshot.original(organism).id in snapshot.front.ids
    mark = "★" if leads else "♥" if organism.blessed else "◇" if fronts else " "
    return (
        (f"{mark}{organism.id:>4}", text),
        (f"{ORIGIN_SIGNS.get(organism.origin, ' ')} {organism.origin}", colour),
        (bar(organism.share if organism.state != "died" else 0.0, 8), colour),
        (spark([loss for _, loss in snapshot.curve(organism.id)], 10), colour),
        (figure(judged.validation_loss if judged else None), text),
        (figure(judged.beauty if judged else None, 3), text),
        (figure(snapshot.figure(judged.mean_fitness, organism.head) if judged else None), text),
        (f"{STATE_SIGNS[organism.state]} {state}", rich_colour(states.get(organism.state, palette.dim))),
        (genes_in_short(organism.genes), dim),
        (f"{organism.params:,}", dim),
    )


def species_lines(snapshot: Snapshot, palette: Palette, width: int) -> list[list[Piece]]:
    """Every architecture of the population, the most frequent first."""
    counts: dict[tuple, int] = {}
    for organism in snapshot.population:
        counts[organism.genes.species] = counts.get(organism.genes.species, 0) + 1
    lines: list[list[Piece]] = []
    for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        share = "●" * min(count, max(1, width - 22))
        lines.append([(species_in_short(kind).ljust(20), palette.text), (share, palette.evolving)])
    if len(counts) == 1 and len(snapshot.population) > 1:
        lines.append([("A monoculture.", palette.bad)])
    return lines or [[("Nobody is born yet.", palette.dim)]]


def tree(snapshot: Snapshot, palette: Palette, depth: int = 9) -> list[list[Piece]]:
    """The leader and its parents, and theirs; an elite stands for whom it copies."""
    if snapshot.leader is None:
        return []
    lines: list[list[Piece]] = []

    def grow(id: int, lead: str, branch: str, left: int) -> None:
        organism = snapshot.organisms.get(id)
        if organism is None:
            return
        organism = snapshot.original(organism)
        judged = organism.judged
        value = figure(snapshot.figure(judged.mean_fitness, organism.head)) if judged else "–"
        lines.append(
            [
                (lead + branch, palette.faint),
                (f"#{organism.id} {ORIGIN_SIGNS.get(organism.origin, ' ')} ", palette.origin(organism.origin)),
                (f"{organism.origin} ", palette.dim),
                (value, palette.text),
                (f"  generation {organism.generation}", palette.dim),
            ]
        )
        if left and len(lines) < 60:
            below = lead + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
            for i, parent in enumerate(organism.parents):
                grow(parent, below, "└─ " if i == len(organism.parents) - 1 else "├─ ", left - 1)

    grow(snapshot.leader.id, "", "", depth)
    return lines
