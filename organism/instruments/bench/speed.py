"""How fast it is: the ladder of metabolisms, shapes, workers, start-up, a default evolution, six micro-benchmarks.

Whatever is compared is measured in turns, over and over, and the median counts: a machine that is busy for a while is
busy for all of them. What is computed in this process is measured in its own processor time, everything else by the
clock on the wall. All measuring is done with the creature of preset `microgpt` unless its shape is what varies, on
the first 1,000 documents of a corpus.

    report = run(corpus, parts=("ladder",), workers=2, tell=print)
"""

import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from statistics import median

import msgspec
import numpy as np

from ...corpus import Corpus
from ...errors import Failure
from ...events import GenerationEnd, GenerationStart, Judged
from ...genes import PRIMORDIAL, Genes
from ...home import Home
from ...life.life import Life, data_name, versions
from ...life.plan import Plan
from ...mind.adam import Adam, AdamConstants
from ...mind.gpt import GPT, Architecture
from ...mind.metabolism.compiled import kernel
from ...mind.metabolism.graph import Graph
from ...mind.metabolism.simd import host_lanes, load, pointer, store
from ...mind.training import architecture_of, build, initial_weights, prepare
from ...mind.val import Val
from ...trial import Done, Failed, Key, Step, Trial
from ...workers.pool import Pool

PARTS = ("ladder", "shapes", "workers", "startup", "evolution", "benchmarks")
DOCUMENTS = 1_000
REPEATS = 7
RUNGS = (
    ("val", "float64", 1),
    ("tape", "float64", 1),
    ("fused", "float64", 1),
    ("fused", "float32", 1),
    ("fused", "float64", 16),
    ("fused", "float32", 16),
)
SHAPES = ((8, 1), (16, 1), (16, 3), (32, 1), (32, 4), (64, 2), (64, 6), (128, 1), (128, 6))
SHAPED = (("tape", "float64", 1), ("fused", "float64", 1), ("fused", "float32", 16))


class Rung(msgspec.Struct, frozen=True):
    """One way to train the preset. `ratio_to_val` is its time over that of `val`, `share_of_peak` of this core's."""

    metabolism: str
    dtype: str
    batch_size: int
    us_per_name: float
    ratio_to_val: float
    gflops: float
    share_of_peak: float


class Shape(msgspec.Struct, frozen=True):
    """One way to train a creature of another width and depth."""

    n_embd: int
    n_layer: int
    params: int
    metabolism: str
    dtype: str
    batch_size: int
    us_per_name: float
    gflops: float
    share_of_peak: float


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


class Micro(msgspec.Struct, frozen=True):
    """One of six small things that every implementation of this program can be asked to do."""

    name: str
    description: str
    iterations: int
    time_ms: float
    ops_per_sec: float


class Report(msgspec.Struct, frozen=True):
    """Everything that was measured; what wasn't asked for is empty or None."""

    language: str
    version: str
    cpu: str
    timestamp: str
    versions: dict[str, str]
    corpus: str
    peak_gflops: dict[str, float] = {}
    ladder: tuple[Rung, ...] = ()
    shapes: tuple[Shape, ...] = ()
    workers: tuple[Crew, ...] = ()
    startup: Startup | None = None
    evolution: Evolution | None = None
    benchmarks: tuple[Micro, ...] = ()


Tell = Callable[[str, float], None]

# The processor time of this thread, where it's told finely enough.
clock = time.thread_time if time.get_clock_info("thread_time").resolution < 1e-6 else time.perf_counter


def run(corpus: Corpus, parts: Sequence[str], workers: int, tell: Tell) -> Report:
    """Measure `parts` of PARTS. `tell` is called with what is being measured and how much of all is done."""
    report = Report(
        language=f"Python {platform.python_version()}",
        version=metadata.version("organism"),
        cpu=cpu(),
        timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
        corpus=corpus.name,
    )
    for i, part in enumerate(parts):

        def telling(said: str, share: float, part: str = part, i: int = i) -> None:
            tell(f"{part}: {said}", (i + share) / len(parts))

        found: dict = {}
        match part:
            case "ladder":
                peaks = peak_gflops()
                found = {"peak_gflops": peaks, "ladder": ladder(corpus, peaks, telling)}
            case "shapes":
                peaks = report.peak_gflops or peak_gflops()
                found = {"peak_gflops": peaks, "shapes": shapes(corpus, peaks, telling)}
            case "workers":
                found = {"workers": crews(corpus, workers, telling)}
            case "startup":
                found = {"startup": startup(corpus, telling)}
            case "evolution":
                found = {"evolution": evolution(corpus, workers, telling)}
            case "benchmarks":
                found = {"benchmarks": micro_benchmarks(corpus, telling)}
        report = msgspec.structs.replace(report, **found)
    return report


