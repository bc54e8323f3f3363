"""What a training is measured to be, and how each objective reads a fitness out of that.

Fitness is higher-is-better everywhere; a target is given in the objective's own unit (a loss, a score).
"""

import math
import random
from collections.abc import Callable
from typing import Protocol

import msgspec

from ..events import sign
from ..mind.sampling import Dreamt, dreams
from ..mind.training import Diverged, Training
from .beauty import Judge
from .loss import test_loss, validation_loss

DREAMS = 200
SHOWN = 20
COSTLIEST = 16  # decades of parameter-tokens


class Measurement(msgspec.Struct, frozen=True):
    """What one training came to. Losses in nats per token, scores of 200 dreams, of which the first few are kept."""

    validation_loss: float
    test_loss: float | None
    classic_loss: float
    flow: float
    symmetry: float
    creativity: float
    beauty: float
    classic: float
    params: int
    tokens: int
    names: tuple[str, ...]
    seconds: float = 0.0

    @property
    def compute(self) -> float:
        """What the training cost: parameters times tokens learnt from."""
        return float(self.params) * self.tokens


class Aim(Protocol):
    """What a population selects for."""

    def fitness(self, measurement: Measurement) -> float:
        """Higher is better, whatever the unit."""
        ...


class Objective(msgspec.Struct, frozen=True):
    """One figure of a measurement to select for."""

    name: str
    figure: str

    def fitness(self, measurement: Measurement) -> float:
        return sign(self.name) * getattr(measurement, self.figure)


class Compromise(msgspec.Struct, frozen=True):
    """Three numbers at once: validation loss, beauty and compute, each as a gain over what's worthless in [0, 1].

    fitness = (1 - loss / uniform) * beauty * (1 - log10(compute) / 16)

    `uniform` is the loss of guessing evenly, ln(vocabulary); 10^16 parameter-tokens is about the costliest creature
    that the hard limits allow. The product of gains is Nash's bargaining solution (The Bargaining Problem, 1950): no
    unit weighs more than another, and what maximises it is surpassed by nothing in all three. It is how the knee of a
    front is told; selection itself goes by dominance.
    """

    uniform: float

    def fitness(self, measurement: Measurement) -> float:
        learnt = max(0.0, 1 - measurement.validation_loss / self.uniform)
        cheap = max(0.0, 1 - math.log10(max(1.0, measurement.compute)) / COSTLIEST)
        return learnt * measurement.beauty * cheap


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("loss", "validation_loss"),
        Objective("beauty", "beauty"),
        Objective("flow", "flow"),
        Objective("symmetry", "symmetry"),
        Objective("creativity", "creativity"),
        Objective("classic-loss", "classic_loss"),
        Objective("classic-beauty", "classic"),
    )
}


def measure(training: Training, judge: Judge, with_test: bool, tick: Callable[[], None] = lambda: None) -> Measurement:
    """Look at a finished training from every side, with a `tick` every now and then. Raises Diverged.

    The dreams are drawn from Random(0).
    """
    creature = training.creature()
    held_out = validation_loss(creature, tick)
    tested = test_loss(creature, tick) if with_test else None
    if not (math.isfinite(held_out) and (tested is None or math.isfinite(tested))):
        raise Diverged(training.step)
    dreamt = dreams(creature, DREAMS, random.Random(0), tick=tick)
    tick()
    scores = judge.score([name(dream) for dream in dreamt])
    return Measurement(
        validation_loss=held_out,
        test_loss=tested,
        classic_loss=training.last_loss,
        flow=scores.flow,
        symmetry=scores.symmetry,
        creativity=scores.creativity,
        beauty=scores.beauty,
        classic=scores.classic,
        params=training.architecture.parameters,
        tokens=training.trained_tokens,
        names=tuple(dream.text for dream in dreamt[:SHOWN]),
    )


def name(dream: Dreamt) -> str | None:
    """What a judge is shown of a dream: nothing of one that the creature didn't end."""
    return dream.text if dream.ended else None
