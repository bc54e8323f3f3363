"""Benchmarks on the terminal: from records to tables with bars."""

import math
from collections.abc import Iterator, Sequence

from ...view.table import table
from ...view.words import bar
from .arithmetic import Micro, Rung, Shape
from .bench import Report
from .compare import Compared
from .processes import Crew, Startup

NAMES = 5


def bench_lines(report: Report) -> Iterator[str]:
    """All that is printed of a benchmark."""
    yield f"organism {report.version}, {report.language}, numba {report.versions['numba']}, {report.cpu}"
    yield f"corpus {report.corpus}; medians of repeats in turns; {report.timestamp}"
    if report.peak_gflops:
        peaks = ", ".join(f"{rate:.1f} Gflop/s in {dtype}" for dtype, rate in report.peak_gflops.items())
        yield f"peak of one core, measured: {peaks}"
    if report.ladder:
        yield from ("", "the ladder: preset microgpt, one name learnt; bars are logarithmic", *_ladder(report.ladder))
    if report.shapes:
        yield from ("", "shapes: us a name (share of this core's peak)", *_shapes(report.shapes))
    if report.workers:
        about = "workers: trainings of the preset a second, measured and dreamt as in a search"
        yield from ("", about, *_workers(report.workers))
    if report.startup:
        yield from ("", "start-up", *_startup(report.startup))
    if report.evolution:
        rate, workers = report.evolution.evaluations_per_second, report.evolution.workers
        yield from ("", f"a default evolution: {rate:.1f} evaluations a second by {workers} workers")
    if report.benchmarks:
        yield from ("", "micro-benchmarks, in plain Python", *_benchmarks(report.benchmarks))


def _ladder(rungs: Sequence[Rung]) -> Iterator[str]:
    rows: list[Sequence[str]] = [("", "us / name", "faster than val", "Gflop/s", "of peak")]
    slowest, fastest = rungs[0].us_per_name, min(rung.us_per_name for rung in rungs)
    for rung in rungs:
        share = (1 + math.log(slowest / rung.us_per_name)) / (1 + math.log(slowest / fastest))
        figures = (f"{rung.us_per_name:,.2f}", f"{1 / rung.ratio_to_val:,.0f}x", f"{rung.gflops:.2f}")
        rows.append((_way(rung), *figures, f"{rung.share_of_peak:.1%}", bar(share)))
    return table(rows, "  <24 >11 >16 >8 >8  <")


def _shapes(shapes: Sequence[Shape]) -> Iterator[str]:
    ways = list(dict.fromkeys(_way(shape) for shape in shapes))
    rows = {(s.n_embd, s.n_layer): [str(s.n_embd), str(s.n_layer), f"{s.params:,}"] for s in shapes}
    for s in shapes:
        rows[s.n_embd, s.n_layer].append(f"{s.us_per_name:,.1f} ({s.share_of_peak:>5.1%})")
    return table([["width", "layers", "parameters", *ways], *rows.values()], "  >5 >6 >10" + "  >22" * len(ways))


def _workers(crews: Sequence[Crew]) -> Iterator[str]:
    best = max(crew.trainings_per_second for crew in crews)
    rates = ((crew, crew.trainings_per_second) for crew in crews)
    rows = ((str(crew.workers), f"{rate:.1f} / s", f"{crew.speedup:.2f}x", bar(rate / best)) for crew, rate in rates)
    return table(rows, "  >3 >14 >8  <")


def _startup(startup: Startup) -> Iterator[str]:
    seconds = {"a bare Python": startup.python_seconds, "imports": startup.import_seconds}
    seconds |= {f"compiling {name}, once a machine": s for name, s in startup.cold_compile_seconds.items()}
    seconds |= {f"'organism train --steps 1', {name}": s for name, s in startup.warm_start_seconds.items()}
    seconds["a new worker to its first step"] = startup.worker_first_step_ms / 1e3
    longest = max(seconds.values())
    return table(((name, f"{s:.3f} s", bar(s / longest)) for name, s in seconds.items()), "  <44 >9  <")


def _benchmarks(micros: Sequence[Micro]) -> Iterator[str]:
    rows = (
        (m.name, f"{m.time_ms:.3f} ms", f"{m.ops_per_sec:,.0f} / s", f"{m.iterations:,} {m.description}")
        for m in micros
    )
    return table(rows, "  <18 >13 >18  <")


def _way(measured: Rung | Shape) -> str:
    """How it was trained, in a few words."""
    way = measured.metabolism if measured.metabolism != "fused" else f"fused {measured.dtype}"
    return way if measured.batch_size == 1 else f"{way} x {measured.batch_size}"


def compare_lines(compared: Sequence[Compared]) -> Iterator[str]:
    """A comparison as a table."""
    first = compared[0]
    yield f"preset microgpt, 1000 steps; ratio and loss against {first.name}; bars are logarithmic"
    ratios = [c.ratio for c in compared if c.ratio]
    low, high = min(ratios), max(ratios)
    rows: list[Sequence[str]] = [("", "training s", "process s", "ratio", "loss", "agrees", "names", "", "first names")]
    for c in compared:
        if c.note:
            rows.append((c.name, c.note))
            continue
        same = sum(a == b for a, b in zip(c.names, first.names, strict=False))
        share = (1 + math.log((c.ratio or low) / low)) / (1 + math.log(high / low))
        figures = (_figure(c.training), _figure(c.seconds), _figure(c.ratio, 3), _figure(c.loss))
        agrees = {True: "yes", False: "no", None: "-"}[c.agrees]
        names = f"{same}/{len(first.names)}" if c.names else "-"
        rows.append((c.name, *figures, agrees, names, bar(share), " ".join(c.names[:NAMES])))
    yield from table(rows, "  < >11 >10 >9 >8 >6 >6  <  <")


def _figure(value: float | None, places: int = 4) -> str:
    return "-" if value is None else f"{value:.{places}f}"
