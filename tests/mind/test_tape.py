"""The tape: the same scalars as the graph of `Val`s, whatever the lanes, the documents and the architecture."""

import itertools
import math
import re

import msgspec
import numpy as np
import pytest
from hypothesis import given
from scalars import Reference, assert_agree, cases, encode, examples

from organism.errors import BadInput
from organism.mind.adam import Adam
from organism.mind.gpt import GPT, Architecture, cross_entropy, linear
from organism.mind.metabolism import tape as tape_module
from organism.mind.metabolism.build import build
from organism.mind.metabolism.graph import Graph
from organism.mind.metabolism.simd import host_lanes
from organism.mind.metabolism.tape import PRODUCT, Tape
from organism.mind.val import Val

pytestmark = pytest.mark.kernels

WIDTHS = sorted({host_lanes(8), 8, 4, 2, 1})
PRESET = Architecture(vocab_size=27, n_embd=16, n_head=4, n_layer=1, block_size=16, mlp_ratio=4)
NAMES = encode([[1, 2, 3], [4, 5, 6, 7, 8, 9, 1, 2, 3, 4], [2], [3, 1, 4, 1, 5, 9, 2, 6], [5, 3]])


def weights_of(architecture, seed=0, scale=0.2):
    return np.random.default_rng(seed).normal(0, scale, architecture.parameters)


@pytest.mark.slow
@examples(70)
@given(case=cases(layer=3))
def test_gradients_are_those_of_the_scalar_graph(case):
    truth = Reference(case.architecture, case.weights).gradient([case.documents[i] for i in case.batch])
    for lanes in WIDTHS:
        tape = Tape(case.architecture, case.positions, lanes=lanes)
        assert_agree(tape.gradient(case.weights, case.tokens, case.starts, case.batch), truth)


@pytest.mark.slow
@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(vocab_size=7, n_embd=1, n_head=1, n_layer=2, block_size=5, mlp_ratio=1),
        Architecture(vocab_size=2, n_embd=13, n_head=13, n_layer=1, block_size=9, mlp_ratio=3),
        Architecture(
            vocab_size=11, n_embd=15, n_head=1, n_layer=1, block_size=17, mlp_ratio=2, activation="squared_relu"
        ),
    ],
    ids=["one wide", "heads one wide", "one head"],
)
def test_odd_shapes_are_those_of_the_scalar_graph(architecture):
    rng = np.random.default_rng(5)
    tokens, starts = encode([rng.integers(0, architecture.vocab_size, n).tolist() for n in (0, 30, 7, 15, 16)])
    weights = weights_of(architecture, scale=0.5)
    documents = [tokens[a:b].tolist() for a, b in itertools.pairwise(starts)]
    truth = Reference(architecture, weights).gradient(documents)
    for lanes in WIDTHS:
        mine = Tape(architecture, architecture.block_size, lanes=lanes).gradient(weights, tokens, starts, np.arange(5))
        assert_agree(mine, truth)


@pytest.mark.slow
@examples(15)
@given(case=cases(embd=40, layer=4, block=30))
def test_gradients_are_what_finite_differences_find(case):
    tape = Tape(case.architecture, case.positions)

    def loss(weights):
        return tape.gradient(weights, case.tokens, case.starts, case.batch)[0]

    gradient = tape.gradient(case.weights, case.tokens, case.starts, case.batch)[1]
    direction = np.random.default_rng(1).normal(size=gradient.size) / math.sqrt(gradient.size)
    slope = (loss(case.weights + 1e-5 * direction) - loss(case.weights - 1e-5 * direction)) / 2e-5
    assert slope == pytest.approx(gradient @ direction, rel=1e-5, abs=1e-7)


@pytest.mark.slow
@examples(20)
@given(case=cases(embd=8, block=5))
def test_evaluation_slides_over_every_token(case):
    truth = Reference(case.architecture, case.weights).evaluate(case.documents)
    for lanes in WIDTHS:
        tape = Tape(case.architecture, case.positions, lanes=lanes)
        assert tape.evaluate(case.weights, case.tokens, case.starts) == pytest.approx(truth, abs=1e-9)


