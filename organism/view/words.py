"""How figures are written, everywhere the same."""

from collections.abc import Iterable
from typing import Any

import msgspec
from rich.cells import cell_len, set_cell_size

from ..genes import ARCHITECTURE, GENES, TRAITS, Genes

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


def describe(genes: Genes) -> str:
    """Genes in one line; a trait only where it isn't as creatures begin."""
    return "".join(GENES[name].said.format(value) for name, value in _told(GENES, msgspec.structs.astuple(genes)))


def genes_in_short(genes: Genes) -> str:
    """The same where there's little room."""
    return " ".join(GENES[name].code.format(value) for name, value in _told(GENES, msgspec.structs.astuple(genes)))


def describe_species(species: tuple) -> str:
    """An architecture in one line."""
    return "".join(GENES[name].said.format(value) for name, value in _told(ARCHITECTURE, species))


def species_in_short(species: tuple) -> str:
    """The same where there's little room."""
    return " ".join(GENES[name].code.format(value) for name, value in _told(ARCHITECTURE, species))


def _told(names: Iterable[str], values: tuple) -> list[tuple[str, Any]]:
    """(name, value) of what there's to tell."""
    return [
        (name, value)
        for name, value in zip(names, values, strict=True)
        if name not in TRAITS or value != GENES[name].primordial
    ]


def bar(share: float, width: int = BAR) -> str:
    """`share` of 1 as blocks."""
    full = round(max(0.0, min(1.0, share)) * width)
    return "█" * full + "░" * (width - full)
