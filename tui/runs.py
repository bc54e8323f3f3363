"""Past runs as cards: what a list of them shows, read from their journals, and whole lives for a closer look."""

from functools import lru_cache
from pathlib import Path

import msgspec

from organism.errors import BadInput
from organism.events import HEADS, EvolutionEnd, GenerationEnd, Judged, Run, sign
from organism.home import Home
from organism.life.journal import journals, read_events
from organism.story import Story

from .feed import ReplayFeed
from .snapshot import Snapshot


class Card(msgspec.Struct, frozen=True):
    """One run. `best` is in the objective's own unit, by generation; `complaint` says why there's no more to tell."""

    path: Path
    date: str = ""
    objective: str = ""
    corpus: str = ""
    best: tuple[float, ...] = ()
    champion: EvolutionEnd | None = None
    seconds: float = 0.0
    evaluations: int = 0
    finished: bool = False
    complaint: str = ""

    @property
    def state(self) -> str:
        if self.complaint:
            return "unreadable"
        return "finished" if self.finished else "unfinished"


def cards(home: Home) -> list[Card]:
    """All runs of a home, the newest first."""
    found = []
    for path in reversed(journals(home)):
        try:
            held = path.stat()
        except OSError:
            continue
        found.append(_card(path, held.st_mtime_ns, held.st_size))
    return found


@lru_cache(512)
def _card(path: Path, changed: int, size: int) -> Card:
    """The card of a journal that was last changed then and had that size."""
    try:
        events = read_events(path)
    except BadInput as error:
        return Card(path, complaint=str(error))
    run = events[0]
    if not isinstance(run, Run):
        return Card(path, complaint="its first line isn't a run event")
    ends = [event for event in events if isinstance(event, GenerationEnd)]
    judged = [event for event in events if isinstance(event, Judged) and not event.inherited]
    champion = next((event for event in reversed(events) if isinstance(event, EvolutionEnd)), None)
    aim = HEADS["Origin"] if run.objective == "hydra" else run.objective
    elapsed = max((event.elapsed_seconds for event in ends), default=0.0)
    return Card(
        path=path,
        date=run.created_at[:16].replace("T", " "),
        objective=run.objective,
        corpus=run.corpus.rsplit("/", 1)[-1],
        best=tuple(sign(aim) * event.best for event in ends if event.head in (None, "Origin")),
        champion=champion,
        seconds=champion.seconds if champion else elapsed,
        evaluations=champion.evaluations if champion else len(judged),
        finished=Story.of(events).finished,
    )


def whole(path: Path) -> Snapshot:
    """A run as it looks at its end. Raises BadInput where there's none to read."""
    feed = ReplayFeed(read_events(path), path.stem, clock=lambda: 0.0)
    feed.seek(feed.length)
    return feed.advance() or Snapshot()
