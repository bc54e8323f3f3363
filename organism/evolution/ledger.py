"""What a run knows: every organism that was born, every training asked for, and what came of it.

One ledger serves all populations of a run, so that nothing is trained twice: genes that two of them carry are asked
for once, and both hear the answer. Ids count up in the order of birth. No process, clock or file.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from statistics import fmean

import msgspec

from ..events import POOR_TWICE, Born, Died, Event, Judged
from ..fitness.objectives import Aim
from ..genes import Genes
from ..trial import CONFIRMATIONS, Key, Measurement, Trial, training_seed


class Organism(msgspec.Struct, frozen=True):
    """A place in a population. What is known of its genes stands in their record."""

    id: int
    generation: int
    origin: str
    parents: tuple[int, ...]
    genes: Genes
    head: str | None = None


class Record(msgspec.Struct, frozen=True):
    """All that was measured of one genome in this run, by replicate, and the organism that first carried it."""

    organism: Organism
    trials: dict[int, Measurement]

    @property
    def searched(self) -> list[Measurement]:
        """What the search may look at: confirmations are kept apart."""
        return [m for replicate, m in self.trials.items() if replicate not in CONFIRMATIONS]

    @property
    def confirmed(self) -> list[Measurement]:
        """The confirmations in their order; fewer than there are CONFIRMATIONS while some are missing."""
        return [self.trials[replicate] for replicate in CONFIRMATIONS if replicate in self.trials]

    def fitness(self, aim: Aim) -> float:
        """The mean over the search's trainings."""
        return fmean(map(aim.fitness, self.searched))

    def mean(self, figure: str) -> float:
        """The mean of one figure of the measurements over the search's trainings."""
        return fmean(getattr(m, figure) for m in self.searched)


