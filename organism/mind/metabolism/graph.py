"""The first metabolism, `val`: a new graph of `Val` objects for every batch. The truth, and slow.

Only training is done by the graph. Held-out evaluation and dreaming need no gradient and run on the tape.
"""

from collections.abc import Callable

import numpy as np

from ..adam import adam_step
from ..gpt import GPT, Architecture, cross_entropy
from ..val import Val
from .tape import Tape


class Graph(Tape):
    """A creature made of `Val`s."""

    def __init__(self, architecture: Architecture, positions: int, tick: Callable = lambda: None):
        super().__init__(architecture, positions, tick)
        self.scalars = [Val(0.0) for _ in range(architecture.parameters)]
        self.gpt = GPT(architecture, architecture.matrices(self.scalars))

    def train(self, weights, adam, tokens, starts, order, rates) -> np.ndarray:
        """As `Machine.train`."""
        losses = np.full(len(order), np.nan)
        for s, batch in enumerate(order):
            losses[s], gradient = self.gradient(weights, tokens, starts, batch)
            if not np.isfinite(losses[s]):
                break
            adam_step(weights, gradient, adam, rates[s])
        return losses

    def gradient(self, weights, tokens, starts, batch) -> tuple[float, np.ndarray]:
        """As `Machine.gradient`. The loss is NaN where Python's mathematics has no number for it."""
        for scalar, weight in zip(self.scalars, weights.tolist(), strict=True):
            scalar.data, scalar.grad = weight, 0.0
        try:
            documents = [tokens[starts[i] : starts[i + 1]].tolist() for i in batch]
            loss = Val.sum([self.loss(document) for document in documents]) / len(documents)
            loss.backward()
        except (OverflowError, ValueError, ZeroDivisionError):
            return float("nan"), np.full(weights.size, np.nan)
        return loss.data, np.array([scalar.grad for scalar in self.scalars])

    def loss(self, document: list[int]) -> Val:
        """Mean loss over the predictions of one document, its boundary tokens included in `document`."""
        n = min(self._positions, len(document) - 1)
        keys, values = self.gpt.cache(), self.gpt.cache()
        losses = [cross_entropy(self.gpt(document[p], p, keys, values), document[p + 1]) for p in range(n)]
        return Val.sum(losses) / n
