"""Every course of the kernels, at its edges.

What a kernel becomes depends on the processor: how wide its vectors are, whether a product and a sum are rounded once
or twice, whether roots come from a series. The tests here look at the course of this process, against the graph of
`Val`s and Python's mathematics. The last of them runs all that are marked `kernels` again where numba is told of a
processor that can do less. The series of AVX-512 is simulated, so that it's looked at anywhere.
"""

import itertools
import math
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numba
import numpy as np
import pytest
from llvmlite import ir
from scalars import TOLERANCE, Reference, assert_agree, encode

from organism.mind.adam import Adam, adam_step
from organism.mind.gpt import Architecture
from organism.mind.metabolism import simd
from organism.mind.metabolism.compiled import fragment
from organism.mind.metabolism.fused import Fused
from organism.mind.metabolism.graph import Graph
from organism.mind.metabolism.loops import step_in_lanes
from organism.mind.metabolism.simd import exp, load, pointer, sqrt, store
from organism.mind.metabolism.tape import Tape

pytestmark = [pytest.mark.kernels, pytest.mark.slow]

# What a processor must have for a course, by LLVM's names. Without any it is taken to have no vectors.
COURSES = {"AVX2": "avx2 fma", "AVX2 without FMA": "avx2", "SSE2": "sse2", "no vectors": ""}
MINDS = {
    "tape": (Tape, "float64"),
    "fused": (Fused, "float64"),
    "fused in float32": (lambda shape, positions: Fused(shape, positions, "float32"), "float32"),
}
LARGE = {"float64": 1e200, "float32": 1e20}  # too large to be squared
SHAPE = Architecture(vocab_size=7, n_embd=4, n_head=2, n_layer=2, block_size=16, mlp_ratio=2)
# Letters of each document. The second, with its end, is as long as the context, which is whole vectors in every course.
LETTERS = [[1, 2, 3], [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 4, 5], [6, 5, 4, 3, 2, 1] * 3, [], [4]]
TOKENS, STARTS = encode(LETTERS)
DOCUMENTS = [TOKENS[a:b].tolist() for a, b in itertools.pairwise(STARTS)]
AS_LONG_AS_THE_CONTEXT = DOCUMENTS[1]
BATCH = np.arange(len(DOCUMENTS))


def machine_of(lanes):
    """A kernel that writes the roots and the powers of e of all numbers of an array, whole vectors of them."""

    @numba.njit(error_model="numpy")
    def run(numbers, roots, powers):
        x, root, power = pointer(numbers, lanes), pointer(roots, lanes), pointer(powers, lanes)
        for i in range(0, numbers.size, lanes):
            store(root, i, sqrt(load(x, i)))
            store(power, i, exp(load(x, i)))

    return run


def edges(dtype):
    """Numbers at which something changes, their neighbours, and some of every size and sign between them."""
    limits = np.finfo(dtype)
    ends = [0.0, math.inf, math.nan, limits.smallest_subnormal, limits.tiny, limits.max, 1e-300, 1e-37]
    powers = [*np.arange(700, 750, 0.5), *np.arange(80, 110, 0.5), 1.0, math.log(2), math.log(2) / 2, 800.0]
    with np.errstate(over="ignore", under="ignore"):
        sizes = 10.0 ** np.linspace(math.log10(limits.smallest_subnormal), math.log10(limits.max) - 0.01, 800)
        numbers = np.array([*ends, *powers, *sizes, *np.linspace(1, 4, 400)]).astype(dtype)
        numbers = np.concatenate([numbers, np.nextafter(numbers, dtype(0)), np.nextafter(numbers, dtype(np.inf))])
    numbers = np.concatenate([numbers, -numbers])
    return np.resize(numbers, simd.up(numbers.size, 16))


def roots_and_powers(dtype, lanes):
    numbers = edges(dtype)
    roots, powers = np.zeros_like(numbers), np.zeros_like(numbers)
    machine_of(lanes)(numbers, roots, powers)
    return numbers.astype(float), roots.astype(float), powers.astype(float)


def assert_roots(numbers, roots, dtype, series):
    """They are right to two units in the last place, and NaN where there's none. Near 0 a `series` is near 0."""
    near, root_near = ((1e-300, 1e-149) if dtype is np.float64 else (1e-37, 1e-18)) if series else (0.0, 0.0)
    none = ~(numbers < np.inf) | (numbers < -near)
    assert np.isnan(roots[none]).all()
    small = np.abs(numbers) <= near
    assert (np.abs(roots[small]) <= root_near).all()
    rest = ~none & ~small
    truth = np.sqrt(numbers[rest])
    assert (np.abs(roots[rest] - truth) <= 2 * np.finfo(dtype).eps * truth).all()
    assert (roots[numbers == 0] == 0).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_roots_are_right_and_what_has_none_has_no_number(dtype):
    numbers, roots, _ = roots_and_powers(dtype, simd.host_lanes(np.dtype(dtype).itemsize))
    assert_roots(numbers, roots, dtype, series="avx512f" in simd.features())


