"""Two runs side by side: their courses on one plot, and their figures in one table."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen

from organism.instruments.runs import Summary
from organism.view.words import figure, fitted

from ..messages import RoomChanged
from ..plotting import Trace, View
from ..runs import figures
from ..snapshot import Snapshot
from ..widgets.chart import Chart
from ..widgets.dreams import Dreams
from ..widgets.lists import Dialog
from ..widgets.text import Piece, Text


class Comparison(ModalScreen[None]):
    """Shows two runs as they looked at their ends."""

    CSS_PATH = "comparison.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close", key_display="esc"),
    ]

    def __init__(self, runs: Sequence[tuple[Summary, Snapshot]]):
        super().__init__()
        self.runs = runs

    def compose(self) -> ComposeResult:
        with Dialog("Two runs", "esc closes", id="comparison"):
            yield Chart("Best by generation", id="courses", classes="panel")
            yield Text("Figures", id="figures", classes="panel")
            with Horizontal(id="comparison-dreams"):
                yield Dreams("◆ dreams", id="dreams-0", classes="panel")
                yield Dreams("◇ dreams", id="dreams-1", classes="panel")

    def on_mount(self) -> None:
        self.call_after_refresh(self._show)

    @on(RoomChanged)
    def _show(self) -> None:
        """Write as much as there's room for."""
        chart = self.query_one(Chart)
        colours = chart.palette.evolving, chart.palette.flow
        series = [
            Trace(card.run, run.course, colour, sign, strong=sign == "◆")
            for (card, run), colour, sign in zip(self.runs, colours, "◆◇", strict=True)
        ]
        objectives = {card.objective for card, _ in self.runs}
        chart.show(series, (), View(x_name="gen"))
        chart.border_title = f"Best by generation, {' and '.join(sorted(objectives))}"
        text = self.query_one("#figures", Text)
        palette, width = text.palette, (text.size.width - 12) // 2
        lines: list[list[Piece]] = []
        for name, values in self._rows():
            told = (f"{fitted(f'{sign} {value}', width - 1)} " for sign, value in zip("◆◇", values, strict=True))
            lines.append([(f"{name:<12}", palette.dim), *zip(told, colours, strict=True)])
        text.write(*lines)
        for i, (_, run) in enumerate(self.runs):
            self.query_one(f"#dreams-{i}", Dreams).show(run.beautiful)

    def _rows(self) -> list[tuple[str, list[str]]]:
        """(label, the two values) of each figure."""
        columns = [
            {
                "run": card.run,
                "seed": f"{run.first.seed}",
                "generations": f"{card.generations}",
                "best": figure(card.best),
            }
            | dict(figures(card))
            for card, run in self.runs
        ]
        return [(label, [column.get(label, "–") for column in columns]) for label in columns[0] | columns[1]]
