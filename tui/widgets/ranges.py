"""Each gene on its range: where the creature stands, where its population does, and where the leader does."""

import math
from collections import Counter

from rich.style import Style
from textual.strip import Strip

from organism.genes import GENES, Genes, named, ordinal
from organism.space import SPACES, Space, bounds, searched
from organism.view.dots import Canvas

from ..drawing import strips
from ..snapshot import Snapshot
from .picture import Picture


class Ranges(Picture):
    """A row for each gene: its name, its range with the population's spread, and its value."""

    BORDER_SUBTITLE = "◆ the creature  ▪ its population"
    space = SPACES["default"]
    genes: Genes | None = None
    crowd: tuple[Genes, ...] = ()

    def show(self, snapshot: Snapshot, space: Space) -> None:
        """The life as it is now; `space` is where its evolution may look."""
        crowd = tuple(organism.genes for organism in snapshot.population) if snapshot.stage == "evolving" else ()
        if (space, snapshot.creature, crowd) != (self.space, self.genes, self.crowd):
            self.space, self.genes, self.crowd = space, snapshot.creature, crowd
            self.repaint()

    def paint(self, width: int, height: int, base: Style) -> list[Strip]:
        canvas, palette = Canvas(width, height), self.palette
        names = searched(self.space)
        left, right = 1 + max(map(len, names)), 9
        track = width - left - right
        spread = 2 if height >= 2 * len(names) else 1
        for i, name in enumerate(names[:height]):
            row = i * spread
            low, high = bounds(self.space, name)
            canvas.text(0, row, name, palette.dim)
            if track < 6:
                continue
            canvas.text(left, row, "─" * track, palette.faint)
            for place, count in Counter(self._place(name, genes, track) for genes in self.crowd).items():
                canvas.text(left + place, row, "▪" if count < 3 else "■", palette.evolving)
            if self.genes is not None:
                value, place = getattr(self.genes, name), self._place(name, self.genes, track)
                shown = f"{value:.4g}" if isinstance(value, float) else str(value)[: right - 1]
                canvas.text(left + place, row, "◆", palette.evolved)
                canvas.text(width - right + 1, row, shown.rjust(right - 1), palette.text)
            if spread == 2:
                least, most = named(name, low), named(name, high)
                canvas.text(left, row + 1, least, palette.faint)
                canvas.text(left + track - len(most), row + 1, most, palette.faint)
        return strips(canvas, base)

    def _place(self, name: str, genes: Genes, track: int) -> int:
        """How far a gene has come on its way of so many cells."""
        scale = math.log if GENES[name].logarithmic else float
        value, low, high = map(scale, (ordinal(name, getattr(genes, name)), *bounds(self.space, name)))
        share = (value - low) / (high - low) if high > low else 0.5
        return round(min(1.0, max(0.0, share)) * (track - 1))
