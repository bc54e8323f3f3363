"""What the genes of a run's best creatures have in common, beside those of its worst."""

from statistics import fmean, median

import msgspec

from ..genes import Genes, ordinal, told
from ..story import Story

COMPARED = 10
CLEAR = 0.8


class Contrast(msgspec.Struct, frozen=True):
    """A gene in the best and the worst creatures of a run: medians, and how often the better one has more of it."""

    gene: str
    best: float
    worst: float
    share: float

    @property
    def reading(self) -> str:
        """What that suggests, where the two are clearly apart."""
        if self.share >= CLEAR:
            return "the better have more"
        if self.share <= 1 - CLEAR:
            return "the better have less"
        return "no clear difference"


def contrasts(story: Story) -> tuple[int, list[Contrast]]:
    """(n, genes): the n best creatures of the run against the n worst, n at most 10, by their mean fitness.

    `share` is the probability that a creature of the best has more of a gene than one of the worst, ties counting half
    (Mann and Whitney, 1947). A hydra's heads judge differently, so that there validation loss decides.
    """
    known: dict[Genes, list[float]] = {}
    for event in story.searched:
        fitness = -event.validation_loss if story.is_hydra else event.fitness
        known.setdefault(story.organisms[event.id].genes, []).append(fitness)
    ranked = sorted(known, key=lambda genes: -fmean(known[genes]))
    n = min(COMPARED, len(ranked) // 2)
    if n < 3:
        return 0, []
    found = []
    for gene in told(ranked):
        best = [ordinal(gene, getattr(genes, gene)) for genes in ranked[:n]]
        worst = [ordinal(gene, getattr(genes, gene)) for genes in ranked[-n:]]
        more = sum((a > b) + (a == b) / 2 for a in best for b in worst)
        found.append(Contrast(gene, median(best), median(worst), more / n**2))
    return n, found