def test_no_course_but_that_of_avx_512_calls_what_only_one_kind_of_processor_has():
    run = machine_of(simd.host_lanes(8))
    run(*np.ones((3, 16)))
    (code,) = run.inspect_llvm().values()
    assert ("@llvm.x86.avx" in code) == ("avx512f" in simd.features())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_powers_of_e_are_right_from_the_smallest_normal_number_to_the_largest(dtype):
    numbers, _, powers = roots_and_powers(dtype, simd.host_lanes(np.dtype(dtype).itemsize))
    least, most = (-708, 709) if dtype is np.float64 else (-87, 88)
    assert np.isnan(powers[np.isnan(numbers)]).all()
    assert (powers[numbers < least] == 0).all()
    assert (powers[numbers > most] == np.inf).all()
    inside = (numbers >= least) & (numbers <= most)
    truth = np.exp(numbers[inside])
    assert (np.abs(powers[inside] - truth) <= 2 * np.finfo(dtype).eps * truth).all()


@pytest.mark.parametrize(("dtype", "lanes"), [(np.float64, 8), (np.float32, 16)])
@pytest.mark.parametrize("up", [False, True], ids=["estimates too small", "estimates too large"])
def test_the_series_of_avx_512_is_right_with_the_worst_estimate(monkeypatch, dtype, lanes, up):
    simulate_avx512(monkeypatch, up)
    numbers, roots, _ = roots_and_powers(dtype, lanes)
    assert_roots(numbers, roots, dtype, series=True)


def test_adam_by_the_series_of_avx_512_is_adam(monkeypatch):
    simulate_avx512(monkeypatch, False)
    step = fragment(step_in_lanes.py_func)

    @numba.njit(error_model="numpy")
    def run(w, first, second, gradient):
        w, m, v, g = pointer(w, 8), pointer(first, 8), pointer(second, 8), pointer(gradient, 8)
        step(w, m, v, g, first.size, 0.01, (0.85, 0.99, 1e-8), 1)

    gradient = np.array(
        [0.0, -0.0, 5e-324, -1e-310, 1e-170, -1e-150, 1e-9, 0.3, -7.0, 1e150, 1e154, 1e200, -1e300, np.inf]
    )
    gradient = np.resize(gradient, 16)
    weights = np.linspace(-1, 1, 16)
    expected, memory = weights.copy(), Adam.for_weights(weights)
    adam_step(expected, gradient.copy(), memory, 0.01)
    first, second = np.zeros((2, 16))
    run(weights, first, second, gradient)
    assert np.isnan(expected[11:14]).all()
    assert np.array_equal(np.isnan(weights), np.isnan(expected))
    assert weights == pytest.approx(expected, rel=1e-14, abs=0, nan_ok=True)
    assert not gradient.any()


def simulate_avx512(monkeypatch, up):
    """Have `simd` write for AVX-512, its estimate of x^-1/2 replaced by one that any processor makes: cut off after 14
    bits, and one more in the last of these if `up`. That's as wrong as the estimate may be, in one direction."""
    call = simd.call

    def simulated(builder, name, kind, *args):
        if "rsqrt14" not in name:
            return call(builder, name, kind, *args)
        double = kind.element == ir.DoubleType()
        bits = ir.VectorType(simd.INT64 if double else simd.INT32, kind.count)
        lost = 52 - 14 if double else 23 - 14
        root = call(builder, f"llvm.sqrt.v{kind.count}f{64 if double else 32}", kind, args[0])
        exact = builder.fdiv(simd.full(kind, 1.0), root)
        cut = builder.and_(builder.bitcast(exact, bits), simd.full(bits, -(1 << lost)))
        if up:
            cut = builder.add(cut, simd.full(bits, 1 << lost))
            infinite = builder.fcmp_ordered("==", args[0], simd.full(kind, math.inf))
            return builder.select(infinite, simd.full(kind, 0.0), builder.bitcast(cut, kind))
        return builder.bitcast(cut, kind)

    monkeypatch.setattr(simd, "features", lambda: frozenset({"avx512f"}))
    monkeypatch.setattr(simd, "call", simulated)


def weights_of(kind, dtype):
    """Weights of the given kind in float64, each of them a number of `dtype`."""
    ordinary = np.random.default_rng(3).normal(0, 0.3, SHAPE.parameters)
    if kind == "subnormal":
        return np.round(ordinary * 20) * float(np.finfo(dtype).smallest_subnormal)
    if kind == "zero":
        return ordinary * 0.0  # of both signs
    if kind == "logits of 800":
        matrix(ordinary, "lm_head")[:] *= 800
    if kind == "scores of 800":
        for layer in range(SHAPE.n_layer):
            matrix(ordinary, f"layer{layer}.attn_wq")[:] *= 800
    return ordinary.astype(dtype).astype(float)