class Ledger:
    """The one account of a run.

    floor: the validation loss above which a genome counts against its species. params_of: how many parameters genes
    mean for the run's vocabulary. aim_of: what the population of that name selects for.
    """

    def __init__(self, seed: int, floor: float, params_of: Callable[[Genes], int], aim_of: Callable[[str | None], Aim]):
        self.seed = seed
        self.floor = floor
        self.params_of = params_of
        self.aim_of = aim_of
        self.generation = 1
        self.evaluations = 0
        self.organisms: dict[int, Organism] = {}
        self.records: dict[Genes, Record] = {}
        self.taken: set[Genes] = set()
        self.dead: set[Genes] = set()
        self._poor: Counter[tuple] = Counter()
        self._told: list[tuple[Genes, int]] = []
        self._failed: list[Genes] = []
        self._asked: list[Trial] = []
        self._open: dict[Key, Trial] = {}
        self._carriers: dict[tuple[Genes, int], list[Organism]] = {}
        self._confirmations: dict[Genes, dict[int, Measurement | str]] = {}
        self._confirmed: Counter[Genes] = Counter()
        self._events: list[Event] = []

    # --- what is born

    def bear(self, origin: str, parents: tuple[int, ...], genes: Genes, head: str | None = None) -> Organism:
        """A new organism of the present generation, with the next id."""
        organism = Organism(len(self.organisms), self.generation, origin, parents, genes, head)
        self.organisms[organism.id] = organism
        self.taken.add(genes)
        return organism

    def announce(self, organism: Organism) -> None:
        """Say that `organism` is born."""
        self.emit(
            Born(
                id=organism.id,
                generation=organism.generation,
                origin=organism.origin,
                parents=organism.parents,
                genes=organism.genes,
                params=self.params_of(organism.genes),
                head=organism.head,
            )
        )

    # --- what is asked and told

    def want(self, organism: Organism, replicate: int) -> None:
        """Have the genes of `organism` trained under a replicate's seed, unless that's known or on its way."""
        genes = organism.genes
        if genes in self.records and replicate in self.records[genes].trials:
            if replicate not in CONFIRMATIONS:
                self._judge(organism, replicate, inherited=True)
        elif (genes, replicate) in self._carriers:
            self._carriers[genes, replicate].append(organism)
        else:
            seed = training_seed(self.seed, genes, replicate)
            trial = Trial(Key(organism.id, replicate), genes, seed, with_test=replicate in CONFIRMATIONS)
            self._asked.append(trial)
            self._open[trial.key] = trial
            self._carriers[genes, replicate] = [organism]

    def is_wanted(self, genes: Genes, replicate: int) -> bool:
        """Whether that training is on its way."""
        return (genes, replicate) in self._carriers

    def is_open(self, key: Key) -> bool:
        """Whether that trial is still to be told."""
        return key in self._open

    @property
    def waits(self) -> bool:
        """Whether any training is on its way."""
        return bool(self._open)

    def ask(self) -> list[Trial]:
        """The trainings that are wanted and weren't handed out before."""
        asked, self._asked = self._asked, []
        return [trial for trial in asked if trial.key in self._open]

    def tell(self, key: Key, measurement: Measurement) -> None:
        """What a training came to. Raises KeyError for one that isn't wanted (any more)."""
        trial, carriers = self._close(key)
        replicate = key.replicate
        self.evaluations += 1
        if replicate in CONFIRMATIONS:
            self._confirm(carriers[0], replicate, measurement)
            return
        self.records.setdefault(trial.genes, Record(carriers[0], {})).trials[replicate] = measurement
        self._told.append((trial.genes, replicate))
        self._poor[trial.genes.species] += self._is_poor(replicate, measurement)
        for organism in carriers:
            self._judge(organism, replicate, inherited=organism is not carriers[0])

    def fail(self, key: Key, reason: str) -> None:
        """A training came to nothing, and its genes are dead. Raises KeyError for one that isn't wanted (any more)."""
        trial, carriers = self._close(key)
        replicate = key.replicate
        self.evaluations += 1
        if trial.genes not in self.dead:
            self.dead.add(trial.genes)
            self._failed.append(trial.genes)
        if replicate in CONFIRMATIONS:
            self._confirm(carriers[0], replicate, reason)
        else:
            self._bury(carriers, replicate, reason)

    def cull(self, organism: Organism) -> bool:
        """End an organism that waits for its first judgement, and whoever shares its genes. False if it doesn't."""
        carriers = self._carriers.get((organism.genes, 0), [])
        if organism not in carriers:
            return False
        self._close(Key(carriers[0].id, 0))
        self.dead.add(organism.genes)
        self._bury(carriers, 0, "culled")
        return True

    def forget(self) -> None:
        """Drop every training on its way, and what was told since `turn`."""
        self._open.clear()
        self._asked.clear()
        self._carriers.clear()
        for genes, replicate in self._told:
            measurement = self.records[genes].trials.pop(replicate)
            self._poor[genes.species] -= self._is_poor(replicate, measurement)
            if not self.records[genes].trials:
                del self.records[genes]
        self.dead.difference_update(self._failed)
        self._stand()

    def turn(self) -> None:
        """What was told so far stands; the next generation begins."""
        self._stand()
        self.generation += 1

    def _stand(self) -> None:
        self._told.clear()
        self._failed.clear()

    def _is_poor(self, replicate: int, measurement: Measurement) -> bool:
        return replicate == 0 and measurement.validation_loss > self.floor

    def _close(self, key: Key) -> tuple[Trial, list[Organism]]:
        trial = self._open.pop(key)
        return trial, self._carriers.pop((trial.genes, key.replicate))

    def _bury(self, carriers: Iterable[Organism], replicate: int, reason: str) -> None:
        for organism in carriers:
            self.bury(organism, replicate, reason)

    def bury(self, organism: Organism, replicate: int, reason: str) -> None:
        """Say that `organism` died."""
        self.emit(
            Died(id=organism.id, generation=self.generation, replicate=replicate, reason=reason, head=organism.head)
        )

    def _confirm(self, organism: Organism, replicate: int, outcome: Measurement | str) -> None:
        """Tell confirmations in the order of their replicates, each as soon as those before it are in.

        So a journal that ends among them holds the first ones, and they're told again before anything else is done.
        """
        waiting = self._confirmations.setdefault(organism.genes, {})
        waiting[replicate] = outcome
        for each in CONFIRMATIONS[self._confirmed[organism.genes] :]:
            if each not in waiting:
                break
            self._confirmed[organism.genes] += 1
            match waiting[each]:
                case Measurement() as measurement:
                    self.records.setdefault(organism.genes, Record(organism, {})).trials[each] = measurement
                    self._judge(organism, each, inherited=False)
                case str(reason):
                    self.bury(organism, each, reason)

    # --- what is known

    def fitness(self, organism: Organism) -> float:
        """The mean fitness of its genes in the eyes of its population. Raises KeyError if they weren't judged."""
        return self.records[organism.genes].fitness(self.aim_of(organism.head))

    def lives(self, organism: Organism) -> bool:
        """Whether it was judged and nothing has killed it since."""
        genes = organism.genes
        return genes in self.records and bool(self.records[genes].searched) and genes not in self.dead

    def living(self) -> list[Record]:
        """Every genome of the run that was judged and lives, in the order of birth."""
        records = [record for record in self.records.values() if self.lives(record.organism)]
        return sorted(records, key=lambda record: record.organism.id)

    def blacklist(self) -> set[tuple]:
        """Species that were judged poor twice."""
        return {species for species, count in self._poor.items() if count >= POOR_TWICE}

    # --- what is said

    def emit(self, event: Event) -> None:
        self._events.append(event)

    def events(self) -> list[Event]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    def _judge(self, organism: Organism, replicate: int, inherited: bool) -> None:
        aim, record = self.aim_of(organism.head), self.records[organism.genes]
        m = record.trials[replicate]
        known = record.trials.values() if replicate in CONFIRMATIONS else record.searched
        figures = {name: getattr(m, name) for name in Measurement.__struct_fields__}
        if inherited:
            figures["seconds"] = 0.0
        self.emit(
            Judged(
                id=organism.id,
                generation=self.generation,
                replicate=replicate,
                fitness=aim.fitness(m),
                mean_fitness=fmean(map(aim.fitness, known)),
                inherited=inherited,
                head=organism.head,
                **figures,
            )
        )
