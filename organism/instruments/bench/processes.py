"""What takes processes, by the clock on the wall: workers, start-up, a default evolution."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from statistics import median

import msgspec

from ...corpus import Corpus
from ...errors import Failure
from ...events import GenerationEnd, GenerationStart, Judged
from ...genes import PRIMORDIAL
from ...home import Home
from ...life.life import Life
from ...life.plan import Plan, data_name
from ...trial import Done, Failed, Key, Step, Trial
from ...workers.pool import Pool
from .turns import REPEATS, Tell, in_turns, timed

COMPILED = (("tape", "float64"), ("fused", "float64"), ("fused", "float32"))


class Crew(msgspec.Struct, frozen=True):
    """What so many workers get done; `speedup` is over one of them."""

    workers: int
    trainings_per_second: float
    speedup: float


class Startup(msgspec.Struct, frozen=True):
    """How long it takes to get going. The warm start is that of `organism train --steps 1`, as a whole process."""

    python_seconds: float
    import_seconds: float
    cold_compile_seconds: dict[str, float]
    warm_start_seconds: dict[str, float]
    worker_first_step_ms: float


class Evolution(msgspec.Struct, frozen=True):
    """A generation of a default evolution."""

    workers: int
    evaluations_per_second: float


def crews(corpus: Corpus, most: int, tell: Tell) -> tuple[Crew, ...]:
    """How many trainings of the preset 1, 2, 4 ... `most` workers finish in a second."""
    sizes = sorted({*(1 << i for i in range(most.bit_length()) if 1 << i <= most), most})
    with ExitStack() as opened:
        pools = {size: opened.enter_context(closing(Pool(corpus, "tape", "float64", size))) for size in sizes}
        for pool in pools.values():
            _finish(pool, range(2 * pool.size))  # everybody is there, and warm
        work = {
            f"{size} at once": partial(timed, time.perf_counter, _finish, pool, range(24 * size))
            for size, pool in pools.items()
        }
        rates = [24 * size / seconds for size, seconds in zip(sizes, in_turns(work, tell).values(), strict=True)]
    return tuple(Crew(size, rate, rate / rates[0]) for size, rate in zip(sizes, rates, strict=True))


def _finish(pool: Pool, ids: Iterable[int]) -> None:
    """Have the pool train the preset once for each id."""
    waiting = set(ids)
    for id in ids:
        pool.submit(Trial(Key(id, 0), PRIMORDIAL, seed=id))
    while waiting:
        for happening in pool.events():
            if isinstance(happening, Failed):
                raise Failure(f"a worker failed: {happening.reason}")
            if isinstance(happening, Done):
                waiting.discard(happening.key.id)


def startup(corpus: Corpus, tell: Tell) -> Startup:
    """Processes from nothing, with and without compiled code on disk, and a worker from the pool."""
    tell("cold compile", 0.0)
    cold = {f"{metabolism} {dtype}": _cold_compile(metabolism, dtype) for metabolism, dtype in COMPILED}
    imports = "import organism.mind.training; from organism.mind.metabolism import fused, tape"
    commands: dict[str, tuple[str, ...]] = {"python": ("-c", "pass"), "import": ("-c", imports)}
    with tempfile.TemporaryDirectory() as home:
        train = ("-m", "organism", "train", "--steps", "1", "--home", home, "--data", corpus.name)
        for metabolism, dtype in COMPILED:
            commands[f"{metabolism} {dtype}"] = (*train, "--metabolism", metabolism, "--dtype", dtype)
        for command in commands.values():
            _python(*command)  # compiled code and files are in place
        starts = {name: partial(timed, time.perf_counter, _python, *command) for name, command in commands.items()}
        warm = in_turns(starts, tell)
    python = warm.pop("python")
    return Startup(
        python_seconds=python,
        import_seconds=warm.pop("import") - python,
        cold_compile_seconds=cold,
        warm_start_seconds=warm,
        worker_first_step_ms=1e3 * first_step(corpus),
    )


def _cold_compile(metabolism: str, dtype: str) -> float:
    """Seconds of another process to compile a metabolism of which nothing is on disk."""
    with tempfile.TemporaryDirectory() as folder:
        code = (
            f"import time, pathlib; from organism.mind.metabolism import compiled\n"
            f"compiled.cache_folder = lambda: pathlib.Path({folder!r})\n"
            f"from organism.mind.metabolism.build import prepare; began = time.perf_counter()\n"
            f"prepare({metabolism!r}, {dtype!r}); print(time.perf_counter() - began)"
        )
        return float(_python("-c", code))


def _python(*arguments: str) -> str:
    """What another Python process prints."""
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Failure(f"a process that was to be measured failed: {ran.stderr.strip().splitlines()[-1:]}")
    return ran.stdout


def first_step(corpus: Corpus) -> float:
    """Seconds from asking for a new worker to its first step of the preset, the fork server being warm."""
    times = []
    for i in range(REPEATS + 1):
        with closing(Pool(corpus, "tape", "float64", 1)) as pool:
            began = time.perf_counter()
            pool.submit(Trial(Key(i, 0), msgspec.structs.replace(PRIMORDIAL, num_steps=1), seed=i))
            while not any(isinstance(happening, Step) for happening in pool.events()):
                pass
            times.append(time.perf_counter() - began)
    return median(times[1:])  # the first one waited for the fork server


def evolution(corpus: Corpus, workers: int, tell: Tell) -> Evolution:
    """Two generations of a default evolution, from the first birth to the last judgement."""
    tell("two generations", 0.0)
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(seed=1, generations=2, data=data_name(corpus.name), whole_life=False)
        judged, began, ended = 0, 0.0, 0.0
        with closing(Life.begin(Home(Path(folder)), plan, workers)) as life:
            for event in life.events():
                if isinstance(event, GenerationStart):
                    began = began or time.perf_counter()
                elif isinstance(event, Judged):
                    judged, ended = judged + 1, time.perf_counter()
                    tell(f"{judged} trainings", min(0.99, judged / 20))
                elif isinstance(event, GenerationEnd) and event.generation == 2:
                    break
    return Evolution(workers, judged / (ended - began))
