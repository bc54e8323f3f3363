"""What a run knows: every organism that was born, and what was measured of its genes.

One account serves all populations of a run, so that nothing is trained twice. Ids count up in the order of birth.
"""

from collections.abc import Callable
from statistics import fmean

import msgspec

from ..events import Born
from ..fitness.objectives import Aim
from ..genes import Genes
from ..story import barred
from ..trial import CONFIRMATIONS, Measurement


class Record(msgspec.Struct, frozen=True):
    """All that was measured of one genome in this run, by replicate, and the organism that first carried it."""

    organism: Born
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


class Records:
    """The one account of a run.

    floor: the validation loss above which a genome counts against its species. params_of: how many parameters genes
    mean for the run's vocabulary. aim_of: what the population of that name selects for.
    """

    def __init__(self, floor: float, params_of: Callable[[Genes], int], aim_of: Callable[[str | None], Aim]):
        self.floor = floor
        self.params_of = params_of
        self.aim_of = aim_of
        self.generation = 1
        self.organisms: dict[int, Born] = {}
        self.by_genes: dict[Genes, Record] = {}
        self.taken: set[Genes] = set()
        self.dead: set[Genes] = set()
        self._learnt: list[tuple[Genes, int]] = []
        self._failed: list[Genes] = []

    def add(self, origin: str, parents: tuple[int, ...], genes: Genes, head: str | None = None) -> Born:
        """A new organism of the present generation, with the next id."""
        organism = Born(
            id=len(self.organisms),
            generation=self.generation,
            origin=origin,
            parents=parents,
            genes=genes,
            params=self.params_of(genes),
            head=head,
        )
        self.organisms[organism.id] = organism
        self.taken.add(genes)
        return organism

    def learn(self, organism: Born, replicate: int, measurement: Measurement) -> None:
        """What a training of these genes came to."""
        self.by_genes.setdefault(organism.genes, Record(organism, {})).trials[replicate] = measurement
        if replicate not in CONFIRMATIONS:
            self._learnt.append((organism.genes, replicate))

    def fail(self, genes: Genes) -> None:
        """A training came to nothing: these genes are dead."""
        if genes not in self.dead:
            self.dead.add(genes)
            self._failed.append(genes)

    def turn(self) -> None:
        """What was learnt so far stands; the next generation begins."""
        self._learnt.clear()
        self._failed.clear()
        self.generation += 1

    def forget(self) -> None:
        """Drop what was learnt since `turn`."""
        for genes, replicate in self._learnt:
            del self.by_genes[genes].trials[replicate]
            if not self.by_genes[genes].trials:
                del self.by_genes[genes]
        self.dead.difference_update(self._failed)
        self._learnt.clear()
        self._failed.clear()

    # --- what is known

    def knows(self, genes: Genes, replicate: int) -> bool:
        """Whether that training was measured."""
        return genes in self.by_genes and replicate in self.by_genes[genes].trials

    def fitness(self, organism: Born) -> float:
        """The mean fitness of its genes in the eyes of its population. Raises KeyError if they weren't judged."""
        return self.by_genes[organism.genes].fitness(self.aim_of(organism.head))

    def lives(self, organism: Born) -> bool:
        """Whether it was judged and nothing has killed it since."""
        genes = organism.genes
        return genes in self.by_genes and bool(self.by_genes[genes].searched) and genes not in self.dead

    def living(self) -> list[Record]:
        """Every genome of the run that was judged and lives, in the order of birth."""
        records = [record for record in self.by_genes.values() if self.lives(record.organism)]
        return sorted(records, key=lambda record: record.organism.id)

    def blacklist(self) -> set[tuple]:
        """Species that were judged poor twice."""
        return barred(((g, record.trials[0]) for g, record in self.by_genes.items() if 0 in record.trials), self.floor)
