"""From events to snapshots: what stands between a life, which runs in threads and processes, and the screen.

A `Feed` is asked ten times a second for what is new. `LiveFeed` lets a life run in a thread of its own and tells its
events to a story; `ReplayFeed` tells those of a journal by a clock that can be paused, sped up and turned back. A
`Bridge` is the one thread that asks, and posts a snapshot that replaces the one before it if nobody has looked at
that yet: however fast events come, the screen has one thing to show. Clocks and sources are given, never assumed.
"""

import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from organism.corpus import read_corpus
from organism.errors import BadInput
from organism.events import Act, Event, Run
from organism.fitness.beauty import Judge

from .snapshot import Snapshot
from .timeline import moments
from .watch import Scorer, Watch

PERIOD = 0.1
SPEEDS = (1, 2, 5, 10, 20, 50)
REAL_NAMES = 200

Clock = Callable[[], float]


class Source(Protocol):
    """What a live feed listens to; `organism.life.life.Life` is one. `name` is its run's, once it has one."""

    @property
    def name(self) -> str: ...

    def events(self) -> Iterator[Event]: ...

    def act(self, act: Act) -> None: ...

    def close(self) -> None: ...


def scorer_of(run: Run) -> Scorer | None:
    """What judges by the corpus that a run was about; None if that isn't here any more, or is another now."""
    try:
        corpus = read_corpus(run.corpus)
        if corpus.sha256 != run.corpus_sha256:
            return None
        split = corpus.split
    except BadInput:
        return None
    judge = Judge(split.train, split.validation, split.test)
    return Scorer(judge, judge.real(REAL_NAMES))


class Feed:
    """What a bridge asks: a story, told as its events happen. Names are scored from the first one on that is a run."""

    def __init__(self, name: str, clock: Clock):
        self.watch = Watch(name)
        self.clock = clock
        self._asked: float | None = None

    def start(self) -> None:
        """Begin; what was shown before has been put away."""

    def advance(self) -> Snapshot | None:
        """The life as it is now, or None if nothing has changed since the last call."""
        raise NotImplementedError

    def act(self, act: Act) -> None:
        """Do what a person wants done."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave; returns when everything is put away."""

    def tell(self, event: Event, at: float) -> None:
        """`event` happened, `at` this many seconds."""
        if isinstance(event, Run) and self.watch.scorer is None:
            self.watch.scorer = scorer_of(event)
        self.watch.tell(event, at)

    def passed(self) -> float:
        """Seconds since the last call."""
        before, self._asked = self._asked, self.clock()
        return 0.0 if before is None else self._asked - before


class LiveFeed(Feed):
    """A life that runs now. `begin` makes it, in the thread that will run it; `former` is what happened before."""

    def __init__(self, begin: Callable[[], Source], former: Sequence[Event] = (), clock: Clock = time.monotonic):
        super().__init__("", clock)
        self.begin = begin
        self.former = former
        self.arrived: deque[Event] = deque()
        self.source: Source | None = None
        self.failure: Exception | None = None
        self.over = threading.Event()
        self.at = 0.0
        self._waiting: deque[Act] = deque()  # until there's a source that they could be done to
        self._closing = False
        self.thread = threading.Thread(target=self._run, name="organism-life", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def advance(self) -> Snapshot | None:
        passed = self.passed()
        if not (self.watch.story.paused or self.watch.ended):
            self.at += passed
        for event, at in zip(self.former, moments(self.former), strict=True):
            self.tell(event, at)
            self.at = at
        self.former = ()
        ended = self.over.is_set()
        fresh = bool(self.arrived)
        while self.arrived:
            self.tell(self.arrived.popleft(), self.at)
        if self.source is not None and not self.watch.story.name:
            self.watch.story.name = self.source.name
        if ended and not self.watch.ended:
            fresh = True
            self.watch.end(self.at, str(self.failure) if self.failure else "")
        return self.watch.snapshot(self.at) if fresh or self.watch.searches else None

    def act(self, act: Act) -> None:
        if self.source is None:
            self._waiting.append(act)
        else:
            self.source.act(act)

    def close(self) -> None:
        self._closing = True
        if self.source is not None:
            self.source.close()
        if self.thread.is_alive():
            self.thread.join(5.0)

    def _run(self) -> None:
        try:
            self.source = source = self.begin()
            while self._waiting:
                source.act(self._waiting.popleft())
            if self._closing:
                source.close()
            for event in source.events():
                self.arrived.append(event)
        except Exception as error:
            self.failure = error
        finally:
            self.over.set()


class ReplayFeed(Feed):
    """A journal told again, by a clock of its own: `speed` times as fast as it happened, or standing still."""

    def __init__(self, events: Sequence[Event], name: str = "", clock: Clock = time.monotonic, speed: int = 10):
        super().__init__(name, clock)
        self.events = events
        self.moments = moments(events)
        self.speed = speed
        self.playing = True
        self.position = 0.0
        self.told = 0
        self._changed = True
        self._sought: float | None = None

    @property
    def length(self) -> float:
        """Seconds of the run's own time."""
        return self.moments[-1] if self.moments else 0.0

    @property
    def finished(self) -> bool:
        return self.told == len(self.events)

    def advance(self) -> Snapshot | None:
        passed = self.passed()
        sought, self._sought = self._sought, None
        if sought is not None:
            self.position, self._changed = sought, True
            if bisect_right(self.moments, self.position) < self.told:
                self._restart()
        elif self.playing and not self.finished:
            self.position = min(self.length, self.position + passed * self.speed)
        due = bisect_right(self.moments, self.position)
        while self.told < due:
            self.tell(self.events[self.told], self.moments[self.told])
            self.told += 1
            self._changed = True
        if self.finished and not self.watch.ended:
            self.watch.end(self.position)
        if not self._changed:
            return None
        self._changed = False
        return self.watch.snapshot(self.position)

    def _restart(self) -> None:
        """Forget what was told, not how to score names."""
        self.told = 0
        self.watch = Watch(self.watch.story.name, self.watch.scorer)

    def seek(self, position: float) -> None:
        """Go to a second of the run's time; takes effect when next asked."""
        self._sought = min(self.length, max(0.0, position))

    def faster(self, by: int) -> None:
        """The next speed up (1) or down (-1)."""
        place = SPEEDS.index(self.speed) if self.speed in SPEEDS else 0
        self.speed = SPEEDS[min(len(SPEEDS) - 1, max(0, place + by))]
        self._changed = True

    def act(self, act: Act) -> None:
        """Only the playing itself can be paused; what happened has happened."""
        if act.verb in ("pause", "resume"):
            self.playing = act.verb == "resume"
            self._changed = True


class Bridge:
    """The thread that asks a feed and posts what it says. It begins by closing `former`, to what was shown before."""

    def __init__(
        self,
        feed: Feed,
        post: Callable[[Snapshot], object],
        former: "Bridge | None" = None,
        period: float = PERIOD,
    ):
        self.feed = feed
        self.post = post
        self.former = former
        self.period = period
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._run, name="organism-bridge", daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop asking, and let the feed put everything away."""
        self.closing.set()
        self.feed.close()
        if self.thread.is_alive():
            self.thread.join(2.0)

    def _run(self) -> None:
        if self.former:
            self.former.close()
            self.former = None
        if not self.closing.is_set():
            self.feed.start()
        while not self.closing.is_set():
            snapshot = self.feed.advance()
            if snapshot is not None and not self.closing.is_set():
                self.post(snapshot)
            self.closing.wait(self.period)
