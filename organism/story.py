"""What has happened in a run: the one fold over its events. Journal, resume, print, report, replay and screen ask it.

A `Story` is told events one by one (`tell`), or all that a journal holds (`Story.of`). It knows no file, clock, process
or screen. What isn't there yet, in a run that was interrupted or is still at work, is absent from it. Of thousands of
organisms it keeps what they were judged to be, but not how they learnt.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from statistics import fmean

import msgspec

from . import events
from .events import HEADS, SAYINGS, Event, sign
from .genes import Genes
from .genome import Ancestor, Genome, Provenance
from .trial import CONFIRMATIONS, Measurement

CURVE = 400
"""Points of a creature's own training curve, at most; a life tells of a hundred steps."""

POOR_TWICE = 2
"""How often a species is judged poor before no stranger is of it any more."""

COPIES = ("elite", "champion", "re-eval")
"""Origins of organisms that carry the genes of their parent."""

Curve = tuple[tuple[int, float], ...]


class Learning(msgspec.Struct, frozen=True):
    """A creature's own training: in what stage, the loss at some of its steps, what it came to, and what it dreamt.

    Of a long one every `stride`-th step is kept.
    """

    stage: str
    start: events.TrainStart
    curve: Curve = ()
    stride: int = 1
    end: events.TrainEnd | None = None
    names: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """How much of it is done, in [0, 1]."""
        if self.end:
            return 1.0
        return self.curve[-1][0] / self.start.genes.num_steps if self.curve else 0.0

    def stepped(self, step: int, loss: float) -> "Learning":
        """This training with one step more."""
        if step % self.stride and step > 1:
            return self
        curve, stride = (*self.curve, (step, loss)), self.stride
        if len(curve) > CURVE:
            curve, stride = curve[::2], 2 * stride
        return msgspec.structs.replace(self, curve=curve, stride=stride)

    def events(self) -> Iterator[Event]:
        """What was told of it."""
        yield self.start
        for step, loss in self.curve:
            yield events.TrainStep(step=step, loss=loss)
        if self.end:
            yield self.end
        if self.names:
            yield events.Dream(names=self.names)


class Organism(events.Individual, frozen=True, kw_only=True):
    """One organism of a run: as it was born, how far its newest training has come, what it was judged to be, its end.

    `state`: waiting, training, judged or died, for the `reason` given. `judged` is no confirmation.
    """

    state: str = "waiting"
    replicate: int = 0
    step: int = 0
    loss: float | None = None
    judged: events.Judged | None = None
    reason: str = ""
    blessed: bool = False

    @property
    def is_dead(self) -> bool:
        """Whether it died, and wasn't only given up with its generation."""
        return self.state == "died" and self.reason != "abandoned"

    @property
    def share(self) -> float:
        """How much of its training is done, in [0, 1]."""
        return 1.0 if self.state in ("judged", "died") else self.step / self.genes.num_steps


