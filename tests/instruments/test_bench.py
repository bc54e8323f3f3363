"""The instruments of speed: what is measured has the promised shape, and outside programs are read as they print."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from processes import command

from organism.corpus import read_corpus
from organism.errors import BadInput
from organism.instruments.bench import arithmetic, compare, turns
from organism.instruments.bench.bench import measure
from organism.instruments.bench.show import bench_lines, compare_lines
from organism.mind.gpt import Architecture

PRINTS = "printf 'num docs: 3\\nstep    1 / 1000 | loss 3.3660\\rstep 1000 / 1000 | loss 2.6497\\n"
SAYS = PRINTS + "Training time: 0.500 seconds\\nsample  1: kamon\\nsample  2: ann\\n'"


def run(*arguments, **options):
    command = [sys.executable, "-m", "organism", *map(str, arguments)]
    return subprocess.run(command, text=True, capture_output=True, timeout=170, **options)


@pytest.fixture
def quick(monkeypatch):
    """Measure little: it's the shape of the answer that is looked at."""
    monkeypatch.setattr(turns, "REPEATS", 1)
    monkeypatch.setattr(arithmetic, "DOCUMENTS", 30)
    monkeypatch.setattr(arithmetic, "SHAPES", ((8, 1), (16, 2)))


@pytest.fixture(scope="module")
def corpus(tiny):
    return read_corpus(str(tiny / "tiny.txt"))


@pytest.mark.slow
def test_the_ladder_has_a_rung_for_each_metabolism(quick, corpus):
    told = []
    report = measure(corpus, ["ladder", "shapes"], 1, lambda said, share: told.append(share))
    rungs = [(rung.metabolism, rung.dtype, rung.batch_size) for rung in report.ladder]
    assert rungs == list(arithmetic.RUNGS)
    assert report.ladder[0].ratio_to_val == 1.0
    assert all(rung.ratio_to_val == rung.us_per_name / report.ladder[0].us_per_name for rung in report.ladder)
    # The order of the ladder is not a matter of luck.
    assert report.ladder[1].ratio_to_val < 0.1
    assert all(0 < rung.share_of_peak < 1 for rung in report.ladder)
    assert report.peak_gflops["float32"] > report.peak_gflops["float64"] > 1
    assert [(s.n_embd, s.n_layer) for s in report.shapes] == [(8, 1)] * 3 + [(16, 2)] * 3
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] < 1
    lines = "\n".join(bench_lines(report))
    assert "fused float32 x 16" in lines
    assert "█" in lines


@pytest.mark.slow
def test_the_micro_benchmarks_are_the_six(quick, corpus):
    report = measure(corpus, ["benchmarks"], 1, lambda said, share: None)
    expected = {
        "random_1m": 1_000_000,
        "gauss_100k": 100_000,
        "value_forward_10k": 10_000,
        "value_backward_1k": 1_000,
        "gpt_forward_10": 10,
        "training_step_1": 1,
    }
    assert {micro.name: micro.iterations for micro in report.benchmarks} == expected
    for micro in report.benchmarks:
        assert micro.ops_per_sec == pytest.approx(micro.iterations / micro.time_ms * 1e3)
        assert micro.description


def test_operations_are_counted_as_a_person_would():
    shape = Architecture(vocab_size=3, n_embd=2, n_head=1, n_layer=1, block_size=4, mlp_ratio=1)
    weights = 4 * 4 + 2 * 4 + 3 * 2  # four of attention, two of the MLP, the head
    attention = 2 * 3 * 2  # scores and values of the three pairs of two positions, two numbers wide
    assert arithmetic.operations(shape, 2) == 3 * 2 * (2 * weights + attention)


@pytest.mark.slow
def test_the_benchmark_speaks_json(tmp_path):
    ran = run("bench", "--only", "benchmarks", "--json", check=True)
    held = json.loads(ran.stdout)
    assert {"language", "version", "cpu", "timestamp", "ladder", "shapes", "workers", "startup", "benchmarks"} <= set(
        held
    )
    assert set(held["benchmarks"][0]) == {"name", "description", "iterations", "time_ms", "ops_per_sec"}


@pytest.mark.slow
def test_an_unknown_part_is_refused():
    ran = run("bench", "--only", "everything")
    assert ran.returncode == 2
    assert "ladder" in ran.stderr