@pytest.mark.slow
@examples(20)
@given(case=cases(embd=8, block=12))
def test_logits_come_one_token_at_a_time(case):
    reference = Reference(case.architecture, case.weights)
    for lanes in WIDTHS:
        tape = Tape(case.architecture, case.positions, lanes=lanes)
        for document in case.documents:
            said = document[: case.positions]
            for position, (token, truth) in enumerate(zip(said, reference.logits(said), strict=True)):
                logits = tape.logits(case.weights, [token], position)
                assert logits.tolist() == pytest.approx([z.data for z in truth], abs=1e-9)


def test_nothing_is_left_over_from_other_documents():
    """Rows are used again with other room in them, and lanes past a document hold what was there before."""
    used = Tape(PRESET, 16)
    weights = weights_of(PRESET)
    used.gradient(weights_of(PRESET, seed=1, scale=3.0), *NAMES, np.array([1, 3]))
    for batch in ([2], [1], [0, 4], [3]):
        fresh = Tape(PRESET, 16).gradient(weights, *NAMES, np.array(batch))
        again = used.gradient(weights, *NAMES, np.array(batch))
        assert again[0] == fresh[0]
        assert np.array_equal(again[1], fresh[1])


def test_logits_of_a_new_text_know_nothing_of_the_one_before():
    tape, weights = Tape(PRESET, 16), weights_of(PRESET)
    first = [tape.logits(weights, [token], i).tolist() for i, token in enumerate([26, 4, 9])]
    for i, token in enumerate([26, 1, 2, 3, 4, 5, 6, 7, 8, 9]):
        tape.logits(weights, [token], i)
    assert [tape.logits(weights, [token], i).tolist() for i, token in enumerate([26, 4, 9])] == first


def trained(tape, pieces, rates):
    weights = weights_of(PRESET)
    adam = Adam.for_weights(weights)
    order = np.arange(2 * len(rates)).reshape(-1, 2) % 5
    cuts = np.cumsum([0, *pieces])
    losses = [tape.train(weights, adam, *NAMES, order[a:b], rates[a:b]) for a, b in itertools.pairwise(cuts)]
    return np.concatenate(losses), weights, adam


def test_training_in_pieces_is_training_at_once():
    rates = np.linspace(0.02, 0.01, 30)
    whole, pieces = trained(Tape(PRESET, 16), [30], rates), trained(Tape(PRESET, 16), [1, 9, 20], rates)
    assert np.array_equal(whole[0], pieces[0])
    assert np.array_equal(whole[1], pieces[1])
    assert whole[2].step == pieces[2].step == 30


@pytest.mark.slow
def test_training_is_that_of_the_scalar_graph():
    rates = np.full(20, 0.01)
    truth = trained(Graph(PRESET, 16), [20], rates)
    for lanes in WIDTHS:
        losses, weights, _ = trained(Tape(PRESET, 16, lanes=lanes), [20], rates)
        assert losses == pytest.approx(truth[0], abs=1e-9)
        assert weights == pytest.approx(truth[1], abs=1e-9)


@pytest.mark.parametrize("metabolism", [Graph, Tape])
def test_divergence_ends_training_at_the_step_where_it_is_seen(metabolism):
    mind, weights = metabolism(PRESET, 16), weights_of(PRESET)
    adam = Adam.for_weights(weights)
    rates = np.full(8, 0.01)
    rates[3] = np.inf  # the fifth loss is the first of a creature that this step has destroyed
    with np.errstate(invalid="ignore"):
        losses = mind.train(weights, adam, *NAMES, np.arange(8)[:, None] % 5, rates)
    assert np.isfinite(losses[:4]).all()
    assert not np.isfinite(losses[4:]).any()
    assert adam.step == 4
    healthy = weights_of(PRESET)
    loss, gradient = mind.gradient(healthy, *NAMES, np.array([0]))
    expected = metabolism(PRESET, 16).gradient(healthy, *NAMES, np.array([0]))
    assert loss == expected[0]
    assert np.array_equal(gradient, expected[1]), "a dead creature leaves something behind"


@pytest.mark.parametrize("metabolism", [Graph, Tape])
@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_never_a_number(metabolism, poison):
    weights = weights_of(PRESET)
    weights[: 27 * 16] = poison
    weights[-64 * 16 :] = poison
    adam = Adam.for_weights(weights)
    losses = metabolism(PRESET, 16).train(weights, adam, *NAMES, np.array([[0], [1]]), np.full(2, 0.1))
    assert not np.isfinite(losses).any()
    assert adam.step == 0


