"""Names that were dreamt, with their scores as small bars."""

from collections.abc import Sequence

from rich.cells import set_cell_size

from ..snapshot import Dreamt
from .text import Piece, Text

LEVELS = " ▁▂▃▄▅▆▇█"


class Dreams(Text):
    """As many names as there's room for, in as many columns."""

    COLUMN = 24

    def show(self, dreams: Sequence[Dreamt]) -> None:
        """These names, the first of them first."""
        columns = max(1, self.size.width // self.COLUMN)
        rows = max(0, self.size.height)
        shown = dreams[: columns * rows]
        lines: list[list[Piece]] = [[] for _ in range(min(rows, len(shown)))]
        for i, dreamt in enumerate(shown):
            lines[i % rows].extend(self._entry(dreamt))
        if not shown:
            lines = [[("It hasn't dreamt yet.", self.palette.dim)]]
        self.write(*lines)

    def _entry(self, dreamt: Dreamt) -> list[Piece]:
        palette = self.palette
        name = set_cell_size(dreamt.name or "·", self.COLUMN - 9)
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
