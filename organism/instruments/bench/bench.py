"""How fast it is: the ladder of metabolisms, shapes, workers, start-up, a default evolution, six micro-benchmarks.

report = measure(corpus, parts=("ladder",), workers=2, tell=print)
"""

import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from ...corpus import Corpus
from ...life.plan import versions
from .arithmetic import Micro, Rung, Shape, ladder, micro_benchmarks, peak_gflops, shapes
from .processes import Crew, Evolution, Startup, crews, evolution, startup
from .turns import Tell, part_of

PARTS = ("ladder", "shapes", "workers", "startup", "evolution", "benchmarks")


class Report(msgspec.Struct, frozen=True):
    """Everything that was measured; what wasn't asked for is empty or None."""

    language: str
    version: str
    cpu: str
    timestamp: str
    versions: dict[str, str]
    corpus: str
    peak_gflops: dict[str, float] = {}
    ladder: tuple[Rung, ...] = ()
    shapes: tuple[Shape, ...] = ()
    workers: tuple[Crew, ...] = ()
    startup: Startup | None = None
    evolution: Evolution | None = None
    benchmarks: tuple[Micro, ...] = ()


def measure(corpus: Corpus, parts: Sequence[str], workers: int, tell: Tell) -> Report:
    """Measure `parts` of PARTS, with at most so many worker processes."""
    peaks = peak_gflops() if {"ladder", "shapes"} & set(parts) else {}
    instruments: dict[str, Callable[[Tell], Any]] = {
        "ladder": partial(ladder, corpus, peaks),
        "shapes": partial(shapes, corpus, peaks),
        "workers": partial(crews, corpus, workers),
        "startup": partial(startup, corpus),
        "evolution": partial(evolution, corpus, workers),
        "benchmarks": partial(micro_benchmarks, corpus),
    }
    found = {part: instruments[part](part_of(tell, i, len(parts), f"{part}: ")) for i, part in enumerate(parts)}
    return Report(
        language=f"Python {platform.python_version()}",
        version=metadata.version("organism"),
        cpu=cpu(),
        timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
        corpus=corpus.name,
        peak_gflops=peaks,
        **found,
    )


def cpu() -> str:
    """What the processor calls itself."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
