"""How a creature learns: its seed, its own shuffle of the documents, its weights, and step after step.

`Training` is one creature in the making and can be advanced a few steps at a time; `Creature` is what comes of it. One
`random.Random(seed)` is drawn from in the order of microgpt.py: shuffle, then each weight, then (by the caller) dreams.
A loss that isn't finite raises `Diverged`, in every metabolism, and so do weights that aren't when all is learnt.
"""

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..corpus import Corpus
from ..genes import Genes
from .adam import Adam
from .gpt import Architecture
from .metabolism.build import build

if TYPE_CHECKING:
    from .metabolism.machine import Machine

SLICE = 0.02  # seconds of training after which to look up
MARKS = 100


class Diverged(ArithmeticError):
    """The loss stopped being a number, at `step` (counted from 1), or the last step left weights without squares."""

    def __init__(self, step: int):
        super().__init__(f"the loss stopped being finite at step {step}")
        self.step = step


def architecture_of(genes: Genes, vocab_size: int) -> Architecture:
    """The architecture that `genes` spell for a vocabulary of that size."""
    return Architecture(
        vocab_size, genes.n_embd, genes.n_head, genes.n_layer, genes.block_size, genes.mlp_ratio, genes.activation
    )


def initial_weights(architecture: Architecture, genes: Genes, rng: random.Random, dtype: str) -> np.ndarray:
    """The newborn parameter vector: one gauss() per scalar, in parameter order."""
    drawn: list[float] = []
    for name, (rows, columns) in architecture.shapes().items():
        std = genes.residual_std if name.endswith(("attn_wo", "mlp_fc2")) else genes.init_std
        drawn.extend([rng.gauss(0, std) for _ in range(rows * columns)])
    return np.array(drawn, dtype)


def have_squares(weights: np.ndarray) -> bool:
    """Whether all are finite and none is too large to be squared: of others, norms and Adam's means have no numbers."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(weights * weights).all())


def marks(num_steps: int) -> list[int]:
    """The steps at which progress is told: at most 100, evenly spaced, the last among them."""
    interval = -(-num_steps // MARKS)
    return [*range(interval, num_steps, interval), num_steps]


class Creature:
    """A trained GPT: its genes, its weights and the metabolism that runs them."""

    def __init__(self, genes: Genes, corpus: Corpus, mind: "Machine", weights: np.ndarray, rng: random.Random):
        self.genes = genes
        self.corpus = corpus
        self.mind = mind
        self.weights = weights
        self.rng = rng

    def loss_on(self, documents: Sequence[str], tick: Callable[[], None] = lambda: None) -> float:
        """Mean nats per token over every token of `documents`, in windows of block_size. Calls `tick` as it reads."""
        return self.mind.evaluate(self.weights, *self.corpus.encode(documents), tick)


class Training:
    """One creature in the making, trained on `documents` (those of the training split if none are given)."""

    def __init__(
        self,
        genes: Genes,
        corpus: Corpus,
        seed: int,
        metabolism: str = "tape",
        dtype: str = "float64",
        documents: Sequence[str] | None = None,
        tick: Callable[[], None] = lambda: None,
    ):
        self.genes = genes
        self.corpus = corpus
        self.rng = random.Random(seed)
        shuffled = list(corpus.split.train if documents is None else documents)
        self.rng.shuffle(shuffled)
        self.documents = shuffled
        # What is never reached needn't be encoded, which for a large corpus would take longer than a short training.
        self.tokens, self.starts = corpus.encode(shuffled[: genes.num_steps * genes.batch_size])
        self.architecture = architecture_of(genes, corpus.vocab_size)
        self.mind = build(metabolism, self.architecture, corpus.longest, dtype, tick)
        self.weights = initial_weights(self.architecture, genes, self.rng, dtype)
        self.adam = Adam.for_weights(self.weights, beta1=genes.beta1, beta2=genes.beta2)
        self.last_loss = math.nan

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return self.adam.step

    @property
    def done(self) -> bool:
        return self.step >= self.genes.num_steps

    @property
    def trained_tokens(self) -> int:
        """How many predictions a whole training learns from."""
        lengths = np.minimum(np.diff(self.starts) - 1, self.genes.block_size)
        whole, rest = divmod(self.genes.num_steps * self.genes.batch_size, len(lengths))
        return int(whole * lengths.sum() + lengths[:rest].sum())

    def advance(self, steps: int) -> np.ndarray:
        """Take up to `steps` more steps and return the loss of each, none once it's done. Raises Diverged."""
        first = self.step
        steps = min(steps, self.genes.num_steps - first)
        if not steps:
            return np.empty(0)
        size = self.genes.batch_size
        order = np.arange(first * size, (first + steps) * size).reshape(steps, size) % (len(self.starts) - 1)
        rates = self.genes.learning_rate * self._decay(np.arange(first, first + steps) / self.genes.num_steps)
        losses = self.mind.train(self.weights, self.adam, self.tokens, self.starts, order, rates)
        finite = np.isfinite(losses)
        if not finite.all():
            raise Diverged(first + int(np.argmin(finite)) + 1)
        if self.done and not have_squares(self.weights):
            raise Diverged(self.step)
        self.last_loss = float(losses[-1])
        return losses

    def slices(self, tick: Callable[[], None] = lambda: None, stops: Iterable[int] = ()) -> Iterator[np.ndarray]:
        """Train to the end in slices of 20 ms or so, `tick` called before each; the losses of each. Raises Diverged.

        No slice goes past one of the steps `stops`, which are in order.
        """
        size = 1
        for stop in (*stops, self.genes.num_steps):
            while self.step < stop:
                tick()
                began = time.perf_counter()
                losses = self.advance(min(size, stop - self.step))
                size = max(1, int(len(losses) * SLICE / max(time.perf_counter() - began, 1e-6)))
                yield losses

    def progress(self, tick: Callable[[], None] = lambda: None) -> Iterator[tuple[int, float]]:
        """Train to the end, as `slices` does; (step, mean loss since the last) at each mark. Raises Diverged.

        Where slices begin and end depends on the clock, and may not show in the last bit of a mean.
        """
        stops, losses = marks(self.genes.num_steps), []
        for some in self.slices(tick, stops):
            losses += some.tolist()
            if self.step in stops:
                yield self.step, math.fsum(losses) / len(losses)
                losses = []

    def _decay(self, progress: np.ndarray) -> np.ndarray:
        return 0.5 * (1.0 + np.cos(np.pi * progress)) if self.genes.decay == "cosine" else 1.0 - progress

    def creature(self) -> Creature:
        """What the training has come to so far; it shares the weights and the random generator."""
        return Creature(self.genes, self.corpus, self.mind, self.weights, self.rng)
