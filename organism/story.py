"""The story of a run, drawn from its journal: who lived, who came of whom, what was found. Pure functions of events.

What isn't there yet, in a run that was interrupted or is still at work, is left out. The page and the text of a run
both tell this one story.
"""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean, median
from typing import TypeVar

import msgspec

from .events import (
    HEADS,
    POOR_TWICE,
    Abandoned,
    Act,
    AnyEvent,
    Born,
    Confirmed,
    Died,
    Dream,
    EvolutionEnd,
    Front,
    Gathering,
    GenerationEnd,
    GenomeWritten,
    Judged,
    Resumed,
    Run,
    Stage,
    TrainEnd,
    TrainStart,
    TrainStep,
)
from .genes import Genes, ordinal, told
from .life.journal import is_finished
from .trial import CONFIRMATIONS

T = TypeVar("T")

COMPARED = 10
CLEAR = 0.8


class Lived(msgspec.Struct, frozen=True):
    """A creature's own training: its stage, the loss at its marks, what it came to, and what it dreamt."""

    stage: str
    start: TrainStart
    steps: tuple[TrainStep, ...]
    end: TrainEnd
    names: tuple[str, ...]


class Organism(msgspec.Struct, frozen=True):
    """One creature of a population: how it was born, and the first judgement of it, or why there's none."""

    born: Born
    judged: Judged | None
    died: str | None


class Story(msgspec.Struct, frozen=True):
    """All that is told of a run. `generations`, `organisms` and `trainings` are in the order of the journal.

    `trainings` are all that were judged, confirmations among them; what an organism inherited is no training.
    `meddling` is what a person, or the clock, did. A run that a person extended is searching again: its `confirmed`,
    `end` and `written` are those of its new end. `elapsed` are the seconds of the search.
    """

    stem: str
    run: Run
    finished: bool
    lives: tuple[Lived, ...]
    generations: tuple[GenerationEnd, ...]
    organisms: dict[int, Organism]
    trainings: tuple[Judged, ...]
    gatherings: tuple[Gathering, ...]
    front: Front | None
    confirmed: tuple[Confirmed, ...]
    meddling: tuple[Act | Abandoned, ...]
    resumed: int
    elapsed: float
    end: EvolutionEnd | None
    written: GenomeWritten | None

    @property
    def champion(self) -> int | None:
        """The organism that won, or leads so far."""
        return self._leading.champion if self._leading else None

    @property
    def winner(self) -> Genes | None:
        """The champion's genes."""
        return self._leading.genes if self._leading else None

    @property
    def _leading(self) -> EvolutionEnd | GenerationEnd | None:
        """The event that names the champion. Until its end a hydra has one for each head, and none in all."""
        if self.end or self.finished or self.is_hydra or not self.generations:
            return self.end
        return self.generations[-1]

    @property
    def is_hydra(self) -> bool:
        return self.run.objective == "hydra"

    @property
    def heads(self) -> tuple[str | None, ...]:
        """The heads of a hydra; for any other run the one population, None."""
        return tuple(dict.fromkeys(generation.head for generation in self.generations)) or (None,)

    @property
    def completed(self) -> int:
        """How many generations came to their end; the heads of a hydra go through theirs together."""
        return len({generation.generation for generation in self.generations})

    @property
    def acts(self) -> list[Act]:
        """What a person did."""
        return [event for event in self.meddling if isinstance(event, Act)]

    @property
    def deaths(self) -> int:
        """How many organisms died."""
        return sum(organism.died is not None for organism in self.organisms.values())

    @property
    def searched(self) -> list[Judged]:
        """The trainings of the search that count: no confirmations, and nothing of a generation that was abandoned."""
        lost = {event.generation for event in self.meddling if isinstance(event, Abandoned)}
        return [
            event
            for event in self.trainings
            if event.replicate not in CONFIRMATIONS and event.generation not in lost and event.id in self.organisms
        ]

    @property
    def floor(self) -> float:
        """The validation loss of counting letter pairs; a species that is twice above it is barred."""
        return self.run.config.bigram_loss

    @property
    def blacklist(self) -> list[tuple]:
        """The species that are barred."""
        poor = [e for e in self.searched if e.replicate == 0 and e.validation_loss > self.floor]
        counts = Counter(self.organisms[event.id].born.genes.species for event in poor)
        return sorted(species for species, count in counts.items() if count >= POOR_TWICE)

    def lineage(self) -> list[Organism]:
        """The champion and all that it descends from, oldest first, each once."""
        found: dict[int, Organism] = {}
        waiting = [] if self.champion is None else [self.champion]
        while waiting:
            id = waiting.pop()
            if id in self.organisms and id not in found:
                found[id] = self.organisms[id]
                waiting.extend(found[id].born.parents)
        return sorted(found.values(), key=lambda organism: organism.born.id)


def tell(events: Sequence[AnyEvent], stem: str) -> Story:
    """The story in the events of a journal, whose first is the run."""
    run = events[0]
    assert isinstance(run, Run)
    judged: dict[int, Judged] = {}
    died: dict[int, str] = {}
    for event in events:
        if isinstance(event, Judged) and event.replicate not in CONFIRMATIONS:
            judged.setdefault(event.id, event)
        elif isinstance(event, Died):
            died.setdefault(event.id, event.reason)
    extended = max(
        (i for i, event in enumerate(events) if isinstance(event, Act) and event.verb == "extend"), default=0
    )
    ending = events[extended:]
    return Story(
        stem=stem,
        run=run,
        finished=is_finished(list(events)),
        lives=tuple(_lives(events)),
        generations=_of(GenerationEnd, events),
        organisms={b.id: Organism(b, judged.get(b.id), died.get(b.id)) for b in _of(Born, events)},
        trainings=tuple(event for event in _of(Judged, events) if not event.inherited),
        gatherings=_of(Gathering, events),
        front=next(reversed(_of(Front, events)), None),
        confirmed=_of(Confirmed, ending),
        meddling=tuple(event for event in events if isinstance(event, Act | Abandoned)),
        resumed=len(_of(Resumed, events)),
        elapsed=max((getattr(event, "elapsed_seconds", 0.0) for event in events), default=0.0),
        end=next(iter(_of(EvolutionEnd, ending)), None),
        written=next(iter(_of(GenomeWritten, ending)), None),
    )


def _of(kind: type[T], events: Sequence[AnyEvent]) -> tuple[T, ...]:
    return tuple(event for event in events if isinstance(event, kind))


def _lives(events: Sequence[AnyEvent]) -> list[Lived]:
    lives: list[Lived] = []
    stage, start, end = "", None, None
    steps: list[TrainStep] = []
    for event in events:
        match event:
            case Stage():
                stage = event.stage
            case TrainStart():
                start, steps = event, []
            case TrainStep():
                steps.append(event)
            case TrainEnd():
                end = event
            case Dream() if start and end:
                lives.append(Lived(stage, start, tuple(steps), end, event.names))
    return lives


def aim_of(story: Story, head: str | None) -> str:
    """What a population selects for."""
    return HEADS.get(head or "", story.run.objective)


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
        known.setdefault(story.organisms[event.id].born.genes, []).append(fitness)
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
