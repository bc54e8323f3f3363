"""Inside a worker process: wait for a task, train, measure, answer; obey at once when told to pause, drop it or go.

The main thread trains in slices of some 20 ms and looks up between them. A second thread reads the pipe, sends a sign
of life every few seconds, and ends the process the moment the parent is gone. All that crosses the pipe is JSON.
"""

import os
import queue
import signal
import threading
import time

import msgspec
from multiprocess import connection, process

from ..corpus import Corpus
from ..errors import BadInput
from ..fitness.beauty import Judge
from ..fitness.objectives import Measurement, measure
from ..genes import Genes
from ..mind.training import Diverged, Training, prepare

SIGN_OF_LIFE = 5.0


class Setup(msgspec.Struct, frozen=True):
    """What all tasks of a worker share. The documents of the corpus follow in a message of their own."""

    corpus: str
    corpus_sha256: str
    metabolism: str
    dtype: str


class Task(msgspec.Struct, frozen=True, tag=True):
    """Train these genes under this seed and measure what comes of it."""

    id: int
    genes: Genes
    seed: int
    with_test: bool = False


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Drop task `id`; no answer is expected."""

    id: int


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Stand still, or go on."""

    paused: bool


class Alive(msgspec.Struct, frozen=True, tag=True):
    """Nothing new, but still here."""


class Step(msgspec.Struct, frozen=True, tag=True):
    """Task `id` has taken `step` steps; `loss` is their mean since the last such message."""

    id: int
    step: int
    loss: float


class Done(msgspec.Struct, frozen=True, tag=True):
    """Task `id` is finished."""

    id: int
    measurement: Measurement


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Task `id` can't be finished, and would fail again."""

    id: int
    reason: str


Order = Task | Cancel | Pause
Answer = Alive | Step | Done | Failed


class Cancelled(Exception):
    """The task at hand isn't wanted any more."""


class Link:
    """The worker's end of the pipe, and the thread that listens to it."""

    def __init__(self, pipe: connection.Connection):
        self.pipe = pipe
        self.tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self.cancelled: set[int] = set()
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
                        case Task() as task:
                            self.tasks.put(task)
                        case Cancel(id):
                            self.cancelled.add(id)
                        case Pause(paused):
                            self.running.clear() if paused else self.running.set()
                else:
                    break
        except (OSError, EOFError):
            pass
        os._exit(0)

    def look_up(self, task: Task) -> None:
        """Between two slices: stand still while paused; raise Cancelled if the task was dropped."""
        self.running.wait()
        if task.id in self.cancelled:
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
        task = link.tasks.get()
        try:
            began = time.perf_counter()
            measurement = perform(task, setup, corpus, judge, link)
            seconds = time.perf_counter() - began
            link.send(Done(task.id, msgspec.structs.replace(measurement, seconds=seconds)))
        except Cancelled:
            pass
        except Diverged as error:
            link.send(Failed(task.id, f"diverged at step {error.step}"))
        except BadInput as error:
            link.send(Failed(task.id, str(error)))
        except MemoryError:
            link.send(Failed(task.id, "out of memory"))
        except Exception as error:
            # Whatever else goes wrong is told as well: nobody would read it on a worker's standard error.
            link.send(Failed(task.id, f"{type(error).__name__}: {error}"))


def perform(task: Task, setup: Setup, corpus: Corpus, judge: Judge, link: Link) -> Measurement:
    """Train and measure one task, telling how it goes at its marks."""

    def tick() -> None:
        link.look_up(task)

    training = Training(task.genes, corpus, task.seed, setup.metabolism, setup.dtype, tick=tick)
    for step, loss in training.progress(tick):
        link.send(Step(task.id, step, loss))
    return measure(training, judge, task.with_test, tick)


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
