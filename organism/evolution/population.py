"""One population under one aim: who is carried on, who is bred, and in which of three regimes.

`normal` breeding makes crosses, mutants and hyper-mutants of tournament winners; two generations without progress bring
a `championship` around the best, four a `cataclysm` that rebuilds the population from the widened space. The rates are
those of microgpt-evolve-rust. Three things are not the ancestor's. Parents are the living members and the best that the
population ever held, as many as it has places: a (mu + lambda) scheme (Schwefel, 1981), so that a generation of bad
luck costs no blood line. Of a litter only the most promising child is born (see `promise`). And no newcomer costs more
than four times the champion (see `_ceiling`), so that a search climbs from cheap creatures to costly ones.
"""

import random
from collections.abc import Callable, Iterable
from statistics import fmean

import msgspec

from ..events import Born, GenerationEnd, Run
from ..fitness.objectives import Aim
from ..genes import Genes
from ..space import SPACES, Space
from . import variation
from .promise import Promise
from .records import Records
from .selection import Ranking, tournament

IMMIGRANTS = {"normal": 2, "championship": 1, "cataclysm": 0}
CHAMPIONSHIP, CATACLYSM = 2, 4
LEAP = 4
REDRAWS = 50


Draw = Callable[[random.Random], Genes]
Recipe = tuple[str, tuple[int, ...], Draw]  # origin, parents, and how the genes are drawn


def regime(stagnation: int) -> str:
    """How the next generation is bred after so many generations without progress; the cycle repeats every four."""
    phase = stagnation % CATACLYSM
    if stagnation and phase == 0:
        return "cataclysm"
    return "championship" if phase >= CHAMPIONSHIP else "normal"


