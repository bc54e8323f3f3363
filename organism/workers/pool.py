"""The supervised pool: creatures are trained in processes that may die, hang or be killed, and the run goes on.

One process and one pipe per worker. The parent waits on pipes and process sentinels together. A worker that dies is
replaced at once and its trial made once more; the second time the trial has failed. A worker that sends nothing for a
minute of the parent's own running time is taken for stuck and killed. Workers end once the parent is gone.

    pool = Pool(corpus, "tape", "float64", workers=2)
    pool.submit(Trial(Key(0, 0), genes, seed=7))
    for happening in pool.events(timeout=0.1): ...
    pool.close()
"""

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection as standard_connection
from types import ModuleType
from typing import Any

import msgspec
import multiprocess
from multiprocess import connection

from ..corpus import Corpus
from ..errors import Failure
from ..events import Worker
from ..trial import Failed, Key, Step, Trial
from .backend import Happening
from .perform import Setup
from .worker import Alive, Answer, Cancel, Pause, main

SILENCE = 60.0
TRIES = 2
SPEECHLESS = 5


class _Worker:
    """The parent's side of one process."""

    def __init__(self, number: int, process, pipe: connection.Connection):
        self.number = number
        self.process = process
        self.pipe = pipe
        self.trial: Trial | None = None
        self.silent = 0.0
        self.heard = False


class Pool:
    """Up to `workers` processes, started when there's work for them. Not to be used from two threads, `wake` apart."""

    def __init__(self, corpus: Corpus, metabolism: str, dtype: str, workers: int, silence: float = SILENCE):
        self.setup = Setup(corpus.name, corpus.sha256, metabolism, dtype)
        self.text = "\n".join(corpus.documents).encode()
        self.size = workers
        self.silence = silence
        self._context = worker_context(self.setup)
        self._workers: list[_Worker] = []
        self._waiting: deque[Trial] = deque()
        self._losses: dict[Key, int] = {}
        self._speechless = 0
        self._paused = False
        self._happenings: list[Happening] = []
        self._last_look = time.monotonic()
        self._alarm, self._bell = os.pipe()
        os.set_blocking(self._alarm, False)
        os.set_blocking(self._bell, False)
        self._closing = threading.Lock()
        self._closed = False

    def submit(self, trial: Trial) -> None:
        """Queue a trial; its key comes back in what `events` tells of it."""
        self._waiting.append(trial)
        self._hand_out()

    def cancel(self, key: Key) -> None:
        """Drop the trial; nothing more is heard of it."""
        self._waiting = deque(trial for trial in self._waiting if trial.key != key)
        for worker in self._workers:
            if worker.trial and worker.trial.key == key:
                self._send(worker, Cancel(key))
                worker.trial = None
        self._hand_out()

    def pause(self, paused: bool) -> None:
        """Make every worker stand still, or go on."""
        self._paused = paused
        for worker in self._workers:
            self._send(worker, Pause(paused))
        self._hand_out()

    def events(self, timeout: float | None = None) -> list[Happening]:
        """What happened, waiting up to `timeout` seconds for the first of it (None: as long as it takes).

        Returns at once, perhaps empty, when `wake` is called. Raises Failure if workers die as fast as they start.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        self._last_look = time.monotonic()
        while not self._happenings:
            rest = 1.0 if deadline is None else min(1.0, max(0.0, deadline - time.monotonic()))
            if self._listen(rest) or rest == 0.0:
                break
        happenings, self._happenings = self._happenings, []
        return happenings

    def wake(self) -> None:
        """End a wait in `events`, from any thread."""
        # A full bell rings already; a closed one might be another file by now.
        with self._closing, suppress(BlockingIOError):
            if not self._closed:
                os.write(self._bell, b"!")

    def close(self) -> None:
        """End all workers and wait until they're gone."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + 1.0
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
        self._workers.clear()
        os.close(self._alarm)
        os.close(self._bell)

    # --- supervision

    def _hand_out(self) -> None:
        """Give waiting trials to idle workers, and start workers while there are too few."""
        if self._paused:
            return
        while self._waiting:
            worker = next((w for w in self._workers if w.trial is None), None)
            if worker is None:
                if len(self._workers) >= self.size:
                    return
                worker = self._start(len(self._workers))
                self._workers.append(worker)
            worker.trial = self._waiting.popleft()
            worker.silent = 0.0
            self._send(worker, worker.trial)

    def _start(self, number: int) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=main, args=(theirs,), daemon=True, name=f"organism-worker-{number}")
        with _real_stderr(), _no_main_module():
            process.start()
        theirs.close()
        worker = _Worker(number, process, ours)
        with suppress(OSError):
            ours.send_bytes(msgspec.json.encode(self.setup))
            ours.send_bytes(self.text)
        self._happenings.append(Worker(worker=number, state="started", pid=process.pid))
        return worker

    def _send(self, worker: _Worker, order: Trial | Cancel | Pause) -> None:
        with suppress(OSError):  # It died; its sentinel says so.
            worker.pipe.send_bytes(msgspec.json.encode(order))

    def _listen(self, timeout: float) -> bool:
        """Wait for pipes, sentinels or the bell. Returns whether the bell rang."""
        pipes = {worker.pipe: worker for worker in self._workers}
        sentinels = {worker.process.sentinel: worker for worker in self._workers}
        ends: list[Any] = [*pipes, *sentinels, self._alarm]
        ready = standard_connection.wait(ends, timeout)
        now = time.monotonic()
        # A parent that was itself suspended may not blame the workers for it.
        passed = min(now - self._last_look, timeout + 0.1)
        self._last_look = now
        for worker in list(self._workers):
            if worker.pipe in ready:
                self._hear(worker)
            elif worker.process.sentinel in ready:
                self._lose(worker, "died", f"exit status {worker.process.exitcode}")
            elif worker.trial and not self._paused:
                worker.silent += passed
                if worker.silent > self.silence:
                    worker.process.kill()
                    worker.process.join()
                    self._lose(worker, "stuck", f"sent nothing for {self.silence:g} s")
        rang = self._alarm in ready
        if rang:
            os.read(self._alarm, 4096)
        return rang

    def _hear(self, worker: _Worker) -> None:
        try:
            answer = _answers.decode(worker.pipe.recv_bytes())
        except (OSError, EOFError, msgspec.MsgspecError):
            worker.process.kill()
            worker.process.join()
            self._lose(worker, "died", f"exit status {worker.process.exitcode}")
            return
        worker.silent = 0.0
        worker.heard = True
        self._speechless = 0
        if isinstance(answer, Alive) or worker.trial is None or answer.key != worker.trial.key:
            return  # A sign of life, or an answer to a trial that was cancelled.
        self._happenings.append(answer)
        if not isinstance(answer, Step):
            worker.trial = None
            self._hand_out()

    def _lose(self, worker: _Worker, state: str, reason: str) -> None:
        """Replace a worker that is gone; its trial goes first in the queue, unless it was lost before."""
        trial = worker.trial
        self._happenings.append(Worker(worker=worker.number, state=state, pid=worker.process.pid, reason=reason))
        worker.pipe.close()
        self._speechless += not worker.heard
        if self._speechless >= SPEECHLESS:
            raise Failure(f"{SPEECHLESS} workers in a row died before they said anything ({reason})")
        if trial:
            self._losses[trial.key] = self._losses.get(trial.key, 0) + 1
            if self._losses[trial.key] < TRIES:
                self._waiting.appendleft(trial)
            else:
                self._happenings.append(Failed(trial.key, f"lost with its worker {TRIES} times ({reason})"))
        self._workers[self._workers.index(worker)] = self._start(worker.number)
        self._hand_out()