class Story(msgspec.Struct):
    """All that is known of a run, which its journal calls `name`.

    creature: the body that the run is about at present, of `params` parameters. planned: how many generations there
    are to be, as the run began, was stopped or extended. members: who is born of the generation in progress. leading:
    who is best so far, of the head that was judged last. results: what came of each trial, by organism and replicate,
    of a culled one nothing. rounds: what a person, or the clock, did until the search first came to its end, until its
    next end after it was extended, and so on. confirmed, end, finished and written are of the last round. genome: what
    the run wrote over genome.toml so far. elapsed: seconds of the search.
    """

    name: str = ""
    run: events.Run | None = None
    stage: str = "primordial"
    saying: str = ""
    creature: Genes | None = None
    params: int | None = None
    lives: tuple[Learning, ...] = ()
    planned: int = 0
    generation: int = 0
    regime: str = "normal"
    head: str | None = None
    members: tuple[int, ...] = ()
    organisms: dict[int, Organism] = {}
    generations: tuple[events.GenerationEnd, ...] = ()
    leading: int | None = None
    results: dict[tuple[int, int], events.Judged | events.Died] = {}
    evaluations: int = 0
    gatherings: tuple[events.Gathering, ...] = ()
    front: events.Front | None = None
    confirmed: tuple[events.Confirmed, ...] = ()
    end: events.EvolutionEnd | None = None
    finished: bool = False
    written: events.GenomeWritten | None = None
    writings: int = 0
    genome: Genome | None = None
    rounds: tuple[tuple[events.Act | events.Abandoned, ...], ...] = ((),)
    resumed: int = 0
    paused: bool = False
    workers: int = 0
    alive: frozenset[int] = frozenset()
    elapsed: float = 0.0

    @classmethod
    def of(cls, events: Iterable[Event], name: str = "") -> "Story":
        """The story that these events tell."""
        story = cls(name)
        for event in events:
            story.tell(event)
        return story

    # --- the fold

    def tell(self, event: Event) -> None:
        """Take in what happened next."""
        match event:
            case events.Run():
                self.run, self.stage, self.creature, self.workers = event, event.stage, event.genome, event.workers
                self.planned = event.config.generations * (event.config.cycles if self.is_hydra else 1)
            case events.Stage():
                self.stage, self.saying = event.stage, event.saying
            case events.TrainStart():
                self.lives += (Learning(self.stage, event),)
                self.creature, self.params = event.genes, event.params
            case events.TrainStep() if self.lives:
                self.lives = (*self.lives[:-1], self.lives[-1].stepped(event.step, event.loss))
            case events.TrainEnd() if self.lives:
                self.lives = (*self.lives[:-1], msgspec.structs.replace(self.lives[-1], end=event))
            case events.Dream():
                if self.lives and not self.lives[-1].names:
                    self.lives = (*self.lives[:-1], msgspec.structs.replace(self.lives[-1], names=event.names))
                self.finished |= self.end is not None and self._is_whole
            case events.GenerationStart():
                self.generation, self.regime, self.head = event.generation, event.regime, event.head
                # The heads of a hydra live side by side: only the head's own organisms make room.
                self.members = tuple(o.id for o in self.population if event.head and o.head != event.head)
            case events.Born():
                # Parents are older, whatever a journal says that was edited: who goes along them comes to an end.
                born = msgspec.structs.replace(event, parents=tuple(id for id in event.parents if id < event.id))
                self.organisms[event.id] = Organism(**msgspec.structs.asdict(born))
                self.members += (event.id,)
            case events.Progress():
                self._change(event.id, state="training", replicate=event.replicate, step=event.step, loss=event.loss)
            case events.Judged():
                self._judge(event)
            case events.Died():
                self._die(event)
            case events.GenerationEnd():
                self.generations += (event,)
                self.elapsed = max(self.elapsed, event.elapsed_seconds)
                self._lead(event.champion)
            case events.Gathering():
                self.gatherings += (event,)
            case events.Front():
                self.front = event
            case events.Confirmed():
                self.confirmed += (event,)
            case events.EvolutionEnd():
                self.end, self.evaluations, self.creature = event, event.evaluations, event.genes
                self.elapsed = max(self.elapsed, event.seconds)
                self.rounds += ((),)
                self._lead(event.champion)
            case events.Extinct():
                self.finished = True
                self.rounds += ((),)
            case events.GenomeWritten():
                self.stage, self.saying = event.stage, SAYINGS.get(event.stage, "")
                self.creature, self.written, self.writings = event.genes, event, self.writings + 1
                self.genome = genome_of(self, event.written_at) if self.end else None
                self.finished |= self.end is not None and not self._is_whole
            case events.Worker():
                self.alive = self.alive | {event.worker} if event.state == "started" else self.alive - {event.worker}
                self.workers = len(self.alive) or self.workers
            case events.Resumed():
                self.resumed += 1
                self.paused, self.workers, self.alive = False, event.workers, frozenset()
            case events.Act() | events.Abandoned():
                self.rounds = (*self.rounds[:-1], (*self.rounds[-1], event))
                self._intervene(event)

    def _change(self, id: int, **changes) -> None:
        """Another record of an organism that lives."""
        organism = self.organisms.get(id)
        if organism and not organism.is_dead:
            self.organisms[id] = msgspec.structs.replace(organism, **changes)

    def _judge(self, event: events.Judged) -> None:
        self.results[event.id, event.replicate] = event
        self.elapsed = max(self.elapsed, event.elapsed_seconds)
        self.evaluations += not event.inherited
        self._change(event.id, state="judged", replicate=event.replicate)
        # What a confirmation says of one of the best can't be compared with what the others were judged to be.
        if event.replicate not in CONFIRMATIONS and event.id in self.organisms:
            self._change(event.id, judged=event)
            leader = self.leader
            rival = leader is None or leader.head == self.organisms[event.id].head
            best = leader.judged.mean_fitness if leader and leader.judged else -math.inf
            if rival and not event.inherited and event.mean_fitness > best:
                self._lead(event.id)

    def _die(self, event: events.Died) -> None:
        if event.reason != "culled":
            genes = self.organisms[event.id].genes if event.id in self.organisms else None
            # Those who share genes share a training, and each of them is told of its failure.
            known = (o for o in self.population if isinstance(self.results.get((o.id, event.replicate)), events.Died))
            self.evaluations += all(organism.genes != genes for organism in known)
            self.results[event.id, event.replicate] = event
        self._change(event.id, state="died", reason=event.reason)

    def _lead(self, id: int) -> None:
        if id in self.organisms:
            self.leading, self.creature, self.params = id, self.organisms[id].genes, self.organisms[id].params

    def _intervene(self, event: events.Act | events.Abandoned) -> None:
        match event:
            case events.Abandoned():
                for organism in self.population:
                    if organism.state in ("waiting", "training"):
                        self._change(organism.id, state="died", reason="abandoned")
            case events.Act(verb="pause" | "resume"):
                self.paused = event.verb == "pause"
            case events.Act(verb="bless", id=int(id)):
                self._change(id, blessed=True)
            case events.Act(verb="stop"):
                self.planned = self.generation
            case events.Act(verb="extend", generations=int(generations)):
                self.planned = generations
                self.confirmed, self.end, self.written, self.finished = (), None, None, False

    # --- the run

    @property
    def first(self) -> events.Run:
        """Its first event, which every journal begins with."""
        assert self.run is not None
        return self.run

    @property
    def objective(self) -> str:
        return self.run.objective if self.run else "loss"

    @property
    def is_hydra(self) -> bool:
        return self.objective == "hydra"

    @property
    def _is_whole(self) -> bool:
        """Whether the creature itself lives before and after the search."""
        return self.run is not None and self.run.config.whole_life

    @property
    def floor(self) -> float:
        """The validation loss of counting letter pairs; a species that is twice above it is barred."""
        return self.run.config.bigram_loss if self.run else math.inf

    def aim(self, head: str | None) -> str:
        """What a population selects for."""
        return HEADS.get(head or "", self.objective)

    def figure(self, fitness: float, head: str | None = None) -> float:
        """A fitness in the unit of the objective, or of what a head of the hydra aims at."""
        return fitness * sign(self.aim(head))

    @property
    def interventions(self) -> list[events.Act | events.Abandoned]:
        """What a person, or the clock, did, in order."""
        return [event for events in self.rounds for event in events]

    @property
    def acts(self) -> list[events.Act]:
        """What a person did."""
        return [event for event in self.interventions if isinstance(event, events.Act)]

    def learning(self, stage: str) -> Learning | None:
        """The creature's last training in a stage of its life."""
        return next((learning for learning in reversed(self.lives) if learning.stage == stage), None)

    # --- its organisms

    @property
    def population(self) -> list[Organism]:
        """The generation in progress, and all heads' of a hydra."""
        return [self.organisms[id] for id in self.members]

    @property
    def leader(self) -> Organism | None:
        """The best organism that was judged so far; of a hydra, the best of one head."""
        return None if self.leading is None else self.organisms[self.leading]

    @property
    def champion(self) -> int | None:
        """The organism that won, or was the best of the last generation."""
        return self._decided.champion if self._decided else None

    @property
    def winner(self) -> Genes | None:
        """The champion's genes."""
        return self._decided.genes if self._decided else None

    @property
    def _decided(self) -> events.EvolutionEnd | events.GenerationEnd | None:
        """The event that names the champion. Until its end a hydra has one for each head, and none in all."""
        if self.end or self.finished or self.is_hydra or not self.generations:
            return self.end
        return self.generations[-1]

    @property
    def best(self) -> float | None:
        """What the champion was confirmed to be, or the best of a generation so far, in the objective's own unit.

        A hydra's is a mean rank, and known at its end.
        """
        if self.end:
            return self.figure(self.end.fitness)
        if self.is_hydra or not self.generations:
            return None
        return self.figure(max(generation.best for generation in self.generations))

    @property
    def course(self) -> tuple[tuple[int, float], ...]:
        """(generation, its best, in the unit of the objective); of a hydra, the best of the head that aims at loss."""
        ends = (end for end in self.generations if end.head in (None, "Origin"))
        return tuple((end.generation, self.figure(end.best, end.head)) for end in ends)

    @property
    def validation_loss(self) -> float | None:
        """The creature's: what it was measured to be last, or the leader's while a search goes on."""
        if self.stage == "evolving":
            if self.end:
                return self.end.validation_loss
            if self.leader and self.leader.judged:
                return self.leader.judged.validation_loss
        # The first training is of what it was before its search, any other of what that made of it.
        own = self.lives[1:] if self.end else self.lives
        if own and own[-1].end:
            return own[-1].end.validation_loss
        return self.end.validation_loss if self.end else None

    @property
    def heads(self) -> tuple[str | None, ...]:
        """The heads of a hydra; for any other run the one population, None."""
        return tuple(dict.fromkeys(generation.head for generation in self.generations)) or (None,)

    @property
    def completed(self) -> int:
        """How many generations came to their end; the heads of a hydra go through theirs together."""
        return len({generation.generation for generation in self.generations})

    @property
    def progress(self) -> float:
        """How many generations were lived, the present one in part; the heads of a hydra live theirs side by side."""
        if not self.generation:
            return 0.0
        over = {end.head for end in self.generations if end.generation == self.generation}
        shares: dict[str | None, list[float]] = {}
        for organism in self.population:
            share = organism.share if organism.generation == self.generation else 0.0
            shares.setdefault(organism.head, []).append(1.0 if organism.head in over else share)
        return self.generation - 1 + sum(map(fmean, shares.values())) / max(1, len(shares))

    @property
    def deaths(self) -> int:
        """How many organisms died."""
        return sum(organism.is_dead for organism in self.organisms.values())

    @property
    def trainings(self) -> list[events.Judged]:
        """All that were judged, confirmations among them; what an organism inherited is no training."""
        return [event for event in self.results.values() if isinstance(event, events.Judged) and not event.inherited]

    @property
    def searched(self) -> list[events.Judged]:
        """The trainings of the search that count: no confirmations, and nothing of a generation that was abandoned."""
        lost = {event.generation for event in self.interventions if isinstance(event, events.Abandoned)}
        return [
            event
            for event in self.trainings
            if event.replicate not in CONFIRMATIONS and event.generation not in lost and event.id in self.organisms
        ]

    @property
    def blacklist(self) -> list[tuple]:
        """The species that are barred."""
        firsts = ((self.organisms[event.id].genes, event) for event in self.searched if event.replicate == 0)
        return sorted(barred(firsts, self.floor))

    def lineage(self) -> list[Organism]:
        """The champion and all that it descends from, oldest first, each once."""
        found: dict[int, Organism] = {}
        waiting = [] if self.champion is None else [self.champion]
        while waiting:
            id = waiting.pop()
            if id in self.organisms and id not in found:
                found[id] = self.organisms[id]
                waiting.extend(found[id].parents)
        return sorted(found.values(), key=lambda organism: organism.id)

    def original(self, organism: Organism) -> Organism:
        """Who first carried these genes: an elite isn't trained again, it stands for whom it copies."""
        while organism.parents and organism.origin in COPIES:
            parent = self.organisms.get(organism.parents[0])
            if parent is None or parent.genes != organism.genes:
                break
            organism = parent
        return organism

    def fitness(self, genes: Genes) -> float | None:
        """The mean fitness that `genes` had in the search, if they were judged; of a hydra, their mean rank at its end.

        That is the mean, over what the heads aim at, of the share of all living genomes that these surpass.
        """
        known: dict[Genes, list[events.Judged]] = {}
        for event in self.searched:
            known.setdefault(self.organisms[event.id].genes, []).append(event)
        if genes not in known or not self.is_hydra:
            return known[genes][-1].mean_fitness if genes in known else None
        dead = {organism.genes for organism in self.organisms.values() if organism.is_dead}
        living = [told for carried, told in known.items() if carried not in dead]
        rivals = {aim: sorted(fmean(_fitness(e, aim) for e in told) for told in living) for aim in HEADS.values()}
        ranks = ([surpassed(rivals[aim], _fitness(event, aim)) for aim in rivals] for event in known[genes])
        return fmean(map(fmean, ranks))


