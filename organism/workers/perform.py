"""One trial, from genes to measurement. It knows no process, and whoever calls it decides where that happens."""

import time
from collections.abc import Callable

import msgspec

from ..corpus import Corpus
from ..errors import BadInput
from ..fitness.beauty import Judge
from ..fitness.measuring import measure
from ..mind.training import Diverged, Training
from ..trial import Done, Failed, Step, Trial


class Setup(msgspec.Struct, frozen=True):
    """What all trials of a worker share: the corpus, by its name and its hash, and what computes."""

    corpus: str
    corpus_sha256: str
    metabolism: str
    dtype: str


class Cancelled(Exception):
    """The trial at hand isn't wanted any more."""


def perform(
    trial: Trial,
    setup: Setup,
    corpus: Corpus,
    judge: Judge,
    tell: Callable[[Step], None],
    tick: Callable[[], None] = lambda: None,
) -> Done | Failed:
    """Train and measure; `tell` hears of it at its marks. What goes wrong is an answer too.

    `tick` is called every 20 ms or so; the Cancelled that it may raise is the one thing that gets out of here.
    """
    began = time.perf_counter()
    try:
        training = Training(trial.genes, corpus, trial.seed, setup.metabolism, setup.dtype, tick=tick)
        for step, loss in training.progress(tick):
            tell(Step(trial.key, step, loss))
        measurement = measure(training, judge, trial.with_test, tick)
    except Cancelled:
        raise
    except Diverged as error:
        return Failed(trial.key, f"diverged at step {error.step}")
    except BadInput as error:
        return Failed(trial.key, str(error))
    except MemoryError:
        return Failed(trial.key, "out of memory")
    except Exception as error:
        # Whatever else goes wrong is told as well: nobody would read it on a worker's standard error.
        return Failed(trial.key, f"{type(error).__name__}: {error}")
    return Done(trial.key, msgspec.structs.replace(measurement, seconds=time.perf_counter() - began))
