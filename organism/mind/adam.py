"""Adam (Kingma and Ba, 2015): each parameter steps by its mean gradient over the root of its mean squared gradient.

The two running means start at zero and are corrected for that. One compiled loop serves the tape, and through numpy
arrays the graph of `Val`s too.
"""

import msgspec
import numpy as np

from .compiled import kernel


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


@kernel()
def adam_step(weights, gradient, first, second, learning_rate, beta1, beta2, eps, step):
    """Take step number `step` (counted from 1) in place.

    first  <- beta1 first  + (1 - beta1) gradient
    second <- beta2 second + (1 - beta2) gradient^2
    weights <- weights - learning_rate (first / (1 - beta1^step)) / (sqrt(second / (1 - beta2^step)) + eps)
    """
    unbias1 = 1.0 - beta1**step
    unbias2 = 1.0 - beta2**step
    for i in range(weights.size):
        g = gradient[i]
        first[i] = beta1 * first[i] + (1.0 - beta1) * g
        second[i] = beta2 * second[i] + (1.0 - beta2) * g * g
        weights[i] -= learning_rate * (first[i] / unbias1) / (np.sqrt(second[i] / unbias2) + eps)
