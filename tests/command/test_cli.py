"""The command as it's typed: what it prints, and one line and status 2 for whatever can't be."""

import json
import os
import pty
import subprocess
import sys

import msgspec
import pytest
from processes import COMMAND, organism

from organism.files import data_folder
from organism.genes import GENES, PRIMORDIAL
from organism.genome import PRIMORDIAL_GENOME
from organism.home import Home


def refused(*arguments: object) -> str:
    """The one line with which bad input is refused."""
    ran = organism(*arguments)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert ran.stdout == ""
    assert ran.stderr.startswith("organism: ")
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "--steps", "0"), "--steps 0: must be a whole number from 1 to 1,000,000"),
        (("train", "--emb", "300"), "--emb 300: must be a whole number from 1 to 256"),
        (("train", "--emb", "16", "--head", "3"), "n_head = 3: must divide n_embd = 16"),
        (("train", "--lr", "nan"), "--lr nan: must be a number from 1e-06 to 1.0"),
        (("train", "--temperature", "0"), "--temperature"),
        (("train", "--steps", "many"), "--steps many: must be a whole number from 1 to 1,000,000"),
        (("train", "--steps", "1_0"), "--steps 1_0: must be a whole number from 1 to 1,000,000"),
        (("train", "--activation", "gelu"), "--activation gelu: must be one of relu, squared_relu"),
        (("train", "--residual-std=-1"), "--residual-std -1: must be a number from 0.0 to 10.0"),
        (("train", "--genome", "none.toml"), "none.toml: can't be read: No such file"),
        (("train", "--genome", "a.toml", "--preset", "microgpt"), "--genome a.toml: --preset microgpt is a genome"),
        (("train", "--seed", "1.5"), "--seed 1.5: must be a whole number"),
        (
            (
                "train",
                "--seed=-1",
            ),
            "--seed",
        ),
        (("train", "--temperature", "inf"), "--temperature inf: must be a finite number"),
        (("evolve", "--headless", "--target", "nan"), "--target nan: must be a finite number"),
        (("dream", "-n", "2.7"), "2.7: must be a whole number"),
        (("judge", "--bogus"), "--bogus: isn't a flag of judge"),
        (
            ("explain", "--expression", "a=1", "--graph", "a.svg", "--letter", "2"),
            "--letter 2: an --expression has none",
        ),
        (("sweep", "old.jsonl", "--seeds", "2"), "--seeds 2: old.jsonl is the journal of a sweep"),
        (("explain", "anna", "--letter", "2"), "--letter 2: is for --graph"),
        (("runs", "resume", "--headless", "--generations", "0"), "--generations"),
        (("corpus", "show", "-n", "-3"), "-n"),
        (("train", "--preset", "nanogpt"), "nanogpt"),
        (("train", "--data", "no/such.txt"), "--data no/such.txt: must be one of names,"),
        (("train", "--dtype", "float32"), "fused"),
        (("train", "--colour"), "--colour"),
        (("dream", "3"), "3: unexpected; 'organism dream --help'"),
        (("wake",), "wake: isn't a command"),
        (("evolve", "--headless", "--generations", "9" * 30), "must be less than 2^63"),
        (("evolve", "--headless", "--population", "1"), "--population"),
        (("evolve", "--headless", "--objective", "wealth"), "wealth"),
        (("evolve", "--headless", "--space", "narrow"), "--space narrow: must be default, wide or a TOML file"),
        (("evolve", "--headless", "--minutes", "-1"), "--minutes"),
        (("evolve", "--headless", "--workers", "0"), "--workers"),
        (("dream", "--prompt", "ka9"), "holds '9', which isn't a letter of names"),
        (("dream", "--temperature", "-1"), "--temperature"),
        (("runs", "resume", "--headless"), "no unfinished run"),
        (("runs", "replay", "nothing", "--headless"), "run nothing: isn't in"),
        (("corpus", "show", "nothing"), "nothing"),
        (("hatch",), "hatch: isn't a command"),
    ],
)
def test_bad_input_is_one_line_that_names_it(tmp_path, arguments, said):
    homeless = arguments[0] in ("corpus", "hatch")
    assert said in refused(*arguments, *(() if homeless else ("--home", tmp_path)))


