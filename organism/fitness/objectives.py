"""How each objective reads a fitness out of what a training was measured to be. Pure functions of measurements.

Fitness is higher-is-better everywhere; a target is given in the objective's own unit (a loss, a score).
"""

import math
from typing import Protocol

import msgspec

from ..events import sign
from ..trial import Measurement

COSTLIEST = 16  # decades of parameter-tokens


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
