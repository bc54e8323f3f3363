"""The story of a run, drawn from its journal: who lived, who came of whom, what was found. Pure functions of events.

What isn't there yet, in a run that was interrupted or is still at work, is left out.
"""

from collections.abc import Sequence
from statistics import fmean, median
from typing import TypeVar

import msgspec

from ..events import (
    HEADS,
    Abandoned,
    Act,
    AnyEvent,
    Born,
    Confirmed,
    Died,
    Dream,
    EvolutionEnd,
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
from ..evolution.journal import is_finished
from ..genome import LIMITS, Genes

T = TypeVar("T")

CONFIRMATION = 101  # Replicates from this one on are confirmations.
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
    """All that a report tells of a run. `generations` and `organisms` are in the order of the journal.

    A run that a person extended is searching again: its `confirmed`, `end` and `written` are those of its new end.
    """

    stem: str
    run: Run
    finished: bool
    lives: tuple[Lived, ...]
    generations: tuple[GenerationEnd, ...]
    organisms: dict[int, Organism]
    gatherings: tuple[Gathering, ...]
    confirmed: tuple[Confirmed, ...]
    acts: tuple[Act, ...]
    abandoned: tuple[Abandoned, ...]
    resumed: int
    end: EvolutionEnd | None
    written: GenomeWritten | None

    @property
    def champion(self) -> int | None:
        """The organism that won, or leads so far."""
        if self.end:
            return self.end.champion
        return max(self.generations, key=lambda g: g.best).champion if self.generations else None

    @property
    def heads(self) -> tuple[str | None, ...]:
        """The heads of a hydra; for any other run the one population, None."""
        return tuple(dict.fromkeys(generation.head for generation in self.generations)) or (None,)

    @property
    def winner(self) -> Genes | None:
        """The champion's genes."""
        return self.end.genes if self.end else self.organisms[self.champion].born.genes if self.champion else None

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
        if isinstance(event, Judged) and event.replicate < CONFIRMATION:
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
        gatherings=_of(Gathering, events),
        confirmed=_of(Confirmed, ending),
        acts=_of(Act, events),
        abandoned=_of(Abandoned, events),
        resumed=len(_of(Resumed, events)),
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
    """(n, genes): the n best creatures of the run against the n worst, n at most 10, judged by the run's own fitness.

    `share` is the probability that a creature of the best has more of a gene than one of the worst, ties counting half
    (Mann and Whitney, 1947). A hydra's heads judge differently, so that none are compared there.
    """
    fitness: dict[Genes, list[float]] = {}
    if len(story.heads) == 1:
        for organism in story.organisms.values():
            if organism.judged and not organism.judged.inherited:
                fitness.setdefault(organism.born.genes, []).append(organism.judged.fitness)
    ranked = sorted(fitness, key=lambda genes: -fmean(fitness[genes]))
    n = min(COMPARED, len(ranked) // 2)
    if n < 3:
        return 0, []
    found = []
    for gene in LIMITS:
        best = [float(getattr(genes, gene)) for genes in ranked[:n]]
        worst = [float(getattr(genes, gene)) for genes in ranked[-n:]]
        more = sum((a > b) + (a == b) / 2 for a in best for b in worst)
        found.append(Contrast(gene, median(best), median(worst), more / n**2))
    return n, found
