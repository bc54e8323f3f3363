"""The hydra: four heads, each a population with an aim of its own, that meet now and then. The ancestor's, mended.

    Weaver flow      Mirror symmetry      Spark creativity      Origin loss

At a Gathering every head sends its champion to each other head, where it takes the place of one of the worst. It is
ranked there by that head's aim like anybody else; the ancestor replaced whole populations, so that all heads became
one. In the end that creature wins which is best in mean rank over the four aims.
"""

from collections.abc import Sequence
from statistics import fmean

from ..events import HEADS, Born
from ..fitness.objectives import OBJECTIVES
from ..story import surpassed
from ..trial import Measurement
from .population import Population
from .records import Records


def champions(heads: Sequence[Population]) -> dict[str, Born]:
    """Whom each head sends. A head in which nothing lives sends nobody."""
    return {str(head.head): champion for head in heads if (champion := head.champion()) is not None}


def received(head: Population, sent: dict[str, Born]) -> list[Born]:
    """Whom `head` takes in: champions of other heads, at most one of each, none that it holds already.

    There's a place for each member that is neither its elite nor the last one kept for a newcomer.
    """
    known = {organism.genes for organism in head.ranked()}
    guests: list[Born] = []
    for name, champion in sent.items():
        if name != head.head and champion.genes not in known:
            known.add(champion.genes)
            guests.append(champion)
    return guests[: max(0, head.size - head.run.config.elitism - 1)]


class MeanRank:
    """How a creature stands among all that the run has judged: the mean, over the heads' aims, of whom it surpasses."""

    def __init__(self, records: Records):
        aims, living = [OBJECTIVES[name] for name in HEADS.values()], records.living()
        self.rivals = {aim: sorted(record.fitness(aim) for record in living) for aim in aims}

    def fitness(self, measurement: Measurement) -> float:
        return fmean(surpassed(rivals, aim.fitness(measurement)) for aim, rivals in self.rivals.items())
