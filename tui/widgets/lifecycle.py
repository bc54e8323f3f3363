"""The course of a life as a line: three stages, and how far it has come between them."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from organism.view.words import STAGE_SIGNS

from ..drawing import ink, track
from ..snapshot import Snapshot
from .picture import Picture

STAGES = ("primordial", "evolving", "evolved")


class Lifecycle(Picture):
    """Two rows: the stages with bars between them, and what is going on under each."""

    snapshot = Snapshot()

    def show(self, snapshot: Snapshot) -> None:
        """The life as it is now."""
        before, self.snapshot = self.snapshot, snapshot
        if (snapshot.stage, progress(snapshot), doing(snapshot)) != (before.stage, progress(before), doing(before)):
            self.repaint()

    def paint(self, width: int, height: int, base: Style) -> list[Strip]:
        palette, snapshot = self.palette, self.snapshot
        learnt, searched = progress(snapshot)
        now = STAGES.index(snapshot.stage) if snapshot.stage in STAGES else 0
        labels = [f" {STAGE_SIGNS[stage]} {stage} " for stage in STAGES]
        room = max(4, width - sum(map(len, labels)))
        shares, rooms = (learnt, searched), (room // 2, room - room // 2)
        upper: list[Segment] = []
        for i, (stage, label) in enumerate(zip(STAGES, labels, strict=True)):
            reached = i <= now
            colour = palette.stage(stage) if reached else palette.dim
            upper.append(Segment(label, ink(colour, base + Style(bold=i == now))))
            if i < 2:
                full, empty = track(shares[i], rooms[i])
                upper.append(Segment(full, ink(palette.stage(STAGES[i]), base)))
                upper.append(Segment(empty, ink(palette.faint, base)))
        lines = [Strip(upper)]
        if height > 1:
            side = "<^>"[now]
            lines.append(Strip([Segment(f" {doing(snapshot):{side}{width - 2}} ", ink(palette.dim, base))]))
        return [line.adjust_cell_length(width, base) for line in lines]


def doing(snapshot: Snapshot) -> str:
    """What the creature is busy with, or why with nothing."""
    learnt, searched = progress(snapshot)
    if snapshot.failure:
        return snapshot.failure
    if snapshot.stage == "evolving":
        if snapshot.end:
            return "the search is over"
        if snapshot.confirmed or searched >= 1:
            return "confirming the best"
        of = f" of {snapshot.planned}" if snapshot.planned else ""
        return f"generation {snapshot.generation}{of} · {searched:.0%}"
    if snapshot.stage == "evolved" and searched == 1:
        return "it has rewritten its own DNA"
    return "learning" if learnt < 1 else "it has learnt; e lets it evolve"


def progress(snapshot: Snapshot) -> tuple[float, float]:
    """Shares of the two ways: what the creature has learnt, and how much of the search is done."""
    awake = not snapshot.planned
    if snapshot.end or (snapshot.stage == "evolved" and (awake or snapshot.generation)):
        return 1.0, 1.0
    if snapshot.stage == "evolving":
        return 1.0, min(1.0, snapshot.progress / snapshot.planned) if snapshot.planned else 0.0
    return snapshot.lives[0].share if snapshot.lives else 0.0, 0.0
