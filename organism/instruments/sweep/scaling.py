"""What more training, more parameters or more compute buy: returns with their reading, a power law, the Pareto-best.

Pure functions of what was measured. Every statement is set against the seeds' spread: a difference that seeds alone
could bring is `within noise`, whatever its sign, and an exponent comes with the interval in which it lies. One training
a point has no spread, so nothing is claimed of it.

Assumed are seeds that scatter independently, and alike at all points of one curve.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean, stdev

import msgspec
import numpy as np

from ...genes import ARCHITECTURE, GENES, TRAITS, Genes, spelt
from .distributions import f_chance, t_chance, t_limit

DOUBT = 0.01  # How often flat noise may be read as a trend, or an exponent lie outside its interval.
DIMINISHED = 0.1  # A return under this share of the best one before it is a diminishing one.
EXPONENTS = np.geomspace(0.001, 10.0, 800)


class Repeated:
    """Something measured under several seeds: the mean and the spread of its `losses`."""

    losses: tuple[float, ...]

    @property
    def mean(self) -> float:
        return fmean(self.losses)

    @property
    def sd(self) -> float | None:
        """The sample standard deviation; None where one seed can't tell."""
        return stdev(self.losses) if len(self.losses) > 1 else None


class Point(Repeated, msgspec.Struct, frozen=True):
    """A creature of a sweep: what it was, what it cost, and its validation loss (nats per token) under each seed.

    `tokens` and `seconds` are means over the seeds, which shuffle the documents differently.
    """

    genes: Genes
    params: int
    tokens: float
    losses: tuple[float, ...]
    seconds: float = 0.0

    @property
    def compute(self) -> float:
        """Parameters times tokens learnt from. (Six times as many floating-point operations: Kaplan et al., 2020.)"""
        return self.params * self.tokens


class Axis(msgspec.Struct, frozen=True):
    """What a loss is set against. `own` are the genes that move a creature along it; `unit` is what a return is per."""

    name: str
    unit: float
    unit_name: str
    own: tuple[str, ...]
    value: Callable[[Point], float]


SIZES = tuple(gene for gene in ARCHITECTURE if gene not in TRAITS)
COSTS = tuple(gene for gene in GENES if gene not in TRAITS)

AXES = (
    Axis("steps", 1e3, "1,000 steps", ("num_steps",), lambda point: float(point.genes.num_steps)),
    Axis("parameters", 1e3, "1,000 parameters", SIZES, lambda point: float(point.params)),
    Axis("compute", 1e9, "10^9 parameter-tokens", COSTS, lambda point: point.compute),
)


class Sample(Repeated, msgspec.Struct, frozen=True):
    """The losses measured at one place of an axis, one for each seed."""

    x: float
    losses: tuple[float, ...]


class Return(msgspec.Struct, frozen=True):
    """What going from `start` to `end` brought: the drop in loss, the same per unit of the axis, and how to read it.

    `chance` is the probability that seeds alone bring as large a difference, None where there's no spread to judge by.
    `reading` is learning, diminishing, degrading or within noise.
    """

    start: float
    end: float
    drop: float
    per_unit: float
    chance: float | None
    reading: str


class PowerLaw(msgspec.Struct, frozen=True):
    """loss = floor + scale * x ** -exponent, with the exponent between `low` and `high` (99 % confidence).

    `high` is infinite where the samples can't bound it. `strays` is whether the samples stray from the law by more
    than their seeds do: the law is then a summary, and its interval too narrow.
    """

    exponent: float
    low: float
    high: float
    scale: float
    floor: float
    strays: bool

    def loss(self, x: float) -> float:
        return self.floor + self.scale * x**-self.exponent


class ScalingCurve(msgspec.Struct, frozen=True):
    """Creatures that differ along one axis only. `rest` holds the genes that they share where a sweep has several."""

    axis: str
    unit_name: str
    rest: dict[str, float | str]
    samples: tuple[Sample, ...]
    returns: tuple[Return, ...]
    law: PowerLaw | None

    @property
    def title(self) -> str:
        """What is set against what, and under which other genes."""
        rest = ", ".join(f"{gene} {spelt(value)}" for gene, value in self.rest.items())
        return f"loss against {self.axis}" + (f" ({rest})" if rest else "")