class Population:
    """The organisms of one head, or of a run that has none. What is known of them stands in the records.

    litter: how many candidates are drawn for a child's place (see `promise`).
    """

    def __init__(self, run: Run, records: Records, aim: Aim, ranking: Ranking, litter: int, head: str | None):
        self.run = run
        self.size = run.config.population
        self.space = run.config.genes
        # Growth and cataclysm may leave a space of ours for the bodies of the wide table, but not a person's own.
        self.wide = variation.widened(self.space) if run.config.space in SPACES else self.space
        self.litter = litter
        self.records = records
        self.aim = aim
        self.ranking = ranking
        self.head = head
        self.regime = "normal"
        self.stagnation = 0
        self.best = -float("inf")
        self._best_genes: Genes | None = None
        self.members: list[Born] = []
        self.survivors: list[Born] = []
        self.blessed: set[int] = set()
        self.immigrants = 0
        self._next: list[Born] = []
        self._promise = Promise([])
        self._barred: set[tuple] = set()

    # --- who is there

    def ranked(self) -> list[Born]:
        """The living members and survivors, best first, each genome once, as the youngest organism that carries it."""
        carriers = {o.genes: o for o in (*self.survivors, *self.members) if self.records.lives(o)}
        records = [self.records.by_genes[genes] for genes in carriers]
        return [carriers[record.organism.genes] for record in self.ranking(records, self.aim)]

    def champion(self) -> Born | None:
        """The fittest of them, if any lives."""
        return max(self.ranked(), key=self.records.fitness, default=None)

    # --- a generation

    def begin(self) -> None:
        """Generation one: the genome in force, mutants of it up to half the population, the rest random."""
        genome, space = self.run.genome, self.space
        ceiling = self._ceiling(genome)
        first = self._add("genome", (), genome)
        self._next = [first]
        for slot in range(1, self.size):
            mutant = "mutant", (first.id,), lambda rng: variation.mutate(genome, space, rng)
            self._place(slot, *(mutant if slot < (self.size + 1) // 2 else ("random", (), self._random)), ceiling)

    def admit(self) -> list[Born]:
        """Let the next generation in; who that is."""
        self.members, self._next = self._next, []
        self.blessed, self.immigrants = set(), 0
        return self.members

    def close(self) -> GenerationEnd | None:
        """All members are judged: keep the best, and say what came of it, if anybody lives."""
        ranked = self.ranked()
        if not ranked:
            self.stagnation += 1
            return None
        champion = max(ranked, key=self.records.fitness)
        record = self.records.by_genes[champion.genes]
        best = record.fitness(self.aim)
        present = [self.records.fitness(o) for o in self.members if self.records.lives(o)] or [best]
        if self._best_genes in self.records.dead:
            self.best = -float("inf")  # Who is no more is no measure of progress.
        if best > self.best:
            self.best, self._best_genes, self.stagnation = best, champion.genes, 0
        else:
            self.stagnation += 1
        self.survivors = ranked[: self.size]
        return GenerationEnd(
            generation=self.records.generation,
            best=best,
            mean=fmean(present),
            worst=min(present),
            species=len({organism.genes.species for organism in self.members}),
            stagnation=self.stagnation,
            regime=self.regime,
            champion=champion.id,
            genes=champion.genes,
            validation_loss=record.mean("validation_loss"),
            blacklist=len(self.records.blacklist()),
            head=self.head,
        )

    # --- breeding

    def breed(self, guests: Iterable[Born] = ()) -> None:
        """Fill the next generation: elites and guests first, then by the regime, then strangers."""
        self.regime = regime(self.stagnation)
        self._barred = self.records.blacklist()
        parents, size = self.ranked(), self.size
        if parents:
            # The fittest leads; in a Pareto search it needn't be the first in rank.
            champion = max(parents, key=self.records.fitness)
            parents.sort(key=lambda organism: organism is not champion)
        if self.litter > 1:
            ranked = self.ranking(self.records.living(), self.aim)
            self._promise = Promise([record.organism.genes for record in ranked])
        self._next = []
        for elite in self._elites(parents):
            best = self.regime == "championship" and elite is parents[0]
            self._next.append(self._add("champion" if best else "elite", (elite.id,), elite.genes))
        for guest in guests:
            self._next.append(self._add("champion", (guest.id,), guest.genes))
        first = len(self._next)
        bred = max(size - IMMIGRANTS[self.regime], first + 1) if parents else first
        ceiling = self._ceiling(parents[0].genes) if parents else None
        for slot in range(first, max(size, first + 1) + self.immigrants):
            recipe = self._recipe(parents, slot, first) if slot < bred else ("immigrant", (), self._random)
            if not self._place(slot, *recipe, ceiling):
                break  # The space is exhausted.

    def _elites(self, parents: list[Born]) -> list[Born]:
        """Who is carried on: the best few, but never everybody, and whom a person blessed."""
        elites = parents[: min(self.run.config.elitism, self.size - 1)]
        return elites + [o for o in parents if o.id in self.blessed and o not in elites]

    def _recipe(self, parents: list[Born], slot: int, first: int) -> Recipe:
        """What to put in `slot` of the next generation, `first` being the first one to be bred."""
        if self.regime == "cataclysm":
            return self._cataclysmic(parents[0], slot)
        if self.regime == "championship":
            return self._championship(parents, slot, first)
        return self._normal(parents, slot)

    def _normal(self, parents: list[Born], slot: int) -> Recipe:
        """40 % crossover and mutation, 40 % mutants, 20 % hyper-mutants, all of tournament winners."""
        rng = self._rng("parents", slot)
        kind, space = rng.random(), self.space
        mother = tournament(parents, rng)
        if kind < 0.4 and len(parents) > 1:
            return self._cross(mother, tournament([o for o in parents if o is not mother], rng), variation.mutate)
        if kind < 0.8:
            return "mutant", (mother.id,), lambda rng: variation.mutate(mother.genes, space, rng)
        return "hyper", (mother.id,), lambda rng: variation.hyper_mutate(mother.genes, space, rng)

    def _championship(self, parents: list[Born], slot: int, first: int) -> Recipe:
        """One grown child of the elite; then, in turn, tuned crosses among the top three and tuned copies."""
        elite, space = parents[0], self.space
        if slot == first:
            return "grown", (elite.id,), lambda rng: variation.grow(elite.genes, self.wide, rng)
        if slot % 2 and len(parents) > 1:
            mother, father = self._rng("parents", slot).sample(parents[:3], 2)
            return self._cross(mother, father, variation.tune)
        return "tuned", (elite.id,), lambda rng: variation.tune(elite.genes, space, rng)

    def _cataclysmic(self, elite: Born, slot: int) -> Recipe:
        """In turn, wild mutants of the elite and strangers, all from the widened space."""
        if slot % 2:
            return "cataclysm", (), lambda rng: variation.random_genes(self.wide, rng)
        return "cataclysm", (elite.id,), lambda rng: variation.hyper_mutate(elite.genes, self.wide, rng)

    def _cross(self, mother: Born, father: Born, vary: Callable[[Genes, Space, random.Random], Genes]) -> Recipe:
        """A child of two, varied."""

        def child(rng: random.Random) -> Genes:
            return vary(variation.cross(mother.genes, father.genes, self.space, rng), self.space, rng)

        return "cross", (mother.id, father.id), child

    def _random(self, rng: random.Random) -> Genes:
        """Random genes of a species that isn't blacklisted."""
        genes = variation.random_genes(self.space, rng)
        for _ in range(REDRAWS):
            if genes.species not in self._barred:
                break
            genes = variation.random_genes(self.space, rng)
        return genes

    def _cost(self, genes: Genes) -> int:
        return variation.cost(genes, self.records.params_of(genes))

    def _ceiling(self, genes: Genes) -> int:
        """What a newcomer may cost beside `genes`, or, should they lie outside of the space, the nearest in it.

        Cheap creatures come first and costs rise as fast as they pay: frugal optimisation (Wu, Wang and Huang, 2021).
        """
        nearest = variation.fit(msgspec.structs.asdict(genes), self.space)
        return LEAP * max(self._cost(genes), self._cost(nearest))

    def _place(self, slot: int, origin: str, parents: tuple[int, ...], make: Draw, ceiling: int | None) -> bool:
        """Add a newcomer whose genes nobody in this run had before. False if none could be found.

        Of what's bred from parents a litter is drawn, and its most promising is born; strangers come as they are, and
        so does everybody in a cataclysm, because what was learnt has led nowhere. Nobody costs more than `ceiling`,
        unless 50 strangers in a row do: then the cheapest comes.
        """
        rng = self._rng("genes", slot)
        chosen = parents and self.regime != "cataclysm"
        litter = self._draw(make, rng, self.litter if chosen else 1, ceiling)
        if not litter:
            origin, parents = "random" if self.records.generation == 1 else "immigrant", ()
            strangers = self._draw(self._random, rng, REDRAWS, None)
            litter = sorted(strangers, key=lambda genes: max(self._cost(genes), ceiling or 0))[:1]
        if litter:
            self._next.append(self._add(origin, parents, max(litter, key=self._promise.of)))
        return bool(litter)

    def _draw(self, make: Draw, rng: random.Random, wanted: int, ceiling: int | None) -> list[Genes]:
        """Up to `wanted` different new genomes that cost no more than `ceiling`."""
        found: list[Genes] = []
        for _ in range(REDRAWS):
            genes = make(rng)
            affordable = ceiling is None or self._cost(genes) <= ceiling
            if affordable and genes not in self.records.taken and genes not in found:
                found.append(genes)
            if len(found) == wanted:
                break
        return found

    def _add(self, origin: str, parents: tuple[int, ...], genes: Genes) -> Born:
        return self.records.add(origin, parents, genes, self.head)

    def _rng(self, purpose: str, slot: int) -> random.Random:
        head = "" if self.head is None else f" {self.head}"
        return random.Random(f"{self.run.seed} {self.records.generation} {slot} {purpose}{head}")
