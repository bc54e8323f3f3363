"""Two runs side by side: their courses on one plot, and their figures in one table."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen

from organism.view.words import duration, figure, fitted, genes_in_short

from ..messages import RoomChanged
from ..plotting import Trace, View
from ..snapshot import Snapshot
from ..widgets.chart import Chart
from ..widgets.dreams import Dreams
from ..widgets.text import Text


class Comparison(ModalScreen[None]):
    """Shows two runs as they looked at their ends."""

    CSS_PATH = "comparison.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close", key_display="esc"),
    ]

    def __init__(self, runs: tuple[Snapshot, Snapshot]):
        super().__init__()
        self.runs = runs

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="comparison"):
            yield Chart("Best by generation", id="courses", classes="panel")
            yield Text("Figures", id="figures", classes="panel")
            with Horizontal(id="comparison-dreams"):
                yield Dreams("◆ dreams", id="dreams-0", classes="panel")
                yield Dreams("◇ dreams", id="dreams-1", classes="panel")

    def on_mount(self) -> None:
        frame = self.query_one("#comparison")
        frame.border_title, frame.border_subtitle = "Two runs", "esc closes"
        self.call_after_refresh(self._show)

    @on(RoomChanged)
    def _show(self) -> None:
        """Write as much as there's room for."""
        chart = self.query_one(Chart)
        colours = chart.palette.evolving, chart.palette.flow
        series = [
            Trace(run.name, run.course, colour, sign, strong=sign == "◆")
            for run, colour, sign in zip(self.runs, colours, "◆◇", strict=True)
        ]
        objectives = {run.objective for run in self.runs}
        chart.show(series, (), View(x_name="gen"))
        chart.border_title = f"Best by generation, {' and '.join(sorted(objectives))}"
        text = self.query_one("#figures", Text)
        palette, width = text.palette, (text.size.width - 12) // 2
        rows = self._rows(width)
        text.write(*([(f"{name:<12}", palette.dim), *zip(values, colours, strict=True)] for name, values in rows))
        for i, run in enumerate(self.runs):
            self.query_one(f"#dreams-{i}", Dreams).show(run.beautiful)

    def _rows(self, width: int) -> list[tuple[str, list[str]]]:
        """(name, the two values) of each figure, the values in columns of that width."""

        def row(name: str, value) -> tuple[str, list[str]]:
            values = [f"{sign} {value(run)}" for sign, run in zip("◆◇", self.runs, strict=True)]
            return name, [fitted(text, width - 1) + " " for text in values]

        def genes(run: Snapshot) -> str:
            return genes_in_short(run.creature) if run.creature else "–"

        return [
            row("run", lambda run: run.name),
            row("objective", lambda run: f"{run.objective}, seed {run.run.seed if run.run else '–'}"),
            row("generations", lambda run: str(len(run.course))),
            row("evaluations", lambda run: f"{run.evaluations} in {duration(run.elapsed)}"),
            row("best", lambda run: figure(run.course[-1][1] if run.course else None)),
            row("validation", lambda run: figure(run.validation_loss)),
            row("test", lambda run: figure(run.end.test_loss if run.end else None)),
            row("genes", genes),
        ]
