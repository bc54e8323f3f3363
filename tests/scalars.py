"""What every metabolism is held against: random creatures, the plain graph of `Val`s, and the published documents."""

import itertools
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from organism.corpus import Corpus
from organism.mind.gpt import GPT, Architecture, cross_entropy
from organism.mind.metabolism import simd
from organism.mind.val import Val

TOLERANCE = {"float64": 1e-9, "float32": 1e-5}
LANES = {dtype: sorted({simd.host_lanes(np.dtype(dtype).itemsize), 8, 4, 2, 1}) for dtype in TOLERANCE}


# The largest that the hard limits allow in one direction or another.
CORNERS = {
    "long": Architecture(vocab_size=1001, n_embd=33, n_head=3, n_layer=1, block_size=256, mlp_ratio=1),
    "thin": Architecture(vocab_size=2, n_embd=1, n_head=1, n_layer=12, block_size=2, mlp_ratio=8),
    "wide": Architecture(vocab_size=30, n_embd=256, n_head=16, n_layer=1, block_size=3, mlp_ratio=8),
    "many heads": Architecture(
        vocab_size=5, n_embd=16, n_head=16, n_layer=2, block_size=256, mlp_ratio=2, activation="squared_relu"
    ),
}


def examples(count):
    """The same random examples in every run: a ReLU within a rounding error of its kink has no one gradient."""
    return settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )


class Case(NamedTuple):
    """A creature, documents of different lengths as a corpus encodes them, a batch of them and weights."""

    architecture: Architecture
    tokens: np.ndarray
    starts: np.ndarray
    batch: np.ndarray
    weights: np.ndarray

    @property
    def documents(self):
        return [self.tokens[a:b].tolist() for a, b in itertools.pairwise(self.starts)]

    @property
    def positions(self):
        return min(self.architecture.block_size, int(np.diff(self.starts).max()) - 1)


def encode(documents):
    """Tokens and starts of documents that are given without the end tokens, which are 0 here."""
    tokens = [token for document in documents for token in (0, *document, 0)]
    return np.array(tokens, np.int64), np.cumsum([0] + [len(document) + 2 for document in documents])


@st.composite
def cases(draw, embd=16, head=16, layer=2, block=10, ratio=4, vocab=12, documents=4, work=None):
    """A case within these limits; `work` bounds its parameters, and those times its tokens by ten times as much."""
    n_embd = draw(st.integers(1, embd))
    if work:
        # Wide or deep or with a large MLP, but not all at once.
        ratio = min(ratio, max(1, work // (2 * n_embd**2) - 2))
        layer = min(layer, max(1, work // ((4 + 2 * ratio) * n_embd**2)))
    architecture = Architecture(
        vocab_size=draw(st.integers(2, vocab)),
        n_embd=n_embd,
        n_head=draw(st.sampled_from([n for n in range(1, head + 1) if n_embd % n == 0])),
        n_layer=draw(st.integers(1, layer)),
        block_size=draw(st.integers(2, block)),
        mlp_ratio=draw(st.integers(1, ratio)),
        activation=draw(st.sampled_from(["relu", "squared_relu"])),
    )
    longest = architecture.block_size + 3
    if work:
        longest = min(longest, max(1, 10 * work // architecture.parameters))
    token = st.integers(0, architecture.vocab_size - 1)
    size = st.integers(0, longest)
    # Long lists are drawn from a seed: hypothesis would take longer over them than the creature does.
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    lengths = draw(st.lists(size, min_size=1, max_size=documents))
    texts = [[draw(token)] if n == 1 else rng.integers(0, architecture.vocab_size, n).tolist() for n in lengths]
    batch = draw(st.lists(st.integers(0, len(texts) - 1), min_size=1, max_size=4))
    weights = rng.normal(0, 1 / np.sqrt(n_embd + 8), architecture.parameters)
    return Case(architecture, *encode(texts), np.array(batch), weights)


class Reference:
    """The graph of `Val`s for one architecture and one set of weights."""

    def __init__(self, architecture, weights):
        self.leaves = [Val(weight) for weight in np.asarray(weights, float).tolist()]
        self.gpt = GPT(architecture, architecture.matrices(self.leaves))
        self.block_size = architecture.block_size

    def logits(self, tokens):
        """After each of `tokens`, which stand at positions 0, 1, ..."""
        keys, values = self.gpt.cache(), self.gpt.cache()
        return [self.gpt(token, position, keys, values) for position, token in enumerate(tokens)]

    def loss(self, document):
        """Mean over the predictions of a document, at most block_size of them."""
        n = min(self.block_size, len(document) - 1)
        return Val.sum([cross_entropy(z, t) for z, t in zip(self.logits(document[:n]), document[1:], strict=False)]) / n

    def gradient(self, documents):
        """(loss, gradient) of the mean over documents."""
        total = Val.sum([self.loss(document) for document in documents]) / len(documents)
        total.backward()
        return total.data, np.array([leaf.grad for leaf in self.leaves])

    def evaluate(self, documents):
        """Mean over every token of every document, each predicted from at most block_size tokens before it."""
        losses = []
        for document in documents:
            for i in range(1, len(document)):
                window = document[max(0, i - self.block_size) : i]
                losses.append(cross_entropy(self.logits(window)[-1], document[i]).data)
        return sum(losses) / len(losses)


def assert_agree(mine, truth, tolerance=1e-9):
    """Two pairs of (loss, gradient) agree to `tolerance`, the gradient to that times its largest element or one."""
    (loss, gradient), (true_loss, true_gradient) = mine, truth
    assert abs(loss - true_loss) <= tolerance * max(1.0, abs(true_loss))
    assert np.abs(gradient - true_gradient).max() <= tolerance * max(1.0, np.abs(true_gradient).max())


@cache
def published():
    """A corpus of the first 1,000 of Karpathy's names in the order in which microgpt.py meets them."""
    text = Path(__file__).with_name("fixtures") / "microgpt_documents.txt"
    return Corpus("makemore", text.read_text().split(), "")
