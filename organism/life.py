"""A life: primordial, evolving, evolved. One stream of events out, one inbox of acts in.

    life = Life.begin(home, plan, workers=2)
    for event in life.events(): ...

`events` does the work while it's iterated: it trains the creature as it is, lets the engine breed and the pool train,
writes the champion's genes over genome.toml and trains what the creature has become. Every event is in the journal
before anybody sees it, so that a life killed at any instant can be resumed: it is then lived again from the beginning,
with what the journal holds read instead of trained. A face may call `act` and `close` from another thread.
"""

import platform
import queue
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from .corpus import Corpus, embedded, read_corpus
from .errors import BadInput, Failure
from .events import (
    Abandoned,
    Act,
    Confirmed,
    Died,
    Dream,
    Event,
    GenerationEnd,
    GenerationStart,
    GenomeWritten,
    Judged,
    Progress,
    Resumed,
    Run,
    Stage,
    TrainEnd,
    TrainStart,
    TrainStep,
    Worker,
)
from .evolution.engine import Config, Engine, Trial, training_seed
from .evolution.journal import Journal
from .fitness.loss import bigram_loss, test_loss, validation_loss
from .fitness.objectives import OBJECTIVES, Measurement
from .genome import (
    Ancestor,
    Genes,
    Genome,
    Provenance,
    Space,
    genome_in_force,
    keep,
    read_space,
    write_genome,
)
from .home import Home
from .mind.sampling import dreams
from .mind.training import Training, architecture_of, is_prepared, prepare, save_weights
from .workers.pool import Done, Failed, Lost, Pool, Started, Step
from .workers.worker import Task, train_in_slices

SAYINGS = {"primordial": "I am unformed", "evolving": "I am searching", "evolved": "I have become"}
DREAMT = 20
LIVED = 200  # The replicate under which a creature is trained to live; the search uses others.


class Plan(msgspec.Struct, frozen=True):
    """What a person asked a life to be. `data` is a corpus's name or an absolute path; see `organism --help`."""

    seed: int
    objective: str = "loss"
    generations: int = 10
    population: int = 8
    elitism: int = 1
    cycles: int = 5
    target: float | None = None
    patience: int | None = None
    minutes: float | None = None
    space: str = "default"
    metabolism: str = "tape"
    dtype: str = "float64"
    data: str = "names"
    whole_life: bool = True


class _Left(Exception):
    """The person has left; the run stays as it is, to be resumed."""