def cpu() -> str:
    """What the processor calls itself."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def in_turns(contenders: Sequence[Callable[[], float]], repeats: int, tell: Tell, names: Sequence[str]) -> list[float]:
    """The median of what each contender returns, asked in turns, `repeats` times."""
    measured: list[list[float]] = [[] for _ in contenders]
    for repeat in range(repeats):
        for i, contender in enumerate(contenders):
            tell(names[i], (repeat + i / len(contenders)) / repeats)
            measured[i].append(contender())
    return [median(times) for times in measured]


# --- ladder and shapes


class Runner:
    """One creature under one metabolism, which can be asked again and again to train from birth."""

    def __init__(self, corpus: Corpus, genes: Genes, rung: tuple[str, str, int], names: int):
        self.metabolism, dtype, batch = rung
        self.name = f"{self.metabolism} {dtype}, {batch} a step"
        documents = corpus.documents[:DOCUMENTS]
        self.tokens, self.starts = corpus.encode(documents)
        self.lengths = np.minimum(genes.block_size, np.diff(self.starts) - 1)
        # A few documents from all over stand for all, by the number of their predictions.
        order = np.arange(0, len(documents), max(1, len(documents) // names))
        self.order = np.resize(order, (max(1, names // batch), batch))
        prepare(self.metabolism, dtype)
        self.architecture = architecture_of(genes, corpus.vocab_size)
        self.mind = build(self.metabolism, self.architecture, corpus.longest, dtype)
        self.newborn = initial_weights(self.architecture, genes, random.Random(0), dtype)
        self.rates = np.full(len(self.order), genes.learning_rate)

    def us_per_name(self) -> float:
        """Microseconds for a name of average length, forward, backward and Adam's share."""
        weights = self.newborn.copy()
        memory = Adam.for_weights(weights)
        began = clock()
        self.mind.train(weights, memory, self.tokens, self.starts, self.order, self.rates, AdamConstants())
        seconds = clock() - began
        return float(1e6 * seconds / self.lengths[self.order].sum() * self.lengths.mean())

    def gflops(self, us_per_name: float) -> float:
        """Useful operations a second: those of the dot products and of Adam, as `operations` counts them."""
        batch = self.order.shape[1]
        each = float(np.mean([operations(self.architecture, int(n)) for n in self.lengths]))
        return (each + 11 * self.architecture.parameters / batch) / us_per_name / 1e3


def operations(shape: Architecture, n: int) -> int:
    """Multiplications and additions of the dot products in training on `n` predictions.

    Each weight of a matrix is multiplied once per position going forward and twice going back. So is each pair of
    positions in attention, once for scores and once for values.
    """
    weights = shape.parameters - (shape.vocab_size + shape.block_size) * shape.n_embd
    pairs = n * (n + 1) // 2
    return 2 * 3 * (n * weights + 2 * pairs * shape.n_layer * shape.n_embd)


def ladder(corpus: Corpus, peaks: dict[str, float], tell: Tell) -> tuple[Rung, ...]:
    """All metabolisms on the preset."""
    runners = [Runner(corpus, PRIMORDIAL, rung, 12 if rung[0] == "val" else DOCUMENTS) for rung in RUNGS]
    times = in_turns([runner.us_per_name for runner in runners], REPEATS, tell, [runner.name for runner in runners])
    rungs = []
    for (metabolism, dtype, batch), runner, us in zip(RUNGS, runners, times, strict=True):
        rate = runner.gflops(us)
        rungs.append(Rung(metabolism, dtype, batch, us, us / times[0], rate, rate / peaks[dtype]))
    return tuple(rungs)


