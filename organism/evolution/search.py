"""The engine and the pool at work on each other: trials go to the workers, results to the engine, events come out.

What the journal holds of an earlier, interrupted course is read instead of trained, and what a person did in it is
done again. Here are the clock and the person's acts; the engine knows neither.
"""

import math
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from ..corpus import Corpus
from ..errors import Failure
from ..events import (
    Abandoned,
    Act,
    Confirmed,
    Died,
    Event,
    EvolutionEnd,
    GenerationEnd,
    GenerationStart,
    Judged,
    Progress,
    Run,
    Worker,
)
from ..fitness.objectives import Measurement
from ..genome import Genes, Space
from ..mind.training import architecture_of
from ..workers.pool import Done, Failed, Happening, Lost, Pool, Started, Step
from ..workers.worker import Task
from .engine import Config, Engine
from .journal import Journal
from .ledger import Trial
from .variation import cost


class Terms(Protocol):
    """What a search needs to know of the person's plan."""

    @property
    def objective(self) -> str: ...
    @property
    def generations(self) -> int: ...
    @property
    def population(self) -> int: ...
    @property
    def elitism(self) -> int: ...
    @property
    def cycles(self) -> int: ...
    @property
    def target(self) -> float | None: ...
    @property
    def patience(self) -> int | None: ...
    @property
    def minutes(self) -> float | None: ...
    @property
    def space(self) -> str: ...


class Person(Protocol):
    """Who watches the search: `look_up` raises when they leave, `take_acts` is what they did since the last call."""

    def look_up(self) -> None: ...

    def take_acts(self) -> list[Act]: ...


class Past(msgspec.Struct, frozen=True):
    """What a journal remembers of an earlier course. An era ends with each EvolutionEnd; acts stand with theirs."""

    results: dict[tuple[int, int], Judged | Died]
    acts: list[tuple[int, Act]]
    abandoned: dict[tuple[int, int], str]
    seconds: float

    @property
    def judged(self) -> set[tuple[int, int]]:
        """Which trainings came to something."""
        return {key for key, result in self.results.items() if isinstance(result, Judged)}

    @classmethod
    def of(cls, held: Sequence[Event]) -> "Past":
        past, era = cls({}, [], {}, max((getattr(event, "elapsed_seconds", 0.0) for event in held), default=0.0)), 0
        for event in held:
            match event:
                case EvolutionEnd():
                    era += 1
                case Act():
                    past.acts.append((era, event))
                case Abandoned(generation, reason):
                    past.abandoned[era, generation] = reason
                case Judged(id, _, replicate):
                    past.results[id, replicate] = event
                case Died(id, _, replicate, reason) if reason != "culled":
                    past.results[id, replicate] = event
        return past


