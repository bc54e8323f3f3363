"""A sweep on the terminal: what was measured, what it returned, and plots of dots; from records to lines."""

import math
from collections.abc import Iterator

from ...genes import GENES, spelt
from ...view.dots import Canvas
from ...view.table import table
from ...view.words import counted
from .scaling import Analysis, Point, PowerLaw, ScalingCurve
from .sweep import Dead, Results, Trained

CURVES = 6  # More than these of a sweep are left to --out.
NAMES = 6
WIDTH, HEIGHT = 64, 12  # of a plot, in characters


def lines(results: Results, analysis: Analysis) -> Iterator[str]:
    """All that is printed of a sweep."""
    sweep = results.sweep
    yield (
        f"sweep {sweep.name}: {counted(len(sweep.points), 'point')}, seeds {' '.join(map(str, sweep.seeds))}, "
        f"corpus {sweep.corpus}, {sweep.metabolism} {sweep.dtype}"
    )
    if len(results.outcomes) != (wanted := len(sweep.points) * len(sweep.seeds)):
        yield f"  incomplete: {len(results.outcomes)} of {wanted} trainings are there"
    yield ""
    yield from _measured(results, analysis)
    for curve in analysis.series[:CURVES]:
        yield ""
        yield from _returned(curve)
    if len(analysis.series) > CURVES:
        yield f"\nand {len(analysis.series) - CURVES} more series: --out holds them all"


def _measured(results: Results, analysis: Analysis) -> Iterator[str]:
    """A row for each point, with the loss under every seed."""
    sweep = results.sweep
    genes = [gene for gene in GENES if len({getattr(point, gene) for point in sweep.points}) > 1] or ["num_steps"]
    columns = [*genes, "parameters", "tokens", "compute", "seconds", "mean loss", "sd", *map(str, sweep.seeds)]
    yield "validation loss in nats per token; * is Pareto-best: less loss only costs more compute"
    rows = [[*columns, "", "names"]]
    for i, point in enumerate(results.points()):
        names = [" ".join(m.names[:NAMES]) for m in results.measurements(i)[:1]]
        rows.append([*_row(results, i, point, genes), "*" if i in analysis.pareto else "", *names])
    yield from table(rows, "  >" * len(columns) + " <1 <")
    for i in range(len(sweep.points)):
        for outcome in results.of(i):
            if isinstance(outcome, Dead):
                yield f"  point {i + 1} died under seed {outcome.seed}: {outcome.reason}"


def _row(results: Results, i: int, point: Point, genes: list[str]) -> list[str]:
    """The cells of `point`, the i-th: its genes, what it cost, its loss in the mean and under every seed."""
    values = [getattr(point.genes, gene) for gene in genes]
    row = [f"{value:,}" if isinstance(value, int) else spelt(value) for value in values]
    if point.losses:
        row += [f"{point.params:,}", f"{point.tokens:,.0f}", f"{point.compute:.3g}"]
        row += [f"{point.seconds:.1f}", f"{point.mean:.4f}", "-" if point.sd is None else f"{point.sd:.4f}"]
    else:
        row += ["-"] * 6
    for seed in results.sweep.seeds:
        match results.outcomes.get((i, seed)):
            case Trained(measurement=m):
                row.append(f"{m.validation_loss:.4f}")
            case Dead():
                row.append("died")
            case None:
                row.append("-")
    return row


def _returned(curve: ScalingCurve) -> Iterator[str]:
    """What going from one sample of a curve to the next brought, its law, and its plot."""
    yield curve.title
    rows = [("from", "to", "drop", f"per {curve.unit_name}", "chance", "reading")]
    for r in curve.returns:
        chance = "-" if r.chance is None else f"{r.chance:.1g}" if r.chance >= 1e-4 else "<.0001"
        rows.append((_place(r.start), _place(r.end), f"{r.drop:+.4f}", f"{r.per_unit:+.4g}", chance, r.reading))
    yield from table(rows, "  >12 >12 >9 >26 >8  <")
    if all(r.chance is None for r in curve.returns):
        yield "  one seed a point has no spread to judge by: --seeds 3 has"
    yield f"  {law_in_words(curve.law, curve.axis)}"
    if len(curve.samples) > 2:
        yield from (f"  {line}" for line in _plot(curve))


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


def _place(x: float) -> str:
    """A place on an axis: whole numbers in full, large ones in short."""
    return f"{x:,.0f}" if x < 1e7 else f"{x:.3g}"


def _plot(curve: ScalingCurve) -> Iterator[str]:
    """A curve as lines of text, over a logarithmic axis: `o` its means, dots its spread and its law."""
    samples = curve.samples
    highest, lowest = max(max(s.losses) for s in samples), min(min(s.losses) for s in samples)
    margin = (highest - lowest) * 0.05 or 0.01
    top, bottom = highest + margin, lowest - margin
    left, right = samples[0].x, samples[-1].x

    def across(x: float) -> int:
        return round(math.log(x / left) / math.log(right / left) * (2 * WIDTH - 1))

    def down(loss: float) -> int:
        return round((top - loss) / (top - bottom) * (4 * HEIGHT - 1))

    canvas = Canvas(WIDTH, HEIGHT)
    if curve.law:
        for column in range(2 * WIDTH):
            canvas.dot(column, down(curve.law.loss(left * (right / left) ** (column / (2 * WIDTH - 1)))))
    for sample in samples:
        for y in range(down(max(sample.losses)), down(min(sample.losses)) + 1):
            canvas.dot(across(sample.x), y)
    for sample in samples:
        canvas.text(across(sample.x) // 2, down(sample.mean) // 4, "o")
    for i, row in enumerate(canvas.lines()):
        loss = top - (top - bottom) * i / (HEIGHT - 1)
        label = f"{loss:.3f}" if i % 4 == 0 or i == HEIGHT - 1 else ""
        yield f"{label:>8} │{row}".rstrip()
    first, last = _place(left), _place(right)
    yield f"{'':>8} └{'─' * WIDTH}"
    yield f"{'':>10}{first}{f'{curve.axis}, logarithmic':^{WIDTH - len(first) - len(last)}}{last}"