def test_a_program_is_read_where_it_prints_as_the_published_one_does():
    ran = compare.outside(SAYS)
    assert (ran.loss, ran.training, ran.names, ran.failure) == (2.6497, 0.5, ("kamon", "ann"), None)
    assert 0 < ran.seconds < 60
    assert compare.outside("echo hello").loss is None
    assert compare.read("step 7 / 9 | loss nan\n", 1.0).loss != compare.read("loss 1", 1.0).loss
    assert compare.read("loss 3.466e-01", 1.0).loss == 0.3466
    assert compare.read("Training time: 0.381.", 1.0).training == 0.381
    assert compare.read("Training time: ...", 1.0).training is None


def test_a_program_that_fails_says_so_in_its_line():
    ran = compare.outside("echo it broke >&2; exit 3")
    assert ran.failure == "failed with status 3 it broke"
    missing = compare.outside("/no/such/program")
    assert missing.failure is not None
    assert missing.failure.startswith("failed with status 127")


def test_the_table_compares_medians_losses_and_names():
    mine = [compare.Timing(2.0, 1.0, 2.64969, ("kamon", "ann"))]
    peers = [compare.Timing(seconds, None, 2.6497, ("kamon", "bob")) for seconds in (3.0, 9.0, 4.0)]
    other, bad = [compare.Timing(1.0, 0.5, 2.3277)], [compare.Timing(1.0, failure="no")]
    compared = compare.summed_up({"mine": mine, "peer": peers, "other": other, "bad": bad})
    assert [line.ratio for line in compared] == [1.0, 4.0, 0.5, None]
    assert [line.agrees for line in compared] == [True, True, False, None]
    text = list(compare_lines(compared))
    assert "1/2" in text[3]
    assert text[-1].endswith("no")


@pytest.mark.slow
def test_every_metabolism_is_compared_with_every_peer(monkeypatch, corpus):
    monkeypatch.setattr(compare, "FIRST_STEPS", 3)
    asked = []
    peers = compare.parse_peers([f"c = {SAYS}", "bad=exit 1"])
    compared = compare.compare(corpus, peers, 2, lambda said, share: asked.append(said))
    assert [s.name for s in compared] == ["tape float64", "fused float64", "fused float32", "val float64", "c", "bad"]
    # In turns; who failed once isn't asked again, but its line stays.
    assert asked == [s.name for s in compared] * 2
    tape, fused, single, val, peer, bad = compared
    assert tape.agrees
    assert fused.agrees
    assert val.agrees
    assert tape.names == fused.names
    assert len(tape.names) == 20
    assert single.loss == pytest.approx(tape.loss, abs=1e-2)
    assert val.ratio > 20
    assert (peer.loss, peer.agrees) == (2.6497, False)
    assert bad.note


@pytest.mark.slow
def test_a_comparison_speaks_json(monkeypatch, tiny, capsys):
    monkeypatch.setattr(compare, "FIRST_STEPS", 3)
    assert command("compare", "--json", "--repeats", 1, "--data", tiny / "tiny.txt", "--peer", f"c={SAYS}") == 0
    held = json.loads(capsys.readouterr().out)
    assert [line["name"] for line in held] == [*(f"{m} {dtype}" for m, dtype in compare.OWN), "c"]
    assert all(line["training"] > 0 for line in held)


@pytest.mark.parametrize("text", ["c", "=x", "c=", " = "])
def test_a_peer_without_name_or_command_is_refused(text):
    with pytest.raises(BadInput, match="NAME=COMMAND"):
        compare.parse_peers([text])


@pytest.mark.parametrize("texts", [["c=true", "c = false"], ["tape float64=true"]])
def test_a_peer_by_the_name_of_another_line_is_refused(texts):
    with pytest.raises(BadInput, match="is taken"):
        compare.parse_peers(texts)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_an_interrupted_comparison_leaves_no_program_behind(tmp_path):
    mark = tmp_path / "pid"
    program = (
        "from organism.instruments.bench import compare\n"
        "from organism.instruments.bench.compare import outside\n"
        f"outside('echo $$ > {mark}; sleep 300; true')"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    pid = int(mark.read_text())
    process.send_signal(signal.SIGINT)
    process.wait(60)
    while time.monotonic() < deadline:
        try:
            os.killpg(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError("still running")
