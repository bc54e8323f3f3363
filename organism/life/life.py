"""A life: primordial, evolving, evolved. One stream of events out, one inbox of acts in.

    life = Life.begin(home, plan, workers=2)
    for event in life.events(): ...

`events` does the work while it's iterated: it trains the creature as it is, lets the engine breed and the pool train,
writes the champion's genes over genome.toml and trains what the creature has become. Every event is in the journal
before anybody sees it, so that a life killed at any instant can be resumed: it is then lived again from the beginning,
with what the journal holds read instead of trained. A face may call `act` and `close` from another thread.
"""

import queue
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..corpus import Corpus, read_corpus
from ..errors import BadInput, Failure
from ..events import SAYINGS, Act, Confirmed, Dream, Event, GenomeWritten, Resumed, Run, Stage, TrainStep, Worker
from ..evolution.engine import Engine, estimate
from ..genes import Genes
from ..genome import Genome, Provenance
from ..home import Home
from ..mind.metabolism.build import prepare, to_compile
from ..mind.sampling import dreams
from ..mind.training import Training, architecture_of
from ..mind.weights import save_weights
from ..space import Spelling, check_space
from ..story import Learning, Story, descendant, genome_of
from ..trial import OWN, training_seed
from ..workers.backend import Backend
from ..workers.pool import Pool
from .creature import told
from .genomes import genome_in_force, keep, write_genome
from .journal import Journal, read_story
from .plan import Plan, asked, check_plan, now, resolve, versions
from .registry import submit
from .search import Search

DREAMT = 20


class _Left(Exception):
    """The person has left; the run stays as it is, to be resumed."""


