"""Adam (Kingma and Ba, 2015): each parameter steps by its mean gradient over the root of its mean squared gradient.

The two running means start at zero and are corrected for that. `step_in_lanes` is the same as a compiled loop.
"""

import msgspec
import numpy as np


class Adam(msgspec.Struct):
    """The optimizer's memory for one parameter vector: both running means, and how many steps were taken."""

    first: np.ndarray
    second: np.ndarray
    step: int = 0

    @classmethod
    def for_weights(cls, weights: np.ndarray) -> "Adam":
        return cls(np.zeros_like(weights), np.zeros_like(weights))


class AdamConstants(msgspec.Struct, frozen=True):
    """The decay rates of the two means, and what keeps the division finite."""

    beta1: float = 0.85
    beta2: float = 0.99
    eps: float = 1e-8


def adam_step(
    weights: np.ndarray, gradient: np.ndarray, memory: Adam, learning_rate: float, constants: AdamConstants
) -> None:
    """Take one more step in place: the t-th, with g the gradient,

    first  <- beta1 first  + (1 - beta1) g
    second <- beta2 second + (1 - beta2) g^2
    weights <- weights - learning_rate (first / (1 - beta1^t)) / (sqrt(second / (1 - beta2^t)) + eps)

    A weight whose gradient is too large to be squared becomes NaN: it would never move again, and nobody would know.
    """
    memory.step += 1
    with np.errstate(over="ignore", invalid="ignore"):
        memory.first += (1.0 - constants.beta1) * (gradient - memory.first)
        memory.second += (1.0 - constants.beta2) * (gradient * gradient - memory.second)
        mean = memory.first / (1.0 - constants.beta1**memory.step)
        square = memory.second / (1.0 - constants.beta2**memory.step)
        root = np.where(np.isinf(square), np.nan, np.sqrt(square))
        weights -= learning_rate * mean / (root + constants.eps)
