"""Adam (Kingma and Ba, 2015): each parameter steps by its mean gradient over the root of its mean squared gradient.

The two running means start at zero and are corrected for that. `step_in_lanes` is the same as a compiled loop.
"""

import msgspec
import numpy as np


class Adam(msgspec.Struct):
    """The optimizer of one parameter vector: both running means, their decay rates, and how many steps were taken.

    `eps` keeps the division finite.
    """

    first: np.ndarray
    second: np.ndarray
    step: int = 0
    beta1: float = 0.85
    beta2: float = 0.99
    eps: float = 1e-8

    @classmethod
    def for_weights(cls, weights: np.ndarray, **constants: float) -> "Adam":
        """Before the first step of `weights`; `constants` are beta1, beta2 and eps."""
        return cls(np.zeros_like(weights), np.zeros_like(weights), 0, **constants)


def adam_step(weights: np.ndarray, gradient: np.ndarray, adam: Adam, learning_rate: float) -> None:
    """Take one more step in place: the t-th, with g the gradient,

    first  <- beta1 first  + (1 - beta1) g
    second <- beta2 second + (1 - beta2) g^2
    weights <- weights - learning_rate (first / (1 - beta1^t)) / (sqrt(second / (1 - beta2^t)) + eps)

    A weight whose gradient is too large to be squared becomes NaN: it would never move again, and nobody would know.
    """
    adam.step += 1
    with np.errstate(over="ignore", invalid="ignore"):
        adam.first += (1.0 - adam.beta1) * (gradient - adam.first)
        adam.second += (1.0 - adam.beta2) * (gradient * gradient - adam.second)
        mean = adam.first / (1.0 - adam.beta1**adam.step)
        square = adam.second / (1.0 - adam.beta2**adam.step)
        root = np.where(np.isinf(square), np.nan, np.sqrt(square))
        weights -= learning_rate * mean / (root + adam.eps)
