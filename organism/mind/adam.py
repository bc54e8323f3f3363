"""Adam (Kingma and Ba, 2015): each parameter steps by its mean gradient over the root of its mean squared gradient.

The two running means start at zero and are corrected for that. Written here for numpy arrays, which the graph of `Val`s
uses; the compiled metabolisms have it as a loop over vectors.
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
    """
    memory.step += 1
    memory.first += (1.0 - constants.beta1) * (gradient - memory.first)
    memory.second += (1.0 - constants.beta2) * (gradient * gradient - memory.second)
    mean = memory.first / (1.0 - constants.beta1**memory.step)
    square = memory.second / (1.0 - constants.beta2**memory.step)
    weights -= learning_rate * mean / (np.sqrt(square) + constants.eps)