class Analysis(msgspec.Struct, frozen=True):
    """All that is said of a sweep. `pareto` are the places of those points that only more compute can better."""

    series: tuple[ScalingCurve, ...]
    pareto: tuple[int, ...]


def analyse(points: Sequence[Point]) -> Analysis:
    """Every curve along every axis, and the Pareto-best by mean loss. Points without a loss are passed over."""
    alive = [i for i, point in enumerate(points) if point.losses]
    curves = tuple(curve for axis in AXES for curve in along(axis, [points[i] for i in alive]))
    best = pareto([(points[i].compute, points[i].mean) for i in alive])
    return Analysis(curves, tuple(alive[i] for i in best))


def along(axis: Axis, points: Sequence[Point]) -> list[ScalingCurve]:
    """The curves of `points` along `axis`: those that agree in all other genes, if they lie at two places or more."""
    others = [gene for gene in GENES if gene not in axis.own]
    groups: dict[tuple, dict[float, list[float]]] = {}
    for point in points:
        places = groups.setdefault(tuple(getattr(point.genes, gene) for gene in others), {})
        places.setdefault(axis.value(point), []).extend(point.losses)
    curves = []
    for shared, places in groups.items():
        if len(places) > 1:
            samples = [Sample(x, tuple(losses)) for x, losses in sorted(places.items())]
            rest = {gene: shared[i] for i, gene in enumerate(others) if len({genes[i] for genes in groups}) > 1}
            found = tuple(returns(samples, axis.unit))
            curves.append(ScalingCurve(axis.name, axis.unit_name, rest, tuple(samples), found, power_law(samples)))
    return curves


def returns(samples: Sequence[Sample], unit: float) -> list[Return]:
    """What each step from one sample to the next brought, for samples in the order of their `x`.

    A difference of means is set against its standard error, t = drop / error. The error is that of the spread pooled
    over all samples, sqrt(s^2 (1/n + 1/m)), or that of the two samples' own spread where this is larger. The chances of
    all steps are judged together by Holm's method (Scandinavian Journal of Statistics 6, 1979): with noise alone, even
    one of them is taken for a trend in at most 1 of 100 curves.
    """
    freedom = sum(len(sample.losses) - 1 for sample in samples)
    pooled = sum((len(s.losses) - 1) * (s.sd or 0.0) ** 2 for s in samples) / freedom if freedom else None
    steps = list(pairwise(samples))
    chances: list[float | None] = [_chance(a, b, pooled, freedom) for a, b in steps]
    real = holm(chances, DOUBT)
    found: list[Return] = []
    for (a, b), chance, is_real in zip(steps, chances, real, strict=True):
        drop = a.mean - b.mean
        per_unit = drop / (b.x - a.x) * unit
        best = max((r.per_unit for r in found if r.reading in ("learning", "diminishing")), default=0.0)
        if not is_real:
            reading = "within noise"
        elif drop < 0:
            reading = "degrading"
        else:
            reading = "diminishing" if per_unit < DIMINISHED * best else "learning"
        found.append(Return(a.x, b.x, drop, per_unit, chance, reading))
    return found


def _chance(a: Sample, b: Sample, pooled: float | None, freedom: int) -> float | None:
    """The probability that seeds alone set the means of `a` and `b` so far apart; None without any spread."""
    if pooled is None:
        return None
    n, m = len(a.losses), len(b.losses)
    error = math.sqrt(max(pooled * (1 / n + 1 / m), (a.sd or 0.0) ** 2 / n + (b.sd or 0.0) ** 2 / m))
    drop = a.mean - b.mean
    if error == 0.0:
        return 1.0 if drop == 0.0 else 0.0
    return t_chance(drop / error, freedom)


def holm(chances: Sequence[float | None], rate: float) -> list[bool]:
    """Which of several chances are too small to be chance, so that one is taken wrongly at most at `rate`.

    The smallest of m is compared with rate / m, the next against rate / (m - 1), and so on up to the first that fails.
    """
    known = sorted((chance, i) for i, chance in enumerate(chances) if chance is not None)
    real = [False] * len(chances)
    for rank, (chance, i) in enumerate(known):
        if chance > rate / (len(known) - rank):
            break
        real[i] = True
    return real


