"""The same curves twice: in dots of braille for the terminal, and by matplotlib for SVG and PNG.

Each shows the mean loss of every sample, a bar from the lowest to the highest seed, and the power law where there is
one, over a logarithmic axis. matplotlib is only needed for files (`pip install 'organism[plots]'`).
"""

import io
import math
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from ...errors import BadInput
from ...files import check_output, write_atomically
from ...view.dots import Canvas
from .scaling import Analysis, Series
from .sweep import Results

WIDTH, HEIGHT = 64, 12  # characters
ENDINGS = (".svg", ".png")
COLOURS = ("#3566a8", "#c2571a", "#2f8558", "#9a3f8f", "#8a7a12", "#5b5b5b", "#b3344a", "#1f8a9e")


def braille(series: Series, width: int = WIDTH, height: int = HEIGHT) -> Iterator[str]:
    """A series as lines of text: `o` its means, dots its spread and its law."""
    canvas = Canvas(width, height)
    samples = series.samples
    highest, lowest = max(max(s.losses) for s in samples), min(min(s.losses) for s in samples)
    margin = (highest - lowest) * 0.05 or 0.01
    top, bottom = highest + margin, lowest - margin
    left, right = samples[0].x, samples[-1].x

    def across(x: float) -> int:
        return round(_share(x, left, right) * (2 * canvas.width - 1))

    def down(loss: float) -> int:
        return round((top - loss) / (top - bottom) * (4 * canvas.height - 1))

    if series.law:
        for column in range(2 * canvas.width):
            x = left * (right / left) ** (column / (2 * canvas.width - 1))
            canvas.dot(column, down(series.law.loss(x)))
    for sample in samples:
        for y in range(down(max(sample.losses)), down(min(sample.losses)) + 1):
            canvas.dot(across(sample.x), y)
    for sample in samples:
        canvas.text(across(sample.x) // 2, down(sample.mean) // 4, "o")
    rows = canvas.lines()
    for i, row in enumerate(rows):
        loss = top - (top - bottom) * i / (len(rows) - 1)
        label = f"{loss:.3f}" if i % 4 == 0 or i == len(rows) - 1 else ""
        yield f"{label:>8} │{row}".rstrip()
    first, last = number(left), number(right)
    yield f"{'':>8} └{'─' * width}"
    yield f"{'':>10}{first}{f'{series.axis}, logarithmic':^{width - len(first) - len(last)}}{last}"


def number(x: float) -> str:
    """A place on an axis: whole numbers in full, large ones in short."""
    return f"{x:,.0f}" if x < 1e7 else f"{x:.3g}"


def _share(x: float, left: float, right: float) -> float:
    """How far `x` lies from `left` to `right`, in logarithms."""
    return math.log(x / left) / math.log(right / left)


def check_plot(path: Path) -> None:
    """Raise BadInput if no plot can be written to `path`."""
    check_output("--plot", path, *ENDINGS)
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise BadInput(f"--plot {path}: needs matplotlib, which isn't here: pip install 'organism[plots]'") from None


def write_plot(path: Path, results: Results, analysis: Analysis) -> None:
    """Draw every series, a panel an axis, and the Pareto-best in the last panel, as SVG or PNG by the ending."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "organism"  # The same sweep gives the same file.
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    points = results.points()
    axes_names = list(dict.fromkeys(series.axis for series in analysis.series)) or ["compute"]
    figure = Figure(figsize=(5.2 * len(axes_names), 4.2), layout="constrained")
    panels = figure.subplots(1, len(axes_names), squeeze=False)[0]
    for panel, axis in zip(panels, axes_names, strict=True):
        drawn = [series for series in analysis.series if series.axis == axis]
        for series, colour in zip(drawn, COLOURS * (len(drawn) // len(COLOURS) + 1), strict=False):
            _draw(panel, series, colour)
        if axis == "compute":
            best = [points[i] for i in analysis.pareto]
            x, y = [point.compute for point in best], [fmean(point.losses) for point in best]
            panel.step(x, y, where="post", color="#888888", linewidth=1, linestyle=":", label="Pareto-best")
        panel.set_xscale("log")
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_xlabel(f"{axis} (parameters x tokens)" if axis == "compute" else axis)
        panel.set_ylabel("validation loss, nats per token")
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
        if 0 < len(drawn) <= len(COLOURS):
            panel.legend(fontsize=7, frameon=False)
    figure.suptitle(f"sweep {results.sweep.name}, {results.sweep.corpus}")
    ending, drawing = path.suffix.lower(), io.BytesIO()
    metadata: Any = {"Date": None} if ending == ".svg" else None
    figure.savefig(drawing, format=ending.removeprefix("."), metadata=metadata, dpi=150)
    write_atomically(path, drawing.getvalue())


def _draw(panel: Any, series: Series, colour: str) -> None:
    """One series: means, the seeds' reach, and the law."""
    x = [sample.x for sample in series.samples]
    means = [sample.mean for sample in series.samples]
    reach = [
        [sample.mean - min(sample.losses) for sample in series.samples],
        [max(sample.losses) - sample.mean for sample in series.samples],
    ]
    panel.errorbar(x, means, yerr=reach, fmt="o", color=colour, markersize=4, capsize=3, label=series.title)
    if series.law:
        law = series.law
        steps = [x[0] * (x[-1] / x[0]) ** (i / 100) for i in range(101)]
        spread = f"{law.low:.2f} to {law.high:.2f}" if math.isfinite(law.high) else f"over {law.low:.2f}"
        said = f"{law.floor:.2f} + {law.scale:.3g} x^-{law.exponent:.2f} (exponent {spread})"
        panel.plot(steps, [law.loss(step) for step in steps], color=colour, linewidth=1, label=said)
