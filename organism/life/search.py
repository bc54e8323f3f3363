"""The engine and the pool at work on each other: trials go to the workers, results to the engine, events come out.

What the journal holds of an earlier, interrupted course is read instead of trained, and what a person did in it is
done again. Here are the clock and the person's acts; the engine knows neither.
"""

import time
from collections.abc import Generator, Iterator
from typing import Protocol

import msgspec

from ..events import Abandoned, Act, Died, Event, GenerationEnd, GenerationStart, Judged, Progress, Worker
from ..evolution.engine import Engine
from ..evolution.variation import cost
from ..trial import Done, Failed, Key, Step, Trial
from ..workers.backend import Backend, Happening
from .journal import Journal


class Person(Protocol):
    """Who watches: `check_present` raises when they have left, `take_acts` is what they did since the last call."""

    def check_present(self) -> None: ...

    def take_acts(self) -> list[Act]: ...


class Search:
    """One evolution at work. `events` brings it to its end; `extended` says whether it goes on from there.

    generations, if given, is how many a person now wishes it to have in all.
    """

    def __init__(self, engine: Engine, pool: Backend, journal: Journal, person: Person, generations: int | None = None):
        self.engine = engine
        self.minutes = journal.story.first.config.minutes
        self.pool = pool
        self.journal = journal
        self.person = person
        self.results, self.rounds = journal.story.results, journal.story.rounds
        self.began = time.monotonic() - journal.story.elapsed
        self.round = self.champions = 0
        self.training: set[Key] = set()
        self.paused_at: float | None = None
        self.repeated = 0
        self.wished = generations

    @property
    def elapsed(self) -> float:
        """Seconds of this search, those before an interruption included."""
        return (self.paused_at or time.monotonic()) - self.began

    # --- the stream

    def events(self) -> Iterator[Event]:
        """The course of the search, up to its EvolutionEnd. If nothing lived there's none, and no champion."""
        engine = self.engine
        while True:
            told = False
            for event in self._tell_events():
                told = True
                yield event
            if told:
                continue  # What a person did before may have moved the engine on: that is told before it's asked.
            # The longest first, so that no worker is left with it when the others are done (Graham, 1969).
            params_of = engine.records.params_of
            asked = sorted(engine.ask(), key=lambda trial: cost(trial.genes, params_of(trial.genes)), reverse=True)
            for trial in asked:
                self._start(trial)
            if not asked:
                if engine.done:
                    break
                yield from self._wait()
        self.round += 1
        if engine.champion:
            self.champions += 1
            yield engine.end(engine.champion, self.elapsed)

    def extended(self) -> Generator[Event, None, bool]:
        """After the end: the act of extending, if it's new. Returns whether the person wished more, now or before."""
        for act in self._past:
            if isinstance(act, Act) and (act.verb, act.generation) == ("extend", self.engine.generation):
                return self.engine.act(act)
        return self.wished is not None and (yield from self._wish())

    def _tell_events(self) -> Iterator[Event]:
        """Pass on what the engine says; where a generation begins, what a person did in it before is done again."""
        for event in self.engine.events():
            if isinstance(event, GenerationStart) and event.generation > self.repeated:
                self.repeated = event.generation
                self._repeat_acts(event.generation)
            if isinstance(event, GenerationEnd | Judged):
                event = msgspec.structs.replace(event, elapsed_seconds=round(self.elapsed, 3))
            yield event

    def _start(self, trial: Trial) -> None:
        """Have a trial trained, unless the journal knows what came of it, or that nothing did."""
        match self.results.get(trial.key):
            case Judged() as judged:
                self.engine.tell(trial.key, judged)
            case Died() as died:
                self.engine.fail(trial.key, died.reason)
            case None if self._was_abandoned is None:
                self.training.add(trial.key)
                self.pool.submit(trial)

    def _wait(self) -> Iterator[Event]:
        """Wait for the workers, the person or the clock, whichever is first."""
        if self._was_abandoned is not None:
            self.engine.abandon(self._was_abandoned)
            return
        self.person.check_present()
        self.journal.check_repeated()
        if self.wished is not None and not self.engine.confirming:
            yield from self._wish()
        for act in self.person.take_acts():
            yield from self._obey(act)
        # A person's minutes bound the search, but not what it was extended by.
        bounded = not (self.round or self.engine.confirming or self.paused_at is not None)
        timeout = self.minutes * 60 - self.elapsed if self.minutes is not None and bounded else None
        if timeout is not None and timeout <= 0:
            self.engine.abandon("minutes")
            self._cancel_unwanted()
            return
        for happening in self.pool.events(timeout):
            yield from self._hear(happening)

    def _hear(self, happening: Happening) -> Iterator[Event]:
        match happening:
            case Worker():
                yield happening
            case Step(key, step, loss) if key in self.training:
                yield Progress(id=key.id, replicate=key.replicate, step=step, loss=loss)
            case Done(key, measurement) if key in self.training:
                self.training.remove(key)
                self.engine.tell(key, measurement)
            case Failed(key, reason) if key in self.training:
                self.training.remove(key)
                self.engine.fail(key, reason)

    # --- the person

    def _obey(self, act: Act) -> Generator[Event, None, bool]:
        """Do what a person asked, and say so if it could be done; returns whether it could."""
        act = msgspec.structs.replace(act, generation=self.engine.generation)
        if act.verb in ("pause", "resume"):
            self._pause(act.verb == "pause")
            yield act
            return True
        if not self.engine.act(act):
            return False
        yield act
        self._cancel_unwanted()
        return True

    def _wish(self) -> Generator[Event, None, bool]:
        act = Act(verb="extend", generations=self.wished)
        self.wished = None
        return (yield from self._obey(act))

    def _pause(self, paused: bool) -> None:
        """Stop the workers and the clock, or let both go on."""
        self.pool.pause(paused)
        if paused and self.paused_at is None:
            self.paused_at = time.monotonic()
        elif not paused and self.paused_at is not None:
            self.began += time.monotonic() - self.paused_at
            self.paused_at = None

    def _repeat_acts(self, generation: int) -> None:
        """Do again what a person did in `generation` of an earlier course."""
        for act in self._past:
            if not isinstance(act, Act) or act.generation != generation:
                continue
            id = act.id
            if act.verb == "cull" and id is not None and isinstance(self.results.get((id, 0)), Judged):
                self.engine.cull_judged(id)
            else:
                self.engine.act(act)

    @property
    def _past(self) -> tuple[Act | Abandoned, ...]:
        """What a person, or the clock, did in this round of an earlier course."""
        return self.rounds[self.round] if self.round < len(self.rounds) else ()

    @property
    def _was_abandoned(self) -> str | None:
        """Why the generation in progress was given up in an earlier course, if it was."""
        if self.engine.confirming:
            return None
        abandoned = (event for event in self._past if isinstance(event, Abandoned))
        return next((event.reason for event in abandoned if event.generation == self.engine.generation), None)

    def _cancel_unwanted(self) -> None:
        for key in [key for key in self.training if not self.engine.wants(key)]:
            self.pool.cancel(key)
            self.training.remove(key)