def matrix(weights, name):
    """The part of `weights` that the matrix of that name is."""
    start = 0
    for other, (rows, columns) in SHAPE.shapes().items():
        if other == name:
            return weights[start : start + rows * columns]
        start += rows * columns
    raise KeyError(name)


@pytest.mark.parametrize("mind", MINDS)
@pytest.mark.parametrize("kind", ["ordinary", "subnormal", "zero", "logits of 800", "scores of 800"])
def test_gradient_evaluation_and_logits_are_those_of_the_scalar_graph(mind, kind):
    make, dtype = MINDS[mind]
    mine, weights, tolerance = make(SHAPE, SHAPE.block_size), weights_of(kind, dtype).astype(dtype), TOLERANCE[dtype]
    gradient, loss, logits = by_the_graph(kind, dtype)
    assert_agree(mine.gradient(weights, TOKENS, STARTS, BATCH), gradient, tolerance)
    assert mine.evaluate(weights, TOKENS, STARTS[1:3]) == pytest.approx(loss, rel=tolerance)
    last = mine.logits(weights, AS_LONG_AS_THE_CONTEXT[:-1], 0)
    assert np.abs(last - logits).max() <= 10 * tolerance * max(1, *np.abs(logits))
    if kind == "logits of 800":
        assert np.ptp(logits) > 800


@cache
def by_the_graph(kind, dtype):
    """Of all documents loss and gradient, of the one that is as long as the context the loss and the last logits."""
    graph = Reference(SHAPE, weights_of(kind, dtype))
    logits = graph.logits(AS_LONG_AS_THE_CONTEXT[:-1])[-1]
    return graph.gradient(DOCUMENTS), graph.loss(AS_LONG_AS_THE_CONTEXT).data, np.array([z.data for z in logits])


def steps_of(mind, weights):
    """How many steps were learnt from, of three."""
    memory = Adam.for_weights(weights)
    losses = mind.train(weights, memory, TOKENS, STARTS, np.tile([0, 1], (3, 1)), np.full(3, 0.01))
    assert np.isfinite(losses).sum() == memory.step
    return memory.step


@pytest.mark.parametrize("mind", MINDS)
@pytest.mark.parametrize("poison", [math.nan, math.inf, "large"])
def test_what_is_no_number_ends_learning_where_it_ends_that_of_the_graph(mind, poison):
    make, dtype = MINDS[mind]
    mine = make(SHAPE, SHAPE.block_size)
    assert {name: steps_of(mine, poisoned(name, poison, dtype)) for name in SHAPE.shapes()} == graph_survives(poison)


@cache
def graph_survives(poison):
    """By matrix, how many of three steps the graph learns from if that matrix is poisoned."""
    graph = Graph(SHAPE, SHAPE.block_size)
    return {name: steps_of(graph, poisoned(name, poison, "float64")) for name in SHAPE.shapes()}


def poisoned(name, poison, dtype):
    weights = weights_of("ordinary", dtype).astype(dtype)
    matrix(weights, name)[1:] *= LARGE[dtype] if poison == "large" else poison
    return weights


@pytest.mark.parametrize("mind", MINDS)
def test_weights_too_large_to_be_squared_have_neither_loss_nor_logits(mind):
    make, dtype = MINDS[mind]
    weights = np.full(SHAPE.parameters, LARGE[dtype], dtype)
    mine = make(SHAPE, SHAPE.block_size)
    assert steps_of(mine, weights) == 0
    assert math.isnan(mine.evaluate(weights, TOKENS, STARTS))
    assert np.isnan(mine.logits(weights, [0, 1], 0)).all()


def course(features):
    """What tells courses apart: their vectors, of which those of 512 bits have the series, and how sums are rounded."""
    return next((name for name in ("avx512f", "avx2", "sse2") if name in features), None), "fma" in features


@pytest.mark.timeout(600)  # it compiles all kernels, the first time
@pytest.mark.parametrize("name", COURSES)
def test_every_other_course(name):
    """A kernel with a second course for another processor agrees with the first, wherever numbers end."""
    features, here, folder = COURSES[name].split(), simd.features(), Path(__file__).parent
    if not here.issuperset(features) or course(features) == course(here):
        pytest.skip("this processor is in this course already, or can't take it")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "kernels"]
    command += ["-k", "not other_course and not series", folder / "test_courses.py", folder / "test_training.py"]
    told = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ",".join(f"+{one}" for one in features)}
    options = {"cwd": folder.parents[1], "env": os.environ | told, "text": True, "timeout": 570}
    run = subprocess.run(command, capture_output=True, check=False, **options)
    assert run.returncode == 0, run.stdout + run.stderr
