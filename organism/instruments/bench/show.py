"""Benchmarks and comparisons on the terminal: tables with bars, and a bar while they're at work.

All but the last is pure: from records to lines.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .compare import Standing
from .speed import Crew, Evolution, Micro, Report, Rung, Shape, Startup

BAR = 24
NAMES = 5


def bench_lines(report: Report) -> Iterator[str]:
    """All that is printed of a benchmark."""
    yield f"organism {report.version}, {report.language}, numba {report.versions['numba']}, {report.cpu}"
    yield f"corpus {report.corpus}; medians of repeats in turns; {report.timestamp}"
    if report.peak_gflops:
        peaks = ", ".join(f"{rate:.1f} Gflop/s in {dtype}" for dtype, rate in report.peak_gflops.items())
        yield f"peak of one core, measured: {peaks}"
    for lines in (
        _ladder(report.ladder),
        _shapes(report.shapes),
        _workers(report.workers),
        _startup(report.startup),
        _evolution(report.evolution),
        _benchmarks(report.benchmarks),
    ):
        for i, line in enumerate(lines):
            yield from ["", line] if i == 0 else [line]


def _ladder(rungs: Sequence[Rung]) -> Iterator[str]:
    if not rungs:
        return
    yield "the ladder: preset microgpt, one name learnt; bars are logarithmic"
    yield f"  {'':<24} {'us / name':>11} {'faster than val':>16} {'Gflop/s':>8} {'of peak':>8}"
    slowest, fastest = rungs[0].us_per_name, min(rung.us_per_name for rung in rungs)
    for rung in rungs:
        share = (1 + math.log(slowest / rung.us_per_name)) / (1 + math.log(slowest / fastest))
        yield (
            f"  {_way(rung):<24} {rung.us_per_name:>11,.2f} {1 / rung.ratio_to_val:>15,.0f}x {rung.gflops:>8.2f} "
            f"{rung.share_of_peak:>8.1%}  {_bar(share)}"
        )


def _shapes(shapes: Sequence[Shape]) -> Iterator[str]:
    if not shapes:
        return
    ways = list(dict.fromkeys(_way(shape) for shape in shapes))
    yield "shapes: us a name (share of this core's peak)"
    yield f"  {'width':>5} {'layers':>6} {'parameters':>10}  " + "  ".join(f"{way:>22}" for way in ways)
    sizes = dict.fromkeys((shape.n_embd, shape.n_layer, shape.params) for shape in shapes)
    for size in sizes:
        held = {_way(s): s for s in shapes if (s.n_embd, s.n_layer, s.params) == size}
        cells = "  ".join(f"{held[way].us_per_name:>13,.1f} ({held[way].share_of_peak:>5.1%})" for way in ways)
        yield f"  {size[0]:>5} {size[1]:>6} {size[2]:>10,}  {cells}"


def _workers(crews: Sequence[Crew]) -> Iterator[str]:
    if not crews:
        return
    yield "workers: trainings of the preset a second, measured and dreamt as in a search"
    for crew in crews:
        share = crew.trainings_per_second / max(c.trainings_per_second for c in crews)
        yield f"  {crew.workers:>3} {crew.trainings_per_second:>10.1f} / s {crew.speedup:>7.2f}x  {_bar(share)}"


def _startup(startup: Startup | None) -> Iterator[str]:
    if startup is None:
        return
    yield "start-up"
    rows = {"a bare Python": startup.python_seconds, "imports": startup.import_seconds}
    rows |= {f"compiling {name}, once a machine": s for name, s in startup.cold_compile_seconds.items()}
    rows |= {f"'organism train --steps 1', {name}": s for name, s in startup.warm_start_seconds.items()}
    rows["a new worker to its first step"] = startup.worker_first_step_ms / 1e3
    longest = max(rows.values())
    for name, seconds in rows.items():
        yield f"  {name:<44} {seconds:>7.3f} s  {_bar(seconds / longest)}"


def _evolution(found: Evolution | None) -> Iterator[str]:
    if found is None:
        return
    yield f"a default evolution: {found.evaluations_per_second:.1f} evaluations a second by {found.workers} workers"


def _benchmarks(micros: Sequence[Micro]) -> Iterator[str]:
    if not micros:
        return
    yield "micro-benchmarks, in plain Python"
    for m in micros:
        work = f"{m.iterations:,} {m.description}"
        yield f"  {m.name:<18} {m.time_ms:>10.3f} ms {m.ops_per_sec:>14,.0f} / s  {work}"


def _way(held: Rung | Shape) -> str:
    """How it was trained, in a few words."""
    way = held.metabolism if held.metabolism != "fused" else f"fused {held.dtype}"
    return way if held.batch_size == 1 else f"{way} x {held.batch_size}"


def _bar(share: float) -> str:
    eighths = round(max(0.0, min(1.0, share)) * BAR * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def compare_lines(standings: Sequence[Standing]) -> Iterator[str]:
    """A comparison as a table."""
    first, wide = standings[0], max(len(standing.name) for standing in standings)
    yield f"preset microgpt, 1000 steps; ratio and loss against {first.name}; bars are logarithmic"
    yield (
        f"  {'':<{wide}} {'training s':>11} {'process s':>10} {'ratio':>9} {'loss':>8} {'agrees':>6} {'names':>6}  "
        f"{'':<{BAR}}  first names"
    )
    ratios = [standing.ratio for standing in standings if standing.ratio]
    low, high = min(ratios), max(ratios)
    for s in standings:
        if s.note:
            yield f"  {s.name:<{wide}} {s.note}"
            continue
        training = f"{s.training:.4f}" if s.training is not None else "-"
        loss = f"{s.loss:.4f}" if s.loss is not None else "-"
        agrees = {True: "yes", False: "no", None: "-"}[s.agrees]
        same = sum(a == b for a, b in zip(s.names, first.names, strict=False))
        names = f"{same}/{len(first.names)}" if s.names else "-"
        share = (1 + math.log((s.ratio or low) / low)) / (1 + math.log(high / low))
        yield (
            f"  {s.name:<{wide}} {training:>11} {s.seconds:>10.4f} {s.ratio or 0:>9.3f} {loss:>8} {agrees:>6} "
            f"{names:>6}  {_bar(share):<{BAR}}  {' '.join(s.names[:NAMES])}".rstrip()
        )


@contextmanager
def work_bar():
    """A function to be told what is being done and how much of it is. It keeps a bar on standard error, if that is a
    terminal."""
    if not sys.stderr.isatty():
        yield lambda said, share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=1.0)
        yield lambda said, share: bars.update(task, completed=share, description=said)
