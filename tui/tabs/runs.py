"""Runs: what was lived in this home, to be seen again, resumed or compared."""

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text as RichText
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from organism.view.words import duration, figure, genes_in_short

from ..drawing import spark
from ..messages import ComparisonWanted, ReplayWanted, ResumeWanted
from ..plotting import Trace, View
from ..runs import Card
from ..snapshot import Snapshot
from ..themes import palette_of, rich_colour
from ..widgets.chart import Chart
from ..widgets.lists import Table
from ..widgets.text import Text
from .tab import Tab

COLUMNS = (
    (" ", 1),
    ("date", 16),
    ("objective", 14),
    ("gens", 4),
    ("best", 8),
    ("test", 7),
    ("course", 10),
    ("time", 7),
    ("state", 10),
    ("corpus", 14),
    ("run", 32),
)


class Runs(Table):
    """The table of what was lived."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Replay", id="runs.replay", tooltip="see it again"),
    ]


class RunsTab(Tab):
    TITLE = "Runs"
    ABOUT = """\
Every run of this home, the newest first. Enter replays one: space pauses, `[` and `]` change the speed, `,` and `.` (or
a click on the bar) seek. `r` resumes an unfinished run, and gives a finished one
more generations. `x` marks a run, and `v` compares the marked one with the one
under the cursor.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "resume", "Resume", id="runs.resume", tooltip="go on with it, also past its end"),
        Binding("x", "mark", "Mark", id="runs.mark", tooltip="mark it to be compared"),
        Binding("v", "compare", "Compare", id="runs.compare", tooltip="with the marked one"),
    ]

    def __init__(self, read: Callable[[], list[Card]], going_on: Callable[[], str], **options):
        """`going_on` is the name of the run that does, if one does."""
        super().__init__(**options)
        self.read, self.going_on = read, going_on
        self.cards: list[Card] = []
        self.marked: Card | None = None
        self.seen: tuple | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="runs-panel", classes="panel"):
            yield Runs(id="runs-table")
        with Horizontal(id="run-details"):
            yield Text("Run", id="run-card", classes="panel")
            yield Chart("Best by generation", id="run-course", classes="panel")

    def on_mount(self) -> None:
        table = self.query_one(Table)
        for name, width in COLUMNS:
            table.add_column(name.strip(), key=name, width=width)
        self.query_one("#runs-panel").border_title = "Runs"

    def show(self, snapshot: Snapshot) -> None:
        """Read the journals again when a run has come or gone on."""
        seen = (snapshot.name, snapshot.generation, snapshot.ended, snapshot.end)
        if seen != self.seen:
            self.seen = seen
            self.list_runs()

    def list_runs(self) -> None:
        """Show all runs anew."""
        self.cards = self.read()
        self.query_one(Table).refill((str(card.path), self._cells(card)) for card in self.cards)
        self._show_card()

    def _cells(self, card: Card) -> list[RichText]:
        """What each column says of a run."""
        palette = palette_of(self.app.current_theme)
        colour = palette.bad if card.complaint else palette.good if card.finished else palette.evolving
        cells = (
            "▸" if self.marked == card else "",
            card.date,
            card.objective,
            str(len(card.best)),
            figure(card.best[-1] if card.best else None),
            figure(card.champion.test_loss if card.champion else None),
            spark(card.best, 10),
            duration(card.seconds),
            "going on" if self._goes_on(card) else card.state,
            card.corpus,
            card.path.stem,
        )
        styles = {8: rich_colour(colour), 6: rich_colour(palette.evolving)}
        return [RichText(text, styles.get(i, "")) for i, text in enumerate(cells)]

    def _goes_on(self, card: Card) -> bool:
        return card.path.stem == self.going_on()

    @property
    def chosen(self) -> Card | None:
        """The run under the cursor."""
        key = self.query_one(Table).key_under_cursor
        return next((card for card in self.cards if str(card.path) == key), None)

    @on(Table.RowHighlighted)
    def _show_card(self) -> None:
        text, chart = self.query_one("#run-card", Text), self.query_one("#run-course", Chart)
        palette, card = text.palette, self.chosen
        text.border_title = card.path.stem if card else "Run"
        if card is None:
            text.write(
                [("No run yet.", palette.text)],
                [("Press e, and the creature evolves.", palette.dim)],
            )
            chart.show([])
            return
        if card.complaint:
            text.write([(card.complaint, palette.bad)])
            chart.show([])
            return
        rows = [
            ("objective", f"{card.objective} on {card.corpus}"),
            ("evaluations", f"{card.evaluations} in {duration(card.seconds)}"),
        ]
        if card.champion:
            rows += [
                ("champion", f"#{card.champion.champion}"),
                ("validation", figure(card.champion.validation_loss)),
                ("test", figure(card.champion.test_loss)),
                ("genes", genes_in_short(card.champion.genes)),
            ]
        else:
            rows.append(("state", "going on" if self._goes_on(card) else "unfinished: r goes on with it"))
        text.write(*([(f"{name:<12}", palette.dim), (value, palette.text)] for name, value in rows))
        series = [Trace("best", tuple(enumerate(card.best, start=1)), palette.evolving, "▲")] if card.best else []
        if self.marked and self.marked.best and self.marked != card:
            series.append(Trace("marked", tuple(enumerate(self.marked.best, start=1)), palette.flow, "◇"))
        chart.show(series, (), View(x_name="gen"))
        chart.border_title = f"Best by generation, {card.objective}"

    @on(Table.RowSelected)
    def _replay(self) -> None:
        if (card := self.chosen) and not card.complaint:
            self.post_message(ReplayWanted(card.path))

    def action_resume(self) -> None:
        if card := self.chosen:
            self.post_message(ResumeWanted(card.path))

    def action_mark(self) -> None:
        self.marked = None if self.marked == self.chosen else self.chosen
        self.list_runs()

    def action_compare(self) -> None:
        if self.chosen and self.marked and self.chosen != self.marked:
            self.post_message(ComparisonWanted((self.marked.path, self.chosen.path)))
        else:
            self.notify("Mark one run with x, then put the cursor on another.", title="Compare")

    def copied(self, snapshot: Snapshot) -> str:
        return f"organism runs replay {self.chosen.path.stem}" if self.chosen else ""
