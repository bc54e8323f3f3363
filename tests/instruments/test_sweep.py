"""Sweeps as they're run: the same figures as a training on its own, whole after a kill, refused in one line."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from processes import all_gone, family, organism

from organism.corpus import read_corpus
from organism.errors import BadInput
from organism.files import check_output
from organism.genes import PRIMORDIAL
from organism.genome import Genome
from organism.home import Home
from organism.instruments.sweep import sweep
from organism.instruments.sweep.files import ENDINGS, check_plot, write_plot
from organism.instruments.sweep.scaling import analyse
from organism.life.genomes import write_genome
from organism.trial import Measurement

SEEDLING = msgspec.structs.replace(PRIMORDIAL, n_embd=4, n_head=2, block_size=4, mlp_ratio=1, num_steps=40)


@pytest.fixture
def home(tmp_path):
    write_genome(Home(tmp_path / "home"), Genome("primordial", SEEDLING))
    return tmp_path / "home"


def swept(home, tiny, *arguments):
    """A sweep that succeeds."""
    ran = organism("sweep", *arguments, "--home", home, "--data", tiny / "tiny.txt", "--workers", 2)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def timeless(value):
    """`value` without the seconds that things took."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key != "seconds"}
    return [timeless(item) for item in value] if isinstance(value, list) else value


@pytest.mark.slow
def test_each_training_is_the_one_that_train_does(home, tiny, tmp_path):
    said = swept(home, tiny, "steps", "--values", "30,60,90", "--seeds", 2, "--out", tmp_path / "s.json")
    whole = json.loads((tmp_path / "s.json").read_text())
    assert [point["genes"]["num_steps"] for point in whole["points"]] == [30, 60, 90]
    assert whole["seeds"] == [42, 43]
    alone = organism(
        *("train", "--home", home, "--data", tiny / "tiny.txt", "--steps", 60, "--seed", 43, "--samples", 0, "--json")
    )
    end = json.loads(alone.stdout.splitlines()[-1])
    run = whole["points"][1]["runs"][1]
    assert (run["seed"], run["validation_loss"]) == (43, end["validation_loss"])
    assert (run["classic_loss"], whole["points"][1]["params"]) == (end["loss"], end["params"])
    row = next(line for line in said.splitlines() if line.split()[:1] == ["60"])
    assert f"{end['validation_loss']:.4f}" in row.split()
    assert "loss against steps" in said
    assert "o" in said.partition("│")[2]


STOPPING = """
import sys
from organism.__main__ import main
from organism.instruments.sweep import sweep
run = sweep.run
def stopping(*arguments):
    *others, tell = arguments
    def telling(said, share):
        if said.startswith("2 of "):
            print("two are done", flush=True)
            sys.stdin.read()
        tell(said, share)
    return run(*others, telling)
sweep.run = stopping
sys.exit(main())
"""


