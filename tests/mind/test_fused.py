"""The fused metabolism on its own terms: every number type and lane width, ragged batches, divergence, its buffers.

That it agrees with the other metabolisms, anywhere and along the published runs, is shown in `test_agreement`.
"""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scalars import CORNERS, LANES, TOLERANCE, Reference, assert_agree, cases, encode, examples, published

from organism.mind.adam import Adam
from organism.mind.gpt import Architecture
from organism.mind.metabolism.fused import GROUP, Fused

pytestmark = pytest.mark.kernels

PRESET = Architecture(vocab_size=27, n_embd=16, n_head=4, n_layer=1, block_size=16, mlp_ratio=4)


def random_weights(architecture, seed, scale):
    return np.random.default_rng(seed).normal(0, scale, architecture.parameters)


@cache
def published_documents():
    return published().encode(published().documents)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", TOLERANCE)
@examples(100)
@given(case=cases(embd=16, layer=3, block=9, vocab=9, work=6_000))
def test_gradients_are_those_of_the_scalar_graph(dtype, case):
    weights = case.weights.astype(dtype)
    truth = Reference(case.architecture, weights).gradient([case.documents[i] for i in case.batch])
    for lanes in LANES[dtype]:
        fused = Fused(case.architecture, case.positions, dtype, lanes)
        assert_agree(fused.gradient(weights, case.tokens, case.starts, case.batch), truth, TOLERANCE[dtype])


@pytest.mark.slow
@examples(60)
@given(case=cases(embd=80, layer=4, block=40, vocab=60))
def test_every_lane_width_gives_one_gradient(case):
    weights = case.weights.astype(np.float32).astype(np.float64)
    plain = Fused(case.architecture, case.positions, "float64", 1)
    truth = plain.gradient(weights, case.tokens, case.starts, case.batch)
    for dtype, tolerance in TOLERANCE.items():
        for lanes in LANES[dtype]:
            fused = Fused(case.architecture, case.positions, dtype, lanes)
            mine = fused.gradient(weights.astype(dtype), case.tokens, case.starts, case.batch)
            assert_agree(mine, truth, tolerance)


@examples(25)
@given(case=cases(embd=8, layer=2, block=4, vocab=6))
def test_evaluation_slides_over_every_token(case):
    truth = Reference(case.architecture, case.weights).evaluate(case.documents)
    for dtype, tolerance in TOLERANCE.items():
        for lanes in LANES[dtype]:
            # Held-out documents may be longer than any that is trained on.
            fused = Fused(case.architecture, 2, dtype, lanes)
            loss = fused.evaluate(case.weights.astype(dtype), case.tokens, case.starts)
            assert abs(loss - truth) <= tolerance * truth


@pytest.mark.slow
@examples(25)
@given(case=cases(embd=12, layer=2, block=20, vocab=9, work=2_000), evaluate=st.booleans())
def test_logits_come_one_token_at_a_time(case, evaluate):
    reference = Reference(case.architecture, case.weights)
    documents = [document[: case.architecture.block_size] for document in case.documents]
    truths = [[[z.data for z in row] for row in reference.logits(document)] for document in documents]
    for dtype, tolerance in TOLERANCE.items():
        weights = case.weights.astype(dtype)
        for lanes in LANES[dtype]:
            fused = Fused(case.architecture, 2, dtype, lanes)
            for said, truth in zip(documents, truths, strict=True):
                for position, token in enumerate(said):
                    logits = fused.logits(weights, [token], position)
                    assert logits.dtype == np.float64
                    assert np.allclose(logits, truth[position], rtol=0, atol=10 * tolerance)
                    if evaluate:  # which takes the place of the keys and values
                        fused.evaluate(weights, case.tokens, case.starts)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_batch_of_many_groups_is_the_mean_of_its_documents(dtype):
    rng = np.random.default_rng(1)
    documents = [rng.integers(0, 27, rng.integers(0, 25)).tolist() for _ in range(150)]
    tokens, starts = encode(documents)
    assert len(tokens) > 4 * GROUP
    weights = random_weights(PRESET, 0, 0.1).astype(np.float32).astype(np.float64)
    one = Fused(PRESET, 16)
    singles = [one.gradient(weights, tokens, starts, np.array([i])) for i in range(150)]
    truth = np.mean([loss for loss, _ in singles]), np.mean([gradient for _, gradient in singles], axis=0)
    for lanes in LANES[dtype]:
        fused = Fused(PRESET, 16, dtype, lanes)
        assert_agree(fused.gradient(weights.astype(dtype), tokens, starts, np.arange(150)), truth, TOLERANCE[dtype])


@pytest.mark.slow
@pytest.mark.parametrize("architecture", CORNERS.values(), ids=CORNERS)
def test_the_largest_shapes_agree_with_finite_differences(architecture):
    rng = np.random.default_rng(3)
    tokens, starts = encode([rng.integers(0, architecture.vocab_size, n).tolist() for n in (300, 1, 90)])
    weights = random_weights(architecture, 4, 0.5 / math.sqrt(architecture.n_embd))
    fused = Fused(architecture, architecture.block_size)
    batch = np.arange(3)
    _, gradient = fused.gradient(weights, tokens, starts, batch)
    for _ in range(3):
        direction = rng.normal(0, 1, weights.size) / math.sqrt(weights.size)
        step = 1e-5
        above = fused.gradient(weights + step * direction, tokens, starts, batch)[0]
        below = fused.gradient(weights - step * direction, tokens, starts, batch)[0]
        assert (above - below) / (2 * step) == pytest.approx(gradient @ direction, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_training_in_pieces_is_training_at_once(dtype):
    tokens, starts = published_documents()
    order, rates = np.arange(40).reshape(20, 2), np.full(20, 0.01)
    fused = Fused(PRESET, 16, dtype)
    at_once, in_pieces = (random_weights(PRESET, 5, 0.08).astype(dtype) for _ in range(2))
    losses = fused.train(at_once, Adam.for_weights(at_once), tokens, starts, order, rates)
    memory = Adam.for_weights(in_pieces)
    pieces = [
        fused.train(in_pieces, memory, tokens, starts, order[part], rates[part]) for part in (slice(0, 7), slice(7, 20))
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
    losses = fused.train(weights, memory, tokens, starts, np.arange(9)[:, None], np.full(9, 0.01))
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
    losses = fused.train(weights, memory, tokens, starts, np.arange(12)[:, None], rates)
    assert np.isfinite(losses[:5]).all()
    assert not np.isfinite(losses[5:]).any()
    assert memory.step == 5
    healthy = random_weights(PRESET, 7, 0.08).astype(dtype)
    again = fused.train(healthy, Adam.for_weights(healthy), tokens, starts, np.arange(4)[:, None], rates[:4])
    assert np.array_equal(again, losses[:4]), "a dead creature leaves something behind in the buffers"


def test_arrays_of_any_kind_run_the_kernel_that_there_is():
    tokens, starts = published_documents()
    weights = random_weights(PRESET, 8, 0.08)
    fused = Fused(PRESET, 16)
    truth = fused.evaluate(weights, tokens, starts), fused.logits(weights, [3], 0)
    kernels = len(fused._run.signatures)
    for array in (weights, tokens):
        array.setflags(write=False)
    try:
        assert fused.evaluate(weights, tokens, starts) == truth[0]
        assert np.array_equal(fused.logits(weights, [3], 0), truth[1])
        spaced = np.stack([weights, weights], axis=1)[:, 0]
        assert fused.evaluate(spaced, tokens.astype(np.int32), starts) == truth[0]
    finally:
        tokens.setflags(write=True)
    assert len(fused._run.signatures) == kernels
