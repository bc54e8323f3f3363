"""A plot as a widget, with its legend in the border below."""

from collections.abc import Sequence

from rich.style import Style
from textual.strip import Strip

from ..drawing import strips
from ..plotting import Rule, Trace, View, plot
from .picture import Picture


class Chart(Picture):
    """Shows series and rules."""

    series: Sequence[Trace] = ()
    rules: Sequence[Rule] = ()
    view = View()

    def show(self, series: Sequence[Trace], rules: Sequence[Rule] = (), view: View | None = None) -> None:
        """Draw these, if they aren't drawn already."""
        shown = (series, rules, view or self.view)
        if shown != (self.series, self.rules, self.view):
            self.series, self.rules, self.view = shown
            self.repaint()

    def paint(self, width: int, height: int, base: Style) -> list[Strip]:
        return strips(plot(self.series, self.rules, self.view, self.palette, width, height), base)
