"""The atom: every operator against finite differences, and gradients through graphs of every kind."""

import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scalars import examples

from organism.mind.val import Val

# Away from 0, where a quotient, a power or a logarithm has no derivative that a difference could find.
numbers = st.floats(0.2, 3.0) | st.floats(-3.0, -0.2)
positive = st.floats(0.2, 3.0)

BINARY = {
    "+": (operator.add, numbers, numbers),
    "-": (operator.sub, numbers, numbers),
    "*": (operator.mul, numbers, numbers),
    "/": (operator.truediv, numbers, numbers),
    "**": (operator.pow, positive, numbers),
}
UNARY = {
    "-": (operator.neg, numbers),
    "exp": (Val.exp, numbers),
    "log": (Val.log, positive),
    "relu": (Val.relu, numbers),
    "x ** 3": (lambda x: x**3, numbers),
    "x ** -0.5": (lambda x: x**-0.5, positive),
    "x ** 0": (lambda x: x**0, numbers),
}


def slopes(function, *values, step=1e-6):
    """The derivatives of a function of `Val`s by central differences."""

    def at(i, change):
        return function(*[Val(v + change * (i == j)) for j, v in enumerate(values)]).data

    return [(at(i, step) - at(i, -step)) / (2 * step) for i in range(len(values))]


def gradients(function, *values):
    """The same by going backward."""
    leaves = [Val(v) for v in values]
    function(*leaves).backward()
    return [leaf.grad for leaf in leaves]


def close(expected):
    return pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("name", BINARY)
@examples(40)
@given(data=st.data())
def test_operators_on_two_scalars_have_the_slopes_of_their_values(name, data):
    function, left, right = BINARY[name]
    a, b = data.draw(left), data.draw(right)
    assert function(Val(a), Val(b)).data == pytest.approx(function(a, b))
    assert gradients(function, a, b) == close(slopes(function, a, b))


@pytest.mark.slow
@pytest.mark.parametrize("name", BINARY)
@examples(40)
@given(data=st.data())
def test_a_number_may_stand_on_either_side(name, data):
    function, left, right = BINARY[name]
    a, b = data.draw(left), data.draw(right)
    for one in (lambda x: function(x, b), lambda x: function(x, 2)):
        assert one(Val(a)).data == pytest.approx(one(a))
        assert gradients(one, a) == close(slopes(one, a))
    for one in (lambda x: function(a, x), lambda x: function(2, x)):
        assert one(Val(b)).data == pytest.approx(one(b))
        assert gradients(one, b) == close(slopes(one, b))


@pytest.mark.slow
@pytest.mark.parametrize("name", UNARY)
@examples(40)
@given(data=st.data())
def test_functions_of_one_scalar_have_the_slopes_of_their_values(name, data):
    function, domain = UNARY[name]
    a = data.draw(domain)
    assert gradients(function, a) == close(slopes(function, a))


def test_functions_have_the_values_of_their_names():
    assert Val(1.5).exp().data == math.exp(1.5)
    assert Val(1.5).log().data == math.log(1.5)
    assert (Val(1.5).relu().data, Val(-1.5).relu().data, Val(0.0).relu().data) == (1.5, 0.0, 0.0)
    assert math.isnan(Val(math.nan).relu().data)
    assert (-Val(2.0)).data == -2.0


@pytest.mark.parametrize("power", [0, 0.0, 1, 2, 3.5])
def test_zero_may_be_raised_to_a_power(power):
    assert gradients(lambda x: x**power, 0.0) == [1.0 if power == 1 else 0.0]
    base, exponent = Val(0.0), Val(2.0)
    (base**exponent).backward()
    assert (base.grad, exponent.grad) == (0.0, 0.0)


@examples(40)
@given(pairs=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=9))
def test_a_dot_product_is_one_node_with_all_its_slopes(pairs):
    xs, ys = [Val(x) for x, _ in pairs], [Val(y) for _, y in pairs]
    result = Val.dot(xs, ys)
    assert result.parents == (*xs, *ys)
    assert result.data == pytest.approx(sum(x * y for x, y in pairs))
    result.backward()
    assert [x.grad for x in xs] == [y for _, y in pairs]
    assert [y.grad for y in ys] == [x for x, _ in pairs]


