"""The page that holds all of it: it learns as preset `microgpt` does, and runs as a program."""

import itertools
import random
import subprocess
import sys
from pathlib import Path

import pytest
from scalars import published

from organism.genes import PRIMORDIAL
from organism.mind import microgpt
from organism.mind.training import Training


@pytest.mark.slow
def test_it_takes_the_steps_of_the_preset():
    corpus = published()
    rng = random.Random(42)
    rng.shuffle(list(range(32_033)))  # as many documents as were shuffled before the first number was drawn
    letters, texts = microgpt.spell(corpus.documents)
    w = microgpt.newborn(len(letters) + 1, rng)
    losses = list(itertools.islice(microgpt.learn(w, texts), 5))
    assert f"{losses[0]:.4f}" == "3.3660"

    training = Training(PRIMORDIAL, corpus, 42, "val", documents=corpus.documents)
    training.tokens, training.starts = corpus.encode(corpus.documents)
    rng = random.Random(42)
    rng.shuffle(list(range(32_033)))
    training.weights[:] = [rng.gauss(0, 0.08) for _ in training.weights]
    assert losses == pytest.approx(training.advance(5).tolist(), abs=1e-9)
    learnt = [number.data for matrix in w.values() for row in matrix for number in row]
    assert learnt == pytest.approx(training.weights.tolist(), abs=1e-9)


def test_it_learns_from_a_file_and_dreams(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(microgpt, "STEPS", 3)
    monkeypatch.setattr(microgpt, "SAMPLES", 4)
    path = tmp_path / "names.txt"
    path.write_text("anna\n\n  bob \ncarla\n")
    microgpt.main(path)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("|")[0] for line in lines[:3]] == [f"step    {i} /    3 " for i in (1, 2, 3)]
    assert [line.partition(":")[0] for line in lines[3:]] == [f"sample  {i}" for i in (1, 2, 3, 4)]
    assert set("".join(line.partition(": ")[2] for line in lines[3:])) <= set("anbocrl")


def test_it_begins_as_the_published_program_does(shared):
    command = [sys.executable, "-m", "organism.mind.microgpt", shared / "data" / "names.txt"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        assert program.stdout.readline() == "step    1 / 1000 | loss 3.3660\n"
        program.kill()


def test_it_is_a_page():
    assert len(Path(microgpt.__file__).read_text().splitlines()) <= 150
