"""Past runs: in short, for a list of them, and whole, for a closer look."""

from functools import lru_cache
from pathlib import Path

from organism.home import Home
from organism.instruments.runs import Summary, summary
from organism.life.journal import journals, read_events
from organism.view.words import duration, figure, in_short

from .feed import ReplayFeed
from .snapshot import Snapshot


def summaries(home: Home) -> list[Summary]:
    """All runs of a home, the newest first. Only journals that have changed are read again."""
    found = []
    for path in reversed(journals(home)):
        try:
            status = path.stat()
        except OSError:
            continue
        found.append(_summary(path, status.st_mtime_ns, status.st_size))
    return found


@lru_cache(512)
def _summary(path: Path, changed: int, size: int) -> Summary:
    """What a journal tells in short that was last changed then and has that size."""
    return summary(path)


def figures(run: Summary) -> list[tuple[str, str]]:
    """What there is to say of a run, each with its label."""
    told = [
        ("objective", f"{run.objective} on {run.corpus.rsplit('/', 1)[-1]}"),
        ("evaluations", f"{run.evaluations} in {duration(run.seconds)}"),
    ]
    if run.end:
        told += [
            ("champion", f"#{run.end.champion}"),
            ("validation", figure(run.end.validation_loss)),
            ("test", figure(run.end.test_loss)),
            ("genes", in_short(run.end.genes)),
        ]
    return told


def whole(path: Path) -> Snapshot:
    """A run as it looks at its end. Raises BadInput where there's none to read."""
    feed = ReplayFeed(read_events(path), path.stem, clock=lambda: 0.0)
    feed.seek(feed.length)
    return feed.advance() or Snapshot()