def test_a_dot_product_with_itself_counts_both_sides():
    xs = [Val(2.0), Val(-3.0)]
    Val.dot(xs, xs).backward()
    assert [x.grad for x in xs] == [4.0, -6.0]


def test_a_dot_product_of_different_lengths_is_refused():
    with pytest.raises(ValueError, match="zip"):
        Val.dot([Val(1.0)], [Val(1.0), Val(2.0)])


def test_a_sum_is_one_node_and_a_maximum_is_a_constant():
    xs = [Val(1.0), Val(4.0), Val(2.0)]
    total, peak = Val.sum(xs), Val.maximum(xs)
    assert (total.data, peak.data) == (7.0, 4.0)
    assert total.parents == tuple(xs)
    (total * peak).backward()
    assert [x.grad for x in xs] == [4.0, 4.0, 4.0]
    assert Val.pick(xs, 1) is xs[1]


@pytest.mark.slow
@examples(60)
@given(data=st.data())
def test_random_graphs_have_the_gradients_that_differences_find(data):
    """Programs of a few operations, each on any two of the values so far, so that paths meet and part."""
    values = data.draw(st.lists(st.floats(0.5, 1.5), min_size=1, max_size=4))
    steps = data.draw(
        st.lists(st.tuples(st.sampled_from("+-*/er"), st.integers(0, 99), st.integers(0, 99)), max_size=9)
    )

    def program(*leaves):
        nodes = list(leaves)
        for op, i, j in steps:
            a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
            if op in "+-*":
                nodes.append(BINARY[op][0](a, b) * 0.5)
            elif op == "/":
                nodes.append(a / (b * b + 1.0))
            else:
                nodes.append((a * 0.3).exp() if op == "e" else (a + 0.1).relu())
        return Val.sum(nodes)

    assert gradients(program, *values) == pytest.approx(slopes(program, *values), rel=1e-4, abs=1e-4)


def test_a_value_that_is_used_twice_gets_the_gradient_of_both_uses():
    a = Val(3.0)
    (a * a + a).backward()
    assert a.grad == 7.0


def test_paths_that_double_at_every_node_are_walked_once():
    a = node = Val(1.0)
    for _ in range(200):
        node = node + node
    node.backward()
    assert a.grad == 2.0**200


@pytest.mark.slow
def test_a_chain_of_a_hundred_thousand_nodes_needs_no_recursion():
    a = node = Val(0.0)
    for _ in range(100_000):
        node = node + 1.0
    node.backward()
    assert (node.data, a.grad) == (100_000.0, 1.0)


def test_leaves_gather_gradients_and_inner_nodes_start_anew():
    a, b = Val(2.0), Val(5.0)
    inner = a * b
    result = inner * 3.0
    result.backward()
    assert (a.grad, b.grad, inner.grad) == (15.0, 6.0, 3.0)
    result.backward()
    assert (a.grad, b.grad, inner.grad) == (30.0, 12.0, 3.0)
    (inner + a).backward()
    assert (a.grad, inner.grad) == (30.0 + 5.0 + 1.0, 1.0)


def test_a_leaf_can_be_the_result():
    a = Val(2.0)
    a.backward()
    assert a.grad == 1.0


def test_it_shows_its_value_and_its_gradient():
    a = Val(0.123456789)
    (a * 2.0).backward()
    assert repr(a) == "Val(0.123457, grad=2)"


def test_powers_are_real_or_refused():
    assert (Val(-2.0) ** 2).data == 4.0
    assert (Val(-2.0) ** Val(3.0)).data == -8.0
    for power in (lambda: Val(-2.0) ** 0.5, lambda: (-2.0) ** Val(0.5), lambda: Val(-2.0) ** Val(1.5)):
        with pytest.raises(ValueError, match="no real number"):
            power()
    with pytest.raises(OverflowError):
        _ = Val(math.inf) ** -0.5
    root = Val(0.0)
    (root**0.5).backward()
    assert root.grad == math.inf
