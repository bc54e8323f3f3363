"""Runs: what was lived in this home, to be seen again, resumed or compared."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from organism.instruments.runs import Summary
from organism.life.journal import read_events
from organism.story import Story
from organism.view.words import duration, figure

from ..drawing import spark
from ..plotting import Trace, View
from ..runs import figures, summaries, whole
from ..screens.comparison import Comparison
from ..screens.question import Question, may_leave
from ..themes import palette_of
from ..widgets.chart import Chart
from ..widgets.lists import Column, Table
from ..widgets.text import Text
from .tab import Tab, saying_why_not

# Of a card and the tab that it's on.
COLUMNS = (
    Column(" ", 1, lambda card, tab: "▸" if tab.marked == card else ""),
    Column("date", 16, lambda card, tab: card.created[:16].replace("T", " ")),
    Column("objective", 14, lambda card, tab: card.objective),
    Column("gens", 4, lambda card, tab: str(card.generations)),
    Column("best", 8, lambda card, tab: figure(card.best)),
    Column("test", 7, lambda card, tab: figure(card.end and card.end.test_loss)),
    Column("course", 10, lambda card, tab: spark(card.course, 10), "evolving"),
    Column("time", 7, lambda card, tab: duration(card.seconds)),
    Column("state", 10, lambda card, tab: "going on" if tab.goes_on(card) else card.state, "state"),
    Column("corpus", 14, lambda card, tab: card.corpus.rsplit("/", 1)[-1]),
    Column("run", 32, lambda card, tab: card.run),
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

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.cards: list[Summary] = []
        self.listed = asyncio.Event()
        self.marked: Summary | None = None
        self.seen: tuple | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="runs-panel", classes="panel") as panel:
            panel.border_title = "Runs"
            yield Runs(COLUMNS, id="runs-table")
        with Horizontal(id="run-details"):
            yield Text("Run", id="run-card", classes="panel")
            yield Chart("Best by generation", id="run-course", classes="panel")

    def draw(self) -> None:
        """Read the journals again when a run has come or gone on."""
        snapshot = self.snapshot
        seen = (snapshot.name, snapshot.generation, snapshot.ended, snapshot.end)
        if seen != self.seen:
            self.seen = seen
            self.list_runs()

    @work(exclusive=True, group="list")
    async def list_runs(self) -> None:
        """Read all runs anew, and show them."""
        self.listed.clear()
        self.cards = await asyncio.to_thread(summaries, self.controller.home)
        self.listed.set()
        self.show_cards()

    def show_cards(self) -> None:
        """Write what was read."""
        palette = palette_of(self.app.current_theme)
        inks = {"text": "", "evolving": palette.evolving}
        states = {"finished": palette.good, "unfinished": palette.evolving, "unreadable": palette.bad}
        cards = {card.run: card for card in self.cards}
        self.query_one(Table).show(cards, self, lambda card: inks | {"state": states[card.state]})
        self._show_card()

    def goes_on(self, card: Summary) -> bool:
        """Whether it's the run that is lived now."""
        return self.controller.running and card.run == self.controller.snapshot.name

    def _path(self, card: Summary) -> Path:
        """Where its journal is."""
        return self.controller.home.experiments / f"{card.run}.jsonl"

    @property
    def chosen(self) -> Summary | None:
        """The run under the cursor."""
        key = self.query_one(Table).key_under_cursor
        return next((card for card in self.cards if card.run == key), None)

    @on(Table.RowHighlighted)
    def _show_card(self) -> None:
        text, chart = self.query_one("#run-card", Text), self.query_one("#run-course", Chart)
        palette, card = text.palette, self.chosen
        text.border_title = card.run if card else "Run"
        if card is None:
            text.write([("No run yet.", palette.text)], [("Press e, and the creature evolves.", palette.dim)])
        elif card.complaint:
            text.write([(card.complaint, palette.bad)])
        if card is None or card.complaint:
            chart.show([])
            return
        rows = figures(card)
        if not card.end:
            rows.append(("state", "going on" if self.goes_on(card) else "unfinished: r goes on with it"))
        text.write(*([(f"{name:<12}", palette.dim), (value, palette.text)] for name, value in rows))
        series = [Trace("best", tuple(enumerate(card.course, start=1)), palette.evolving, "▲")] if card.course else []
        if self.marked and self.marked.course and self.marked != card:
            series.append(Trace("marked", tuple(enumerate(self.marked.course, start=1)), palette.flow, "◇"))
        chart.show(series, (), View(x_name="gen"))
        chart.border_title = f"Best by generation, {card.objective}"

    @work
    @on(Table.RowSelected)
    async def _replay(self) -> None:
        controller, card = self.controller, self.chosen
        if not card or card.complaint or not await may_leave(self.app, controller, "Replay another run?"):
            return
        with saying_why_not(self):
            controller.replay(card.run, await asyncio.to_thread(read_events, self._path(card)))
            await self.app.run_action("tab(1)")

    @work
    async def action_resume(self) -> None:
        await self.listed.wait()
        if card := self.chosen:
            with saying_why_not(self, "Resume"):
                await self._resume(self._path(card))

    async def _resume(self, path: Path) -> None:
        controller, events = self.controller, await asyncio.to_thread(read_events, path)
        story = await asyncio.to_thread(Story.of, events)
        if controller.running and controller.snapshot.name == path.stem:
            self.notify("This is the run that is going on.", title="Resume")
            return
        if generations := controller.extension(story):
            question = f"It came to its end in generation {story.generation}. Go on to generation {generations}?"
            explanation = "The genome that it wrote is kept in the history."
            if not await self.app.push_screen_wait(Question(question, explanation)):
                return
        if await may_leave(self.app, controller, "Leave the run that is going on?"):
            controller.resume(path, events, generations)
            await self.app.run_action("tab(1)")

    async def action_mark(self) -> None:
        await self.listed.wait()
        self.marked = None if self.marked == self.chosen else self.chosen
        self.show_cards()

    @work
    async def action_compare(self) -> None:
        await self.listed.wait()
        chosen, marked = self.chosen, self.marked
        if not chosen or not marked or chosen == marked:
            self.notify("Mark one run with x, then put the cursor on another.", title="Compare")
            return
        with saying_why_not(self):
            runs = [(card, await asyncio.to_thread(whole, self._path(card))) for card in (marked, chosen)]
            self.app.push_screen(Comparison(runs))

    def copied(self) -> str:
        return f"organism runs replay {self.chosen.run}" if self.chosen else ""
