"""A sweep as a file for other programs: JSON with all that is known and said of it, or CSV with a row a training.

Points and seeds stand in the order of the sweep, whatever order they were trained in, so that a sweep that was killed
and went on gives the same file as one that wasn't; only `seconds` differ.
"""

import csv
import io
import math
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import msgspec

from ...files import check_output, write_atomically
from ...genes import told
from .scaling import Analysis
from .sweep import Results, Trained

ENDINGS = (".json", ".csv")


def check_table(path: Path) -> None:
    """Raise BadInput if a table can't be written to `path`."""
    check_output("--out", path, *ENDINGS)


def write_table(path: Path, results: Results, analysis: Analysis) -> None:
    """Write the sweep to `path`, by its ending."""
    text = as_csv(results) if path.suffix.lower() == ".csv" else as_json(results, analysis)
    write_atomically(path, text.encode())


def as_json(results: Results, analysis: Analysis) -> str:
    """Everything: what was swept, each training of each point, and the analysis. An unbounded exponent is null."""
    sweep = results.sweep
    points = []
    for i, (genes, point) in enumerate(zip(sweep.points, results.points(), strict=True)):
        measured = results.measurements(i)
        losses = [m.validation_loss for m in measured]
        held: dict[str, Any] = {"genes": msgspec.to_builtins(genes), "pareto": i in analysis.pareto}
        if measured:
            spread = stdev(losses) if len(losses) > 1 else None
            held |= {
                "params": point.params,
                "tokens": point.tokens,
                "compute": point.compute,
                "seconds": fmean(m.seconds for m in measured),
                "validation_loss": {"mean": fmean(losses), "sd": spread, "n": len(losses)},
            }
        held["runs"] = [
            {"seed": outcome.seed, **_run(outcome.measurement)}
            if isinstance(outcome, Trained)
            else {"seed": outcome.seed, "died": outcome.reason}
            for outcome in results.of(i)
        ]
        points.append(held)
    about = msgspec.to_builtins(sweep)
    del about["event"], about["points"]
    return msgspec.json.format(msgspec.json.encode({**about, "points": points, "analysis": _finite(analysis)})).decode()


def _run(measurement: Any) -> dict[str, Any]:
    held = msgspec.to_builtins(measurement)
    return {key: value for key, value in held.items() if key != "params" and value is not None}


def _finite(value: Any) -> Any:
    """`value` in plain types, with null for what JSON has no number for."""
    value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        return {key: _finite(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(held) for held in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


SCORES = ("classic_loss", "flow", "symmetry", "creativity", "beauty", "classic")


def as_csv(results: Results) -> str:
    """A row for every training: genes, seed, cost, losses and scores, and the names that it dreamt, a blank between."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = ("seed", "params", "tokens", "compute", "seconds", "validation_loss", *SCORES, "names", "died")
    columns = told(results.sweep.points)
    writer.writerow(["point", *columns, *header])
    for i, genes in enumerate(results.sweep.points):
        for outcome in results.of(i):
            row: list[Any] = [i + 1, *(getattr(genes, gene) for gene in columns), outcome.seed]
            if isinstance(outcome, Trained):
                m = outcome.measurement
                row += [m.params, m.tokens, m.compute, m.seconds, m.validation_loss]
                row += [*(getattr(m, score) for score in SCORES), " ".join(m.names), ""]
            else:
                row += [""] * (len(header) - 2) + [outcome.reason]
            writer.writerow(row)
    return text.getvalue()
