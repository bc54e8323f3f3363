"""The gene table: what a row says holds everywhere, and a trait leaves what it doesn't concern as it was."""

import random

import msgspec
import pytest

from organism.errors import BadInput
from organism.evolution import variation
from organism.evolution.promise import Promise
from organism.genes import GENES, PRIMORDIAL, TRAITS, Genes, Range, check_genes, told
from organism.genome import PRIMORDIAL_GENOME, Ancestor, Estimate, Genome, Provenance
from organism.life.plan import read_space
from organism.life.registry import content_id
from organism.space import SPACES, bounds, choices, searched
from organism.trial import training_seed

OTHER = Genes(24, 2, 3, 12, 2, 0.0161803, 1730, 4)


def test_a_row_says_all_of_a_gene():
    for name, gene in GENES.items():
        assert gene.allows(gene.primordial)
        assert "{" in gene.said
        assert "{" in gene.code
        assert gene.about
        assert gene.flag.startswith("--")
        assert (name in TRAITS) != (name in SPACES["default"])
    assert len({gene.flag for gene in GENES.values()}) == len(GENES)
    assert check_genes(PRIMORDIAL, "") == PRIMORDIAL


def test_seeds_and_identifiers_are_those_of_the_first_version():
    assert [training_seed(7, PRIMORDIAL, replicate) for replicate in (0, 1, 101)] == [
        24283509418887,
        222744431874685,
        207573119034992,
    ]
    assert [training_seed(0, OTHER, replicate) for replicate in (0, 101)] == [25389749384282, 4016286009808]
    provenance = Provenance(objective="loss", fitness=Estimate(-2.25, 0.01, 3), seed=7, run="r", author="a")
    filed = Genome("evolved", OTHER, provenance, (Ancestor(PRIMORDIAL, -2.5, "primordial", "loss"),))
    assert content_id(PRIMORDIAL_GENOME) == "c42c47d46ee03c40"
    assert content_id(filed) == "8d5b26082232e6dd"


def test_a_trait_is_spelt_and_told_only_where_it_is_not_as_creatures_begin():
    assert not any(trait in PRIMORDIAL.canonical() for trait in TRAITS)
    assert set(told([PRIMORDIAL])) == set(SPACES["default"])
    squared = msgspec.structs.replace(PRIMORDIAL, activation="squared_relu", beta1=0.9)
    assert set(told([PRIMORDIAL, squared])) - set(told([PRIMORDIAL])) == {"activation", "beta1"}
    assert squared.canonical().endswith('"activation":"squared_relu","beta1":0.9}')
    assert training_seed(7, squared, 0) != training_seed(7, PRIMORDIAL, 0)


TRAITS_TOO = SPACES["default"] | {
    "activation": ("squared_relu", "relu"),
    "beta1": (0.8, 0.85, 0.9),
    "init_std": Range(0.02, 0.2),
}


def test_traits_that_a_space_lists_are_drawn_moved_and_crossed():
    rng = random.Random(5)
    assert set(searched(TRAITS_TOO)) - set(SPACES["default"]) == {"activation", "beta1", "init_std"}
    drawn = [variation.random_genes(TRAITS_TOO, rng) for _ in range(60)]
    moved = [variation.mutate(PRIMORDIAL, TRAITS_TOO, rng) for _ in range(300)]
    crossed = [variation.cross(drawn[0], drawn[1], TRAITS_TOO, rng) for _ in range(60)]
    for bred in (drawn, moved):
        assert {genes.activation for genes in bred} == {"relu", "squared_relu"}
        assert {genes.beta1 for genes in bred} == {0.8, 0.85, 0.9}
        assert len({genes.init_std for genes in bred}) > 10
        assert all(0.02 <= genes.init_std <= 0.2 and genes.decay == "linear" for genes in bred)
    assert {genes.init_std for genes in crossed} == {drawn[0].init_std, drawn[1].init_std}
    squared = msgspec.structs.replace(PRIMORDIAL, activation="squared_relu")
    assert variation.tune(squared, TRAITS_TOO, rng).activation == "squared_relu"
    assert variation.tune(squared, SPACES["default"], rng).activation == "relu"


def test_words_stand_in_the_order_of_the_table():
    assert choices(TRAITS_TOO, "activation") == ("relu", "squared_relu")
    assert bounds(TRAITS_TOO, "activation") == (0, 1)
    assert bounds(TRAITS_TOO, "beta1") == (0.8, 0.9)


def test_what_a_genome_promises_depends_on_its_traits():
    rng = random.Random(3)
    genes = [variation.random_genes(TRAITS_TOO, rng) for _ in range(40)]
    promise = Promise(sorted(genes, key=lambda g: (g.activation, g.num_steps)))
    squared = msgspec.structs.replace(PRIMORDIAL, activation="squared_relu")
    assert promise.of(PRIMORDIAL) > promise.of(squared)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("n_embd = 3", "n_embd = 3: must be a list of values, or { min, max }"),
        ('n_embd = ["a"]', "n_embd[0] = 'a': must be a whole number from 1 to 256"),
        ('activation = "relu"', "activation = 'relu': must be a list of values, or { min, max }"),
        ('activation = ["relu", "gelu"]', "activation[1] = 'gelu': must be one of relu, squared_relu"),
        ("activation = { min = 1, max = 2 }", "activation: must be a list of words"),
        ("decay = []", "decay = []: must hold at least one value"),
        ("beta1 = [0.9, 1.5]", "beta1 = 1.5: must be a number from 0.0 to 0.9999"),
        ("beta2 = { min = 0.9, max = 0.8 }", "beta2: min = 0.9 is above max = 0.8"),
        ("gamma = [1]", "contains unknown field gamma"),
    ],
)
def test_a_bad_trait_in_a_space_is_refused_with_what_is_allowed(tmp_path, tiny, line, said):
    lines = [kept for kept in (tiny / "tiny.toml").read_text().splitlines() if kept.split()[0] != line.split()[0]]
    path = tmp_path / "space.toml"
    path.write_text("\n".join([*lines, line]))
    with pytest.raises(BadInput) as refusal:
        read_space(str(path))
    assert str(refusal.value) == f"{path}: {said}"


def test_a_space_file_may_list_traits(tmp_path, tiny):
    path = tmp_path / "space.toml"
    more = 'activation = ["squared_relu"]\nbeta1 = [0.85, 0.9]\ninit_std = { min = 0.02, max = 0.2 }\n'
    path.write_text((tiny / "tiny.toml").read_text() + more)
    space = read_space(str(path))
    assert space["activation"] == ("squared_relu",)
    assert space["init_std"] == Range(0.02, 0.2)
    assert set(searched(space)) - set(SPACES["default"]) == {"beta1", "init_std"}
    assert variation.random_genes(space, random.Random(1)).activation == "squared_relu"