class Life:
    """One run of a creature in its home. Made by `begin` or `resume`."""

    def __init__(self, home: Home, plan: Plan, space: Space, corpus: Corpus, workers: int, run: Run | Journal):
        self.home = home
        self.plan = plan
        self.space = space
        self.corpus = corpus
        self.workers = workers
        self._begun = run
        self._inbox: queue.SimpleQueue[Act] = queue.SimpleQueue()
        self._leaving = False
        self.journal: Journal | None = None
        # Started here, and not in `events`, because a screen may take the terminal over in between.
        self.pool = Pool(corpus, plan.metabolism, plan.dtype, workers)

    @classmethod
    def begin(cls, home: Home, plan: Plan, workers: int) -> "Life":
        """A new run from the genome in force. Raises BadInput for a plan, genome or corpus that can't be."""
        genome = genome_in_force(home)
        space = read_space(plan.space)
        corpus = read_corpus(plan.data)
        config = msgspec.to_builtins(plan)
        del config["seed"], config["objective"], config["data"]
        config["genes"] = msgspec.to_builtins(space)
        config["bigram_loss"] = bigram_loss(corpus)
        config["documents"] = len(set(corpus.documents))
        run = Run(
            objective=plan.objective,
            config=config,
            seed=plan.seed,
            genome=genome.genes,
            ancestors=genome.ancestors,
            corpus=plan.data,
            corpus_sha256=corpus.sha256,
            versions=versions(),
            workers=workers,
            stage=genome.stage,
            created_at=now(),
        )
        return cls(home, plan, space, corpus, workers, run)

    @classmethod
    def resume(cls, home: Home, path: Path, workers: int) -> "Life":
        """The run that the journal at `path` tells of, from where it stopped. Raises BadInput if it can't go on."""
        journal = Journal.reopen(path)
        run = journal.run
        if run.versions.get("organism") != versions()["organism"]:
            raise BadInput(
                f"{path}: was written by organism {run.versions.get('organism')}, this is {versions()['organism']}: "
                f"it can be shown and replayed, but not resumed"
            )
        corpus = read_corpus(run.corpus)
        if corpus.sha256 != run.corpus_sha256:
            raise BadInput(f"--data {run.corpus}: has changed since the run began: its sha256 was {run.corpus_sha256}")
        config = dict(run.config)
        space = msgspec.convert(config.pop("genes"), Space)
        del config["bigram_loss"], config["documents"]
        config |= {"seed": run.seed, "objective": run.objective, "data": run.corpus}
        return cls(home, msgspec.convert(config, Plan), space, corpus, workers, journal)

    # --- the inbox

    def act(self, verb: str, id: int | None = None) -> None:
        """What a person does: pause, resume, stop, cull, bless or immigrant. Safe from any thread."""
        self._inbox.put(Act(verb=verb, id=id))
        self.pool.wake()

    def close(self) -> None:
        """Leave at once; `events` ends, the journal is whole and the run can be resumed. Safe from any thread."""
        self._leaving = True
        self.pool.wake()

    # --- the stream

    def events(self) -> Iterator[Event]:
        """The life, as it happens. Of a resumed run, what the journal didn't hold yet."""
        try:
            with self.home.lock():
                began = self._begun
                self.journal = journal = began if isinstance(began, Journal) else Journal.create(self.home, began)
                try:
                    if isinstance(began, Run):
                        yield began
                    else:
                        yield from self._record(iter([Resumed(resumed_at=now(), workers=self.workers)]))
                    yield from self._record(self._live(journal.run))
                finally:
                    journal.close()
        except _Left:
            return
        finally:
            self.pool.close()

    def _record(self, events: Iterator[Event]) -> Iterator[Event]:
        """Write each event to the journal; pass on those that it didn't hold."""
        assert self.journal is not None
        for event in events:
            if self.journal.write(event):
                yield event

    def _live(self, run: Run) -> Iterator[Event]:
        if not is_prepared(self.plan.metabolism, self.plan.dtype):
            yield Worker(worker=0, state="compiling", reason=f"the {self.plan.metabolism} metabolism, once")
        prepare(self.plan.metabolism, self.plan.dtype)
        if self.plan.whole_life:
            yield Stage(stage=run.stage, saying=SAYINGS[run.stage])
            yield from self._be(run.genome)
        yield Stage(stage="evolving", saying=SAYINGS["evolving"])
        evolution = Evolution(self, run)
        yield from evolution.events()
        yield from self._rewrite(run, evolution)
        if self.plan.whole_life:
            yield Stage(stage="evolved", saying=SAYINGS["evolved"])
            yield from self._be(evolution.champion.genes)

    def _be(self, genes: Genes) -> Iterator[Event]:
        """Train the creature that `genes` spell, keep its weights and let it dream."""
        plan, began = self.plan, time.monotonic()
        seed = training_seed(plan.seed, genes, LIVED)
        training = Training(genes, self.corpus, seed, plan.metabolism, plan.dtype, tick=self.look_up)
        params = training.architecture.parameters
        yield TrainStart(
            genes=genes, documents=len(training.documents), vocab_size=self.corpus.vocab_size, params=params
        )
        for step, loss in train_in_slices(training, self.look_up):
            yield TrainStep(step=step, loss=loss)
            yield from self._stand_still_if_asked()
        creature = training.creature()
        yield TrainEnd(
            loss=training.last_loss,
            validation_loss=validation_loss(creature),
            test_loss=test_loss(creature),
            params=params,
            seconds=time.monotonic() - began,
        )
        dreamt = dreams(creature, DREAMT, creature.rng)
        save_weights(self.home.weights, creature, seed)
        yield Dream(names=tuple(dream.text for dream in dreamt))

    def _rewrite(self, run: Run, evolution: "Evolution") -> Iterator[Event]:
        """Write the champion's genes over genome.toml; once only, however often the run was interrupted."""
        assert self.journal is not None
        champion, engine = evolution.champion, evolution.engine
        predecessor = Ancestor(run.genome, evolution.fitness_of(run.genome), run.stage, run.objective)
        ancestors = run.ancestors if champion.genes == run.genome else (*run.ancestors, predecessor)
        genome = Genome(
            "evolved",
            champion.genes,
            Provenance(
                objective=self.plan.objective,
                fitness=champion.fitness,
                validation_loss=champion.validation_loss,
                test_loss=champion.test_loss,
                generation=engine.organisms[champion.id].generation,
                origin=engine.organisms[champion.id].origin,
                run=self.journal.stem,
                seed=self.plan.seed,
                metabolism=self.plan.metabolism,
                dtype=self.plan.dtype,
                corpus=self.plan.data,
                corpus_sha256=self.corpus.sha256,
                version=versions()["organism"],
                created=now(),
            ),
            ancestors,
        )
        try:
            in_force = genome_in_force(self.home)
            if in_force.provenance is None or in_force.provenance.run != self.journal.stem:
                write_genome(self.home, genome)
        except BadInput as error:
            kept = keep(self.home, genome)
            raise BadInput(f"{error}; it was left as it is, and the evolved genome kept as {kept}") from None
        yield GenomeWritten(path="genome.toml", stage="evolved", genes=champion.genes)

    def look_up(self) -> None:
        """Between two slices of work: leave if the person has left."""
        if self._leaving:
            raise _Left

    def _stand_still_if_asked(self) -> Iterator[Event]:
        """Pause the creature's own training from one act to the next; other acts have no meaning there."""
        paused = False
        acts = self.take_acts()
        while acts or paused:
            for act in acts:
                if act.verb in ("pause", "resume"):
                    paused = act.verb == "pause"
                    yield act
            self.look_up()
            acts = self.take_acts(wait=0.1 if paused else 0.0)

    def take_acts(self, wait: float = 0.0) -> list[Act]:
        """What a person did since the last call, waiting up to `wait` seconds for the first of it."""
        acts = []
        try:
            while True:
                acts.append(self._inbox.get(timeout=0.0 if acts else wait))
        except queue.Empty:
            return acts


