"""How figures are written, everywhere the same."""

from rich.cells import cell_len, set_cell_size

from organism.genome import Genes


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


def genes_in_short(genes: Genes) -> str:
    """All eight on one line."""
    return (
        f"{genes.n_embd}e {genes.n_head}h {genes.n_layer}l {genes.block_size}c ×{genes.mlp_ratio} "
        f"lr {genes.learning_rate:.4g} {genes.num_steps}s b{genes.batch_size}"
    )