def shapes(corpus: Corpus, peaks: dict[str, float], tell: Tell) -> tuple[Shape, ...]:
    """From narrow to wide and from shallow to deep."""
    found = []
    for i, (n_embd, n_layer) in enumerate(SHAPES):
        genes = msgspec.structs.replace(PRIMORDIAL, n_embd=n_embd, n_layer=n_layer)

        def telling(said: str, share: float, i: int = i, size: str = f"{n_embd} wide, {n_layer} deep") -> None:
            tell(f"{size}, {said}", (i + share) / len(SHAPES))

        names = max(16, min(320, 2_000_000 // (n_embd * n_embd * n_layer)) // 16 * 16)
        runners = [Runner(corpus, genes, rung, names) for rung in SHAPED]
        times = in_turns([runner.us_per_name for runner in runners], REPEATS, telling, [r.name for r in runners])
        for (metabolism, dtype, batch), runner, us in zip(SHAPED, runners, times, strict=True):
            rate, params = runner.gflops(us), runner.architecture.parameters
            found.append(Shape(n_embd, n_layer, params, metabolism, dtype, batch, us, rate, rate / peaks[dtype]))
    return tuple(found)


@cache
def _multiply_add(lanes: int) -> Callable:
    """x <- x a + b in twelve vectors that don't wait for each other: as many operations as a core can do."""

    @kernel()
    def run(numbers, rounds):
        p = pointer(numbers, lanes)
        a, b = load(p, 0), load(p, lanes)
        c = d = e = f = g = h = i = j = k = m = n = o = b
        for _ in range(rounds):
            c, d, e, f, g, h = c * a + b, d * a + b, e * a + b, f * a + b, g * a + b, h * a + b
            i, j, k, m, n, o = i * a + b, j * a + b, k * a + b, m * a + b, n * a + b, o * a + b
        store(p, 0, c + d + e + f + g + h + i + j + k + m + n + o)

    return run


def peak_gflops(rounds: int = 2_000_000) -> dict[str, float]:
    """Billions of multiplications and additions a second that one core of this machine reaches, by dtype."""
    peaks = {}
    for dtype in ("float64", "float32"):
        lanes = host_lanes(np.dtype(dtype).itemsize)
        work, numbers, times = _multiply_add(lanes), np.full(2 * lanes, 0.5, dtype), []
        for i in range(REPEATS + 1):
            began = clock()
            work(numbers, rounds if i else 1)  # the first time it's compiled
            times.append(clock() - began)
        peaks[dtype] = 2 * 12 * lanes * rounds / min(times[1:]) / 1e9
    return peaks


# --- workers, start-up, evolution


def crews(corpus: Corpus, most: int, tell: Tell) -> tuple[Crew, ...]:
    """How many trainings of the preset 1, 2, 4 ... `most` workers finish in a second."""
    sizes = sorted({*(1 << i for i in range(most.bit_length()) if 1 << i <= most), most})
    pools = [Pool(corpus, "tape", "float64", size) for size in sizes]
    try:
        for pool in pools:
            _finish(pool, range(2 * pool.size))  # everybody is there, and warm

        def rate(pool: Pool) -> Callable[[], float]:
            def measure() -> float:
                trainings = range(24 * pool.size)
                began = time.perf_counter()
                _finish(pool, trainings)
                return len(trainings) / (time.perf_counter() - began)

            return measure

        rates = in_turns([rate(pool) for pool in pools], 5, tell, [f"{size} at once" for size in sizes])
    finally:
        for pool in pools:
            pool.close()
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
    cold = {}
    kinds = (("tape", "float64"), ("fused", "float64"), ("fused", "float32"))
    for metabolism, dtype in kinds:
        with tempfile.TemporaryDirectory() as folder:
            code = (
                f"import time, pathlib; from organism.mind.metabolism import compiled\n"
                f"compiled.cache_folder = lambda: pathlib.Path({folder!r})\n"
                f"from organism.mind.training import prepare; began = time.perf_counter()\n"
                f"prepare({metabolism!r}, {dtype!r}); print(time.perf_counter() - began)"
            )
            cold[f"{metabolism} {dtype}"] = float(_python("-c", code))
    with tempfile.TemporaryDirectory() as home:
        commands = {
            "python": ("-c", "pass"),
            "import": (
                "-c",
                "import organism.mind.training; from organism.mind.metabolism import fused, tape",
            ),
            "tape float64": _training(home, corpus, "tape", "float64"),
            "fused float64": _training(home, corpus, "fused", "float64"),
            "fused float32": _training(home, corpus, "fused", "float32"),
        }
        for command in commands.values():
            _python(*command)  # compiled code and files are in place
        contenders = [lambda command=command: _timed(command) for command in commands.values()]
        python, imported, *warm = in_turns(contenders, REPEATS, tell, [f"warm, {name}" for name in commands])
    return Startup(
        python_seconds=python,
        import_seconds=imported - python,
        cold_compile_seconds=cold,
        warm_start_seconds={f"{m} {d}": seconds for (m, d), seconds in zip(kinds, warm, strict=True)},
        worker_first_step_ms=1e3 * first_step(corpus),
    )


def _training(home: str, corpus: Corpus, metabolism: str, dtype: str) -> tuple[str, ...]:
    flags = ("--steps", "1", "--home", home, "--data", corpus.name, "--metabolism", metabolism, "--dtype", dtype)
    return ("-m", "organism", "train", *flags)


def _python(*arguments: str) -> str:
    """What another Python process prints."""
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Failure(f"a process that was to be measured failed: {ran.stderr.strip().splitlines()[-1:]}")
    return ran.stdout


def _timed(arguments: Sequence[str]) -> float:
    began = time.perf_counter()
    _python(*arguments)
    return time.perf_counter() - began


def first_step(corpus: Corpus) -> float:
    """Seconds from asking for a new worker to its first step of the preset, the fork server being warm."""
    times = []
    for i in range(REPEATS + 1):
        pool = Pool(corpus, "tape", "float64", 1)
        try:
            began = time.perf_counter()
            pool.submit(Trial(Key(i, 0), msgspec.structs.replace(PRIMORDIAL, num_steps=1), seed=i))
            while not any(isinstance(happening, Step) for happening in pool.events()):
                pass
            times.append(time.perf_counter() - began)
        finally:
            pool.close()
    return median(times[1:])  # the first one waited for the fork server


def evolution(corpus: Corpus, workers: int, tell: Tell) -> Evolution:
    """Two generations of a default evolution, from the first birth to the last judgement."""
    tell("two generations", 0.0)
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(seed=1, generations=2, data=data_name(corpus.name), whole_life=False)
        life = Life.begin(Home(Path(folder)), plan, workers)
        judged, began, ended = 0, 0.0, 0.0
        try:
            for event in life.events():
                if isinstance(event, GenerationStart):
                    began = began or time.perf_counter()
                elif isinstance(event, Judged):
                    judged, ended = judged + 1, time.perf_counter()
                    tell(f"{judged} trainings", min(0.99, judged / 20))
                elif isinstance(event, GenerationEnd) and event.generation == 2:
                    break
        finally:
            life.close()
    return Evolution(workers, judged / (ended - began))


# --- micro-benchmarks


def micro_benchmarks(corpus: Corpus, tell: Tell) -> tuple[Micro, ...]:
    """Random numbers, scalars, and one creature made of them: plain Python throughout."""
    rng = random.Random(42)
    shape = architecture_of(PRIMORDIAL, corpus.vocab_size)
    weights = initial_weights(shape, PRIMORDIAL, random.Random(42), "float64")
    gpt = GPT(shape, shape.matrices([Val(weight) for weight in weights.tolist()]))
    tokens, starts = corpus.encode(corpus.documents[:1])
    mind = Graph(shape, min(PRIMORDIAL.block_size, corpus.longest + 1))

    def forward(n: int) -> Val:
        value = Val(1.0)
        for _ in range(n):
            value = value * 1.0001 + 0.0001
        return value

    def logits(n: int) -> None:
        keys, values = gpt.cache(), gpt.cache()
        for position in range(n):
            gpt(position % corpus.vocab_size, position, keys, values)

    def step(n: int) -> None:
        memory, order = Adam.for_weights(weights), np.zeros((n, 1), np.int64)
        mind.train(weights.copy(), memory, tokens, starts, order, np.full(n, 0.01), AdamConstants())

    chain = forward(500)
    works = (
        ("random_1m", "uniform random numbers", 1_000_000, lambda n: [rng.random() for _ in range(n)]),
        ("gauss_100k", "normally distributed random numbers", 100_000, lambda n: [rng.gauss(0, 1) for _ in range(n)]),
        ("value_forward_10k", "operations on scalars", 10_000, lambda n: forward(n // 2)),
        ("value_backward_1k", "scalars swept backward", 1_000, lambda n: chain.backward()),
        ("gpt_forward_10", "positions through the creature of scalars", 10, logits),
        ("training_step_1", "training step of the creature of scalars", 1, step),
    )

    def timer(work: Callable[[int], object], n: int) -> Callable[[], float]:
        def measure() -> float:
            began = clock()
            work(n)
            return clock() - began

        return measure

    contenders = [timer(work, n) for _, _, n, work in works]
    times = in_turns(contenders, REPEATS, tell, [name for name, *_ in works])
    return tuple(
        Micro(name, description, n, 1e3 * seconds, n / seconds)
        for (name, description, n, _), seconds in zip(works, times, strict=True)
    )
