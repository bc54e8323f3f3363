"""The log: what just happened, in sentences."""

from organism.view.words import STAGE_SIGNS, duration, fitted

from ..snapshot import Entry, Snapshot
from .text import Piece, Text


class Chronicle(Text):
    """The newest sentences that fit, the newest last."""

    def show(self, snapshot: Snapshot) -> None:
        """The life as it is now."""
        rows = max(1, self.size.height)
        lines = snapshot.log[-rows:]
        self.write(*(self._line(line) for line in lines))

    def _line(self, line: Entry) -> list[Piece]:
        palette = self.palette
        colours = {"search": palette.evolving, "good": palette.good, "bad": palette.bad, "act": palette.flow}
        colour = palette.stage(line.kind) if line.kind in STAGE_SIGNS else colours.get(line.kind, palette.text)
        room = max(4, self.size.width - 8)
        return [(f"{duration(line.at):>6}  ", palette.dim), (fitted(line.text, room).rstrip(), colour)]
