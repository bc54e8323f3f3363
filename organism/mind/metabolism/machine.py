"""What the compiled metabolisms have in common: documents in segments, steps in a kernel, speech from its memory.

A kernel is called with (program, memory, documents, rates, constants, step, losses). Documents are (tokens, segments,
shares): a segment is four numbers, (first token, predictions, first one that counts, first one that isn't known from
before), and its share the weight of each of its predictions in the loss. For each rate it takes one step of learning,
on as many segments each; without any rate it just finds the loss of all segments. It writes losses, stops at one that
isn't finite, and returns how many steps were taken.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba.core import types

from ..adam import Adam
from ..gpt import Architecture
from .compiled import plain
from .simd import up
from .windows import windows

INTEGERS, FLOATS = types.int64[::1], types.float64[::1]
STEPS = types.Tuple((INTEGERS, INTEGERS, FLOATS)), FLOATS, types.UniTuple(types.float64, 3), types.int64, FLOATS
"""The numba types of all that a kernel takes behind its program and memory."""


class Machine:
    """A creature whose arithmetic is a kernel's, for documents of up to `positions` predictions.

    Weights are flat vectors in the order of `Architecture.shapes()`. Document i is tokens[starts[i]:starts[i + 1]]
    (int64), the end token at both ends. `context` is how many predictions of held-out text are read at once.
    """

    # The kernel, its program, and the program by which single texts are read.
    _run: Callable[..., int]
    _program: Any
    _speaking: Any
    # Rows in the kernel's memory for weights that learn and Adam's two means.
    _own: tuple[np.ndarray, ...]
    # Where in that memory the logits of a single text lie: [letter, position].
    _logits: np.ndarray

    def __init__(self, architecture: Architecture, positions: int, context: int, lanes: int):
        self._positions, self._context, self._lanes = positions, context, lanes
        self._cost = architecture.work
        self._said = np.zeros(context + 1, np.int64)
        self._known = 0  # how many positions of what was said are in the kernel's memory

    def _memory(self, weights: np.ndarray) -> tuple[np.ndarray, ...]:
        """The kernel's memory with these weights in it."""
        raise NotImplementedError

    def train(
        self,
        weights: np.ndarray,
        adam: Adam,
        tokens: np.ndarray,
        starts: np.ndarray,
        order: np.ndarray,
        rates: np.ndarray,
    ) -> np.ndarray:
        """Take as many steps as `order` (steps, batch) has rows of document numbers, at `rates`; float64 loss of each.

        `weights` and `adam` change in place. A loss that isn't finite is the last: the entries after it are NaN.
        """
        lengths = np.minimum(self._positions, starts[order + 1] - starts[order] - 1)
        segments = np.zeros((*order.shape, 4), np.int64)
        segments[..., 0], segments[..., 1] = starts[order], lengths
        documents = plain(tokens, np.int64), segments.ravel(), 1.0 / (lengths * order.shape[1]).ravel()
        losses, size = np.full(len(order), np.nan), weights.size
        for row, values in zip(self._own, (weights, adam.first, adam.second), strict=True):
            row[:size] = values
        self._known = 0
        memory, constants = self._memory(self._own[0]), (adam.beta1, adam.beta2, adam.eps)
        adam.step += self._run(self._program, memory, documents, plain(rates, np.float64), constants, adam.step, losses)
        weights[:], adam.first[:], adam.second[:] = (row[:size] for row in self._own)
        return losses

    def gradient(
        self, weights: np.ndarray, tokens: np.ndarray, starts: np.ndarray, batch: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """(loss, its gradient in the order of `weights`) of one batch of document numbers.

        The gradient is what Adam without memory (beta1 = 0) remembers of a step of length 0.
        """
        adam = Adam.for_weights(weights, beta1=0.0, beta2=0.0, eps=1.0)
        order = np.asarray(batch, np.int64)[None]
        losses = self.train(weights.copy(), adam, tokens, starts, order, np.zeros(1))
        return float(losses[0]), adam.first

    def evaluate(
        self, weights: np.ndarray, tokens: np.ndarray, starts: np.ndarray, tick: Callable[[], None] = lambda: None
    ) -> float:
        """Mean nats per token over every token of the documents, ends included; calls `tick` every 50 ms or so.

        Past the context a token is predicted from the last `context` tokens, embedded at positions 0 and up.
        """
        loss, self._known = 0.0, 0
        for segments, shares in windows(starts, self._context, self._cost):
            tick()
            loss += self._loss(weights, tokens, segments, shares, self._program)
        return loss

    def logits(self, weights: np.ndarray, tokens: Sequence[int], position: int) -> np.ndarray:
        """Logits for what follows `tokens`, read from `position` on, after those given for the positions before it.

        What those left in the kernel's memory is still there, so that only the vectors with these are computed.
        """
        last = position + len(tokens) - 1
        self._said[position : last + 1] = tokens
        since = min(position, self._known) // self._lanes * self._lanes
        self._loss(weights, self._said, np.array([0, last + 1, last, since]), np.zeros(1), self._speaking)
        self._known = last + 1
        return self._logits[:, last].astype(np.float64)

    def _loss(self, weights, tokens, segments, shares, program) -> float:
        losses = np.zeros(1)
        documents = plain(tokens, np.int64), segments.ravel(), shares
        self._run(program, self._memory(weights), documents, np.zeros(0), (0.0, 0.0, 0.0), 0, losses)
        return float(losses[0])


def spread(dtype: np.dtype | type, *sizes: int) -> tuple[np.ndarray, ...]:
    """Arrays of zeros that start at a cache line, but at different places of a page: neighbours in time that lie whole
    pages apart would take each other's loads and stores for their own."""
    itemsize = np.dtype(dtype).itemsize
    starts = np.cumsum([0] + [up(size, 4096 // itemsize) + 1024 // itemsize for size in sizes])
    buffer = np.zeros(starts[-1] + 64 // itemsize, dtype)
    offset = -buffer.ctypes.data % 64 // itemsize
    return tuple(buffer[offset + start : offset + start + size] for start, size in zip(starts, sizes, strict=False))
