"""Evolution as ask and tell: who is to be trained next, and what follows from what came of it.

The engine knows no process, clock or file. Whoever runs it repeats

    for trial in engine.ask(): ...train it somewhere...
    engine.tell(trial.id, trial.replicate, measurement)     or     engine.fail(trial.id, trial.replicate, reason)
    for event in engine.events(): ...

until `engine.done`. Trials may be told in any order: what follows is decided when all of them are in, and every draw
comes from a generator seeded by (run seed, generation, slot). The course of a run is therefore a function of its
configuration and of what a person did, and of nothing else.

A generation has three acts. All newcomers are trained once. Then, as long as the best organism was trained only once,
it is trained again under another seed, so that nobody reigns by luck. Then the next generation is bred, in one of three
regimes: `normal`; `championship` after two generations without progress; `cataclysm` after four. At the end the three
best of the whole run are confirmed on three seeds that the search never saw, and the best mean wins.
"""

import hashlib
import random
from collections.abc import Callable
from statistics import fmean, stdev

import msgspec

from ..events import (
    Abandoned,
    Born,
    Confirmed,
    Died,
    Event,
    EvolutionEnd,
    GenerationEnd,
    GenerationStart,
    Judged,
)
from ..fitness.objectives import Measurement, Objective
from ..genome import Estimate, Genes, Space
from . import selection, variation

CONFIRMATIONS = (101, 102, 103)
CONFIRMED = 3
IMMIGRANTS = 2
CHAMPIONSHIP, CATACLYSM = 2, 4
WIDENED_COST = 4
REDRAWS = 50


class Config(msgspec.Struct, frozen=True):
    """All that the course of an evolution depends on, besides the genome that it starts from."""

    objective: Objective
    seed: int
    generations: int
    population: int
    elitism: int
    space: Space
    widens: bool
    floor: float
    target: float | None = None
    patience: int | None = None


class Trial(msgspec.Struct, frozen=True):
    """A training that the engine asks for."""

    id: int
    replicate: int
    genes: Genes
    seed: int
    with_test: bool


class Organism(msgspec.Struct, frozen=True):
    """A place in the population. What is known of its genes stands in the ledger."""

    id: int
    generation: int
    origin: str
    parents: tuple[int, ...]
    genes: Genes


# Origin, parents, and how the genes are drawn.
Recipe = tuple[str, tuple[int, ...], Callable[[random.Random], Genes]]


class Record(msgspec.Struct):
    """All that was measured of one genome in this run, by replicate, and the organism that first carried it."""

    organism: Organism
    trials: dict[int, Measurement] = {}

    def fitness(self, objective: Objective) -> float:
        """The mean over the search's replicates; confirmations are kept apart."""
        return fmean(objective.fitness(m) for replicate, m in self.trials.items() if replicate not in CONFIRMATIONS)


def training_seed(run_seed: int, genes: Genes, replicate: int) -> int:
    """The seed of a training: a hash of what it is, so that where and when it's done can't matter."""
    text = f"{run_seed} {genes.canonical()} {replicate}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")


