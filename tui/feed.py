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

import msgspec

from organism.corpus import read_corpus
from organism.errors import BadInput
from organism.events import Act, Event, Run
from organism.fitness.beauty import Judge

from .snapshot import Dreamt, Reading, Snapshot
from .timeline import moments
from .watch import Story

PERIOD = 0.1
SPEEDS = (1, 2, 5, 10, 20, 50)
REAL_NAMES = 200

Clock = Callable[[], float]


class Source(Protocol):
    """What a live feed listens to; `organism.life.Life` is one."""

    def events(self) -> Iterator[Event]: ...

    def act(self, act: Act) -> None: ...

    def close(self) -> None: ...


class Feed(Protocol):
    """What a bridge asks."""

    def advance(self) -> Snapshot | None:
        """The life as it is now, or None if nothing has changed since the last call."""
        ...

    def act(self, act: Act) -> None: ...

    def close(self) -> None: ...


class Eyes(msgspec.Struct, frozen=True):
    """A judge, and what it reads in its corpus."""

    judge: Judge
    reading: Reading

    def score(self, name: str) -> Dreamt:
        """A name on its own: how various its population is has no part in it. A name that isn't valid scores 0."""
        if not self.judge.valid(name):
            return Dreamt(name, 0.0, 0.0, 0.0, 0.0)
        flow, symmetry = self.judge.flow(name), self.judge.symmetry(name)
        creativity = self.judge.novelty(name) * self.judge.typicality(name)
        return Dreamt(name, flow, symmetry, creativity, (flow + 1.2 * symmetry + 2 * creativity) / 4.2)


def open_eyes(run: Run) -> Eyes | None:
    """A judge of the corpus that a run was about; None if that corpus isn't here any more, or is another now."""
    try:
        corpus = read_corpus(run.corpus)
        if corpus.sha256 != run.corpus_sha256:
            return None
        split = corpus.split
    except BadInput:
        return None
    judge = Judge(split.train, split.validation, split.test)
    real = judge.real(REAL_NAMES)
    floor = run.config.bigram_loss
    return Eyes(judge, Reading(real.flow, real.symmetry, real.creativity, real.beauty, floor))


class Stream:
    """Tells events to a story, and opens its eyes at the first one that names a corpus."""

    def __init__(self, name: str):
        self.story = Story(name)
        self.eyes: Eyes | None = None

    def tell(self, event: Event, at: float) -> None:
        if isinstance(event, Run) and self.eyes is None and (eyes := open_eyes(event)):
            self.eyes = eyes
            self.story.see(eyes.score, eyes.reading)
        self.story.tell(event, at)

    def restart(self) -> None:
        """Forget what was told, not how to judge it."""
        self.story = Story(self.story.now.name)
        if self.eyes:
            self.story.see(self.eyes.score, self.eyes.reading)


class LiveFeed:
    """A life that runs now. `begin` makes it, in the thread that will run it; `held` is what happened before."""

    def __init__(
        self,
        begin: Callable[[], Source],
        name: Callable[[Source], str] = lambda source: "",
        held: Sequence[Event] = (),
        clock: Clock = time.monotonic,
    ):
        self.stream = Stream("")
        self.begin, self.name_of = begin, name
        self.held = held
        self.clock = clock
        self.arrived: deque[Event] = deque()
        self.waiting_acts: deque[Act] = deque()
        self.source: Source | None = None
        self.failure: Exception | None = None
        self.over = threading.Event()
        self.asked_to_close = False
        self.at, self.looked = 0.0, None
        self.told_end = False
        self.thread = threading.Thread(target=self._run, name="organism-life", daemon=True)

    @property
    def story(self) -> Story:
        return self.stream.story

    def start(self) -> "LiveFeed":
        self.thread.start()
        return self

    def advance(self) -> Snapshot | None:
        now = self.clock()
        passed = 0.0 if self.looked is None else now - self.looked
        self.looked = now
        if not (self.story.now.paused or self.told_end):
            self.at += passed
        if self.held:
            for event, at in zip(self.held, moments(self.held), strict=True):
                self.stream.tell(event, at)
                self.at = at
            self.held = ()
        ended = self.over.is_set()
        fresh = bool(self.arrived)
        while self.arrived:
            self.stream.tell(self.arrived.popleft(), self.at)
        if self.source is not None and not self.story.now.name:
            self.story.call(self.name_of(self.source))
        if ended and not self.told_end:
            self.told_end = fresh = True
            self.story.end(self.at, str(self.failure) if self.failure else "")
        return self.story.snapshot(self.at) if fresh or self.story.now.evolving else None

    def act(self, act: Act) -> None:
        if self.source is None:
            self.waiting_acts.append(act)
        else:
            self.source.act(act)

    def close(self) -> None:
        """Leave; returns when the life has put everything away."""
        self.asked_to_close = True
        if self.source is not None:
            self.source.close()
        if self.thread.is_alive():
            self.thread.join(5.0)

    def _run(self) -> None:
        try:
            self.source = source = self.begin()
            while self.waiting_acts:
                source.act(self.waiting_acts.popleft())
            if self.asked_to_close:
                source.close()
            for event in source.events():
                self.arrived.append(event)
        except Exception as error:
            self.failure = error
        finally:
            self.over.set()