class Life:
    """One run of a creature in its home, made by `begin` or `resume`; `past` is what was told of it before.

    Trials go to `backend`; without one, to a pool of so many `workers` of this machine.
    """

    def __init__(
        self,
        home: Home,
        run: Run,
        corpus: Corpus,
        workers: int,
        path: Path | None = None,
        past: Story | None = None,
        generations: int | None = None,
        backend: Backend | None = None,
    ):
        self.home = home
        self.run = run
        self.corpus = corpus
        self.workers = workers
        self.generations = generations
        self.past = past or Story()
        self._path = path
        self._inbox: queue.SimpleQueue[Act] = queue.SimpleQueue()
        self._leaving = False
        self.journal: Journal | None = None
        self._remembered: deque[Learning] = deque()
        # Started here, and not in `events`, because a screen may take the terminal over in between.
        self.pool = backend or Pool(corpus, run.config.metabolism, run.config.dtype, workers)

    @classmethod
    def begin(cls, home: Home, plan: Plan, workers: int, backend: Backend | None = None) -> "Life":
        """A new run from the genome in force. Raises BadInput for a plan, genome or corpus that can't be."""
        check_plan(plan)
        genome, corpus = genome_in_force(home), read_corpus(plan.data)
        return cls(home, resolve(plan, genome, corpus, workers), corpus, workers, backend=backend)

    @classmethod
    def resume(
        cls,
        home: Home,
        path: Path,
        workers: int,
        generations: int | None = None,
        backend: Backend | None = None,
    ) -> "Life":
        """The run that the journal at `path` tells of, from where it stopped; to so many generations in all, if given.

        Raises BadInput if it can't go on.
        """
        past = read_story(path)
        run = past.first
        if run.versions.get("organism") != versions()["organism"]:
            raise BadInput(
                f"{path}: was written by organism {run.versions.get('organism')}, this is {versions()['organism']}: "
                f"it can be shown and replayed, but not resumed"
            )
        edited = f"{path}: its first line was edited: "
        try:
            check_space(msgspec.convert(msgspec.to_builtins(run.config.genes), Spelling), f"{edited}genes")
        except msgspec.ValidationError as error:
            raise BadInput(f"{edited}{error}") from None
        check_plan(asked(run), edited)
        if generations is None and past.finished:
            raise BadInput(f"{path.stem}: is finished; '--generations N' extends it to N generations in all")
        corpus = read_corpus(run.corpus, f"{path.name}: corpus")
        if corpus.sha256 != run.corpus_sha256:
            raise BadInput(
                f"{path.name}: corpus {run.corpus}: has changed since the run began: its sha256 was {run.corpus_sha256}"
            )
        if generations is not None and generations <= past.generation:
            raise BadInput(
                f"--generations {generations}: {path.stem} has had {past.generation} already: more are needed to go on"
            )
        return cls(home, run, corpus, workers, path, past, generations, backend)

    # --- the inbox

    @property
    def name(self) -> str:
        """What the run is called, once it has a journal."""
        return self.journal.story.name if self.journal else ""

    def act(self, act: Act) -> None:
        """What a person does: pause, resume, stop, cull, bless or immigrant. Safe from any thread."""
        self._inbox.put(act)
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
                if self._path is None:
                    self.journal = Journal.create(self.home, self.run)
                    yield self.run
                else:
                    self.journal = Journal.reopen(self._path)
                try:
                    for event in self._live(self.journal):
                        yield from self.journal.write(event)
                    self.journal.check_repeated()
                finally:
                    self.journal.close()
        except _Left:
            return
        finally:
            self.pool.close()

    def _live(self, journal: Journal) -> Iterator[Event]:
        run, config = self.run, self.run.config
        self._remembered = deque(learning for learning in journal.story.lives if learning.names)
        if self._path is not None:
            yield Resumed(resumed_at=now(), workers=self.workers)
        if what := to_compile(config.metabolism, config.dtype):
            yield Worker(worker=0, state="compiling", reason=what)
        prepare(config.metabolism, config.dtype)
        if config.whole_life:
            yield Stage(stage=run.stage, saying=SAYINGS[run.stage])
            yield from self._train(run.genome)
        size = self.corpus.vocab_size
        engine = Engine(run, lambda genes: architecture_of(genes, size).parameters, size)
        search = Search(engine, self.pool, journal, self, self.generations)
        goes_on = True
        while goes_on:
            yield Stage(stage="evolving", saying=SAYINGS["evolving"])
            yield from search.events()
            champion = search.engine.champion
            if champion:
                yield from self._rewrite(journal, search, champion)
            if champion and config.whole_life:
                yield Stage(stage="evolved", saying=SAYINGS["evolved"])
                yield from self._train(champion.genes)
            goes_on = yield from search.extended()
            if not (champion or goes_on):
                raise Failure("nothing lived to be confirmed: all were culled or failed; try another --seed or --space")

    def _train(self, genes: Genes) -> Iterator[Event]:
        """Train the creature that `genes` spell, keep its weights and let it dream; or tell what the journal tells."""
        if self._remembered:
            yield from self._remembered.popleft().events()
            return
        config, began = self.run.config, time.monotonic()
        seed = training_seed(self.run.seed, genes, OWN)
        training = Training(genes, self.corpus, seed, config.metabolism, config.dtype, tick=self.check_present)
        yield from told(training, self._steps(training), began, tick=self.check_present)
        creature = training.creature()
        dreamt = dreams(creature, DREAMT, creature.rng, tick=self.check_present)
        save_weights(self.home.weights, creature, seed)
        yield Dream(names=tuple(dream.text for dream in dreamt))

    def _steps(self, training: Training) -> Iterator[Event]:
        for step, loss in training.progress(self.check_present):
            yield TrainStep(step=step, loss=loss)
            yield from self._stand_still_if_asked()

    def _rewrite(self, journal: Journal, search: Search, champion: Confirmed) -> Iterator[Event]:
        """Write the champion's genes over genome.toml; once an end, however often the run was interrupted.

        All of a Pareto search's front is filed in the registry, for a person to choose another.
        """
        engine, story, moment = search.engine, journal.story, now()
        if story.writings < search.champions:
            journal.check_repeated()
            moment = self._write(genome_of(story, moment))
            for record in engine.front() if engine.is_pareto else ():
                trials, organism = record.searched, record.organism
                measured = Provenance(
                    fitness=estimate([engine.final.fitness(trial) for trial in trials]),
                    validation_loss=estimate([trial.validation_loss for trial in trials]),
                    created=moment,
                )
                genome = descendant(story, organism.genes, story.organisms[organism.id], measured)
                notes = (
                    f"front of {story.name}: organism {organism.id}, beauty {record.mean('beauty'):.3f}, "
                    f"compute {record.mean('compute'):.1e}"
                )
                submit(self.home, genome, notes=notes)
        yield GenomeWritten(path="genome.toml", stage="evolved", genes=champion.genes, written_at=moment)

    def _write(self, genome: Genome) -> str | None:
        """Put `genome` in force, unless it was before the run was interrupted; when that was."""
        assert genome.provenance is not None
        try:
            present = genome_in_force(self.home)
            if present.genes == genome.genes and present.provenance and present.provenance.run == genome.provenance.run:
                return present.provenance.created
            write_genome(self.home, genome)
        except BadInput as error:
            kept = keep(self.home, genome)
            raise BadInput(f"{error}; it was left as it is, and the evolved genome kept as {kept}") from None
        return genome.provenance.created

    def check_present(self) -> None:
        """Between two slices of work: raise _Left if the person has left."""
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
            self.check_present()
            acts = self.take_acts(wait=0.1 if paused else 0.0)

    def take_acts(self, wait: float = 0.0) -> list[Act]:
        """What a person did since the last call, waiting up to `wait` seconds for the first of it."""
        acts = []
        try:
            while True:
                acts.append(self._inbox.get(timeout=0.0 if acts else wait))
        except queue.Empty:
            return acts


def live(home: str | Path | None = None, workers: int = 1, **wishes: Any) -> Iterator[Event]:
    """A whole life in the folder `home`: its events as they happen.

    `wishes` are fields of `Plan`, of which `seed` is required. Raises BadInput for what can't be lived.
    """
    return Life.begin(Home.find(None if home is None else Path(home)), Plan(**wishes), workers).events()


def evolve(home: str | Path | None = None, workers: int = 1, **wishes: Any) -> Iterator[Event]:
    """As `live`, without training the creature before and after."""
    return live(home, workers, **wishes, whole_life=False)