@pytest.mark.slow
def test_a_sweep_killed_and_run_again_gives_the_same_file(home, tiny, tmp_path):
    arguments = ("steps", "--values", "60,300,200,400", "--seeds", 2, "--data", tiny / "tiny.txt", "--workers", 2)
    command = [sys.executable, "-c", STOPPING, "sweep", *map(str, arguments), "--home", str(home)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline() == b"two are done\n"
        process.kill()
        assert all_gone(family(process.pid), 5)
    (journal,) = (home / "experiments" / "sweeps").glob("*.jsonl")
    before = journal.read_bytes()
    assert before.count(b"\n") == 3
    journal.write_bytes(before + b'{"event":"trained","point":1,"se')
    again = organism("sweep", *arguments, "--home", home, "--out", tmp_path / "killed.json")
    assert again.returncode == 0, again.stderr
    assert journal.read_bytes().startswith(before), "what was trained before isn't trained again"
    assert journal.read_bytes().count(b"\n") == 9
    other = Home(tmp_path / "other")
    write_genome(other, Genome("primordial", SEEDLING))
    swept(other.folder, tiny, *arguments[:5], "--out", tmp_path / "whole.json")
    files = [json.loads((tmp_path / name).read_text()) for name in ("killed.json", "whole.json")]
    assert timeless(files[0]) == timeless(files[1])
    assert organism("runs", "list", "--home", home).stdout == "", "a sweep is no run"


@pytest.mark.slow
def test_a_complete_sweep_is_only_read_and_its_journal_can_be_looked_at(home, tiny, tmp_path):
    first = swept(home, tiny, "params", "--values", "4/2/1,4/1/2", "--seeds", 2)
    (journal,) = (home / "experiments" / "sweeps").glob("*.jsonl")
    content = journal.read_bytes()
    assert swept(home, tiny, "params", "--values", "4/2/1,4/1/2", "--seeds", 2) == first
    looked = organism("sweep", journal, "--out", tmp_path / "s.csv", "--home", home)
    assert looked.stdout == first
    assert journal.read_bytes() == content
    with open(tmp_path / "s.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["point"], row["seed"], row["n_head"]) for row in rows] == [
        ("1", "42", "2"),
        ("1", "43", "2"),
        ("2", "42", "1"),
        ("2", "43", "1"),
    ]
    assert all(2 < float(row["validation_loss"]) < 4 for row in rows)


@pytest.mark.slow
def test_an_interrupted_sweep_says_that_it_goes_on(home, tiny):
    arguments = ("steps", "--values", "60,300", "--seeds", 2, "--data", tiny / "tiny.txt", "--home", home)
    command = [sys.executable, "-c", STOPPING, "sweep", *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        relatives = family(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == b"interrupted; the same command goes on with the sweep\n"
        assert all_gone(relatives, 5)


@pytest.mark.slow
def test_a_creature_that_dies_is_told_of_and_left_out(home, tiny, tmp_path):
    (tmp_path / "wild.toml").write_text("[genes]\nmlp_ratio = 2\n[grid]\nlearning_rate = [0.01, 1.0]\n")
    corpus = read_corpus(str(tiny / "tiny.txt"))
    plan = sweep.sweep_of(str(tmp_path / "wild.toml"), SEEDLING, corpus, 42, 1, "tape", "float64")
    path = plan.journal(Home(home))
    path.parent.mkdir(parents=True)
    died = sweep.Dead(1, 42, "diverged at step 7")
    path.write_bytes(msgspec.json.encode(plan) + b"\n" + msgspec.json.encode(died) + b"\n")
    looked = organism("sweep", path, "--home", home)
    assert "incomplete: 1 of 2 trainings are there" in looked.stdout
    assert "point 2 died under seed 42: diverged at step 7" in looked.stdout
    swept(home, tiny, tmp_path / "wild.toml", "--seeds", 1)
    assert isinstance(sweep.read(path).outcomes[1, 42], sweep.Trained), "what failed is tried anew"


def planned(what, values=None, seeds=3, text=None, folder=None) -> sweep.Sweep:
    corpus = read_corpus_of(folder)
    if text is not None:
        (folder / what).write_text(text)
        what = str(folder / what)
    return sweep.sweep_of(what, PRIMORDIAL, corpus, 42, seeds, "tape", "float64", values)


def read_corpus_of(folder):
    (folder / "three.txt").write_text("ab\nba\nabba\nbaab\n")
    return read_corpus(str(folder / "three.txt"))


def test_a_file_spells_a_grid_and_a_list(tmp_path):
    text = "[genes]\nmlp_ratio = 2\n[grid]\nn_embd = [8, 16]\nnum_steps = [10, 20]\n[[points]]\nbatch_size = 4\n"
    points = planned("my grid.toml", text=text, folder=tmp_path).points
    assert [(p.n_embd, p.num_steps, p.batch_size) for p in points] == [
        *((8, 10, 1), (8, 20, 1), (16, 10, 1), (16, 20, 1)),
        (16, 1000, 4),
    ]
    assert {p.mlp_ratio for p in points} == {2}


def test_what_is_known_of_one_sweep_is_never_taken_for_another(tmp_path):
    plans = [
        planned("steps", folder=tmp_path),
        planned("steps", "1k,2k", folder=tmp_path),
        planned("params", folder=tmp_path),
        planned("steps", seeds=2, folder=tmp_path),
    ]
    assert len({plan.key for plan in plans}) == 4
    assert planned("steps", folder=tmp_path).key == plans[0].key


@pytest.mark.parametrize(
    ("what", "values", "text", "said"),
    [
        ("speed", None, None, "sweep speed: must be steps, params, a .toml file"),
        ("steps", "1k,many", None, "--values 1k,many: holds 'many': must be 1 to 1,000,000 steps"),
        ("steps", "0", None, "--values 0: holds '0'"),
        ("params", "16/4", None, "--values 16/4: holds '16/4': must be width/heads/layers"),
        ("params", "16/3/1", None, "--values: n_head = 3: must divide n_embd = 16"),
        ("s.toml", "1k", "[grid]\nn_embd = [8]\n", "--values 1k: is for 'sweep steps' and 'sweep params' only"),
        ("s.toml", None, "", "s.toml: holds no points"),
        ("s.toml", None, "[grid]\nn_embd = []\n", "s.toml: grid.n_embd = []: must hold at least one value"),
        ("s.toml", None, "[grid]\nn_emb = [8]\n", "s.toml: grid: "),
        ("s.toml", None, "[grid]\nn_embd = [8, 9]\n", "s.toml: n_head = 4: must divide n_embd = 9"),
        ("s.toml", None, "[[points]]\nlearning_rate = 2.0\n", "s.toml: learning_rate = 2.0: must be a number from"),
        ("s.toml", None, "[grid]\nnum_steps = [1.5]\n", "s.toml: grid.num_steps"),
        ("no.toml", None, None, "no.toml: can't be read"),
    ],
)
def test_a_sweep_that_can_not_be_is_refused(tmp_path, what, values, text, said):
    with pytest.raises(BadInput) as refused:
        planned(what, values, text=text, folder=tmp_path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def check_table(path):
    check_output("--out", path, *ENDINGS)


@pytest.mark.parametrize(
    ("check", "path", "said"),
    [
        (check_table, "s.xlsx", "--out s.xlsx: must end in .json or .csv"),
        (check_table, "nowhere/s.csv", "--out nowhere/s.csv: the folder nowhere must exist"),
        (check_plot, "s.pdf", "--plot s.pdf: must end in .svg or .png"),
        (check_plot, "nowhere/s.svg", "--plot nowhere/s.svg: the folder nowhere must exist"),
    ],
)
def test_a_file_that_can_not_be_written_is_refused(check, path, said):
    with pytest.raises(BadInput) as refused:
        check(Path(path))
    assert str(refused.value) == said


@pytest.mark.slow
def test_files_are_refused_before_anything_is_trained(home):
    ran = organism("sweep", "steps", "--home", home, "--out", "s.xlsx")
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert not (home / "experiments").exists()


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    for content in ("", '{"event":"sweep"}\n', "junk\n"):
        (tmp_path / "s.jsonl").write_text(content)
        with pytest.raises(BadInput, match=r"s\.jsonl"):
            sweep.read(tmp_path / "s.jsonl")


def test_a_plot_without_matplotlib_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BadInput, match=r"pip install 'organism\[plots\]'"):
        check_plot(tmp_path / "s.svg")


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "opening"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_plot_is_drawn_by_its_ending(tmp_path, ending, opening):
    pytest.importorskip("matplotlib")
    plan = planned("steps", "1k,2k,4k", seeds=2, folder=tmp_path)
    measured = {(i, s): sweep.Trained(i, s, made_up(2 + 1 / (i + 1) + s / 1e4)) for i in range(3) for s in (42, 43)}
    results = sweep.Results(plan, measured)
    write_plot(tmp_path / f"s.{ending}", results, analyse(results.points()))
    assert (tmp_path / f"s.{ending}").read_bytes().startswith(opening)


def made_up(loss: float) -> Measurement:
    return Measurement(
        validation_loss=loss,
        classic_loss=loss,
        flow=0.5,
        symmetry=0.1,
        creativity=0.3,
        beauty=0.3,
        classic=1.0,
        params=100,
        tokens=1000,
        names=("ana",),
        seconds=0.1,
    )
