"""How fast it is: the ladder of metabolisms, shapes, workers, start-up, a default evolution, six micro-benchmarks.

report = measure(corpus, parts=("ladder",), workers=2, tell=print)
"""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec

from ...corpus import Corpus
from ...life.plan import versions
from .arithmetic import Micro, Rung, Shape, ladder, micro_benchmarks, peak_gflops, shapes
from .processes import Crew, Evolution, Startup, crews, evolution, startup
from .turns import Tell

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
    found: dict = {}
    if {"ladder", "shapes"} & set(parts):
        found["peak_gflops"] = peak_gflops()
    for i, part in enumerate(parts):

        def telling(said: str, share: float, part: str = part, i: int = i) -> None:
            tell(f"{part}: {said}", (i + share) / len(parts))

        match part:
            case "ladder":
                found[part] = ladder(corpus, found["peak_gflops"], telling)
            case "shapes":
                found[part] = shapes(corpus, found["peak_gflops"], telling)
            case "workers":
                found[part] = crews(corpus, workers, telling)
            case "startup":
                found[part] = startup(corpus, telling)
            case "evolution":
                found[part] = evolution(corpus, workers, telling)
            case "benchmarks":
                found[part] = micro_benchmarks(corpus, telling)
    return Report(
        language=f"Python {platform.python_version()}",
        version=metadata.version("organism"),
        cpu=cpu(),
        timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
        corpus=corpus.name,
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
