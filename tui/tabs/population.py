"""Population: the organisms of this generation, their species, and where the champion comes from."""

from collections import Counter
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from organism.events import Act
from organism.story import Organism
from organism.view.words import bar, figure, in_short

from ..controller import Refused
from ..drawing import spark
from ..screens.organism import OrganismScreen
from ..snapshot import Snapshot
from ..themes import ORIGIN_SIGNS, STATE_SIGNS, Palette, palette_of
from ..widgets.lists import Column, Page, Table
from ..widgets.text import Piece, Text
from .tab import Tab, saying_why_not


def _mark(organism: Organism, life: Snapshot) -> str:
    """Whether it leads, is blessed, or is on the front."""
    if life.leader is not None and life.leader.id == organism.id:
        return "★"
    fronts = life.front is not None and life.original(organism).id in life.front.ids
    return "♥" if organism.blessed else "◇" if fronts else " "


def _state(organism: Organism, life: Snapshot) -> str:
    inherited = organism.state == "judged" and organism.judged and organism.judged.inherited
    return f"{STATE_SIGNS[organism.state]} {'judged before' if inherited else organism.reason or organism.state}"


# The first seven of these fit into 80 columns, the state as well into 120.
COLUMNS = (
    Column("#", 5, lambda o, life: f"{_mark(o, life)}{o.id:>4}", "text", lambda o: o.id),
    Column("origin", 12, lambda o, _: f"{ORIGIN_SIGNS.get(o.origin, ' ')} {o.origin}", "origin", lambda o: o.origin),
    Column("done", 8, lambda o, _: bar(o.share if o.state != "died" else 0.0, 8), "origin", lambda o: -o.share),
    Column("learning", 10, lambda o, life: spark([y for _, y in life.curve(o.id)], 10), "origin", lambda o: o.loss),
    Column(
        "held out",
        8,
        lambda o, _: figure(o.judged and o.judged.validation_loss),
        "text",
        lambda o: o.judged and o.judged.validation_loss,
    ),
    Column(
        "beauty",
        6,
        lambda o, _: figure(o.judged and o.judged.beauty, 3),
        "text",
        lambda o: o.judged and -o.judged.beauty,
    ),
    Column(
        "fitness",
        9,
        lambda o, life: figure(life.judged_fitness(o)),
        "text",
        lambda o: o.judged and -o.judged.mean_fitness,
    ),
    Column("state", 24, _state, "state", lambda o: o.state),
    Column("genes", 44, lambda o, _: in_short(o.genes), "dim", lambda o: o.genes.species),
    Column("params", 8, lambda o, _: f"{o.params:,}", "dim", lambda o: o.params),
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
        Binding("r", "cycle('reversed', 2)", "Reverse", id="population.reverse", show=False),
    ]

    by, reversed = COLUMNS[0], False

    def compose(self) -> ComposeResult:
        with Vertical(id="organisms", classes="panel"):
            yield Organisms(COLUMNS, id="population-table")
        with Horizontal(id="relations"):
            yield Text("Species", id="species", classes="panel")
            with Page(id="lineage-page", classes="panel") as page:
                page.border_title = "Lineage of the leader"
                yield Text(id="lineage")

    def draw(self) -> None:
        snapshot = self.snapshot
        self._show_table(snapshot)
        species = self.query_one("#species", Text)
        species.write(*species_lines(snapshot, species.palette, species.size.width))
        lineage = self.query_one("#lineage", Text)
        lineage.write(*tree(snapshot, lineage.palette))
        panel = self.query_one("#organisms")
        regime = f", {snapshot.regime}" if snapshot.generation else ""
        panel.border_title = f"Generation {snapshot.generation}{regime}" if snapshot.generation else "Organisms"
        panel.border_subtitle = f"by {self.by.title}{', turned around' if self.reversed else ''}"

    def _show_table(self, snapshot: Snapshot) -> None:
        palette = palette_of(self.app.current_theme)
        organisms = sorted(snapshot.population, key=self._place, reverse=self.reversed)
        items = {str(organism.id): organism for organism in organisms}
        self.query_one(Table).show(items, snapshot, lambda organism: _inks(organism, palette))

    def _place(self, organism: Organism) -> tuple:
        """What it's sorted by."""
        key = self.by.key(organism)
        return key is None, key, organism.id

    @property
    def chosen(self) -> Organism | None:
        """The organism under the cursor."""
        key = self.query_one(Table).key_under_cursor
        return self.snapshot.organisms.get(int(key)) if key else None

    @on(Table.RowSelected)
    def _open(self) -> None:
        if chosen := self.chosen:
            self.app.push_screen(OrganismScreen(chosen.id, self.controller, self.moving))

    @on(Table.HeaderSelected)
    def _sort_by(self, event: Table.HeaderSelected) -> None:
        by = next(column for column in COLUMNS if column.title == event.column_key.value)
        self.reversed = not self.reversed if by == self.by else False
        self.by = by
        self.draw()

    def action_sort(self) -> None:
        self.by = COLUMNS[(COLUMNS.index(self.by) + 1) % len(COLUMNS)]
        self.draw()

    def action_do(self, verb: str) -> None:
        """Cull or bless the organism under the cursor."""
        with saying_why_not(self):
            if not (chosen := self.chosen):
                raise Refused("There's no organism under the cursor.")
            self.controller.act(Act(verb=verb, id=chosen.id))

    def copied(self) -> str:
        return self.chosen.genes.canonical() if self.chosen else ""


def _inks(organism: Organism, palette: Palette) -> dict[str, str]:
    """The colours that its cells are written in."""
    states = {"judged": palette.good, "died": palette.bad, "training": palette.evolving}
    state, origin = states.get(organism.state, palette.dim), palette.origin(organism.origin)
    return {"text": palette.text, "dim": palette.dim, "origin": origin, "state": state}


def species_lines(snapshot: Snapshot, palette: Palette, width: int) -> list[list[Piece]]:
    """Every architecture of the population, the most frequent first."""
    counts = Counter(organism.genes.species for organism in snapshot.population)
    lines: list[list[Piece]] = []
    for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        share = "●" * min(count, max(1, width - 22))
        lines.append([(in_short(kind).ljust(20), palette.text), (share, palette.evolving)])
    if len(counts) == 1 and len(snapshot.population) > 1:
        lines.append([("A monoculture.", palette.bad)])
    return lines or [[("Nobody is born yet.", palette.dim)]]


def tree(snapshot: Snapshot, palette: Palette, depth: int = 9) -> list[list[Piece]]:
    """The leader and its parents, and theirs; an elite stands for whom it copies."""
    if snapshot.leader is None:
        return [[("No organism leads yet.", palette.dim)]]
    lines: list[list[Piece]] = []

    def grow(id: int, lead: str, branch: str, left: int) -> None:
        organism = snapshot.organisms.get(id)
        if organism is None:
            return
        organism = snapshot.original(organism)
        lines.append(
            [
                (lead + branch, palette.faint),
                (f"#{organism.id} {ORIGIN_SIGNS.get(organism.origin, ' ')} ", palette.origin(organism.origin)),
                (f"{organism.origin} ", palette.dim),
                (figure(snapshot.judged_fitness(organism)), palette.text),
                (f"  generation {organism.generation}", palette.dim),
            ]
        )
        if left and len(lines) < 60:
            below = lead + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
            for i, parent in enumerate(organism.parents):
                grow(parent, below, "└─ " if i == len(organism.parents) - 1 else "├─ ", left - 1)

    grow(snapshot.leader.id, "", "", depth)
    return lines
