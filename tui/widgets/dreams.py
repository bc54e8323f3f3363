"""Names that were dreamt, with their flow, symmetry and creativity as small bars, and their beauty."""

from collections.abc import Sequence

from organism.view.words import fitted

from ..snapshot import Scored
from .text import Piece, Text

LEVELS = " ▁▂▃▄▅▆▇█"


class Dreams(Text):
    """As many names as there's room for, in as many columns."""

    COLUMN = 24  # cells, at least
    BORDER_SUBTITLE = "flow symmetry creativity"

    def show(self, dreams: Sequence[Scored], none: str = "It hasn't dreamt yet.") -> None:
        """These names, the first of them first; `none` is said where there are none."""
        columns = max(1, self.size.width // self.COLUMN)
        rows = max(0, self.size.height)
        shown = dreams[: columns * rows]
        lines: list[list[Piece]] = [[] for _ in range(min(rows, len(shown)))]
        for i, dreamt in enumerate(shown):
            lines[i % rows].extend(self._entry(dreamt, self.size.width // columns - 10))
        if not shown:
            lines = [[(none, self.palette.dim)]]
        self.write(*lines)

    def _entry(self, dreamt: Scored, room: int) -> list[Piece]:
        """A name in so many cells, and its scores in ten."""
        palette = self.palette
        # A corpus may hold characters that a terminal would obey.
        name = "".join(letter if letter.isprintable() else "·" for letter in dreamt.name) or "·"
        name = fitted(name, room) + " "
        if dreamt.beauty is None or dreamt.flow is None or dreamt.symmetry is None or dreamt.creativity is None:
            return [(name, palette.text), (" " * 9, "")]
        style = f"bold {palette.text}" if dreamt.beauty > 0.5 else palette.text
        return [
            (name, style if dreamt.beauty > 0.2 else palette.dim),
            (level(dreamt.flow), palette.flow),
            (level(dreamt.symmetry), palette.symmetry),
            (level(dreamt.creativity), palette.creativity),
            (f" {dreamt.beauty:.2f} ", palette.dim),
        ]


def level(score: float) -> str:
    """A score in [0, 1] as a bar of one cell."""
    return LEVELS[round(min(1.0, max(0.0, score)) * (len(LEVELS) - 1))]