class ReplayFeed:
    """A journal told again, by a clock of its own: `speed` times as fast as it happened, or standing still."""

    def __init__(self, events: Sequence[Event], name: str = "", clock: Clock = time.monotonic, speed: int = 10):
        self.events = events
        self.moments = moments(events)
        self.stream = Stream(name)
        self.clock = clock
        self.speed = speed
        self.playing = True
        self.position = 0.0
        self.told = 0
        self.looked: float | None = None
        self.changed = True
        self._sought: float | None = None

    @property
    def story(self) -> Story:
        return self.stream.story

    @property
    def length(self) -> float:
        """Seconds of the run's own time."""
        return self.moments[-1] if self.moments else 0.0

    @property
    def finished(self) -> bool:
        return self.told == len(self.events)

    def advance(self) -> Snapshot | None:
        now = self.clock()
        passed = 0.0 if self.looked is None else now - self.looked
        self.looked = now
        sought, self._sought = self._sought, None
        if sought is not None:
            self.position, self.changed = sought, True
            if bisect_right(self.moments, self.position) < self.told:
                self.stream.restart()
                self.told = 0
        elif self.playing and not self.finished:
            self.position = min(self.length, self.position + passed * self.speed)
        due = bisect_right(self.moments, self.position)
        while self.told < due:
            self.stream.tell(self.events[self.told], self.moments[self.told])
            self.told += 1
            self.changed = True
        if self.finished and not self.story.now.ended:
            self.story.end(self.position)
        if not self.changed:
            return None
        self.changed = False
        return self.story.snapshot(self.position)

    def seek(self, position: float) -> None:
        """Go to a second of the run's time; takes effect when next asked."""
        self._sought = min(self.length, max(0.0, position))

    def faster(self, by: int) -> None:
        """The next speed up (1) or down (-1)."""
        place = SPEEDS.index(self.speed) if self.speed in SPEEDS else 0
        self.speed = SPEEDS[min(len(SPEEDS) - 1, max(0, place + by))]
        self.changed = True

    def act(self, act: Act) -> None:
        """Only the playing itself can be paused; what happened has happened."""
        if act.verb in ("pause", "resume"):
            self.playing = act.verb == "resume"
            self.changed = True

    def close(self) -> None:
        """Nothing runs that would have to end."""


class Bridge:
    """The thread that asks a feed and posts what it says."""

    def __init__(self, feed: Feed, post: Callable[[Snapshot], object], period: float = PERIOD):
        self.feed = feed
        self.post = post
        self.period = period
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._run, name="organism-bridge", daemon=True)

    def start(self) -> "Bridge":
        self.thread.start()
        return self

    def close(self) -> None:
        """Stop asking, and let the feed put everything away."""
        self.closing.set()
        self.feed.close()
        if self.thread.is_alive():
            self.thread.join(2.0)

    def _run(self) -> None:
        while not self.closing.is_set():
            snapshot = self.feed.advance()
            if snapshot is not None and not self.closing.is_set():
                self.post(snapshot)
            self.closing.wait(self.period)
