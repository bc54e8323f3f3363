"""The architecture: its shapes, and what it computes against the same formulas written with numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scalars import Reference, cases, examples

from organism.mind.gpt import Architecture, attention, cross_entropy, linear, rmsnorm, softmax
from organism.mind.val import Val

PRESET = Architecture(vocab_size=27, n_embd=16, n_head=4, n_layer=1, block_size=16, mlp_ratio=4)
rows = st.lists(st.floats(-5, 5), min_size=1, max_size=8)


def vals(numbers):
    return [Val(float(x)) for x in numbers]


def data(scalars):
    return np.array([x.data for x in scalars])


def forward(architecture, weights, tokens):
    """Logits after each token, all positions at once, as matrices: another way to say what gpt.py says."""
    w, place = {}, 0
    for name, (n, m) in architecture.shapes().items():
        w[name] = weights[place : place + n * m].reshape(n, m)
        place += n * m

    def norm(x):
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)

    count, heads = len(tokens), architecture.n_head
    x = norm(w["wte"][tokens] + w["wpe"][:count])
    for i in range(architecture.n_layer):
        q, k, v = ((norm(x) @ w[f"layer{i}.attn_w{c}"].T).reshape(count, heads, -1).swapaxes(0, 1) for c in "qkv")
        scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
        scores[:, ~np.tri(count, dtype=bool)] = -np.inf
        powers = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (powers / powers.sum(-1, keepdims=True)) @ v
        x = x + mixed.swapaxes(0, 1).reshape(count, -1) @ w[f"layer{i}.attn_wo"].T
        hidden = np.maximum(norm(x) @ w[f"layer{i}.mlp_fc1"].T, 0)
        x = x + (hidden**2 if architecture.activation == "squared_relu" else hidden) @ w[f"layer{i}.mlp_fc2"].T
    return x @ w["lm_head"].T


@pytest.mark.slow
@examples(40)
@given(case=cases(layer=3, block=7))
def test_logits_are_those_of_the_same_formulas_in_matrices(case):
    tokens = max(case.documents, key=len)[: case.architecture.block_size]
    scalar = Reference(case.architecture, case.weights).logits(tokens)
    assert np.array([data(z) for z in scalar]) == pytest.approx(forward(case.architecture, case.weights, tokens))


def test_a_later_token_changes_nothing_before_it():
    weights = np.random.default_rng(1).normal(0, 0.3, PRESET.parameters)
    one, other = (Reference(PRESET, weights).logits([26, 3, 7, last]) for last in (5, 9))
    assert [data(z).tolist() for z in one[:3]] == [data(z).tolist() for z in other[:3]]
    assert data(one[3]).tolist() != data(other[3]).tolist()


def test_the_presets_have_the_published_number_of_parameters():
    assert PRESET.parameters == 4_192
    assert Architecture(27, 16, 4, 1, block_size=8, mlp_ratio=4, activation="squared_relu").parameters == 4_064


def test_matrices_come_in_the_order_of_the_parameter_vector():
    shape = Architecture(vocab_size=5, n_embd=2, n_head=1, n_layer=2, block_size=3, mlp_ratio=2)
    assert list(shape.shapes())[:5] == ["wte", "wpe", "lm_head", "layer0.attn_wq", "layer0.attn_wk"]
    assert list(shape.shapes())[-1] == "layer1.mlp_fc2"
    matrices = shape.matrices(range(shape.parameters))
    assert {name: (len(m), len(m[0])) for name, m in matrices.items()} == shape.shapes()
    assert [x for matrix in matrices.values() for row in matrix for x in row] == list(range(shape.parameters))


def test_linear_is_a_matrix_times_a_vector():
    rng = np.random.default_rng(2)
    w, x = rng.normal(size=(3, 5)), rng.normal(size=5)
    assert data(linear(vals(x), [vals(row) for row in w])) == pytest.approx(w @ x)


@examples(50)
@given(numbers=rows)
def test_softmax_is_a_distribution_in_the_proportion_of_powers(numbers):
    shares = data(softmax(vals(numbers)))
    assert shares.sum() == pytest.approx(1.0)
    assert shares == pytest.approx(np.exp(numbers) / np.exp(numbers).sum())


def test_softmax_of_large_numbers_stays_finite():
    assert data(softmax(vals([1000.0, 0.0, -1000.0]))).tolist() == [1.0, 0.0, 0.0]


@examples(50)
@given(numbers=rows)
def test_rmsnorm_leaves_a_mean_square_of_one(numbers):
    square = np.mean(np.square(numbers))
    normed = data(rmsnorm(vals(numbers)))
    assert np.mean(normed**2) == pytest.approx(square / (square + 1e-5))


@examples(50)
@given(numbers=rows, target=st.integers(0, 7))
def test_cross_entropy_is_the_surprise_at_the_target(numbers, target):
    target %= len(numbers)
    logits = vals(numbers)
    loss = cross_entropy(logits, target)
    shares = data(softmax(vals(numbers)))
    assert loss.data == pytest.approx(-np.log(shares[target]))
    loss.backward()
    expected = shares - np.eye(len(numbers))[target]
    assert [z.grad for z in logits] == pytest.approx(expected.tolist(), abs=1e-12)


def test_attention_without_preference_is_the_mean_of_the_values():
    keys = [vals([1.0, 2.0, 3.0, 4.0]), vals([-1.0, 0.0, 5.0, 2.0])]
    values = [vals([1.0, 2.0, 3.0, 4.0]), vals([3.0, 2.0, 1.0, 0.0])]
    assert data(attention(vals([0.0] * 4), keys, values, 2)).tolist() == [2.0, 2.0, 2.0, 2.0]


def test_each_head_attends_by_its_own_rows():
    keys = [vals([40.0, 0.0]), vals([0.0, 40.0])]
    values = [vals([1.0, 2.0]), vals([3.0, 4.0])]
    assert data(attention(vals([1.0, 1.0]), keys, values, 2)) == pytest.approx([1.0, 4.0])
