"""The pool with real processes: trials come back, and whatever is killed, stopped or cancelled, the rest goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from processes import all_gone

from organism.corpus import parse_corpus, read_corpus
from organism.events import Worker
from organism.fitness.beauty import Judge
from organism.fitness.measuring import measure
from organism.genes import PRIMORDIAL
from organism.mind.training import Training, marks
from organism.trial import Done, Failed, Key, Step, Trial
from organism.workers.pool import Pool

GENES = msgspec.structs.replace(PRIMORDIAL, n_embd=8, num_steps=300)
LONG = msgspec.structs.replace(PRIMORDIAL, num_steps=1_000_000)


@pytest.fixture(scope="module")
def corpus(tiny):
    return read_corpus(str(tiny / "tiny.txt"))


@pytest.fixture
def pool(corpus):
    pool = Pool(corpus, "tape", "float64", workers=2)
    yield pool
    pool.close()


def wait_for(pool: Pool, wanted, seconds: float = 60):
    """Everything that happens up to the first happening that `wanted` accepts, which is the last of them."""
    seen, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        for happening in pool.events(1):
            seen.append(happening)
            if wanted(happening):
                return seen
    raise AssertionError(f"didn't happen; what did: {seen}")


def pids(happenings) -> dict[int, int]:
    return {h.worker: h.pid for h in happenings if isinstance(h, Worker) and h.state == "started"}


@pytest.mark.slow
def test_trials_come_back_with_their_progress_and_depend_on_their_seed_alone(pool):
    for id in range(4):
        pool.submit(Trial(Key(id, 0), GENES, seed=id % 2))
    done, steps = {}, []
    while len(done) < 4:
        for happening in pool.events(60):
            if isinstance(happening, Done):
                done[happening.key.id] = msgspec.structs.replace(happening.measurement, seconds=0.0)
            elif isinstance(happening, Step) and happening.key.id == 0:
                steps.append(happening.step)
    assert done[0] == done[2] != done[1] == done[3]
    assert steps == marks(300)
    assert len(done[0].names) == 20


def test_a_worker_learns_from_the_very_documents_that_it_was_sent(tiny):
    content = b"\n\xef\xbb\xbfbakalo\n" + (tiny / "tiny.txt").read_bytes()
    corpus = parse_corpus(content, "no file of this name")
    assert corpus.letters[-1] == "\ufeff"
    pool = Pool(corpus, "tape", "float64", workers=1)
    try:
        pool.submit(Trial(Key(0, 0), GENES, seed=1))
        done = wait_for(pool, lambda h: isinstance(h, Done))[-1]
    finally:
        pool.close()
    training = Training(GENES, corpus, 1)
    training.advance(GENES.num_steps)
    split = corpus.split
    measured = measure(training, Judge(split.train, split.validation, split.test), with_test=False)
    assert msgspec.structs.replace(done.measurement, seconds=0.0) == measured


def test_a_killed_worker_costs_one_try_and_not_the_trial(pool):
    pool.submit(Trial(Key(0, 0), LONG, seed=1))
    seen = wait_for(pool, lambda h: isinstance(h, Step))
    os.kill(pids(seen)[0], signal.SIGKILL)
    seen = wait_for(pool, lambda h: isinstance(h, Step))
    assert [h.state for h in seen if isinstance(h, Worker)] == ["died", "started"]
    os.kill(pids(seen)[0], signal.SIGKILL)
    seen = wait_for(pool, lambda h: isinstance(h, Failed))
    assert seen[-1].key.id == 0
    assert "lost with its worker 2 times" in seen[-1].reason
    pool.submit(Trial(Key(1, 0), GENES, seed=1))
    assert wait_for(pool, lambda h: isinstance(h, Done))[-1].key.id == 1


@pytest.mark.slow
def test_a_worker_that_says_nothing_is_stuck_and_replaced(corpus):
    pool = Pool(corpus, "tape", "float64", workers=1, silence=6.0)
    try:
        pool.submit(Trial(Key(0, 0), LONG, seed=1))
        seen = wait_for(pool, lambda h: isinstance(h, Step))
        frozen = pids(seen)[0]
        os.kill(frozen, signal.SIGSTOP)
        seen = wait_for(pool, lambda h: isinstance(h, Worker) and h.state != "started")
        assert seen[-1].state == "stuck"
        assert all_gone([frozen], 2)
        assert wait_for(pool, lambda h: isinstance(h, Step))[-1].key.id == 0
    finally:
        pool.close()


def test_a_cancelled_trial_is_not_heard_of_again_and_frees_its_worker(pool):
    pool.submit(Trial(Key(0, 0), LONG, seed=1))
    pool.submit(Trial(Key(1, 0), LONG, seed=1))
    pool.submit(Trial(Key(2, 0), GENES, seed=1))
    wait_for(pool, lambda h: isinstance(h, Step))
    pool.cancel(Key(0, 0))
    seen = wait_for(pool, lambda h: isinstance(h, Done))
    assert seen[-1].key.id == 2
    assert not any(isinstance(h, Step | Done | Failed) and h.key.id == 0 for h in seen)


@pytest.mark.slow
def test_a_paused_pool_stands_still_and_then_goes_on(pool):
    pool.submit(Trial(Key(0, 0), LONG, seed=1))
    pool.submit(Trial(Key(1, 0), GENES, seed=1))
    wait_for(pool, lambda h: isinstance(h, Step) and h.key.id == 0)
    pool.pause(True)
    pool.submit(Trial(Key(2, 0), GENES, seed=1))
    while pool.events(0.5):
        pass  # What was on its way when the pause came.
    assert pool.events(0.5) == []
    pool.pause(False)
    wait_for(pool, lambda h: isinstance(h, Step) and h.key.id == 0)


def test_a_bell_from_outside_ends_the_wait(pool):
    pool.wake()
    assert pool.events(None) == []


def test_closing_leaves_no_worker(corpus):
    pool = Pool(corpus, "tape", "float64", workers=2)
    pool.submit(Trial(Key(0, 0), LONG, seed=1))
    pool.submit(Trial(Key(1, 0), LONG, seed=1))
    started = pids(wait_for(pool, lambda h: isinstance(h, Step)))
    pool.close()
    pool.close()
    assert len(started) == 2
    assert all_gone(list(started.values()), 0)


def test_marks_are_at_most_a_hundred_and_end_with_the_last_step():
    for steps in (1, 7, 99, 100, 101, 1_000, 12_345):
        held = marks(steps)
        assert held[-1] == steps
        assert len(held) <= 100
        assert held == sorted(set(held))


@pytest.mark.slow
def test_workers_need_no_guard_in_a_script_and_find_this_package_wherever_they_start(tmp_path, tiny):
    """They import neither the main module nor what happens to lie in the current folder."""
    (tmp_path / "organism").mkdir()
    (tmp_path / "organism" / "__init__.py").write_text("")
    (tmp_path / "script.py").write_text(
        "from organism.corpus import read_corpus\n"
        "from organism.genome import PRIMORDIAL\n"
        "from organism.trial import Done, Key, Trial\n"
        "from organism.workers.pool import Pool\n"
        "import msgspec\n"
        f"pool = Pool(read_corpus({str(tiny / 'tiny.txt')!r}), 'tape', 'float64', 1)\n"
        "pool.submit(Trial(Key(1, 0), msgspec.structs.replace(PRIMORDIAL, num_steps=1), 1))\n"
        "while not any(isinstance(happening, Done) for happening in pool.events()): pass\n"
        "pool.close()\n"
        "print('done')\n"
    )
    root = str(Path(__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-P", "script.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert ran.stdout == "done\n", ran.stderr
