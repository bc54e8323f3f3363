"""Made-up landscapes for the engine: a genome's figures by formula, so that a whole run takes milliseconds."""

import random
from collections.abc import Callable

from organism import events
from organism.evolution.engine import Engine
from organism.genes import GENES, PRIMORDIAL, Genes, Values
from organism.mind.training import architecture_of
from organism.space import SPACES, Space, values_of
from organism.trial import Measurement

Landscape = Callable[[Genes, int], dict]


def params_of(genes: Genes) -> int:
    return architecture_of(genes, 27).parameters


def plan(objective: str = "loss", seed: int = 1, genome: Genes = PRIMORDIAL, **changes) -> events.Run:
    """A run of the default size."""
    config = {
        "generations": 10,
        "population": 8,
        "elitism": 1,
        "cycles": 1,
        "target": None,
        "patience": None,
        "minutes": None,
        "space": "default",
        "metabolism": "tape",
        "dtype": "float64",
        "whole_life": False,
        "genes": SPACES["default"],
        "bigram_loss": 2.45,
        "documents": 300,
    }
    return events.Run(
        objective=objective,
        config=events.Config(**(config | changes)),
        seed=seed,
        genome=genome,
        ancestors=(),
        corpus="names",
        corpus_sha256="0",
        versions={"organism": "0.1.0"},
        workers=2,
        stage="primordial",
        created_at="2026-01-01T00:00:00+00:00",
    )


def smooth(genes: Genes, replicate: int) -> dict:
    """Wider and longer is better, with some luck."""
    luck = random.Random(f"{genes.canonical()} {replicate}").gauss(0, 0.01)
    return {"validation_loss": 3 - genes.n_embd / 50 - genes.num_steps / 5000 + abs(genes.learning_rate - 0.01) + luck}


def measured(genes: Genes, replicate: int, landscape: Landscape) -> Measurement:
    held = {
        "validation_loss": 2.5,
        "test_loss": 2.5 if replicate > 100 else None,
        "classic_loss": 2.5,
        "flow": 0.5,
        "symmetry": 0.5,
        "creativity": 0.5,
        "beauty": 0.5,
        "classic": 0.5,
        "params": params_of(genes),
        "tokens": genes.num_steps * genes.batch_size * 7,
        "names": ("anna",),
        "seconds": 0.0,
    }
    return Measurement(**(held | landscape(genes, replicate)))


class Course:
    """An engine driven through a landscape; `step` tells one trial, in an order that `rng` draws if one is given."""

    def __init__(
        self,
        run: events.Run,
        landscape: Landscape = smooth,
        rng: random.Random | None = None,
        dies: Callable[[Genes, int], bool] = lambda genes, replicate: False,
    ):
        self.engine = Engine(run, params_of, 27)
        self.landscape, self.rng, self.dies = landscape, rng, dies
        self.open: list = []
        self.asked: list = []
        self.events: list = []

    def step(self) -> None:
        """Tell the engine of one trial, and hear what it says."""
        new = self.engine.ask()
        self.asked += new
        self.open = [trial for trial in self.open + new if self.engine.wants(trial.key)]
        if self.open:
            trial = self.open.pop(self.rng.randrange(len(self.open)) if self.rng else 0)
            if self.dies(trial.genes, trial.key.replicate):
                self.engine.fail(trial.key, "diverged")
            else:
                self.engine.tell(trial.key, measured(trial.genes, trial.key.replicate, self.landscape))
        self.events += self.engine.events()

    def finish(self) -> "Course":
        while not self.engine.done:
            self.step()
        self.events += self.engine.events()
        return self

    def all(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]

    def born(self) -> dict[int, events.Born]:
        return {event.id: event for event in self.all(events.Born)}

    def canonical(self) -> list:
        """What must not depend on the order in which trials were told."""
        generation, held = 0, []
        for event in self.events:
            as_dict = events.canonical(event)
            assert as_dict is not None
            generation = as_dict.get("generation", generation)
            held.append((generation, as_dict))
        return sorted(held, key=lambda pair: (pair[0], pair[1]["event"], pair[1].get("id", -1)))


def space_of(*values: Values) -> Space:
    """A space of these values, in the order of the genes."""
    return dict(zip(GENES, values, strict=False))


def is_within(genes: Genes, space: Space) -> bool:
    """Whether every gene is a value that `space` allows, and the heads divide the width."""
    for gene in GENES:
        value, values = getattr(genes, gene), values_of(space, gene)
        if isinstance(values, tuple):
            if value not in values:
                return False
        elif not values.min <= value <= values.max or (gene != "learning_rate" and value != int(value)):
            return False
    return genes.n_embd % genes.n_head == 0