def power_law(samples: Sequence[Sample]) -> PowerLaw | None:
    """The law loss = floor + scale x^-exponent, with floor and scale >= 0, that fits best by least squares.

    For a given exponent the other two are linear, so that the sum of squares is a function S of the exponent alone. Its
    minimum is the fit, and the exponent's interval is where (S - min S) / (min S / (N - 3)) <= t^2, the profile
    likelihood with t of N - 3 degrees of freedom and N losses (Bates and Watts, Nonlinear Regression Analysis, 1988).

    None where there are under three places or four losses, or where the loss doesn't fall with `x` beyond noise (an F
    test against a constant).
    """
    x = np.concatenate([np.full(len(sample.losses), sample.x) for sample in samples])
    y = np.concatenate([np.array(sample.losses) for sample in samples])
    freedom = len(y) - 3
    if len(samples) < 3 or freedom < 1:
        return None
    centre = math.exp(float(np.log(x).mean()))
    near, fits = EXPONENTS, _fits(EXPONENTS, x / centre, y)
    squares = fits[0]
    best = least = int(np.argmin(squares))
    for _ in range(4):  # Four times closer by 32.
        near = np.geomspace(near[max(0, best - 1)], near[min(len(near) - 1, best + 1)], 65)
        fits = _fits(near, x / centre, y)
        best = int(np.argmin(fits[0]))
    exponent, minimum, scale, floor = (float(values[best]) for values in (near, *fits))
    constant = float(((y - y.mean()) ** 2).sum())
    rounding = 1e-24 * float((y**2).sum())
    noise = max(minimum / freedom, rounding)
    if f_chance((constant - minimum) / 2 / noise, 2, freedom) > DOUBT:
        return None
    inside = np.flatnonzero(squares <= minimum + noise * t_limit(DOUBT, freedom) ** 2)
    first, last = (int(inside[0]), int(inside[-1])) if len(inside) else (least, least)
    return PowerLaw(
        exponent=exponent,
        low=0.0 if first == 0 else float(EXPONENTS[first - 1]),
        high=math.inf if last == len(EXPONENTS) - 1 else float(EXPONENTS[last + 1]),
        scale=scale * centre**exponent,
        floor=floor,
        strays=_strays(samples, minimum),
    )


def _fits(exponents: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sums of squares, scales, floors) of the best fit with each of the exponents."""
    basis = x ** -exponents[:, None]
    centred = basis - basis.mean(axis=1, keepdims=True)
    scales = centred @ y / (centred**2).sum(axis=1)
    floors = y.mean() - scales * basis.mean(axis=1)
    scales = np.where(floors < 0.0, basis @ y / (basis**2).sum(axis=1), scales)
    floors = np.where(floors < 0.0, 0.0, floors)
    floors = np.where(scales < 0.0, y.mean(), floors)
    scales = np.where(scales < 0.0, 0.0, scales)
    return ((y - floors[:, None] - scales[:, None] * basis) ** 2).sum(axis=1), scales, floors


def _strays(samples: Sequence[Sample], squares: float) -> bool:
    """Whether the means lie further from the fit than the seeds' spread explains: the F test for lack of fit."""
    within = sum((len(sample.losses) - 1) * (sample.sd or 0.0) ** 2 for sample in samples)
    inner, outer = sum(len(sample.losses) - 1 for sample in samples), len(samples) - 3
    if inner < 1 or outer < 1 or within == 0.0:
        return False
    return f_chance(((squares - within) / outer) / (within / inner), outer, inner) < DOUBT


def pareto(costs_and_losses: Sequence[tuple[float, float]]) -> list[int]:
    """The places of those that no other beats in cost or in loss without losing in the other, cheapest first."""
    best: list[int] = []
    for i in sorted(range(len(costs_and_losses)), key=lambda i: costs_and_losses[i]):
        if not best or costs_and_losses[i][1] < costs_and_losses[best[-1]][1]:
            best.append(i)
    return best