def _fitness(event: events.Judged, aim: str) -> float:
    """What a head of a hydra sees in a training."""
    return -event.validation_loss if aim == "loss" else getattr(event, aim)


def barred(firsts: Iterable[tuple[Genes, Measurement]], floor: float) -> set[tuple]:
    """The species that are poor, with a validation loss above `floor`, in two or more first trainings of genomes."""
    poor = Counter(genes.species for genes, first in firsts if first.validation_loss > floor)
    return {species for species, count in poor.items() if count >= POOR_TWICE}


def surpassed(rivals: list[float], own: float) -> float:
    """The share of `rivals`, sorted, that `own` surpasses, ties counting half; in [0, 1]."""
    return (bisect_left(rivals, own) + bisect_right(rivals, own)) / (2 * len(rivals) or 1)


def genome_before(story: Story) -> Genome:
    """The genome that the run began with, of which a journal knows no provenance."""
    return Genome(story.first.stage, story.first.genome, None, story.first.ancestors)


def genome_of(story: Story, created: str | None = None) -> Genome:
    """The genome that the run ends in, to be written over genome.toml at the moment `created` (UTC, ISO 8601)."""
    end = story.end
    assert end is not None
    confirmed = next((event for event in story.confirmed if event.id == end.champion), None)
    measured = Provenance(
        fitness=confirmed.fitness if confirmed else None,
        validation_loss=confirmed.validation_loss if confirmed else None,
        test_loss=end.test_loss,
        created=created,
    )
    return descendant(story, end.genes, story.organisms.get(end.champion), measured)


def descendant(story: Story, genes: Genes, organism: Organism | None, measured: Provenance) -> Genome:
    """The genome of one organism of the run, with what was `measured` of it and when."""
    run = story.first
    provenance = msgspec.structs.replace(
        measured,
        objective=run.objective,
        generation=organism.generation if organism else None,
        origin=organism.origin if organism else None,
        run=story.name or None,
        seed=run.seed,
        metabolism=run.config.metabolism,
        dtype=run.config.dtype,
        corpus=run.corpus,
        corpus_sha256=run.corpus_sha256,
        version=run.versions.get("organism"),
    )
    ancestor = Ancestor(run.genome, story.fitness(run.genome), run.stage, run.objective)
    return Genome("evolved", genes, provenance, (*run.ancestors, *([] if genes == run.genome else [ancestor])))
