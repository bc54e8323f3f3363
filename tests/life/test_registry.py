"""The registry of genomes, and spaces of one's own: what is filed is found again, what is wrong is said."""

import msgspec
import pytest
from processes import command

from organism.errors import BadInput
from organism.genes import PRIMORDIAL, Range
from organism.genome import Estimate, Genome, Provenance
from organism.home import Home
from organism.life import registry
from organism.life.genomes import genome_in_force, write_genome
from organism.life.plan import read_space


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def evolved(fitness: float, **genes) -> Genome:
    provenance = Provenance(objective="loss", fitness=Estimate(fitness, 0.01, 3), created="2026-01-01T00:00:00+00:00")
    return Genome("evolved", msgspec.structs.replace(PRIMORDIAL, **genes), provenance)


def test_submitted_genomes_are_listed_by_objective_and_fitness(home):
    poor, good = evolved(-2.4), evolved(-2.2, n_embd=32)
    ids = [registry.submit(home, genome, "Ada", "a note").id for genome in (poor, good)]
    registry.submit(home, Genome("primordial", PRIMORDIAL))
    listed, _ = registry.entries(home)
    assert [entry.objective for entry in listed] == ["loss", "loss", "unmeasured"]
    assert [entry.id for entry in listed[:2]] == [ids[1], ids[0]]
    assert (listed[0].provenance.author, listed[0].provenance.notes) == ("Ada", "a note")
    assert (home.genomes / "loss" / f"{ids[0]}.toml").exists()


def test_one_bad_file_and_notes_of_many_lines_leave_the_list_readable(home, capsys):
    registry.submit(home, evolved(-2.4), notes="first line\n\nsecond")
    bad = home.genomes / "loss" / "0000000000000000.toml"
    bad.write_text("stage = ")
    assert command("genome", "list", "--home", str(home.folder)) == 0
    good, complaint = capsys.readouterr().out.splitlines()
    assert good.endswith("first line second")
    assert complaint.startswith(f"unreadable: {bad}")


def test_an_id_depends_on_the_genome_and_not_on_who_files_it_or_when(home):
    first = registry.submit(home, evolved(-2.4), "Ada")
    again = evolved(-2.4)
    again = msgspec.structs.replace(again, provenance=msgspec.structs.replace(again.provenance, created="later"))
    assert registry.submit(home, again, "Bob").id == first.id
    assert registry.submit(home, evolved(-2.4, n_embd=32)).id != first.id
    assert len(registry.entries(home)[0]) == 2


def test_author_and_notes_stay_unless_others_are_given(home):
    entry = registry.submit(home, evolved(-2.4), "Ann", "the best of all")
    for genome in (registry.find(home, entry.id), evolved(-2.4)):
        again = registry.submit(home, genome)
        assert (again.provenance.author, again.provenance.notes) == ("Ann", "the best of all")
    assert registry.submit(home, evolved(-2.4), notes="another").provenance.author == "Ann"


def test_a_filed_genome_is_put_in_force_by_id_by_its_beginning_and_by_file(home, capsys):
    write_genome(home, evolved(-2.5, n_embd=8))
    entry = registry.submit(home, evolved(-2.2, n_embd=32))
    for name in (entry.id, entry.id[:6], str(entry.path)):
        write_genome(home, evolved(-2.5, n_embd=8))
        assert command("genome", "use", name, "--home", str(home.folder)) == 0
        assert genome_in_force(home) == entry.genome
    assert len(list(home.history.glob("*.toml"))) >= 3
    capsys.readouterr()


@pytest.mark.parametrize("name", ["00000000", "ab", "nowhere.toml"])
def test_what_is_not_there_is_not_used(home, name, capsys):
    write_genome(home, evolved(-2.5))
    registry.submit(home, evolved(-2.2))
    before = home.genome.read_bytes()
    assert command("genome", "use", name, "--home", str(home.folder)) == 2
    said = capsys.readouterr().err
    assert name in said
    assert len(said.splitlines()) == 1
    assert home.genome.read_bytes() == before


def test_a_genome_out_of_bounds_is_not_used(home, tmp_path, capsys):
    bad = tmp_path / "bad.toml"
    bad.write_text(evolved(-2.2).toml().replace("n_embd = 16", "n_embd = 999"))
    assert command("genome", "use", str(bad), "--home", str(home.folder)) == 2
    assert "n_embd = 999: must be" in capsys.readouterr().err
    assert not home.genome.exists()


def test_the_commands_file_and_list(home, capsys):
    write_genome(home, evolved(-2.2))
    folder = ["--home", str(home.folder)]
    assert command("genome", "submit", "--author", "Ada", "--notes", "first of all", *folder) == 0
    id = capsys.readouterr().out.split()[0]
    assert command("genome", "list", *folder) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{id}  loss ")
    assert "by Ada: first of all" in line


GENES = {
    "n_embd": "[8, 16]",
    "n_head": "[1, 2]",
    "n_layer": "[1]",
    "block_size": "[8]",
    "mlp_ratio": "{ min = 1, max = 3 }",
    "learning_rate": "{ min = 0.001, max = 0.05 }",
    "num_steps": "{ min = 20, max = 60 }",
    "batch_size": "[1]",
}


def space_file(folder, **changes):
    path = folder / "space.toml"
    held = {gene: text for gene, text in (GENES | changes).items() if text}
    path.write_text("".join(f"{gene} = {text}\n" for gene, text in held.items()))
    return path


def test_a_space_of_ones_own_is_read(tmp_path):
    space = read_space(str(space_file(tmp_path)))
    assert space["n_embd"] == (8, 16)
    assert space["mlp_ratio"] == Range(1, 3)


@pytest.mark.parametrize(
    ("gene", "text", "said"),
    [
        ("n_embd", "[]", "n_embd = []: must hold at least one value"),
        ("n_embd", "[999]", "n_embd = 999: must be a whole number from 1 to 256"),
        ("n_embd", "[8, 0]", "n_embd = 0: must be a whole number from 1 to 256"),
        ("n_embd", '"8"', "n_embd"),
        ("n_head", "[3]", "n_head: no value divides any value of n_embd"),
        ("num_steps", "{ min = 60, max = 20 }", "num_steps: min = 60 is above max = 20"),
        ("num_steps", "{ min = 20.5, max = 60 }", "num_steps: min and max must be whole numbers"),
        ("num_steps", "{ min = 20 }", "max"),
        ("learning_rate", "{ min = 0, max = 0.1 }", "learning_rate = 0.0: must be a number from 1e-06 to 1"),
        ("learning_rate", "nan", "learning_rate"),
        ("learning_rate", "[nan]", "learning_rate"),
        ("batch_size", "", "batch_size"),
        ("colour", "[1]", "colour"),
        ("n_layer", "<<<<<<< ours", "not valid TOML"),
    ],
)
def test_a_space_that_cant_be_is_refused_with_the_gene(tmp_path, gene, text, said):
    path = space_file(tmp_path, **{gene: text})
    with pytest.raises(BadInput) as raised:
        read_space(str(path))
    assert str(path) in str(raised.value)
    assert said in str(raised.value)