class Engine:
    """One population under one objective. See the module for the protocol.

    `params_of` tells how many parameters genes mean for the run's vocabulary.
    """

    def __init__(self, config: Config, genome: Genes, params_of: Callable[[Genes], int]):
        self.config = config
        self.genome = genome
        self.params_of = params_of
        self.generation = 0
        self.regime = "normal"
        self.stagnation = 0
        self.best = -float("inf")
        self.records: dict[Genes, Record] = {}
        self.population: list[Organism] = []
        self.organisms: dict[int, Organism] = {}
        self.evaluations = 0
        self.reason = ""
        self.champion: Confirmed | None = None
        self.done = False
        self._asked: list[Trial] = []
        self._open: dict[tuple[int, int], Trial] = {}
        self._events: list[Event] = []
        self._dead: set[Genes] = set()
        self._poor: dict[tuple, int] = {}
        self._blessed: dict[int, set[int]] = {}
        self._summoned: dict[int, int] = {}
        self._stop_after: int | None = None
        self._confirming: list[Organism] = []
        self._begin([self._place(slot, *self._founder(slot)) for slot in range(config.population)])

    # --- the protocol

    def ask(self) -> list[Trial]:
        """The trainings that are wanted now and weren't handed out before."""
        asked, self._asked = self._asked, []
        return [trial for trial in asked if (trial.id, trial.replicate) in self._open]

    def tell(self, id: int, replicate: int, measurement: Measurement) -> None:
        """What a training came to. Raises KeyError for one that isn't wanted (any more)."""
        trial = self._open.pop((id, replicate))
        organism = self.organisms[id]
        record = self.records.setdefault(trial.genes, Record(organism, {}))
        record.trials[replicate] = measurement
        self.evaluations += 1
        if self._confirming:
            self._tell_confirmations(organism)
        else:
            self._judge(organism, replicate, measurement)
            if replicate == 0 and measurement.validation_loss > self.config.floor:
                self._poor[organism.genes.species] = self._poor.get(organism.genes.species, 0) + 1
        self._proceed()

    def fail(self, id: int, replicate: int, reason: str) -> None:
        """A training came to nothing. Raises KeyError for one that isn't wanted (any more)."""
        trial = self._open.pop((id, replicate))
        self.evaluations += 1
        self._dead.add(trial.genes)
        self._emit(Died(id=id, generation=self.generation, replicate=replicate, reason=reason))
        self._proceed()

    def events(self) -> list[Event]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    # --- what a person may do

    def cull(self, id: int) -> bool:
        """End an organism before it's judged. False if it can't be: unknown, judged, or being confirmed."""
        trial = self._open.get((id, 0))
        if trial is None or self._confirming:
            return False
        self.fail(id, 0, "culled")
        return True

    def bless(self, id: int, generation: int) -> bool:
        """Keep organism `id` of `generation` as an elite of the next one. False if there's none such."""
        known = any(organism.id == id for organism in self.population)
        if not known or self._confirming or generation != self.generation:
            return False
        self._blessed.setdefault(generation, set()).add(id)
        return True

    def immigrant(self, generation: int) -> bool:
        """One more random organism in the generation after `generation`."""
        if self._confirming or generation != self.generation:
            return False
        self._summoned[generation] = self._summoned.get(generation, 0) + 1
        return True

    def stop(self, generation: int) -> bool:
        """Let `generation` be the last."""
        if self._confirming or generation != self.generation:
            return False
        self._stop_after = generation
        return True

    def abandon(self, reason: str) -> None:
        """Give up the generation in progress, with all that was learnt in it, and go on to the confirmation."""
        self._emit(Abandoned(generation=self.generation, reason=reason))
        self._open.clear()
        self._asked.clear()
        for genes in [g for g, record in self.records.items() if record.organism.generation == self.generation]:
            self.evaluations -= len(self.records[genes].trials)
            del self.records[genes]
        self._confirm(reason)

    # --- the course of a generation

    def _begin(self, organisms: list[Organism | None]) -> None:
        """Open the next generation with the organisms that found a place."""
        self.generation += 1
        self.population = [organism for organism in organisms if organism is not None]
        self._emit(GenerationStart(generation=self.generation, regime=self.regime, population=len(self.population)))
        for organism in self.population:
            self._emit_born(organism)
            if organism.genes in self.records:
                record = self.records[organism.genes]
                self._judge(organism, 0, record.trials[0], inherited=True)
            else:
                self._want(organism, 0)
        self._proceed()

    def _proceed(self) -> None:
        """Take the next step, once everything that was asked for has been told."""
        if self._open:
            return
        if self._confirming:
            self._conclude()
            return
        ranked = self.ranked()
        if ranked and len(self.records[ranked[0].genes].trials) == 1:
            self._want_again(ranked[0])
            return
        self._end_generation(ranked)

    def _end_generation(self, ranked: list[Organism]) -> None:
        if ranked:
            champion = ranked[0]
            fitness = [self.fitness(organism) for organism in ranked]
            if fitness[0] > self.best:
                self.best, self.stagnation = fitness[0], 0
            else:
                self.stagnation += 1
            self._emit(
                GenerationEnd(
                    generation=self.generation,
                    best=fitness[0],
                    mean=fmean(fitness),
                    worst=fitness[-1],
                    species=selection.species([organism.genes for organism in self.population]),
                    stagnation=self.stagnation,
                    regime=self.regime,
                    champion=champion.id,
                    genes=champion.genes,
                    validation_loss=self._validation_loss(champion.genes),
                    blacklist=len(self._blacklist()),
                )
            )
        config = self.config
        if ranked and config.objective.reaches(self.best, config.target):
            self._confirm("target")
        elif self._stop_after == self.generation:
            self._confirm("stopped")
        elif config.patience is not None and self.stagnation >= config.patience:
            self._confirm("patience")
        elif self.generation >= config.generations:
            self._confirm("generations")
        else:
            self._breed(ranked)

    def _confirm(self, reason: str) -> None:
        """Ask for the confirmation of the best three of the run that weren't confirmed yet."""
        self.reason = self.reason or reason
        living = [record for genes, record in self.records.items() if genes not in self._dead]
        living.sort(key=lambda record: (-record.fitness(self.config.objective), record.organism.id))
        self._confirming = [record.organism for record in living[:CONFIRMED]]
        if not self._confirming and self.genome not in self._dead:
            self._confirming = [next(o for o in self.organisms.values() if o.genes == self.genome)]
        if not self._confirming:
            self.done = True
            return
        for replicate in CONFIRMATIONS:
            for organism in self._confirming:
                self._want(organism, replicate)

    def _tell_confirmations(self, organism: Organism) -> None:
        """Emit an organism's confirmations in the order of their replicates, whichever came in first."""
        trials = self.records[organism.genes].trials
        if all(replicate in trials for replicate in CONFIRMATIONS):
            for replicate in CONFIRMATIONS:
                self._judge(organism, replicate, trials[replicate])

    def _conclude(self) -> None:
        """All confirmations are in: the best mean wins. Those that died in it are passed over for the next best."""
        objective = self.config.objective
        confirmed = []
        for organism in self._confirming:
            if organism.genes in self._dead:
                continue
            trials = [self.records[organism.genes].trials[replicate] for replicate in CONFIRMATIONS]
            confirmed.append(
                Confirmed(
                    id=organism.id,
                    genes=organism.genes,
                    params=trials[0].params,
                    fitness=estimate([objective.fitness(trial) for trial in trials]),
                    validation_loss=estimate([trial.validation_loss for trial in trials]),
                    test_loss=fmean(trial.test_loss for trial in trials if trial.test_loss is not None),
                )
            )
        if not confirmed:
            self._confirm(self.reason)
            return
        for event in confirmed:
            self._emit(event)
        self.champion = max(confirmed, key=lambda event: event.fitness.mean)
        self.done = True

    def end(self, champion: Confirmed, seconds: float) -> EvolutionEnd:
        """The last event, for whoever has a clock."""
        return EvolutionEnd(
            champion=champion.id,
            genes=champion.genes,
            fitness=champion.fitness.mean,
            validation_loss=champion.validation_loss.mean,
            test_loss=champion.test_loss,
            evaluations=self.evaluations,
            reason=self.reason,
            seconds=seconds,
        )

    @property
    def confirming(self) -> bool:
        """Whether the search is over and its best are being confirmed."""
        return bool(self._confirming)

    # --- breeding

    def _founder(self, slot: int) -> Recipe:
        """Generation one: the genome in force, mutants of it up to half the population, the rest random."""
        if slot == 0:
            return "genome", (), lambda rng: self.genome
        if slot < (self.config.population + 1) // 2:
            return "mutant", (0,), lambda rng: variation.mutate(self.genome, self.config.space, rng)
        return "random", (), self._random

    def _breed(self, ranked: list[Organism]) -> None:
        """Fill the next generation: elites first, then what a person asked for, then by the regime."""
        self.regime = regime(self.stagnation)
        elites = ranked[: self.config.elitism]
        blessed = self._blessed.get(self.generation, set())
        elites += [organism for organism in ranked if organism.id in blessed and organism not in elites]
        next_generation: list[Organism | None] = []
        for elite in elites:
            origin = "champion" if self.regime == "championship" and elite is ranked[0] else "elite"
            next_generation.append(self._organism(self.generation + 1, origin, (elite.id,), elite.genes))
        wanted = self.config.population + self._summoned.get(self.generation, 0)
        immigrants = {"championship": 1, "cataclysm": 0}.get(self.regime, IMMIGRANTS)
        bred = max(self.config.population - immigrants, len(elites) + 1) if ranked else 0
        for slot in range(len(elites), wanted):
            recipe = self._recipe(ranked, slot, len(elites)) if slot < bred else ("immigrant", (), self._random)
            next_generation.append(self._place(slot, *recipe))
        self._begin(next_generation)

    def _recipe(self, ranked: list[Organism], slot: int, first: int) -> Recipe:
        """What to put in `slot` of the next generation, the first that isn't an elite's being `first`."""
        if self.regime == "cataclysm":
            return self._cataclysmic(ranked[0], slot)
        if self.regime == "championship":
            return self._championship(ranked, slot, first)
        return self._normal(ranked, slot)

    def _normal(self, ranked: list[Organism], slot: int) -> Recipe:
        """40 % crossover and mutation, 40 % mutants, 20 % hyper-mutants, all of tournament winners."""
        rng = self._rng("parents", slot)
        kind, space = rng.random(), self.config.space
        mother = selection.tournament(ranked, rng)
        if kind < 0.4 and len(ranked) > 1:
            father = selection.tournament([o for o in ranked if o is not mother], rng)

            def child(rng: random.Random) -> Genes:
                return variation.mutate(variation.cross(mother.genes, father.genes, space, rng), space, rng)

            return "cross", (mother.id, father.id), child
        if kind < 0.8:
            return "mutant", (mother.id,), lambda rng: variation.mutate(mother.genes, space, rng)
        return "hyper", (mother.id,), lambda rng: variation.hyper_mutate(mother.genes, space, rng)

    def _championship(self, ranked: list[Organism], slot: int, first: int) -> Recipe:
        """One grown child of the elite; then, in turn, tuned crosses among the top three and tuned copies."""
        elite, space = ranked[0], self.config.space
        if slot == first:
            return "grown", (elite.id,), self._affordable(lambda rng: variation.grow(elite.genes, self._wide(), rng))
        if slot % 2 and len(ranked) > 1:
            mother, father = self._rng("parents", slot).sample(ranked[:3], 2)

            def child(rng: random.Random) -> Genes:
                return variation.tune(variation.cross(mother.genes, father.genes, space, rng), space, rng)

            return "cross", (mother.id, father.id), child
        return "tuned", (elite.id,), lambda rng: variation.tune(elite.genes, space, rng)

    def _cataclysmic(self, elite: Organism, slot: int) -> Recipe:
        """In turn, wild mutants of the elite and strangers, all from the widened space."""
        if slot % 2:
            return "cataclysm", (), self._affordable(lambda rng: variation.random_genes(self._wide(), rng))
        return (
            "cataclysm",
            (elite.id,),
            self._affordable(lambda rng: variation.hyper_mutate(elite.genes, self._wide(), rng)),
        )

    def _wide(self) -> Space:
        return variation.widened(self.config.space) if self.config.widens else self.config.space

    def _affordable(self, make: Callable[[random.Random], Genes]) -> Callable[[random.Random], Genes]:
        """`make`, drawn again until what it makes costs at most four times what the elite does."""
        elite = self.ranked()[0].genes
        limit = WIDENED_COST * variation.cost(elite, self.params_of(elite))

        def draw(rng: random.Random) -> Genes:
            for _ in range(REDRAWS):
                genes = make(rng)
                if variation.cost(genes, self.params_of(genes)) <= limit:
                    return genes
            return variation.mutate(elite, self.config.space, rng)

        return draw

    def _random(self, rng: random.Random) -> Genes:
        """Random genes of a species that isn't blacklisted."""
        blacklist = self._blacklist()
        genes = variation.random_genes(self.config.space, rng)
        for _ in range(REDRAWS):
            if genes.species not in blacklist:
                break
            genes = variation.random_genes(self.config.space, rng)
        return genes

    def _blacklist(self) -> set[tuple]:
        """Species judged twice with a loss above the bigram floor."""
        return {species for species, count in self._poor.items() if count >= 2}

    def _place(self, slot: int, origin: str, parents: tuple[int, ...], make: Callable) -> Organism | None:
        """A newcomer whose genes nobody in this run had before; None if none can be found."""
        rng = self._rng("genes", slot)
        taken = {organism.genes for organism in self.organisms.values()}
        for attempt in range(2 * REDRAWS):
            genes = make(rng) if attempt < REDRAWS else self._random(rng)
            if genes not in taken:
                if attempt >= REDRAWS:
                    origin, parents = "immigrant", ()
                return self._organism(self.generation + 1, origin, parents, genes)
        return None

    def _organism(self, generation: int, origin: str, parents: tuple[int, ...], genes: Genes) -> Organism:
        organism = Organism(len(self.organisms), generation, origin, parents, genes)
        self.organisms[organism.id] = organism
        return organism

    def _rng(self, purpose: str, slot: int) -> random.Random:
        return random.Random(f"{self.config.seed} {self.generation + 1} {slot} {purpose}")

    # --- bookkeeping

    def ranked(self) -> list[Organism]:
        """The judged and living of the present population, best first, older first among equals."""
        living = [o for o in self.population if o.genes in self.records and o.genes not in self._dead]
        return sorted(living, key=lambda organism: (-self.fitness(organism), organism.id))

    def fitness(self, organism: Organism) -> float:
        return self.records[organism.genes].fitness(self.config.objective)

    def _validation_loss(self, genes: Genes) -> float:
        trials = self.records[genes].trials
        return fmean(m.validation_loss for replicate, m in trials.items() if replicate not in CONFIRMATIONS)

    def _want(self, organism: Organism, replicate: int) -> None:
        seed = training_seed(self.config.seed, organism.genes, replicate)
        trial = Trial(organism.id, replicate, organism.genes, seed, with_test=replicate in CONFIRMATIONS)
        self._asked.append(trial)
        self._open[organism.id, replicate] = trial

    def _want_again(self, organism: Organism) -> None:
        """Train the genes of `organism` under another seed, as an organism of origin re-eval."""
        again = self._organism(self.generation, "re-eval", (organism.id,), organism.genes)
        self._emit_born(again)
        self._want(again, 1)

    def _emit(self, event: Event) -> None:
        self._events.append(event)

    def _emit_born(self, organism: Organism) -> None:
        self._emit(
            Born(
                id=organism.id,
                generation=organism.generation,
                origin=organism.origin,
                parents=organism.parents,
                genes=organism.genes,
                params=self.params_of(organism.genes),
            )
        )

    def _judge(self, organism: Organism, replicate: int, m: Measurement, inherited: bool = False) -> None:
        objective = self.config.objective
        mean = fmean(objective.fitness(m) for m in self.records[organism.genes].trials.values())
        self._emit(
            Judged(
                id=organism.id,
                generation=self.generation,
                replicate=replicate,
                fitness=objective.fitness(m),
                mean_fitness=mean if replicate in CONFIRMATIONS else self.fitness(organism),
                validation_loss=m.validation_loss,
                classic_loss=m.classic_loss,
                flow=m.flow,
                symmetry=m.symmetry,
                creativity=m.creativity,
                beauty=m.beauty,
                classic=m.classic,
                params=m.params,
                tokens=m.tokens,
                names=m.names,
                seconds=0.0 if inherited else m.seconds,
                inherited=inherited,
                test_loss=m.test_loss,
            )
        )


def regime(stagnation: int) -> str:
    """How the next generation is bred after so many generations without progress; the cycle repeats every four."""
    phase = stagnation % CATACLYSM
    if stagnation and phase == 0:
        return "cataclysm"
    return "championship" if phase >= CHAMPIONSHIP else "normal"


def estimate(values: list[float]) -> Estimate:
    """Mean and sample standard deviation."""
    return Estimate(fmean(values), stdev(values) if len(values) > 1 else 0.0, len(values))