@pytest.mark.slow
def test_a_bad_genome_stops_every_command_and_stays(tmp_path):
    text = PRIMORDIAL_GENOME.toml().replace("n_embd = 16", "n_embd = 512")
    (tmp_path / "genome.toml").write_text(text)
    for command in (("--headless",), ("evolve", "--headless"), ("train",), ("dream",), ("genome", "show")):
        assert "genes.n_embd = 512: must be a whole number from 1 to 256" in refused(*command, "--home", tmp_path)
    assert "genes.n_embd = 512" in refused("genome", "reset", "--home", tmp_path)
    assert (tmp_path / "genome.toml").read_text() == text


@pytest.mark.slow
def test_what_cannot_be_written_is_one_line_and_status_1(tmp_path, tiny):
    (tmp_path / "experiments").write_text("")
    ran = organism("evolve", "--headless", "--home", tmp_path, "--data", tiny / "tiny.txt")
    assert ran.returncode == 1
    assert "experiments" in ran.stderr
    assert ran.stderr.count("\n") == 1, ran.stderr
    (tmp_path / "weights.npz").mkdir()
    ran = organism("train", "--home", tmp_path, "--data", tiny / "tiny.txt", "--samples", 1)
    assert ran.returncode == 1
    assert "sample  1: " in ran.stdout
    assert ran.stderr.count("\n") == 1, ran.stderr
    with open("/dev/full", "w") as full:
        ran = subprocess.run([*COMMAND, "corpus", "list"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 1
    assert ran.stderr == b"organism: output: No space left on device\n"


def test_what_is_written_last_is_written_or_said_to_be_lost(monkeypatch):
    """Python's own buffer is only written as the command ends."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    with open("/dev/full", "w") as full:
        ran = subprocess.run([*COMMAND, "corpus", "show"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stderr) == (1, b"organism: output: No space left on device\n")


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_that_are_closed_are_no_failure(tmp_path, tiny, closed):
    flags = f"--home {tmp_path} --data {tiny}/tiny.txt --steps 2 --samples 1"
    ran = subprocess.run(
        f"exec {sys.executable} -m organism train {flags} {closed}", shell=True, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ("sample  1: " in ran.stdout) == (">&-" not in closed.replace("2>&-", ""))


@pytest.mark.slow
def test_judge_without_a_standard_input_judges_nothing(tmp_path):
    ran = subprocess.run(
        f"exec {sys.executable} -m organism judge --home {tmp_path} <&-", shell=True, capture_output=True, text=True
    )
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1


@pytest.mark.slow
def test_what_a_terminal_cannot_show_is_spelled_out(tmp_path, evolving, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ran = organism("evolve", "--headless", "--home", tmp_path, *evolving[:-4], "--generations", 1, "--population", 2)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\\u25d0 The creature is evolving" in ran.stdout


def test_an_argument_that_is_no_text_is_refused(tmp_path):
    command = [*COMMAND, "genome", "submit", "--home", str(tmp_path), "--author", b"\xff"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, "organism: \\udcff: isn't UTF-8 text\n")


def test_a_folder_for_runs_that_cannot_be_looked_into_is_said(tmp_path):
    (tmp_path / "experiments").write_text("")
    assert "experiments: can't be read: Not a directory" in refused("runs", "list", "--home", tmp_path)


@pytest.mark.slow
def test_weights_are_not_kept_while_another_organism_evolves_there(tmp_path, tiny):
    with Home(tmp_path).lock():
        ran = organism("train", "--home", tmp_path, "--data", tiny / "tiny.txt", "--samples", 1)
    assert ran.returncode == 0
    assert "sample  1: " in ran.stdout
    assert "the weights weren't kept: " in ran.stderr
    assert not (tmp_path / "weights.npz").exists()


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert "can't be used as a folder" in refused("genome", "show", "--home", tmp_path / "file")


def test_a_home_without_a_name_is_not_the_current_folder():
    assert "--home: is empty: must be a folder" in refused("genome", "reset", "--home", "")


def test_without_a_terminal_the_screen_is_refused_with_the_way_out(tmp_path):
    assert "organism --headless" in refused("--home", tmp_path)


@pytest.mark.slow
def test_a_shape_whose_tape_would_be_too_large_is_refused_at_once(tmp_path):
    (tmp_path / "long.txt").write_text("ab" * 300 + "\nba\nab\naab\n")
    corner = ("--emb", 256, "--head", 16, "--layer", 12, "--ctx", 256, "--ff", 8, "--batch", 256)
    said = refused("train", "--home", tmp_path, "--data", tmp_path / "long.txt", *corner)
    assert "at most 1 GiB is allowed; '--metabolism fused'" in said


@pytest.mark.slow
def test_train_prints_as_microgpt_does(tmp_path, tiny):
    ran = organism("train", "--home", tmp_path, "--data", tiny / "tiny.txt", "--steps", 3, "--samples", 2)
    lines = ran.stdout.splitlines()
    assert lines[:3] == ["num docs: 177", "vocab size: 15", "num params: 3808"]
    assert [line[:24] for line in lines[3:6]] == [f"step    {i} /    3 | loss " for i in (1, 2, 3)]
    assert lines[6].startswith("validation loss ")
    assert [line[:11] for line in lines[7:]] == ["sample  1: ", "sample  2: "]
    assert ran.stderr == ""


@pytest.mark.slow
def test_a_preset_is_a_genome_trained_on_every_document(tmp_path, tiny):
    (tmp_path / "first.toml").write_text((data_folder() / "microgpt-first.toml").read_text())
    (tmp_path / "primordial.toml").write_text(PRIMORDIAL_GENOME.toml())
    flags = ("--home", tmp_path / "home", "--data", tiny / "tiny.txt", "--steps", 5, "--samples", 2)
    for preset, file in (("microgpt", "primordial.toml"), ("microgpt-first", "first.toml")):
        published = organism("train", "--preset", preset, *flags)
        assert published.stdout.startswith("num docs: 295\n")
        assert "validation loss" not in published.stdout
        assert organism("train", "--genome", tmp_path / file, "--all", *flags).stdout == published.stdout
    held_out = organism("train", "--genome", tmp_path / "first.toml", *flags)
    assert held_out.stdout.startswith("num docs: 177\n")
    assert "validation loss" in held_out.stdout


@pytest.mark.slow
def test_every_gene_and_trait_has_a_flag_with_its_help(tmp_path, tiny):
    text = " ".join(organism("train", "--help").stdout.replace("│", " ").split())
    for gene in GENES.values():
        assert f"{gene.flag} " in text
        assert f"{gene.about}: {gene.allowed.removeprefix('must be ')}." in text
    traits = ("--activation", "squared_relu", "--decay", "cosine", "--beta1", ".9", "--init-std", 0.02)
    ran = organism("train", "--json", *traits, "--steps", 3, "--home", tmp_path, "--data", tiny / "tiny.txt")
    assert json.loads(ran.stdout.splitlines()[0])["genes"] == {
        **msgspec.to_builtins(PRIMORDIAL),
        "num_steps": 3,
        "activation": "squared_relu",
        "decay": "cosine",
        "beta1": 0.9,
        "init_std": 0.02,
    }


@pytest.mark.slow
def test_train_as_json_tells_every_step(tmp_path, tiny):
    ran = organism("train", "--json", "--home", tmp_path, "--data", tiny / "tiny.txt", "--steps", 3, "--samples", 2)
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [event["event"] for event in told] == ["train_start", *["train_step"] * 3, "train_end", "dream"]
    assert [event["step"] for event in told[1:4]] == [1, 2, 3]
    assert set(told[4]) == {"event", "loss", "validation_loss", "test_loss", "params", "seconds"}


@pytest.mark.slow
def test_the_creature_in_force_keeps_its_weights_and_another_does_not_take_their_place(tmp_path, tiny):
    data = ("--data", tiny / "tiny.txt", "--home", tmp_path)
    organism("train", *data, "--steps", 5)
    organism("train", *data, "--all")
    assert not (tmp_path / "weights.npz").exists()
    organism("train", *data)
    assert (tmp_path / "weights.npz").exists()
    first, second = (organism("dream", *data, "--seed", 3) for _ in range(2))
    assert first.stdout == second.stdout
    assert len(first.stdout.splitlines()) == 20
    assert first.stderr == ""
    organism("genome", "reset", "--home", tmp_path)
    other = organism("dream", "-n", 2, "--home", tmp_path, "--data", tiny / "tiny.toml")
    assert "training it first" in other.stderr
    assert len(other.stdout.splitlines()) == 2


@pytest.mark.slow
def test_genome_show_history_and_reset(tmp_path):
    assert organism("genome", "show", "--home", tmp_path).stdout == PRIMORDIAL_GENOME.toml()
    evolved = PRIMORDIAL_GENOME.toml().replace("primordial", "evolved").replace("n_layer = 1", "n_layer = 2")
    (tmp_path / "genome.toml").write_text(evolved)
    assert "layers 2" in organism("genome", "history", "--home", tmp_path).stdout
    assert organism("genome", "reset", "--home", tmp_path).returncode == 0
    assert (tmp_path / "genome.toml").read_text() == PRIMORDIAL_GENOME.toml()
    assert "kept: " in organism("genome", "history", "--home", tmp_path).stdout


def test_corpora_are_listed_and_shown():
    listed = organism("corpus", "list").stdout.splitlines()
    assert listed[0].startswith("names ")
    assert len(listed) >= 6
    shown = organism("corpus", "show", "names", "-n", 3).stdout.splitlines()
    assert len(shown) == 7
    assert "abcdefghijklmnopqrstuvwxyz" in shown[1]


def test_a_corpus_too_small_to_be_split_is_shown_all_the_same(tmp_path):
    (tmp_path / "two.txt").write_text("ab\nba\n")
    ran = organism("corpus", "show", tmp_path / "two.txt")
    assert ran.returncode == 0
    assert "split: none" in ran.stdout
    assert ran.stdout.endswith("\nab\nba\n")


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error(tmp_path, tiny):
    command = [*COMMAND, "train", "--home", str(tmp_path), "--data", str(tiny / "tiny.txt"), "--steps", "100000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"num docs: 177\n"
    process.stdout.close()
    assert process.wait(30) == 1
    assert process.stderr.read() == b""


@pytest.mark.slow
def test_a_terminal_sees_progress_and_results_stay_clean(tmp_path, tiny):
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "organism", "evolve", "--headless", "--home", str(tmp_path), "--seed", "1"]
    command += ["--data", str(tiny / "tiny.txt"), "--space", str(tiny / "tiny.toml"), "--generations", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    shown = bytearray()
    while True:
        try:
            shown += os.read(screen, 65_536)
        except OSError:
            break
    results = process.stdout.read().decode()
    assert process.wait() == 0
    assert b"generation 1" in shown
    assert "champion" in results
    assert "\x1b" not in results
    os.close(screen)


def test_version_and_help():
    assert organism("--version").stdout.startswith("organism 0.")
    text = organism("--help").stdout
    for command in ("evolve", "train", "dream", "genome", "runs", "corpus"):
        assert command in text
