"""What is computed in this process, in its own processor time: the ladder, shapes, six micro-benchmarks.

All measuring is done with the creature of preset `microgpt` unless its shape is what varies, on the first 1,000
documents of a corpus.
"""

import random
from collections.abc import Callable
from functools import cache, partial

import msgspec
import numpy as np

from ...corpus import Corpus
from ...genes import PRIMORDIAL, Genes
from ...mind.adam import Adam
from ...mind.gpt import GPT, Architecture
from ...mind.metabolism.build import build, prepare
from ...mind.metabolism.compiled import fragment
from ...mind.metabolism.graph import Graph
from ...mind.metabolism.simd import host_lanes, load, pointer, store
from ...mind.training import architecture_of, initial_weights
from ...mind.val import Val
from .turns import REPEATS, Tell, clock, in_turns, part_of, timed

Way = tuple[str, str, int]
"""How to train: metabolism, dtype, documents a step."""

DOCUMENTS = 1_000
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


class Micro(msgspec.Struct, frozen=True):
    """One of six small things that every implementation of this program can be asked to do."""

    name: str
    description: str
    iterations: int
    time_ms: float
    ops_per_sec: float


class Runner:
    """One creature in one way, which can be asked again and again to train from birth on so many names."""

    def __init__(self, corpus: Corpus, genes: Genes, way: Way, names: int):
        metabolism, dtype, batch = way
        documents = corpus.documents[:DOCUMENTS]
        self.tokens, self.starts = corpus.encode(documents)
        self.lengths = np.minimum(genes.block_size, np.diff(self.starts) - 1)
        # A few documents from all over stand for all, by the number of their predictions.
        order = np.arange(0, len(documents), max(1, len(documents) // names))
        self.order = np.resize(order, (max(1, names // batch), batch))
        prepare(metabolism, dtype)
        self.architecture = architecture_of(genes, corpus.vocab_size)
        self.mind = build(metabolism, self.architecture, corpus.longest, dtype)
        self.newborn = initial_weights(self.architecture, genes, random.Random(0), dtype)
        self.rates = np.full(len(self.order), genes.learning_rate)

    def us_per_name(self) -> float:
        """Microseconds for a name of average length, forward, backward and Adam's share."""
        weights = self.newborn.copy()
        memory = Adam.for_weights(weights)
        seconds = timed(clock, self.mind.train, weights, memory, self.tokens, self.starts, self.order, self.rates)
        return float(1e6 * seconds / self.lengths[self.order].sum() * self.lengths.mean())

    def operations_per_name(self) -> float:
        """Useful operations: those of the dot products, as `operations` counts them, and Adam's share."""
        each = float(np.mean([operations(self.architecture, int(n)) for n in self.lengths]))
        return each + 11 * self.architecture.parameters / self.order.shape[1]


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
    runners = {way: Runner(corpus, PRIMORDIAL, way, 12 if way[0] == "val" else DOCUMENTS) for way in RUNGS}
    paces = _paces(runners, peaks, tell)
    slowest = paces[RUNGS[0]][0]
    return tuple(Rung(*way, us, us / slowest, gflops, share) for way, (us, gflops, share) in paces.items())


def shapes(corpus: Corpus, peaks: dict[str, float], tell: Tell) -> tuple[Shape, ...]:
    """From narrow to wide and from shallow to deep."""
    found = []
    for i, (n_embd, n_layer) in enumerate(SHAPES):
        genes = msgspec.structs.replace(PRIMORDIAL, n_embd=n_embd, n_layer=n_layer)
        names = max(16, min(320, 2_000_000 // (n_embd * n_embd * n_layer)) // 16 * 16)
        runners = {way: Runner(corpus, genes, way, names) for way in SHAPED}
        params = runners[SHAPED[0]].architecture.parameters
        paces = _paces(runners, peaks, part_of(tell, i, len(SHAPES), f"{n_embd} wide, {n_layer} deep, "))
        found += [Shape(n_embd, n_layer, params, *way, *pace) for way, pace in paces.items()]
    return tuple(found)


def _paces(runners: dict[Way, Runner], peaks: dict[str, float], tell: Tell) -> dict[Way, tuple[float, float, float]]:
    """For each way the microseconds a name, the Gflop/s, and their share of the core's peak."""
    times = in_turns({f"{m} {d}, {b} a step": runner.us_per_name for (m, d, b), runner in runners.items()}, tell)
    found = {}
    for (way, runner), us in zip(runners.items(), times.values(), strict=True):
        gflops = runner.operations_per_name() / us / 1e3
        found[way] = us, gflops, gflops / peaks[way[1]]
    return found


@cache
def _multiply_add(lanes: int) -> Callable:
    """x <- x a + b in twelve vectors that don't wait for each other: as many operations as a core can do."""

    @fragment
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
        work, numbers = _multiply_add(lanes), np.full(2 * lanes, 0.5, dtype)
        work(numbers, 1)  # the first time it's compiled
        seconds = min(timed(clock, work, numbers, rounds) for _ in range(REPEATS))
        peaks[dtype] = 2 * 12 * lanes * rounds / seconds / 1e9
    return peaks


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
        mind.train(weights.copy(), memory, tokens, starts, order, np.full(n, 0.01))

    chain = forward(500)
    works = (
        ("random_1m", "uniform random numbers", 1_000_000, lambda n: [rng.random() for _ in range(n)]),
        ("gauss_100k", "normally distributed random numbers", 100_000, lambda n: [rng.gauss(0, 1) for _ in range(n)]),
        ("value_forward_10k", "operations on scalars", 10_000, lambda n: forward(n // 2)),
        ("value_backward_1k", "scalars swept backward", 1_000, lambda n: chain.backward()),
        ("gpt_forward_10", "positions through the creature of scalars", 10, logits),
        ("training_step_1", "training step of the creature of scalars", 1, step),
    )

    times = in_turns({name: partial(timed, clock, work, n) for name, _, n, work in works}, tell)
    return tuple(Micro(name, about, n, 1e3 * times[name], n / times[name]) for name, about, n, _ in works)
