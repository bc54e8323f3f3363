"""A sweep as a file: JSON with all that is known and said of it, CSV with a row a training, or a plot, SVG or PNG.

Points and seeds stand in the order of the sweep, whatever order they were trained in, so that a sweep that was killed
and went on gives the same file as one that wasn't; only `seconds` differ. Plots are drawn by matplotlib, which only
they need (`pip install 'organism[plots]'`).
"""

import csv
import io
import math
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec

from ...errors import BadInput
from ...files import check_output, write_atomically
from ...genes import told
from .scaling import Analysis, ScalingCurve
from .sweep import Dead, Results

ENDINGS = (".json", ".csv")
PLOTS = (".svg", ".png")
FIGURES = ("params", "tokens", "compute", "seconds", "validation_loss")
SCORES = ("classic_loss", "flow", "symmetry", "creativity", "beauty", "classic")
COLOURS = ("#3566a8", "#c2571a", "#2f8558", "#9a3f8f", "#8a7a12", "#5b5b5b", "#b3344a", "#1f8a9e")


def write_table(path: Path, results: Results, analysis: Analysis) -> None:
    """Write the sweep to `path`, by its ending."""
    text = as_csv(results) if path.suffix.lower() == ".csv" else as_json(results, analysis)
    write_atomically(path, text.encode())


def as_json(results: Results, analysis: Analysis) -> str:
    """Everything: what was swept, each training of each point, and the analysis. An unbounded exponent is null."""
    sweep = results.sweep
    points = []
    for i, point in enumerate(results.points()):
        line: dict[str, Any] = {"genes": point.genes, "pareto": i in analysis.pareto}
        if point.losses:
            line |= {
                "params": point.params,
                "tokens": point.tokens,
                "compute": point.compute,
                "seconds": point.seconds,
                "validation_loss": {"mean": point.mean, "sd": point.sd, "n": len(point.losses)},
            }
        line["runs"] = []
        for outcome in results.of(i):
            run = {"died": outcome.reason} if isinstance(outcome, Dead) else msgspec.to_builtins(outcome.measurement)
            figures = {key: value for key, value in run.items() if key != "params" and value is not None}
            line["runs"].append({"seed": outcome.seed, **figures})
        points.append(line)
    about = msgspec.to_builtins(sweep)
    del about["event"], about["points"]
    return msgspec.json.format(msgspec.json.encode({**about, "points": points, "analysis": analysis})).decode()


def as_csv(results: Results) -> str:
    """A row for every training: genes, seed, cost, losses and scores, and the names that it dreamt, a blank between."""
    text = io.StringIO()
    genes, figures = told(results.sweep.points), (*FIGURES, *SCORES)
    writer = csv.DictWriter(text, ["point", *genes, "seed", *figures, "names", "died"], lineterminator="\n")
    writer.writeheader()
    for i, point in enumerate(results.sweep.points):
        for outcome in results.of(i):
            row = {"point": i + 1, "seed": outcome.seed} | {gene: getattr(point, gene) for gene in genes}
            if isinstance(outcome, Dead):
                row["died"] = outcome.reason
            else:
                row |= {figure: getattr(outcome.measurement, figure) for figure in figures}
                row["names"] = " ".join(outcome.measurement.names)
            writer.writerow(row)
    return text.getvalue()


def check_plot(path: Path) -> None:
    """Raise BadInput if no plot can be written to `path`."""
    check_output("--plot", path, *PLOTS)
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise BadInput(f"--plot {path}: needs matplotlib, which isn't here: pip install 'organism[plots]'") from None


def write_plot(path: Path, results: Results, analysis: Analysis) -> None:
    """Draw every curve, a panel an axis, and the Pareto-best in the last panel, as SVG or PNG by the ending."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "organism"  # The same sweep gives the same file.
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    points = results.points()
    axes_names = list(dict.fromkeys(curve.axis for curve in analysis.series)) or ["compute"]
    figure = Figure(figsize=(5.2 * len(axes_names), 4.2), layout="constrained")
    panels = figure.subplots(1, len(axes_names), squeeze=False)[0]
    for panel, axis in zip(panels, axes_names, strict=True):
        drawn = [curve for curve in analysis.series if curve.axis == axis]
        for curve, colour in zip(drawn, cycle(COLOURS), strict=False):
            _draw(panel, curve, colour)
        if axis == "compute":
            best = [points[i] for i in analysis.pareto]
            x, y = [point.compute for point in best], [point.mean for point in best]
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


def _draw(panel: Any, curve: ScalingCurve, colour: str) -> None:
    """One curve: means, the seeds' reach, and the law."""
    x = [sample.x for sample in curve.samples]
    means = [sample.mean for sample in curve.samples]
    reach = zip(*((s.mean - min(s.losses), max(s.losses) - s.mean) for s in curve.samples), strict=True)
    panel.errorbar(x, means, yerr=list(reach), fmt="o", color=colour, markersize=4, capsize=3, label=curve.title)
    if curve.law:
        law = curve.law
        steps = [x[0] * (x[-1] / x[0]) ** (i / 100) for i in range(101)]
        spread = f"{law.low:.2f} to {law.high:.2f}" if math.isfinite(law.high) else f"over {law.low:.2f}"
        said = f"{law.floor:.2f} + {law.scale:.3g} x^-{law.exponent:.2f} (exponent {spread})"
        panel.plot(steps, [law.loss(step) for step in steps], color=colour, linewidth=1, label=said)
