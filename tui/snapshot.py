"""What a face shows at one instant: frozen records, made by the `Story` of a life's events and by nothing else.

Everything in here may cross threads. Losses are in nats per token, times in seconds of the run's own clock, and
fitness is higher-is-better; `figure` turns a fitness back into the objective's own unit.
"""

from collections.abc import Mapping
from statistics import fmean
from types import MappingProxyType

import msgspec

from organism.events import HEADS, Confirmed, EvolutionEnd, GenerationEnd, Judged, Run, TrainEnd, sign
from organism.genes import Genes
from organism.genome import Ancestor

Curve = tuple[tuple[int, float], ...]
COPIES = ("elite", "champion", "re-eval")


class Dreamt(msgspec.Struct, frozen=True):
    """A name that was dreamt, and its scores in [0, 1] if it could be judged."""

    name: str
    flow: float | None = None
    symmetry: float | None = None
    creativity: float | None = None
    beauty: float | None = None


class Organism(msgspec.Struct, frozen=True):
    """One organism of the population: who it is and how far it has come. `curve` is of its newest training."""

    id: int
    generation: int
    origin: str
    parents: tuple[int, ...]
    genes: Genes
    params: int
    head: str | None = None
    state: str = "waiting"
    replicate: int = 0
    curve: Curve = ()
    judged: Judged | None = None
    reason: str = ""
    blessed: bool = False

    @property
    def share(self) -> float:
        """How much of its training is done, in [0, 1]."""
        if self.state in ("judged", "died"):
            return 1.0
        return self.curve[-1][0] / self.genes.num_steps if self.curve else 0.0

    @property
    def loss(self) -> float | None:
        """The newest training loss."""
        return self.curve[-1][1] if self.curve else None


class Training(msgspec.Struct, frozen=True):
    """The creature itself being trained, in the stage that it was in."""

    stage: str
    genes: Genes
    params: int
    curve: Curve = ()
    end: TrainEnd | None = None

    @property
    def share(self) -> float:
        """How much of it is done, in [0, 1]."""
        if self.end:
            return 1.0
        return self.curve[-1][0] / self.genes.num_steps if self.curve else 0.0


class Generation(msgspec.Struct, frozen=True):
    """A generation that is over, and what its champion was measured to be."""

    end: GenerationEnd
    champion: Judged | None


class Line(msgspec.Struct, frozen=True):
    """A sentence in the log; `kind` says what it speaks of: a stage, `good`, `bad`, `act`, or nothing special."""

    at: float
    text: str
    kind: str = ""


class Reading(msgspec.Struct, frozen=True):
    """What a corpus says about names: the real ones' scores, and the loss that counting letter pairs comes to."""

    flow: float
    symmetry: float
    creativity: float
    beauty: float
    floor: float | None


class Snapshot(msgspec.Struct, frozen=True):
    """The whole life so far. `creature` is the body to draw, `leader` the best organism that was judged."""

    run: Run | None = None
    name: str = ""
    stage: str = "primordial"
    saying: str = ""
    creature: Genes | None = None
    params: int | None = None
    trainings: tuple[Training, ...] = ()
    generation: int = 0
    generations: int = 0
    regime: str = "normal"
    head: str | None = None
    population: tuple[Organism, ...] = ()
    organisms: Mapping[int, Organism] = MappingProxyType({})
    leader: Organism | None = None
    history: tuple[Generation, ...] = ()
    front: frozenset[int] = frozenset()
    confirmed: tuple[Confirmed, ...] = ()
    end: EvolutionEnd | None = None
    written: Genes | None = None
    writings: int = 0
    dreams: tuple[Dreamt, ...] = ()
    beautiful: tuple[Dreamt, ...] = ()
    log: tuple[Line, ...] = ()
    reading: Reading | None = None
    evaluations: int = 0
    rate: float | None = None
    elapsed: float = 0.0
    remaining: float | None = None
    paused: bool = False
    workers: int = 0
    ended: bool = False
    failure: str = ""

    @property
    def evolving(self) -> bool:
        """Whether there's an evolution that a person could stop, pause or lose."""
        return self.stage == "evolving" and not self.ended

    @property
    def objective(self) -> str:
        return self.run.objective if self.run else "loss"

    @property
    def ancestors(self) -> tuple[Ancestor, ...]:
        return self.run.ancestors if self.run else ()

    @property
    def target(self) -> float | None:
        """What the person aims at, in the objective's own unit."""
        return self.run.config.target if self.run else None

    def training(self, stage: str) -> Training | None:
        """The creature's last training in a stage of its life."""
        return next((training for training in reversed(self.trainings) if training.stage == stage), None)

    def figure(self, fitness: float, head: str | None = None) -> float:
        """A fitness in the unit of the objective, or of what a head of the hydra aims at."""
        return fitness * sign(HEADS.get(head or "", self.objective))

    @property
    def lived(self) -> float:
        """How many generations were lived, the present one in part; the heads of a hydra live theirs side by side."""
        if not self.generation:
            return 0.0
        over = {ended.end.head for ended in self.history if ended.end.generation == self.generation}
        shares: dict[str | None, list[float]] = {}
        for organism in self.population:
            share = organism.share if organism.generation == self.generation else 0.0
            shares.setdefault(organism.head, []).append(1.0 if organism.head in over else share)
        return self.generation - 1 + sum(map(fmean, shares.values())) / max(1, len(shares))

    @property
    def course(self) -> tuple[tuple[int, float], ...]:
        """(generation, its best, in the unit of the objective); of a hydra, the best of the head that aims at loss."""
        ends = [generation.end for generation in self.history]
        return tuple((e.generation, self.figure(e.best, e.head)) for e in ends if e.head in (None, "Origin"))

    @property
    def validation_loss(self) -> float | None:
        """The creature's: what it was measured to be last, or the leader's while a search goes on."""
        if self.stage == "evolving":
            if self.end:
                return self.end.validation_loss
            if self.leader and self.leader.judged:
                return self.leader.judged.validation_loss
        # The first training is of what it was before its search, any other of what that made of it.
        own = self.trainings[1:] if self.end else self.trainings
        if own and own[-1].end:
            return own[-1].end.validation_loss
        return self.end.validation_loss if self.end else None

    def original(self, organism: Organism) -> Organism:
        """Who first carried these genes: an elite isn't trained again, it stands for whom it copies."""
        while organism.parents and organism.origin in COPIES:
            parent = self.organisms.get(organism.parents[0])
            if parent is None or parent.genes != organism.genes:
                break
            organism = parent
        return organism