class Evolution:
    """The engine and the pool at work on each other."""

    def __init__(self, life: Life, run: Run):
        plan, corpus = life.plan, life.corpus
        assert life.journal is not None
        self.life = life
        self.plan = plan
        self.pool = life.pool
        self.journal = life.journal
        self.known = {(e.id, e.replicate): e for e in self.journal.held if isinstance(e, Judged | Died)}
        self.acts = [event for event in self.journal.held if isinstance(event, Act)]
        self.culled = {act.id for act in self.acts if act.verb == "cull"}
        self.abandoned = next((e for e in self.journal.held if isinstance(e, Abandoned)), None)
        self.before = max((getattr(event, "elapsed_seconds", 0.0) for event in self.journal.held), default=0.0)
        self.began = time.monotonic()
        self.tasks: dict[int, Trial] = {}
        self.submitted = 0
        self.checked = False
        self.paused_at: float | None = None
        config = Config(
            objective=OBJECTIVES[plan.objective],
            seed=plan.seed,
            generations=plan.generations,
            population=plan.population,
            elitism=plan.elitism,
            space=life.space,
            widens=plan.space in ("default", "wide"),
            floor=run.config["bigram_loss"],
            target=plan.target,
            patience=plan.patience,
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
        record = self.engine.records.get(genes)
        return record.fitness(self.engine.config.objective) if record else None

    @property
    def elapsed(self) -> float:
        """Seconds of this search, those before an interruption included."""
        return self.before + time.monotonic() - self.began

    def events(self) -> Iterator[Event]:
        engine = self.engine
        while True:
            happened = False
            for event in self._tell_events():
                happened = True
                yield event
            asked = engine.ask()
            for trial in asked:
                self._start(trial)
            if engine.done and not happened:
                break
            if not (asked or happened):
                yield from self._wait()
        yield engine.end(self.champion, self.elapsed)

    def _tell_events(self) -> Iterator[Event]:
        """Pass on what the engine says; where a generation begins, what a person did in it before is done again."""
        for event in self.engine.events():
            if isinstance(event, GenerationStart):
                self._repeat_acts(event.generation)
            if isinstance(event, GenerationEnd):
                event = msgspec.structs.replace(event, elapsed_seconds=round(self.elapsed, 3))
            yield event

    def _start(self, trial: Trial) -> None:
        """Have a trial trained, unless the journal knows what came of it."""
        known = self.known.pop((trial.id, trial.replicate), None)
        if trial.replicate == 0 and trial.id in self.culled:
            self.engine.cull(trial.id)
        elif isinstance(known, Judged):
            self.engine.tell(trial.id, trial.replicate, measurement_of(known))
        elif isinstance(known, Died):
            self.engine.fail(trial.id, trial.replicate, known.reason)
        else:
            self.submitted += 1
            self.tasks[self.submitted] = trial
            self.pool.submit(Task(self.submitted, trial.genes, trial.seed, trial.with_test))

    def _wait(self) -> Iterator[Event]:
        """Wait for the workers, the person or the clock, whichever is first."""
        self.life.look_up()
        if not self.checked:
            self.checked = True
            self.journal.check_repeated()
        for act in self.life.take_acts():
            yield from self._obey(act)
        minutes, timeout = self.plan.minutes, None
        if minutes is not None and not self.engine.confirming and self.paused_at is None:
            timeout = minutes * 60 - self.elapsed
            if timeout <= 0:
                self._abandon("minutes")
                return
        for happening in self.pool.events(timeout):
            yield from self._hear(happening)

    def _hear(self, happening) -> Iterator[Event]:
        match happening:
            case Started(worker, pid):
                yield Worker(worker=worker, state="started", pid=pid)
            case Lost(worker, pid, state, reason):
                yield Worker(worker=worker, state=state, pid=pid, reason=reason)
            case Step(id, step, loss):
                trial = self.tasks[id]
                yield Progress(id=trial.id, replicate=trial.replicate, step=step, loss=loss)
            case Done(id, measurement):
                trial = self.tasks.pop(id)
                self.engine.tell(trial.id, trial.replicate, measurement)
            case Failed(id, reason):
                trial = self.tasks.pop(id)
                self.engine.fail(trial.id, trial.replicate, reason)

    def _obey(self, act: Act) -> Iterator[Event]:
        """Do what a person asked, and say so if it could be done."""
        act = msgspec.structs.replace(act, generation=self.engine.generation)
        if act.verb in ("pause", "resume"):
            self._pause(act.verb == "pause")
            yield act
        elif self._apply(act):
            yield act
            for task, trial in list(self.tasks.items()):
                if act.verb == "cull" and trial.id == act.id:
                    self.pool.cancel(task)
                    del self.tasks[task]

    def _pause(self, paused: bool) -> None:
        """Stop the workers and the clock, or let both go on."""
        self.pool.pause(paused)
        if paused and self.paused_at is None:
            self.paused_at = time.monotonic()
        elif not paused and self.paused_at is not None:
            self.began += time.monotonic() - self.paused_at
            self.paused_at = None

    def _apply(self, act: Act) -> bool:
        engine, generation = self.engine, act.generation
        match act.verb, act.id:
            case "cull", int(id):
                return engine.cull(id)
            case "bless", int(id):
                return engine.bless(id, generation)
            case "immigrant", _:
                return engine.immigrant(generation)
            case "stop", _:
                return engine.stop(generation)
        return False

    def _repeat_acts(self, generation: int) -> None:
        """What the journal says of a generation besides its results: acts, and that it was abandoned."""
        for act in self.acts:
            if act.generation == generation and act.verb != "cull":
                self._apply(act)
        if self.abandoned and self.abandoned.generation == generation:
            self._abandon(self.abandoned.reason)

    def _abandon(self, reason: str) -> None:
        for task in self.tasks:
            self.pool.cancel(task)
        self.tasks.clear()
        self.engine.abandon(reason)


def measurement_of(event: Judged) -> Measurement:
    """What the journal remembers of a training."""
    held = {name: getattr(event, name) for name in Measurement.__struct_fields__}
    return Measurement(**held)


def versions() -> dict[str, str]:
    """Of this program and of what its results might depend on."""
    import numba
    import numpy

    return {
        "organism": metadata.version("organism"),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "numba": numba.__version__,
    }


def now() -> str:
    """The present moment, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def data_name(name: str) -> str:
    """What a journal calls a corpus: its name, or the absolute path of its file."""
    return name if name in embedded() or name == "makemore" else str(Path(name).absolute())


def live(home: Path | None = None, workers: int = 1, **wishes: Any) -> Iterator[Event]:
    """A whole life in the folder `home`: its events, as they happen. `wishes` are fields of `Plan`, a seed among them.

    Worker processes import the main module: guard a script with `if __name__ == "__main__"`.
    """
    return Life.begin(Home.find(home), Plan(**wishes), workers).events()


def evolve(home: Path | None = None, workers: int = 1, **wishes: Any) -> Iterator[Event]:
    """As `live`, without training the creature before and after."""
    return live(home, workers, **wishes, whole_life=False)
