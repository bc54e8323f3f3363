"""genome.toml: what is read from it, what is refused, and that it's replaced whole or not at all."""

from pathlib import Path

import msgspec
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from organism.errors import BadInput, Failure
from organism.genes import GENES, PRIMORDIAL, Genes
from organism.genome import PRIMORDIAL_GENOME, Ancestor, Estimate, Genome, Provenance
from organism.home import Home
from organism.life.genomes import genome_in_force, parse_genome, read_genome, write_genome
from organism.life.plan import read_space
from organism.space import SPACES, Spelling, check_space

TOML = PRIMORDIAL_GENOME.toml()


def values_within(name: str) -> st.SearchStrategy:
    """Whatever a gene may be."""
    gene = GENES[name]
    if gene.is_word:
        return st.sampled_from(gene.limits)
    return st.integers(*gene.limits) if gene.is_whole else st.floats(*gene.limits)


@st.composite
def any_genes(draw) -> Genes:
    held = {name: draw(values_within(name)) for name in GENES}
    held["n_embd"] = held["n_head"] * max(1, held["n_embd"] // 16)
    return Genes(**held)


@pytest.mark.slow
@given(any_genes(), any_genes())
def test_a_genome_survives_its_file(genes, before):
    genome = Genome(
        "evolved",
        genes,
        Provenance(objective="loss", fitness=Estimate(-2.25, 0.01, 3), seed=7, notes='a "quoted" näme'),
        (Ancestor(before, -2.5, "mutant", "loss"),),
    )
    assert parse_genome(genome.toml(), "genome.toml") == genome


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "missing required field stage"),
        ('stage = "evolved"\n', "missing required field genes"),
        (TOML.replace("n_embd = 16", "n_embd = 300"), "genes.n_embd = 300: must be a whole number from 1 to 256"),
        (TOML.replace("n_embd = 16", "n_embd = 16.5"), "genes.n_embd = 16.5: must be a whole number from 1 to 256"),
        (TOML.replace("n_head = 4", "n_head = 3"), "genes.n_head = 3: must divide n_embd = 16"),
        (
            TOML.replace("learning_rate = 0.01", "learning_rate = nan"),
            "rate = nan: must be a number from 1e-06 to 1",
        ),
        (TOML.replace("batch_size = 1\n", ""), "genes: missing required field batch_size"),
        (TOML.replace("mlp_ratio", "mlp_ration"), "genes: .*mlp_ratio"),
        (TOML + "colour = 1\n", "genes: contains unknown field colour"),
        (TOML.replace("primordial", "larval"), 'stage = "larval": must be "primordial" or "evolved"'),
        ("<<<<<<< ours\n" + TOML, "merge marker <<<<<<<"),
        (TOML.replace("n_layer", "=======\nn_layer"), "merge marker ======="),
        (TOML[: len(TOML) // 2], "genes|TOML"),
        (TOML.replace("n_embd = 16", "n_embd = "), "is not valid TOML: .*line 4"),
    ],
)
def test_a_bad_genome_is_refused_in_one_line_and_left_alone(tmp_path, text, said):
    home = Home(tmp_path)
    home.genome.write_text(text)
    with pytest.raises(BadInput, match=said) as refusal:
        genome_in_force(home)
    assert str(home.genome) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    with pytest.raises(BadInput):
        write_genome(home, PRIMORDIAL_GENOME)
    assert home.genome.read_text() == text
    assert not home.genomes.exists()


def test_every_truncation_is_either_whole_enough_or_refused(tmp_path):
    for end in range(len(TOML)):
        try:
            genome = parse_genome(TOML[:end], "genome.toml")
        except BadInput:
            continue
        assert genome.genes.species == PRIMORDIAL.species


def test_no_file_means_primordial_and_a_replaced_genome_is_kept(tmp_path):
    home = Home(tmp_path)
    assert genome_in_force(home) == PRIMORDIAL_GENOME
    first = msgspec.structs.replace(PRIMORDIAL_GENOME, stage="evolved")
    write_genome(home, first)
    write_genome(home, PRIMORDIAL_GENOME)
    assert genome_in_force(home) == PRIMORDIAL_GENOME
    (kept,) = home.history.glob("*.toml")
    assert parse_genome(kept.read_text(), "kept") == first


def test_the_history_is_in_order_however_quickly_genomes_follow_each_other(tmp_path):
    home = Home(tmp_path)
    steps = range(1, 13)
    for n in steps:
        genes = msgspec.structs.replace(PRIMORDIAL, num_steps=n)
        write_genome(home, Genome("evolved", genes))
    kept = [read_genome(path).genes.num_steps for path in sorted(home.history.glob("*.toml"))]
    assert kept == list(steps)[:-1]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    home = Home(tmp_path)
    write_genome(home, PRIMORDIAL_GENOME)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("organism.files.os.replace", full)
    with pytest.raises(Failure, match="No space"):
        write_genome(home, msgspec.structs.replace(PRIMORDIAL_GENOME, stage="evolved"))
    assert genome_in_force(home) == PRIMORDIAL_GENOME
    assert [path for path in tmp_path.rglob("*") if path.suffix == ".tmp"] == []


def test_a_second_process_in_a_home_is_refused(tmp_path):
    home = Home(tmp_path)
    with home.lock(), pytest.raises(BadInput, match="another organism is evolving"), Home(tmp_path).lock():
        pass


def test_a_home_that_was_held_is_let_go_at_once(tmp_path):
    home, locks = Home(tmp_path), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("organism.home.FileLock", lambda path: locks.append(FileLock(path)) or locks[-1])
        with home.lock():
            assert locks[0].is_locked
    assert not locks[0].is_locked
    with home.lock():
        pass


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("n_embd = []", "n_embd = \\[\\]: must hold at least one value"),
        ("n_embd = [7]\nn_head = [2]", "n_head: no value divides"),
        ("n_layer = { min = 3, max = 1 }", "min = 3 is above max = 1"),
        ("num_steps = { min = 1, max = 2000000 }", "num_steps = 2000000.0: must be a whole number from 1 to 1,000,000"),
        ("n_lair = [1]", "unknown field n_lair"),
    ],
)
def test_a_bad_space_is_refused_with_the_gene_and_what_is_allowed(tmp_path, tiny, line, said):
    keys = {part.split(" =")[0] for part in line.splitlines()}
    lines = [kept for kept in (tiny / "tiny.toml").read_text().splitlines() if kept.split(" =")[0] not in keys]
    path = tmp_path / "space.toml"
    path.write_text("\n".join([*lines, line]))
    with pytest.raises(BadInput, match=said):
        read_space(str(path))


def test_a_file_without_an_end_is_read_only_so_far(monkeypatch):
    monkeypatch.setattr("organism.files.MAX_CHARACTERS", 1_000)
    endless = Path("/dev/zero")
    if not endless.exists():
        pytest.skip("this system has no /dev/zero")
    with pytest.raises(BadInput, match="/dev/zero: holds more than 1,000 characters"):
        read_genome(endless)


def test_the_spaces_that_come_with_the_program_are_within_the_limits():
    for name, space in SPACES.items():
        assert check_space(msgspec.convert(msgspec.to_builtins(space), Spelling), name) == space


def test_an_unknown_space_is_refused():
    with pytest.raises(BadInput, match="must be default, wide or a TOML file"):
        read_space("narrow")
