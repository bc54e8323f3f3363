"""What can happen in a life: frozen records, the one stream that every face reads.

The screen, the headless printer, `--json`, the journal, replay and resume all see these and nothing else. In JSON an
event is one object whose `event` field names its kind. Losses are in nats per token; fitness is higher-is-better.
A person answers through `Act`s.
"""

from functools import reduce
from operator import or_
from typing import Any

import msgspec

from .genes import Genes, Values
from .genome import Ancestor, Estimate
from .trial import Measurement

HEADS = {"Weaver": "flow", "Mirror": "symmetry", "Spark": "creativity", "Origin": "loss"}
"""The heads of a hydra, as events name them, and what each selects for."""


SAYINGS = {"primordial": "I am unformed", "evolving": "I am searching", "evolved": "I have become"}
"""What the creature says as it enters a stage of its life."""


def sign(objective: str) -> int:
    """What turns fitness, of which more is better, into the unit of `objective`, and back."""
    return -1 if objective.endswith("loss") else 1


def _tag(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=_tag, omit_defaults=True, kw_only=True):
    """Something that happened. Fields with a default are left out of the JSON where they hold it."""


# --- the run and its stages


class Config(msgspec.Struct, frozen=True):
    """What the course of a run depends on, besides its seed, its objective and the genome that it starts from.

    generations and population are those of a cycle and of a head, in a hydra. target is in the objective's own unit.
    space is what a person called it, genes what it holds. bigram_loss: the validation loss that counting letter pairs
    reaches, above which a species is poor. documents: how many distinct ones there are.
    """

    generations: int
    population: int
    elitism: int
    cycles: int
    target: float | None
    patience: int | None
    minutes: float | None
    space: str
    metabolism: str
    dtype: str
    whole_life: bool
    genes: dict[str, Values]
    bigram_loss: float
    documents: int


class Run(Event, frozen=True):
    """The first event of every run: all that its course depends on, a person's acts aside."""

    objective: str
    config: Config
    seed: int
    genome: Genes
    ancestors: tuple[Ancestor, ...]
    corpus: str
    corpus_sha256: str
    versions: dict[str, str]
    workers: int
    stage: str
    created_at: str


class Stage(Event, frozen=True):
    """The creature enters a stage of its life: primordial, evolving or evolved."""

    stage: str
    saying: str


class Resumed(Event, frozen=True):
    """A run that had been interrupted goes on."""

    resumed_at: str
    workers: int


# --- one creature in training


class TrainStart(Event, frozen=True):
    """A creature is about to be trained on `documents` documents."""

    genes: Genes
    documents: int
    vocab_size: int
    params: int


class TrainStep(Event, frozen=True):
    """The training loss at a step, counted from 1: in a life, the mean since the last such event."""

    step: int
    loss: float


class TrainEnd(Event, frozen=True):
    """The creature has learnt: its last training loss and, unless it trained on everything, its held-out losses."""

    loss: float
    validation_loss: float | None
    test_loss: float | None
    params: int
    seconds: float


class Dream(Event, frozen=True):
    """Names that the creature made up."""

    names: tuple[str, ...]


# --- many creatures


class GenerationStart(Event, frozen=True):
    """A new generation is there; its organisms are born next."""

    generation: int
    regime: str
    population: int
    head: str | None = None