@pytest.mark.slow
def test_a_tape_over_one_gibibyte_is_refused_in_one_line_that_names_the_way_out():
    large = Architecture(vocab_size=30, n_embd=256, n_head=16, n_layer=12, block_size=256, mlp_ratio=8)
    with pytest.raises(BadInput, match=r"^the tape of this genome would take 1\.5 GiB: .*'--metabolism fused'[^\n]*$"):
        Tape(large, 256)


def test_what_a_refused_tape_would_take_is_what_it_would_take(monkeypatch):
    size = 16 * tape_module.record(PRESET, 16, 16, lambda: None).next
    monkeypatch.setattr(tape_module, "MAX_BYTES", 1000)
    with pytest.raises(BadInput, match=re.escape(f"would take {size / 1000:.1f} GiB")):
        Tape(PRESET, 16)


@pytest.mark.parametrize("metabolism", ["val", "tape"])
def test_float32_is_refused_with_the_way_out(metabolism):
    with pytest.raises(BadInput, match=r"float32: .* '--metabolism fused'"):
        build(metabolism, PRESET, 16, "float32")


def test_repetition_is_found_not_told():
    """As many instructions for a wide creature with a long context as for a narrow one with a short context."""

    def program(**changes):
        return tape_module.record(msgspec.structs.replace(PRESET, **changes), changes.get("block_size", 16), 256, int)

    small, large = program(), program(n_embd=64, mlp_ratio=8, block_size=200)
    assert len(small.code) == len(large.code) < 80
    products = {(row[1], row[9]) for row in large.code if row[0] == PRODUCT}
    assert {(3 * 64, 64), (64, 64), (8 * 64, 64), (64, 8 * 64), (27, 64)} <= products


class Odd(GPT):
    """An architecture that uses every operator on either side, numbers, lists in any order, and the past."""

    def __call__(self, token, position, keys, values):
        w = self.matrices
        x = [t * p - t / (p * p + 2.0) for t, p in zip(w["wte"][token], w["wpe"][position], strict=True)]
        keys[0].append([2.0 * a for a in x])
        values[0].append([1.0 - a for a in x])
        dot = type(x[0]).dot
        scores = [dot(x, key) + 0.5 for key in keys[0]]
        total = type(x[0]).sum([(0.1 * s).exp() for s in scores])
        highest = type(x[0]).maximum([s - 9.0 for s in scores])
        seen = [highest * total**0.5 * dot(scores, column) for column in zip(*values[0], strict=True)]
        past = [0.3 * a for key in keys[0] for a in key][:1]
        back = [-a for a in reversed(seen)]
        mixed = [a / (b * b + 1.0) + 1.0 / (c * c + 2.0) for a, b, c in zip(seen, back, x, strict=True)]
        logits = linear(mixed[::2] + [m.relu() for m in mixed[1::2]], w["lm_head"])
        shared = type(x[0]).sum(w["lm_head"][0]) + w["lm_head"][1][0]
        double = dot(w["lm_head"][0], w["lm_head"][1]) + past[0]
        return [z + (shared * double + 3.0) ** -1.0 - (3.0 - shared) for z in logits]


def test_the_graph_is_taken_from_the_architecture_whatever_it_is(monkeypatch):
    monkeypatch.setattr(tape_module, "GPT", Odd)
    shape = Architecture(vocab_size=10, n_embd=5, n_head=1, n_layer=1, block_size=11, mlp_ratio=1)
    weights = weights_of(shape, scale=0.7)
    leaves = [Val(x) for x in weights.tolist()]
    odd = Odd(shape, shape.matrices(leaves))
    tokens, starts = NAMES
    losses = []
    for a, b in itertools.pairwise(starts):
        text, keys, values = tokens[a:b].tolist(), odd.cache(), odd.cache()
        each = [cross_entropy(odd(text[p], p, keys, values), text[p + 1]) for p in range(len(text) - 1)]
        losses.append(Val.sum(each) / len(each))
    loss = Val.sum(losses) / len(losses)
    loss.backward()
    truth = loss.data, np.array([leaf.grad for leaf in leaves])
    for lanes in WIDTHS:
        assert_agree(Tape(shape, 11, lanes=lanes).gradient(weights, tokens, starts, np.arange(5)), truth)
