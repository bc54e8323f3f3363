"""Inside a worker process: wait for a trial, perform it, answer; obey at once when told to pause, drop it or go.

The main thread trains in slices of some 20 ms and looks up between them. A second thread reads the pipe, sends a sign
of life every few seconds, and ends the process the moment the parent is gone. All that crosses the pipe is JSON.
"""

import os
import queue
import signal
import threading
from contextlib import suppress
from functools import partial

import msgspec
from multiprocess import connection, process

from ..corpus import Corpus
from ..fitness.beauty import Judge
from ..mind.metabolism.build import prepare
from ..trial import Done, Failed, Key, Step, Trial
from .perform import Cancelled, Setup, perform

SIGN_OF_LIFE = 5.0


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Drop a trial; no answer is expected."""

    key: Key


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Stand still, or go on."""

    paused: bool


class Alive(msgspec.Struct, frozen=True, tag=True):
    """Nothing new, but still here."""


Order = Trial | Cancel | Pause
Answer = Alive | Step | Done | Failed


class Link:
    """The worker's end of the pipe, and the thread that listens to it."""

    def __init__(self, pipe: connection.Connection):
        self.pipe = pipe
        self.trials: queue.SimpleQueue[Trial] = queue.SimpleQueue()
        self.cancelled: set[Key] = set()
        self.running = threading.Event()
        self.running.set()
        self._sending = threading.Lock()

    def send(self, answer: Answer) -> None:
        content = msgspec.json.encode(answer)
        with self._sending:
            self.pipe.send_bytes(content)

    def listen(self) -> None:
        """Read orders until the parent is gone, then end the process, whatever it is doing."""
        parent = process.parent_process()
        ends = [self.pipe] if parent is None else [self.pipe, parent.sentinel]
        decoder = msgspec.json.Decoder(Order)
        try:
            while True:
                ready = connection.wait(ends, SIGN_OF_LIFE)
                if not ready:
                    self.send(Alive())
                elif self.pipe in ready:
                    match decoder.decode(self.pipe.recv_bytes()):
                        case Trial() as trial:
                            self.cancelled.discard(trial.key)
                            self.trials.put(trial)
                        case Cancel(key):
                            self.cancelled.add(key)
                        case Pause(paused):
                            self.running.clear() if paused else self.running.set()
                else:
                    break
        except (OSError, EOFError):
            pass
        os._exit(0)

    def check_wanted(self, key: Key) -> None:
        """Between two slices: stand still while paused; raise Cancelled if the trial was dropped."""
        self.running.wait()
        if key in self.cancelled:
            raise Cancelled


def main(pipe: connection.Connection) -> None:
    """The life of a worker process."""
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", None)):
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
    silence()
    setup = msgspec.json.decode(pipe.recv_bytes(), type=Setup)
    text = pipe.recv_bytes()
    link = Link(pipe)
    threading.Thread(target=link.listen, daemon=True).start()
    prepare(setup.metabolism, setup.dtype)
    # The lines are documents already: parsed once more, one that begins with a byte order mark would lose it.
    corpus, judge = _known.get(setup.corpus_sha256) or remember(
        Corpus(setup.corpus, text.decode().split("\n"), setup.corpus_sha256)
    )
    while True:
        trial = link.trials.get()
        with suppress(Cancelled):
            link.send(perform(trial, setup, corpus, judge, link.send, partial(link.check_wanted, trial.key)))


_known: dict[str, tuple[Corpus, Judge]] = {}


def remember(corpus: Corpus) -> tuple[Corpus, Judge]:
    """Fit the judge of `corpus` and keep both, here and in every process forked from this one."""
    split = corpus.split
    _known[corpus.sha256] = corpus, Judge(split.train, split.validation, split.test)
    return _known[corpus.sha256]


def silence() -> None:
    """Keep whatever is written to the standard streams off the terminal."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
