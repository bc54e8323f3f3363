"""The same preset by every metabolism of this program and by any outside program, in turns, in one table.

An outside program is run as given and timed. Its last loss, its names, and the time that it says its training took are
read from what it prints where it prints them as microgpt.py does: `step 1000 / 1000 | loss 2.6497`, `sample  1: kamon`
and `Training time: 0.381 seconds`. Whatever it doesn't say stays unknown.

`val` would take minutes: it takes its first steps only, and the rest of its time is reckoned from those.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from statistics import median

import msgspec
import numpy as np

from ...corpus import Corpus
from ...errors import BadInput
from ...genes import PRIMORDIAL
from ...mind.metabolism.build import prepare
from ...mind.sampling import dreams
from ...mind.training import Training
from .turns import Tell

OWN = (("tape", "float64"), ("fused", "float64"), ("fused", "float32"), ("val", "float64"))
FIRST_STEPS = 20
SAMPLES = 20
LOSS = re.compile(r"\bloss\s+([-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf))", re.IGNORECASE)
SAMPLE = re.compile(r"^\s*sample\s+\d+:\s*(\S*)", re.MULTILINE)
TRAINING = re.compile(r"Training time:\s*(\d+(?:\.\d+)?)")


class Timing(msgspec.Struct, frozen=True):
    """What one run came to. `seconds` is everything, `training` the steps alone; None is not said.

    `early` is the mean loss of the first steps, for a run that takes no more of them.
    """

    seconds: float
    training: float | None = None
    loss: float | None = None
    names: tuple[str, ...] = ()
    failure: str | None = None
    early: float | None = None


class Compared(msgspec.Struct, frozen=True):
    """One line of the table: medians over all runs, the loss and names of the last.

    `ratio` is its training time, or else its whole time, over that of the first line. `agrees` says whether the loss
    is that of the first line to the four digits that are printed (of `val`, the loss of the first steps).
    """

    name: str
    seconds: float
    training: float | None
    ratio: float | None
    loss: float | None
    names: tuple[str, ...]
    agrees: bool | None
    note: str = ""


def parse_peers(texts: Sequence[str]) -> dict[str, str]:
    """The shell command of each outside program that --peer named. Raises BadInput, also where a name isn't its own."""
    own = {f"{metabolism} {dtype}" for metabolism, dtype in OWN}
    peers: dict[str, str] = {}
    for text in texts:
        name, _, command = (part.strip() for part in text.partition("="))
        if not (name and command):
            raise BadInput(f"--peer {text}: must be NAME=COMMAND, such as --peer 'c=./microgpt'")
        if name in own or name in peers:
            raise BadInput(f"--peer {text}: the name {name} is taken: each line of the table needs its own")
        peers[name] = command
    return peers


def compare(corpus: Corpus, peers: Mapping[str, str], repeats: int, tell: Tell) -> list[Compared]:
    """Every metabolism and every peer `repeats` times, in turns."""
    contenders: dict[str, Callable[[], Timing]] = {}
    for metabolism, dtype in OWN:
        prepare(metabolism, dtype)
        contenders[f"{metabolism} {dtype}"] = partial(train, corpus, metabolism, dtype)
    contenders |= {name: partial(outside, command) for name, command in peers.items()}
    timings: dict[str, list[Timing]] = {name: [] for name in contenders}
    for repeat in range(repeats):
        for i, (name, contender) in enumerate(contenders.items()):
            tell(name, (repeat + i / len(contenders)) / repeats)
            if not (timings[name] and timings[name][-1].failure):
                timings[name].append(contender())
    return summed_up(timings)


def summed_up(timings: dict[str, list[Timing]]) -> list[Compared]:
    """The table that the runs come to, in their order; the others are compared with the first."""
    compared: list[Compared] = []
    for name, runs in timings.items():
        last, seconds = runs[-1], median(run.seconds for run in runs)
        times = [run.training for run in runs if run.training is not None]
        training = median(times) if times else None
        unit = (compared[0].training or compared[0].seconds) if compared else training or seconds
        ratio = None if last.failure else (training or seconds) / unit
        agrees = agree(last, next(iter(timings.values()))[-1])
        compared.append(Compared(name, seconds, training, ratio, last.loss, last.names, agrees, last.failure or ""))
    return compared


def agree(run: Timing, other: Timing) -> bool | None:
    """Whether two runs lost the same, to the four digits that are printed; None if that can't be said."""
    mine, theirs = (run.loss, other.loss) if run.loss is not None else (run.early, other.early)
    return None if mine is None or theirs is None else abs(mine - theirs) <= 0.5001e-4


def train(corpus: Corpus, metabolism: str, dtype: str) -> Timing:
    """Preset `microgpt` by this program: 1000 steps, then twenty names. `val` takes its first steps only."""
    steps = FIRST_STEPS if metabolism == "val" else PRIMORDIAL.num_steps
    began = time.perf_counter()
    training = Training(PRIMORDIAL, corpus, 42, metabolism, dtype, corpus.documents)
    before = time.perf_counter()
    losses = training.advance(steps)
    taken, early = time.perf_counter() - before, float(losses[:FIRST_STEPS].mean())
    if steps < PRIMORDIAL.num_steps:
        tokens = np.minimum(PRIMORDIAL.block_size, np.diff(training.starts) - 1)
        rest = taken * (float(tokens[: PRIMORDIAL.num_steps].sum() / tokens[:steps].sum()) - 1)
        return Timing(time.perf_counter() - began + rest, taken + rest, early=early)
    dreamt = dreams(training.creature(), SAMPLES, training.rng, limit=PRIMORDIAL.block_size)
    names = tuple(dream.text for dream in dreamt)
    return Timing(time.perf_counter() - began, taken, float(losses[-1]), names, early=early)


def outside(command: str) -> Timing:
    """Run a shell command to its end, or end it and all its children with this process."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, complaint = process.communicate()
    except BaseException:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    seconds = time.perf_counter() - began
    if process.returncode:
        last = (complaint.strip() or said.strip()).splitlines()[-1:]
        return Timing(seconds, failure=" ".join([f"failed with status {process.returncode}", *last]))
    return read(said.replace("\r", "\n"), seconds)


def read(said: str, seconds: float) -> Timing:
    """What a program that printed `said` tells of its run."""
    losses, training = LOSS.findall(said), TRAINING.findall(said)
    return Timing(
        seconds,
        float(training[-1]) if training else None,
        float(losses[-1]) if losses else None,
        tuple(SAMPLE.findall(said)),
    )