class Search:
    """One evolution at work. `events` brings it to its end; `extended` says whether it goes on from there."""

    def __init__(
        self,
        terms: Terms,
        run: Run,
        corpus: Corpus,
        space: Space,
        pool: Pool,
        journal: Journal,
        person: Person,
        generations: int | None = None,
    ):
        self.terms = terms
        self.pool = pool
        self.journal = journal
        self.person = person
        self.past = Past.of(journal.held)
        self.began = time.monotonic()
        self.era = 0
        self.tasks: dict[int, Trial] = {}
        self.submitted = 0
        self.paused_at: float | None = None
        self.repeated = 0
        self.wished = generations
        config = Config(
            objective=terms.objective,
            seed=run.seed,
            generations=terms.generations,
            population=terms.population,
            elitism=terms.elitism,
            space=space,
            widens=terms.space in ("default", "wide"),
            floor=run.config["bigram_loss"],
            uniform=math.log(corpus.vocab_size),
            cycles=terms.cycles,
            target=terms.target,
            patience=terms.patience,
        )
        self.engine = Engine(config, run.genome, lambda genes: architecture_of(genes, corpus.vocab_size).parameters)

    @property
    def champion(self) -> Confirmed:
        """The confirmed best of the run. Raises Failure if nothing lived."""
        if self.engine.champion is None:
            raise Failure("no organism lived to be confirmed: every training failed; try another --seed or --space")
        return self.engine.champion

    def fitness_of(self, genes: Genes) -> float | None:
        """The mean fitness that `genes` had in this run, if they were judged."""
        record = self.engine.ledger.records.get(genes)
        return record.fitness(self.engine.final) if record and record.searched else None

    @property
    def elapsed(self) -> float:
        """Seconds of this search, those before an interruption included."""
        return self.past.seconds + (self.paused_at or time.monotonic()) - self.began

    # --- the stream

    def events(self) -> Iterator[Event]:
        """The course of the search, up to its EvolutionEnd."""
        engine = self.engine
        while True:
            happened = False
            for event in self._tell_events():
                happened = True
                yield event
            # The longest first, so that no worker is left with it when the others are done (Graham, 1969).
            asked = sorted(engine.ask(), key=self._cost, reverse=True)
            for trial in asked:
                self._start(trial)
            if engine.done and not happened:
                break
            if not (asked or happened):
                yield from self._wait()
        self.era += 1
        yield engine.end(self.champion, self.elapsed)

    def extended(self) -> Iterator[Event]:
        """After the end: go on if the person asked for more generations, in the past or now. The act, if it's new."""
        engine = self.engine
        for era, act in self.past.acts:
            if (era, act.verb, act.generation) == (self.era, "extend", engine.generation):
                self._apply(act)
                return
        if self.wished is not None:
            yield from self._wish()

    def _tell_events(self) -> Iterator[Event]:
        """Pass on what the engine says; where a generation begins, what a person did in it before is done again."""
        for event in self.engine.events():
            if isinstance(event, GenerationStart) and event.generation > self.repeated:
                self.repeated = event.generation
                self._repeat_acts(event.generation)
            if isinstance(event, GenerationEnd | Judged):
                event = msgspec.structs.replace(event, elapsed_seconds=round(self.elapsed, 3))
            yield event

    def _cost(self, trial: Trial) -> int:
        return cost(trial.genes, self.engine.ledger.params_of(trial.genes))

    def _start(self, trial: Trial) -> None:
        """Have a trial trained, unless the journal knows what came of it, or that nothing did."""
        match self.past.results.get((trial.id, trial.replicate)):
            case Judged() as judged:
                self.engine.tell(trial.id, trial.replicate, measurement_of(judged))
            case Died() as died:
                self.engine.fail(trial.id, trial.replicate, died.reason)
            case None if self._was_abandoned is None:
                self.submitted += 1
                self.tasks[self.submitted] = trial
                self.pool.submit(Task(self.submitted, trial.genes, trial.seed, trial.with_test))

    def _wait(self) -> Iterator[Event]:
        """Wait for the workers, the person or the clock, whichever is first."""
        if self._was_abandoned is not None:
            self.engine.abandon(self._was_abandoned)
            return
        self.person.look_up()
        self.journal.check_repeated()
        if self.wished is not None and not self.engine.confirming:
            yield from self._wish()
        for act in self.person.take_acts():
            yield from self._obey(act)
        timeout = self._seconds_left
        if timeout is not None and timeout <= 0:
            self.engine.abandon("minutes")
            self._cancel_unwanted()
            return
        for happening in self.pool.events(timeout):
            yield from self._hear(happening)

    @property
    def _seconds_left(self) -> float | None:
        """What is left of the person's minutes: they bound the search, but not what it was extended by."""
        if self.terms.minutes is None or self.era or self.engine.confirming or self.paused_at is not None:
            return None
        return self.terms.minutes * 60 - self.elapsed

    def _hear(self, happening: Happening) -> Iterator[Event]:
        match happening:
            case Started(worker, pid):
                yield Worker(worker=worker, state="started", pid=pid)
            case Lost(worker, pid, state, reason):
                yield Worker(worker=worker, state=state, pid=pid, reason=reason)
            case Step(id, step, loss) if id in self.tasks:
                trial = self.tasks[id]
                yield Progress(id=trial.id, replicate=trial.replicate, step=step, loss=loss)
            case Done(id, measurement) if id in self.tasks:
                trial = self.tasks.pop(id)
                self.engine.tell(trial.id, trial.replicate, measurement)
            case Failed(id, reason) if id in self.tasks:
                trial = self.tasks.pop(id)
                self.engine.fail(trial.id, trial.replicate, reason)

    # --- the person

    def _obey(self, act: Act) -> Iterator[Event]:
        """Do what a person asked, and say so if it could be done."""
        act = msgspec.structs.replace(act, generation=self.engine.generation)
        if act.verb in ("pause", "resume"):
            self._pause(act.verb == "pause")
            yield act
        elif self._apply(act):
            yield act
            self._cancel_unwanted()

    def _wish(self) -> Iterator[Event]:
        act = Act(verb="extend", generations=self.wished)
        self.wished = None
        yield from self._obey(act)

    def _pause(self, paused: bool) -> None:
        """Stop the workers and the clock, or let both go on."""
        self.pool.pause(paused)
        if paused and self.paused_at is None:
            self.paused_at = time.monotonic()
        elif not paused and self.paused_at is not None:
            self.began += time.monotonic() - self.paused_at
            self.paused_at = None

    def _apply(self, act: Act) -> bool:
        match act:
            case Act(verb="cull", id=int(id)):
                return self.engine.cull(id)
            case Act(verb="bless", id=int(id)):
                return self.engine.bless(id)
            case Act(verb="immigrant"):
                return self.engine.immigrant()
            case Act(verb="stop"):
                return self.engine.stop()
            case Act(verb="extend", generations=int(generations)):
                return self.engine.extend(generations)
        return False

    def _repeat_acts(self, generation: int) -> None:
        """Do again what a person did in `generation` of an earlier course."""
        for era, act in self.past.acts:
            if (era, act.generation) != (self.era, generation):
                continue
            if act.verb == "cull" and act.id is not None and (act.id, 0) in self.past.judged:
                self.engine.condemn(act.id)
            else:
                self._apply(act)

    @property
    def _was_abandoned(self) -> str | None:
        """Why the generation in progress was given up in an earlier course, if it was."""
        if self.engine.confirming:
            return None
        return self.past.abandoned.get((self.era, self.engine.generation))

    def _cancel_unwanted(self) -> None:
        for task, trial in list(self.tasks.items()):
            if not self.engine.wants(trial):
                self.pool.cancel(task)
                del self.tasks[task]


def measurement_of(event: Judged) -> Measurement:
    """What the journal remembers of a training."""
    held = {name: getattr(event, name) for name in Measurement.__struct_fields__}
    return Measurement(**held)
