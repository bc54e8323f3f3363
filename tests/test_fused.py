"""The fused metabolism against the graph of `Val`s, against itself at every lane width, and against published runs."""

import itertools
import math
import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from organism.mind import simd
from organism.mind.adam import Adam, AdamConstants
from organism.mind.fused import GROUP, Fused
from organism.mind.gpt import GPT, Architecture, cross_entropy
from organism.mind.tape import Tape
from organism.mind.val import Val

TOLERANCE = {"float64": 1e-9, "float32": 1e-5}
WIDTHS = {dtype: sorted({simd.host_lanes(np.dtype(dtype).itemsize), 8, 4, 2, 1}) for dtype in TOLERANCE}
PRESET = Architecture(vocab_size=27, n_embd=16, n_head=4, n_layer=1, block_size=16, mlp_ratio=4)


def examples(count):
    """The same random examples in every run: a ReLU within a rounding error of its kink has no one gradient."""
    checks = [HealthCheck.too_slow]
    return settings(max_examples=count, deadline=None, derandomize=True, suppress_health_check=checks)


def corpus(documents):
    """Tokens and starts of documents given without their end tokens, which are 0 here."""
    tokens = [token for document in documents for token in (0, *document, 0)]
    starts = np.cumsum([0] + [len(document) + 2 for document in documents])
    return np.array(tokens, np.int64), np.array(starts, np.int64)


def longest(architecture, starts):
    return min(architecture.block_size, int(np.max(starts[1:] - starts[:-1])) - 1)


def random_weights(architecture, seed, scale=0.3):
    return np.random.default_rng(seed).normal(0, scale, architecture.parameters)


def documents_of(vocab_size, max_length):
    return st.lists(st.lists(st.integers(0, vocab_size - 1), max_size=max_length), min_size=1, max_size=5)


