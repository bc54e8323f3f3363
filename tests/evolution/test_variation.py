"""New genes: everything that is bred lies in the space it was bred for, whatever the space and the parents."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landscapes import is_within, params_of

from organism.evolution import variation
from organism.evolution.promise import Promise, solve
from organism.genes import GENES, PRIMORDIAL, TRAITS, Genes, Range
from organism.space import SPACES, choices


def values(gene: str):
    """A choice list or a range within a part of the hard limits that keeps spaces varied and small."""
    low, high = {"learning_rate": (1e-4, 1.0), "num_steps": (1, 3000)}.get(gene, (GENES[gene].limits[0], 24))
    high = min(high, GENES[gene].limits[1])
    numbers = st.floats(low, high) if gene == "learning_rate" else st.integers(int(low), int(high))
    ranges = st.tuples(numbers, numbers).map(lambda ends: Range(float(min(ends)), float(max(ends))))
    return st.lists(numbers, min_size=1, max_size=4, unique=True).map(tuple) | ranges


spaces = st.fixed_dictionaries({gene: values(gene) for gene in GENES if gene not in TRAITS}).filter(
    lambda space: any(width % heads == 0 for width in choices(space, "n_embd") for heads in choices(space, "n_head"))
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(spaces, st.integers(0, 10**6))
def test_everything_bred_lies_in_its_space(space, seed):
    rng = random.Random(seed)
    mother, father = variation.random_genes(space, rng), variation.random_genes(space, rng)
    assert is_within(mother, space)
    for parent in (mother, PRIMORDIAL):  # The genome in force may lie outside.
        for bred in (
            variation.mutate(parent, space, rng),
            variation.hyper_mutate(parent, space, rng),
            variation.cross(parent, father, space, rng),
            variation.tune(parent, space, rng),
            variation.grow(parent, space, rng),
        ):
            assert is_within(bred, space)


@given(st.integers(0, 10**6))
def test_what_is_grown_is_larger_and_only_its_body_widens(seed):
    rng = random.Random(seed)
    wide = variation.widened(SPACES["default"])
    parent = variation.random_genes(SPACES["default"], rng)
    grown = variation.grow(parent, wide, rng)
    assert params_of(grown) >= params_of(parent)
    changed = [gene for gene in GENES if getattr(grown, gene) != getattr(parent, gene)]
    assert set(changed) <= {"n_layer", "n_head", "block_size", "mlp_ratio"}
    assert len(changed) <= 1
    assert wide["num_steps"] == SPACES["default"]["num_steps"]


@given(st.integers(0, 10**6))
def test_a_mutation_changes_one_to_three_genes_and_steps_by_the_ancestors_strides(seed):
    rng = random.Random(seed)
    space = SPACES["wide"]
    parent = msgspec.structs.replace(variation.random_genes(space, rng), num_steps=5000, n_head=1)
    child = variation.mutate(parent, space, rng)
    assert sum(getattr(child, gene) != getattr(parent, gene) for gene in GENES) <= 3
    assert abs(child.num_steps - parent.num_steps) in (0, 100, 250, 500)


@given(st.integers(0, 10**6))
def test_tuning_leaves_the_body_alone(seed):
    rng = random.Random(seed)
    parent = variation.random_genes(SPACES["default"], rng)
    child = variation.tune(parent, SPACES["default"], rng)
    assert child.species == parent.species
    assert 0.69 < child.learning_rate / parent.learning_rate < 1.31
    assert abs(child.num_steps - parent.num_steps) <= 200


def test_crossing_takes_each_gene_from_a_parent():
    rng = random.Random(3)
    low = Genes(8, 1, 1, 8, 1, 0.001, 100, 1)
    high = Genes(32, 4, 4, 24, 4, 0.05, 2000, 4)
    children = [variation.cross(low, high, SPACES["default"], rng) for _ in range(40)]
    for gene in GENES:
        assert {getattr(child, gene) for child in children} == {getattr(low, gene), getattr(high, gene)}


def test_a_range_narrower_than_six_digits_still_holds_what_is_drawn_from_it():
    space = SPACES["default"] | {"learning_rate": Range(0.0012345641, 0.0012345644)}
    assert is_within(variation.random_genes(space, random.Random(1)), space)


def test_a_narrow_range_of_steps_is_searched_all_over():
    space = SPACES["default"] | {"num_steps": Range(20, 29)}
    rng = random.Random(1)
    drawn = {variation.random_genes(space, rng).num_steps for _ in range(300)}
    parent = variation.random_genes(space, rng)
    moved = {variation.mutate(parent, space, rng).num_steps for _ in range(300)}
    assert drawn == set(range(20, 30))
    assert moved <= drawn
    assert len(moved) > 3


def test_the_regression_promises_more_of_what_did_well():
    rng = random.Random(2)
    genes = [variation.random_genes(SPACES["default"], rng) for _ in range(60)]
    ranked = sorted(genes, key=lambda g: -g.n_embd - g.num_steps / 100)
    promise = Promise(ranked)
    small, large = (msgspec.structs.replace(PRIMORDIAL, n_embd=width, n_head=1) for width in (8, 32))
    brief, long = (msgspec.structs.replace(PRIMORDIAL, num_steps=steps) for steps in (200, 2000))
    assert promise.of(large) > promise.of(small)
    assert promise.of(long) > promise.of(brief)
    assert Promise(ranked).of(large) == promise.of(large)
    assert Promise(ranked[:1]).of(large) == Promise([]).of(small) == 0


@given(st.lists(st.lists(st.floats(-3, 3), min_size=4, max_size=4), min_size=4, max_size=4))
def test_solving_is_checked_by_putting_the_solution_in(rows):
    gram = [[sum(r[i] * r[j] for r in rows) + (i == j) for j in range(4)] for i in range(4)]
    right = [1.0, -2.0, 0.5, 3.0]
    solution = solve(gram, right)
    for row, b in zip(gram, right, strict=True):
        assert abs(sum(a * x for a, x in zip(row, solution, strict=True)) - b) < 1e-6
