"""How figures are written, everywhere the same."""

from collections.abc import Iterator
from typing import Any

import msgspec
from rich.cells import cell_len, set_cell_size

from ..genes import ARCHITECTURE, GENES, TRAITS, Gene, Genes

BAR = 20
STAGE_SIGNS = {"primordial": "○", "evolving": "◐", "evolved": "●"}


def duration(seconds: float | None) -> str:
    """Minutes and seconds, hours where there are any."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def figure(value: float | None, places: int = 4) -> str:
    """A loss or a score; a dash where there's none."""
    return "–" if value is None else f"{value:.{places}f}"


def counted(number: int, what: str) -> str:
    """So many of a thing."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def fitted(text: str, width: int) -> str:
    """A text in as many cells, with an ellipsis where it had to be cut."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def describe(kind: Genes | tuple) -> str:
    """Genes, or the architecture of a species, in one line; a trait only where it isn't as creatures begin."""
    return "".join(gene.said.format(value) for gene, value in _told(kind))


def in_short(kind: Genes | tuple) -> str:
    """The same where there's little room."""
    return " ".join(gene.code.format(value) for gene, value in _told(kind))


def _told(kind: Genes | tuple) -> Iterator[tuple[Gene, Any]]:
    """Each row of the gene table that there's something to tell of, and its value."""
    named = zip(ARCHITECTURE, kind, strict=True) if isinstance(kind, tuple) else msgspec.structs.asdict(kind).items()
    return ((GENES[name], value) for name, value in named if name not in TRAITS or value != GENES[name].primordial)


def bar(share: float, width: int = BAR) -> str:
    """`share` of 1 as blocks."""
    full = round(max(0.0, min(1.0, share)) * width)
    return "█" * full + "░" * (width - full)