class Individual(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a population, and the genes of who has it.

    Origin `re-eval` is a second training of its parent under another seed, not a new creature.
    """

    id: int
    generation: int
    origin: str
    parents: tuple[int, ...]
    genes: Genes
    params: int
    head: str | None = None


class Born(Event, Individual, frozen=True):
    """An organism is there, to be trained next."""


class Progress(Event, frozen=True):
    """How far an organism's training has come, at fixed steps."""

    id: int
    replicate: int
    step: int
    loss: float


class Judged(Event, Measurement, frozen=True):
    """What one training of an organism came to.

    `fitness` is that of this training, `mean_fitness` the mean over all trainings of these genes so far. Nothing is
    trained twice: of an elite, and of genes that several heads of a hydra carry, what is known is repeated, with
    `seconds` 0 and `inherited` set. `test_loss` is there for confirmations (replicates from 101) only.
    """

    id: int
    generation: int
    replicate: int
    fitness: float
    mean_fitness: float
    inherited: bool = False
    head: str | None = None
    elapsed_seconds: float = 0.0


class Died(Event, frozen=True):
    """An organism is gone: diverged, culled, or lost with its worker."""

    id: int
    generation: int
    replicate: int
    reason: str
    head: str | None = None


class GenerationEnd(Event, frozen=True):
    """All organisms of a generation are judged. `best`, `mean` and `worst` are of their fitness.

    A generation in which nothing lives has no such event.
    """

    generation: int
    best: float
    mean: float
    worst: float
    species: int
    stagnation: int
    regime: str
    champion: int
    genes: Genes
    validation_loss: float
    blacklist: int = 0
    elapsed_seconds: float = 0.0
    head: str | None = None


class Gathering(Event, frozen=True):
    """The heads of a hydra send each other their champions: who (id) was sent by which head.

    They are born in the next generation, with the origin `champion` and their head as parent. The last Gathering sends
    nobody: what follows it is the confirmation.
    """

    cycle: int
    champions: dict[str, int]
    generation: int


class Abandoned(Event, frozen=True):
    """The generation in progress ends unfinished, and nothing in it counts: by a person's wish or for want of time."""

    generation: int
    reason: str


class Standing(msgspec.Struct, frozen=True):
    """Where an organism stands in a Pareto search: validation loss, beauty, and compute in parameters x tokens."""

    id: int
    validation_loss: float
    beauty: float
    compute: float
    genes: Genes


class Front(Event, frozen=True):
    """The organisms that no other surpasses in every objective of a Pareto search, and the one at its knee.

    One follows every generation, and one the confirmation: the knee of that is the confirmed champion.
    """

    ids: tuple[int, ...]
    knee: int
    generation: int
    standings: tuple[Standing, ...]


class Confirmed(Event, frozen=True):
    """One of the best of the run was trained again, under seeds that the search never saw."""

    id: int
    genes: Genes
    params: int
    fitness: Estimate
    validation_loss: Estimate
    test_loss: float


class EvolutionEnd(Event, frozen=True):
    """The search is over. All figures are the champion's confirmed means; `evaluations` counts trainings."""

    champion: int
    genes: Genes
    fitness: float
    validation_loss: float
    test_loss: float
    evaluations: int
    reason: str
    seconds: float


class GenomeWritten(Event, frozen=True):
    """The creature rewrote its own DNA at that moment (UTC, ISO 8601). `path` is relative to its home."""

    path: str
    stage: str
    genes: Genes
    written_at: str | None = None


# --- the machinery and the person


class Worker(Event, frozen=True):
    """Something happened to a worker process: `started`, `died`, `stuck`, or `compiling` before any is there."""

    worker: int
    state: str
    pid: int = 0
    reason: str = ""


class Extinct(Event, frozen=True):
    """Nothing lived to be confirmed: all had failed or were culled. The run ends without a champion."""

    generation: int


class Act(Event, frozen=True):
    """What a person did: pause, resume, stop, cull, bless, immigrant, or extend the run to `generations` in all.

    `id` is the organism meant, if one is.
    """

    verb: str
    generation: int = 0
    id: int | None = None
    generations: int | None = None


KINDS = tuple(Event.__subclasses__())
"""Every kind of event."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(reduce(or_, KINDS))


def encode(event: Event) -> bytes:
    """`event` as one line of JSON, without the line end."""
    return _encoder.encode(event)


def decode(line: bytes | str) -> Event:
    """The event in a line of JSON. Raises msgspec.MsgspecError where there's none."""
    return _decoder.decode(line)


def canonical(event: Event) -> dict[str, Any] | None:
    """What of `event` depends on the run and the person's acts alone; None if nothing does.

    Left out are progress, resumption, workers and versions, and every field that ends in `seconds` or `_at`.
    """
    if isinstance(event, Progress | Resumed | Worker):
        return None
    fields = msgspec.to_builtins(event)
    if isinstance(event, Run):
        del fields["workers"], fields["versions"]
    return {key: value for key, value in fields.items() if not key.endswith(("seconds", "_at"))}