@st.composite
def creatures(draw, max_embd, max_layer, max_block, max_vocab, max_ratio=4, budget=10**9):
    """An architecture, a corpus and a seed for weights. `budget` bounds weights x positions for costly references."""
    n_embd = draw(st.integers(1, min(24, max_embd)) | st.integers(1, max_embd))
    n_head = draw(st.sampled_from([heads for heads in range(1, 17) if n_embd % heads == 0]))
    # Whatever is drawn first leaves less for the rest: at least one layer of ratio 1 and two positions.
    most_layers = max(1, budget // (2 * 6 * n_embd**2))
    n_layer = draw(st.integers(1, min(max_layer, most_layers)))
    mlp_ratio = draw(st.integers(1, min(max_ratio, max(1, most_layers // n_layer))))
    vocab_size = draw(st.integers(2, max_vocab))
    weights = (2 * vocab_size + n_layer * (4 + 2 * mlp_ratio) * n_embd) * n_embd
    block_size = draw(st.integers(2, min(max_block, max(2, budget // weights))))
    architecture = Architecture(vocab_size, n_embd, n_head, n_layer, block_size, mlp_ratio, draw(st.booleans()))
    documents = draw(documents_of(vocab_size, block_size + 3))
    return architecture, *corpus(documents), draw(st.integers(0, 99))


class Reference:
    """The graph of `Val`s for one architecture and one set of weights."""

    def __init__(self, architecture, weights):
        self.leaves = [Val(float(weight)) for weight in weights]
        self.model = GPT(architecture, architecture.matrices(self.leaves))
        self.block_size = architecture.block_size

    def logits(self, tokens):
        """After each of `tokens`, which stand at positions 0, 1, ..."""
        keys, values = self.model.cache(), self.model.cache()
        return [self.model(token, position, keys, values) for position, token in enumerate(tokens)]

    def loss(self, batch):
        """Mean over documents of each document's mean."""
        total = Val(0.0)
        for document in batch:
            n = min(self.block_size, len(document) - 1)
            losses = [cross_entropy(z, t) for z, t in zip(self.logits(document[:n]), document[1:], strict=False)]
            total = total + Val.sum(losses) / (n * len(batch))
        return total

    def gradient(self, batch):
        loss = self.loss(batch)
        loss.backward()
        return loss.data, np.array([leaf.grad for leaf in self.leaves])

    def evaluate(self, documents):
        """Every token of every document, from at most block_size tokens before it."""
        losses = []
        for document in documents:
            for i in range(1, len(document)):
                window = document[max(0, i - self.block_size) : i]
                losses.append(cross_entropy(self.logits(window)[-1], document[i]).data)
        return sum(losses) / len(losses)


def split(tokens, starts):
    return [tokens[a:b].tolist() for a, b in itertools.pairwise(starts)]


def assert_agree(mine, truth, dtype):
    (loss, gradient), (true_loss, true_gradient) = mine, truth
    allowed = TOLERANCE[dtype] * max(1.0, float(np.abs(true_gradient).max()))
    assert abs(loss - true_loss) <= TOLERANCE[dtype] * max(1.0, abs(true_loss))
    assert float(np.abs(gradient - true_gradient).max()) <= allowed


@pytest.mark.parametrize("dtype", TOLERANCE)
@examples(100)
@given(creature=creatures(max_embd=16, max_layer=3, max_block=9, max_vocab=9, budget=8_000))
def test_gradients_are_those_of_the_scalar_graph(dtype, creature):
    architecture, tokens, starts, seed = creature
    weights = random_weights(architecture, seed).astype(dtype)
    batch = np.arange(len(starts) - 1)
    truth = Reference(architecture, weights).gradient(split(tokens, starts))
    for lanes in WIDTHS[dtype]:
        fused = Fused(architecture, longest(architecture, starts), dtype, lanes)
        assert_agree(fused.gradient(weights, tokens, starts, batch), truth, dtype)


@examples(200)
@given(creature=creatures(max_embd=256, max_layer=12, max_block=256, max_vocab=1001, max_ratio=8, budget=50_000))
def test_gradients_are_those_of_the_tape(creature):
    architecture, tokens, starts, seed = creature
    weights = random_weights(architecture, seed, 0.5 / math.sqrt(architecture.n_embd))
    batch, positions = np.arange(len(starts) - 1), longest(architecture, starts)
    truth = Tape(architecture, positions).gradient(weights, tokens, starts, batch)
    assert_agree(Fused(architecture, positions).gradient(weights, tokens, starts, batch), truth, "float64")


@examples(60)
@given(creature=creatures(max_embd=80, max_layer=4, max_block=40, max_vocab=60))
def test_every_lane_width_gives_one_gradient(creature):
    architecture, tokens, starts, seed = creature
    weights = random_weights(architecture, seed, 0.5 / math.sqrt(architecture.n_embd)).astype(np.float32)
    weights = weights.astype(np.float64)
    batch = np.arange(len(starts) - 1)
    positions = longest(architecture, starts)
    truth = Fused(architecture, positions, "float64", 1).gradient(weights, tokens, starts, batch)
    for dtype in TOLERANCE:
        for lanes in WIDTHS[dtype]:
            fused = Fused(architecture, positions, dtype, lanes)
            assert_agree(fused.gradient(weights.astype(dtype), tokens, starts, batch), truth, dtype)


@examples(25)
@given(creature=creatures(max_embd=8, max_layer=2, max_block=4, max_vocab=6))
def test_evaluation_slides_over_every_token(creature):
    architecture, tokens, starts, seed = creature
    weights = random_weights(architecture, seed)
    truth = Reference(architecture, weights).evaluate(split(tokens, starts))
    for dtype in TOLERANCE:
        for lanes in WIDTHS[dtype]:
            # Held-out documents may be longer than any that is trained on.
            fused = Fused(architecture, 2, dtype, lanes)
            assert abs(fused.evaluate(weights.astype(dtype), tokens, starts) - truth) <= TOLERANCE[dtype] * truth


@examples(25)
@given(creature=creatures(max_embd=12, max_layer=2, max_block=20, max_vocab=9, budget=8_000), evaluate=st.booleans())
def test_logits_come_one_token_at_a_time(creature, evaluate):
    architecture, tokens, starts, seed = creature
    weights = random_weights(architecture, seed)
    reference = Reference(architecture, weights)
    documents = [document[: architecture.block_size] for document in split(tokens, starts)]
    truths = [[[z.data for z in row] for row in reference.logits(document)] for document in documents]
    for dtype in TOLERANCE:
        for lanes in WIDTHS[dtype]:
            fused = Fused(architecture, 2, dtype, lanes)
            for said, truth in zip(documents, truths, strict=True):
                for position, token in enumerate(said):
                    logits = fused.logits(weights.astype(dtype), token, position)
                    assert logits.dtype == np.float64
                    assert np.allclose(logits, truth[position], rtol=0, atol=10 * TOLERANCE[dtype])
                    if evaluate:  # which takes the place of the keys and values
                        fused.evaluate(weights.astype(dtype), tokens, starts)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_batch_of_many_groups_is_the_mean_of_its_documents(dtype):
    rng = np.random.default_rng(1)
    documents = [rng.integers(0, 27, rng.integers(0, 25)).tolist() for _ in range(150)]
    tokens, starts = corpus(documents)
    assert len(tokens) > 4 * GROUP
    weights = random_weights(PRESET, 0, 0.1).astype(np.float32).astype(np.float64)
    one = Fused(PRESET, 16)
    singles = [one.gradient(weights, tokens, starts, np.array([i])) for i in range(150)]
    truth = np.mean([loss for loss, _ in singles]), np.mean([gradient for _, gradient in singles], axis=0)
    for lanes in WIDTHS[dtype]:
        fused = Fused(PRESET, 16, dtype, lanes)
        assert_agree(fused.gradient(weights.astype(dtype), tokens, starts, np.arange(150)), truth, dtype)


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(vocab_size=1001, n_embd=33, n_head=3, n_layer=1, block_size=256, mlp_ratio=1),
        Architecture(vocab_size=2, n_embd=1, n_head=1, n_layer=12, block_size=2, mlp_ratio=8),
        Architecture(vocab_size=30, n_embd=256, n_head=16, n_layer=1, block_size=3, mlp_ratio=8),
        Architecture(vocab_size=5, n_embd=16, n_head=16, n_layer=2, block_size=256, mlp_ratio=2, squared_relu=True),
    ],
    ids=["long", "thin", "wide", "many heads"],
)
def test_the_largest_shapes_agree_with_finite_differences(architecture):
    rng = np.random.default_rng(3)
    tokens, starts = corpus([rng.integers(0, architecture.vocab_size, n).tolist() for n in (300, 1, 90)])
    weights = random_weights(architecture, 4, 0.5 / math.sqrt(architecture.n_embd))
    fused = Fused(architecture, longest(architecture, starts))
    batch = np.arange(3)
    _, gradient = fused.gradient(weights, tokens, starts, batch)
    for _ in range(3):
        direction = rng.normal(0, 1, weights.size) / math.sqrt(weights.size)
        step = 1e-5
        above = fused.gradient(weights + step * direction, tokens, starts, batch)[0]
        below = fused.gradient(weights - step * direction, tokens, starts, batch)[0]
        assert (above - below) / (2 * step) == pytest.approx(gradient @ direction, rel=1e-5, abs=1e-8)


@cache
def published_documents():
    """The first 1000 of Karpathy's names in the order in which microgpt.py meets them, and the next state of chance."""
    path = Path(__file__).with_name("fixtures") / "microgpt_documents.txt"
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    documents = [[26, *(alphabet.index(letter) for letter in name), 26] for name in path.read_text().split()]
    starts = np.cumsum([0] + [len(document) for document in documents])
    return np.array([token for document in documents for token in document]), starts


def after_shuffling():
    """microgpt.py's random stream when its 32,033 names have been shuffled."""
    stream = random.Random(42)
    stream.shuffle(list(range(32033)))
    return stream


def run(mind, weights, rates, constants):
    tokens, starts = published_documents()
    memory = Adam.for_weights(weights)
    losses = mind.train(weights, memory, tokens, starts, np.arange(len(rates))[:, None], np.array(rates), constants)
    assert memory.step == len(rates)
    return losses


def assert_every_step_agrees(architecture, weights, rates, constants):
    """Every lane width against the tape; returns the tape's losses. In float32, rounding grows as training goes on."""
    truth = run(Tape(architecture, architecture.block_size), weights.copy(), rates, constants)
    for dtype, tolerance in TOLERANCE.items():
        for lanes in WIDTHS[dtype]:
            fused = Fused(architecture, architecture.block_size, dtype, lanes)
            error = np.abs(run(fused, weights.astype(dtype), rates, constants) - truth)
            assert error[:20].max() <= tolerance
            assert error.max() <= (tolerance if dtype == "float64" else 1e-3)
    return truth


def test_the_preset_reproduces_microgpt():
    stream = after_shuffling()
    weights = np.array([stream.gauss(0, 0.08) for _ in range(PRESET.parameters)])
    rates = [0.01 * (1 - step / 1000) for step in range(1000)]
    losses = assert_every_step_agrees(PRESET, weights, rates, AdamConstants(0.85, 0.99, 1e-8))
    assert [f"{losses[i]:.4f}" for i in (0, 999)] == ["3.3660", "2.6497"]


def test_the_first_preset_reproduces_the_first_microgpt():
    first = Architecture(27, 16, 4, 1, block_size=8, mlp_ratio=4, squared_relu=True)
    stream = after_shuffling()
    weights = np.concatenate(
        [
            [stream.gauss(0, 0 if name.endswith(("attn_wo", "mlp_fc2")) else 0.02) for _ in range(rows * columns)]
            for name, (rows, columns) in first.shapes().items()
        ]
    )
    rates = [0.01 * 0.5 * (1 + math.cos(math.pi * step / 500)) for step in range(500)]
    losses = assert_every_step_agrees(first, weights, rates, AdamConstants(0.9, 0.95, 1e-8))
    assert [f"{losses[i]:.4f}" for i in (0, 1, 499)] == ["3.3630", "3.2917", "2.0859"]


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_training_in_pieces_is_training_at_once(dtype):
    tokens, starts = published_documents()
    order, rates = np.arange(40).reshape(20, 2), np.full(20, 0.01)
    fused = Fused(PRESET, 16, dtype)
    at_once, in_pieces = (random_weights(PRESET, 5, 0.08).astype(dtype) for _ in range(2))
    losses = fused.train(at_once, Adam.for_weights(at_once), tokens, starts, order, rates, AdamConstants())
    memory = Adam.for_weights(in_pieces)
    pieces = [
        fused.train(in_pieces, memory, tokens, starts, order[part], rates[part], AdamConstants())
        for part in (slice(0, 7), slice(7, 20))
    ]
    assert np.array_equal(np.concatenate(pieces), losses)
    assert np.array_equal(at_once, in_pieces)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("poison", [np.nan, np.inf])
@pytest.mark.parametrize("place", ["wte", "lm_head", "layer0.attn_wq", "layer0.mlp_fc2"])
def test_a_loss_that_is_not_finite_ends_training_and_is_seen(dtype, poison, place):
    tokens, starts = published_documents()
    weights = random_weights(PRESET, 6, 0.08).astype(dtype)
    start = 0
    for name, (rows, columns) in PRESET.shapes().items():
        if name == place:
            weights[start : start + rows * columns] = poison * np.linspace(-1, 1, rows * columns)
        start += rows * columns
    fused = Fused(PRESET, 16, dtype)
    before, memory = weights.copy(), Adam.for_weights(weights)
    losses = fused.train(weights, memory, tokens, starts, np.arange(9)[:, None], np.full(9, 0.01), AdamConstants())
    assert not np.isfinite(losses).any()
    assert memory.step == 0
    assert np.array_equal(weights, before, equal_nan=True)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_divergence_stops_at_the_step_where_it_happens(dtype):
    tokens, starts = published_documents()
    weights = random_weights(PRESET, 7, 0.08).astype(dtype)
    fused = Fused(PRESET, 16, dtype)
    rates = np.full(12, 0.01)
    rates[4] = np.inf  # the sixth loss is the first of a creature that this step has destroyed
    memory = Adam.for_weights(weights)
    losses = fused.train(weights, memory, tokens, starts, np.arange(12)[:, None], rates, AdamConstants())
    assert np.isfinite(losses[:5]).all()
    assert not np.isfinite(losses[5:]).any()
    assert memory.step == 5
    healthy = random_weights(PRESET, 7, 0.08).astype(dtype)
    again = fused.train(
        healthy, Adam.for_weights(healthy), tokens, starts, np.arange(4)[:, None], rates[:4], AdamConstants()
    )
    assert np.array_equal(again, losses[:4]), "a dead creature leaves something behind in the buffers"


def test_arrays_of_any_kind_run_the_kernel_that_there_is():
    tokens, starts = published_documents()
    weights = random_weights(PRESET, 8, 0.08)
    fused = Fused(PRESET, 16)
    truth = fused.evaluate(weights, tokens, starts), fused.logits(weights, 3, 0)
    kernels = len(fused._run.signatures)
    for array in (weights, tokens):
        array.setflags(write=False)
    try:
        assert fused.evaluate(weights, tokens, starts) == truth[0]
        assert np.array_equal(fused.logits(weights, 3, 0), truth[1])
        spaced = np.stack([weights, weights], axis=1)[:, 0]
        assert fused.evaluate(spaced, tokens.astype(np.int32), starts) == truth[0]
    finally:
        tokens.setflags(write=True)
    assert len(fused._run.signatures) == kernels