_answers = msgspec.json.Decoder(Answer)


def worker_context(setup: Setup):
    """The multiprocess context to start workers in, its fork server already getting ready in the background.

    Call it before a screen takes the terminal over. The fork server and its children ignore Ctrl-C, compute with one
    thread, and have nothing to write to. Where there's no fork server, workers are spawned.
    """
    starting: Any = multiprocess  # its functions are only put there when it's imported
    if "forkserver" not in starting.get_all_start_methods():
        return starting.get_context("spawn")
    from multiprocess import forkserver, resource_tracker

    context = starting.get_context("forkserver")
    context.set_forkserver_preload(["organism.workers.preload"])
    inherited: dict[str, str] = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    inherited["ORGANISM_PRELOAD"] = msgspec.json.encode(setup).decode()
    # It shall find this very package, whatever the current folder holds.
    inherited["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in sys.path)
    inherited["PYTHONSAFEPATH"] = "1"
    before = {name: os.environ.get(name) for name in inherited}
    with _real_stderr():
        resource_tracker.ensure_running()  # Before anything is blocked: it unblocks SIGINT as it starts.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    os.environ.update(inherited)
    try:
        with _real_stderr():
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    return context


@contextmanager
def _no_main_module() -> Iterator[None]:
    """Nothing in place of the main module, which every new process would import: a worker needs nothing of it."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = before


@contextmanager
def _real_stderr() -> Iterator[None]:
    """The process's own stderr in place of a screen's substitute, which has no descriptor to hand to a child."""
    before = sys.stderr
    sys.stderr = sys.__stderr__
    try:
        yield
    finally:
        sys.stderr = before
