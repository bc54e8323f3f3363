"""A sweep on the terminal: what was measured, what it returned, plots of dots, and a bar while it's at work.

All but the bar are pure functions from records to lines.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean, stdev

from ...genes import GENES, spelt
from ...view.progress import progress
from .plots import braille, number
from .scaling import Analysis, Point, PowerLaw, Series
from .sweep import Died, Results, Trained

SERIES = 6  # More than these of a sweep are left to --out.
NAMES = 6


def lines(results: Results, analysis: Analysis) -> Iterator[str]:
    """All that is printed of a sweep."""
    sweep = results.sweep
    yield (
        f"sweep {sweep.name}: {_count(len(sweep.points), 'point')}, seeds {' '.join(map(str, sweep.seeds))}, "
        f"corpus {sweep.corpus}, {sweep.metabolism} {sweep.dtype}"
    )
    if not results.is_complete:
        yield f"  incomplete: {len(results.outcomes)} of {len(sweep.points) * len(sweep.seeds)} trainings are there"
    yield ""
    yield from _measured(results, analysis)
    for series in analysis.series[:SERIES]:
        yield ""
        yield from _returned(series)
    if len(analysis.series) > SERIES:
        yield f"\nand {_count(len(analysis.series) - SERIES, 'more series', '')}: --out holds them all"


def _measured(results: Results, analysis: Analysis) -> Iterator[str]:
    """A row for each point, with the loss under every seed."""
    sweep = results.sweep
    genes = [gene for gene in GENES if len({getattr(point, gene) for point in sweep.points}) > 1] or ["num_steps"]
    costs = ("parameters", "tokens", "compute", "seconds", "mean loss", "sd")
    rows = [
        [*genes, *costs, *map(str, sweep.seeds)],
        *(_row(results, i, point, genes) for i, point in enumerate(results.points())),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield "validation loss in nats per token; * is Pareto-best: less loss only costs more compute"
    for i, row in enumerate(rows, start=-1):
        cells = "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        measured = results.measurements(i) if i >= 0 else []
        names = " ".join(measured[0].names[:NAMES]) if measured else "names" if i < 0 else ""
        yield f"  {cells} {'*' if i in analysis.pareto else ' '} {names}".rstrip()
    for i in range(len(sweep.points)):
        for outcome in results.of(i):
            if isinstance(outcome, Died):
                yield f"  point {i + 1} died under seed {outcome.seed}: {outcome.reason}"


def _row(results: Results, i: int, point: Point, genes: list[str]) -> list[str]:
    """The cells of `point`, the i-th: its genes, what it cost, its loss in the mean and under every seed."""
    values = [getattr(point.genes, gene) for gene in genes]
    row = [f"{value:,}" if isinstance(value, int) else spelt(value) for value in values]
    measured = results.measurements(i)
    if measured:
        row += [f"{point.params:,}", f"{point.tokens:,.0f}", f"{point.compute:.3g}"]
        row += [f"{fmean(m.seconds for m in measured):.1f}", f"{fmean(point.losses):.4f}"]
        row.append(f"{stdev(point.losses):.4f}" if len(point.losses) > 1 else "-")
    else:
        row += ["-"] * 6
    for seed in results.sweep.seeds:
        match results.outcomes.get((i, seed)):
            case Trained(measurement=m):
                row.append(f"{m.validation_loss:.4f}")
            case Died():
                row.append("died")
            case None:
                row.append("-")
    return row


def _returned(series: Series) -> Iterator[str]:
    """What going from one sample of a series to the next brought, its law, and its plot."""
    yield series.title
    yield f"  {'from':>12} {'to':>12} {'drop':>9} {'per ' + series.unit_name:>26} {'chance':>8}  reading"
    for r in series.returns:
        chance = "-" if r.chance is None else f"{r.chance:.1g}" if r.chance >= 1e-4 else "<.0001"
        yield (
            f"  {number(r.start):>12} {number(r.end):>12} {r.drop:>+9.4f} {r.per_unit:>+26.4g} {chance:>8}  {r.reading}"
        )
    if all(r.chance is None for r in series.returns):
        yield "  one seed a point has no spread to judge by: --seeds 3 has"
    yield f"  {law_in_words(series.law, series.axis)}"
    if len(series.samples) > 2:
        yield from (f"  {line}" for line in braille(series))


def law_in_words(law: PowerLaw | None, axis: str) -> str:
    """A power law in one line."""
    if law is None:
        return "no power law: too few losses, or no fall beyond their spread"
    high = f"{law.high:.3f}" if math.isfinite(law.high) else "any more"
    strays = "; the points stray from it by more than their seeds do" if law.strays else ""
    return (
        f"loss = {law.floor:.3f} + {law.scale:.4g} x {axis}^-{law.exponent:.3f}, "
        f"exponent {law.low:.3f} to {high} (99 %){strays}"
    )


def _count(n: int, singular: str, ending: str = "s") -> str:
    return f"{n} {singular}{ending if n != 1 else ''}"


@contextmanager
def sweep_bar():
    """A function to be shown how far a sweep has come. It keeps a bar on standard error, if that is a terminal."""
    with progress() as show:
        yield lambda working: show(working.said or f"{working.done} of {working.total} trainings", working.share)
