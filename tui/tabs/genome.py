"""Genome: genome.toml as it stands, how evolution rewrote it, the genes on their ranges, and who came before."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets.option_list import Option

from organism.errors import BadInput
from organism.life.genomes import read_genome
from organism.space import SPACES
from organism.view.words import figure, in_short

from ..controller import Refused
from ..screens.question import Question
from ..screens.submission import Submission
from ..widgets.lists import Choices, Page
from ..widgets.ranges import Ranges
from ..widgets.text import Piece, Text
from ..widgets.toml import compared, highlighted
from .tab import Tab, saying_why_not


class GenomeTab(Tab):
    TITLE = "Genome"
    ABOUT = """\
Left, **genome.toml**. When evolution rewrites it, what changed is shown at once; `v` turns between the text and what
changed. Right, every gene on the range that evolution may use, with where the population stands.

Below, the ancestors, then the genomes that were kept: those that were replaced, and those that were submitted. Enter
shows one, `u` makes it the genome in force (the present one is kept), `s` files the genome in force in the registry.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "turn", "Changes", id="genome.changes", tooltip="the text, or what changed in it"),
        Binding("u", "use", "Use", id="genome.use", tooltip="make the genome under the cursor the one in force"),
        Binding("s", "submit", "Submit", id="genome.submit", tooltip="file the genome in force in the registry"),
    ]

    paths: Sequence[Path] = ()
    changes: bool | None = None
    viewed: Path | None = None
    listed = -1

    def compose(self) -> ComposeResult:
        with Horizontal(id="genome-halves"):
            with Page(id="toml-page", classes="panel"):
                yield Text(id="toml")
            with Vertical(id="genome-side"):
                yield Ranges("Genes", id="ranges", classes="panel")
                with Page(id="ancestors-page", classes="panel") as page:
                    page.border_title = "Ancestors"
                    yield Text(id="ancestors")
                yield Choices(id="kept", classes="panel", compact=True, markup=False)

    def on_mount(self) -> None:
        self.query_one(Choices).border_title = "Kept genomes"

    def draw(self) -> None:
        snapshot = self.snapshot
        self.query_one(Ranges).show(snapshot, snapshot.run.config.genes if snapshot.run else SPACES["default"])
        self._show_text()
        text = self.query_one("#ancestors", Text)
        palette = text.palette
        told = [
            (a.origin or "ancestor", palette.primordial, figure(a.fitness and abs(a.fitness)), palette.text, a.genes)
            for a in (snapshot.run.ancestors if snapshot.run else ())
        ]
        if run := snapshot.run:
            told.append((run.stage, palette.stage(run.stage), "this run", palette.dim, run.genome))
        lines: list[list[Piece]] = []
        for name, colour, note, ink, genes in told:
            lines.append([(f"{name:<12}", colour), (f"{note:>8}", ink)])
            lines.append([(f"  {in_short(genes)}", palette.dim)])
        text.write(*(lines or [[("It descends from nobody.", palette.dim)]]))
        if self.listed != snapshot.writings:
            self.listed = snapshot.writings
            self.list_kept()

    def list_kept(self) -> None:
        """Read the history and the registry again."""
        choices = self.query_one(Choices)
        self.paths = self.controller.kept_genomes()
        choices.clear_options()
        labels = [f"{path.parent.name:<14} {path.stem}" for path in self.paths]
        choices.add_options([Option(label) for label in labels] or [Option("none yet", disabled=True)])
        if labels:
            choices.highlighted = 0

    def _show_text(self) -> None:
        page, text = self.query_one("#toml-page", Page), self.query_one("#toml", Text)
        palette = text.palette
        if self.viewed:
            page.border_title = self.viewed.name
            try:
                read_genome(self.viewed)
                lines = self.viewed.read_text(encoding="utf-8").splitlines()
                text.write(*(highlighted(line, palette) for line in lines))
            except BadInput as error:
                text.write([(str(error), palette.bad)])
            return
        before, now = self.controller.genome_texts()
        changes = self._shows_changes(before, now)
        page.border_title = "genome.toml, what changed" if changes else "genome.toml"
        page.border_subtitle = "rewritten by evolution" if before != now else "unchanged" if changes else ""
        text.write(
            *(compared(before, now, palette) if changes else [highlighted(x, palette) for x in now.splitlines()])
        )

    @property
    def chosen(self) -> Path | None:
        """The kept genome under the cursor."""
        place = self.query_one(Choices).highlighted
        return self.paths[place] if place is not None and place < len(self.paths) else None

    @on(Choices.OptionSelected)
    def _view(self) -> None:
        self.viewed = None if self.viewed == self.chosen else self.chosen
        self._show_text()

    def action_turn(self) -> None:
        if self.viewed:
            self.viewed = None
        else:
            self.changes = not self._shows_changes(*self.controller.genome_texts())
        self._show_text()

    def _shows_changes(self, before: str, now: str) -> bool:
        """Whether what changed is shown: as the person turned it, else once there's a change."""
        return before != now if self.changes is None else self.changes

    @work
    async def action_use(self) -> None:
        with saying_why_not(self, "Use"):
            if not (chosen := self.chosen):
                raise Refused("No genome is kept here yet.")
            self.controller.check_nothing_runs()
            question = Question(f"Make {chosen.stem} the genome in force?", "The present genome is kept.")
            if await self.app.push_screen_wait(question):
                self.controller.use(read_genome(chosen))

    @work
    async def action_submit(self) -> None:
        if answer := await self.app.push_screen_wait(Submission()):
            with saying_why_not(self, "Submit"):
                self.notify(self.controller.submit(*answer), title="Submit")
                self.list_kept()

    def copied(self) -> str:
        return self.controller.genome_texts()[1]
