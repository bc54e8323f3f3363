"""Adam (Kingma and Ba, 2015): each parameter steps by its mean gradient over the root of its mean squared gradient.

The two running means start at zero and are corrected for that. Written here twice: for numpy arrays, which the graph of
`Val`s uses, and as a loop over SIMD lanes for the compiled metabolisms.
"""

from collections.abc import Callable

import msgspec
import numpy as np

from .metabolism.compiled import fragment
from .metabolism.simd import load, splat, sqrt, store, width


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


def gradient_of(
    train: Callable, weights: np.ndarray, tokens: np.ndarray, starts: np.ndarray, batch: np.ndarray
) -> tuple[float, np.ndarray]:
    """(loss, gradient) of one batch of document numbers, by what a metabolism has to `train` with.

    The gradient is what Adam without memory (beta1 = 0) remembers of a step of length 0.
    """
    memory = Adam.for_weights(weights)
    order = np.asarray(batch, np.int64)[None]
    losses = train(weights.copy(), memory, tokens, starts, order, np.zeros(1), AdamConstants(0.0, 0.0, 1.0))
    return float(losses[0]), memory.first


@fragment
def step_in_lanes(w, first, second, gradient, size, rate, beta1, beta2, unbias, eps):
    """`adam_step` for `size` weights, whole vectors, behind pointers. Leaves the gradient at zero.

    `rate` is the learning rate over (1 - beta1^step), `unbias` is 1 / (1 - beta2^step).
    """
    for i in range(0, size, width(w)):
        g = load(gradient, i)
        m = load(first, i) * beta1 + g * (1.0 - beta1)
        v = load(second, i) * beta2 + g * g * (1.0 - beta2)
        store(first, i, m)
        store(second, i, v)
        store(w, i, load(w, i) - m * rate / (sqrt(v * unbias) + eps))
        store(gradient, i, splat(w, 0.0))
