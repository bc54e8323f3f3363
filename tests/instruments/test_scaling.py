"""The analysis on made data, where the truth is known: laws are found, noise is never taken for news."""

import math
import random

import msgspec
import pytest

from organism.genes import PRIMORDIAL, Genes
from organism.instruments.sweep.distributions import f_chance, t_chance, t_limit
from organism.instruments.sweep.scaling import Point, Sample, analyse, holm, pareto, power_law, returns

STEPS = (1_000, 2_000, 3_000, 5_000, 8_000, 13_000, 21_000)


def drawn(rng: random.Random, law, noise: float, seeds: int, places=STEPS) -> list[Sample]:
    """Samples that follow `law`, each loss with Gaussian noise of its own."""
    return [Sample(x, tuple(law(x) + rng.gauss(0, noise) for _ in range(seeds))) for x in places]


@pytest.mark.parametrize(
    ("chance", "expected"),
    [
        # The tables of Abramowitz and Stegun, 26.9 and 26.10, and closed forms for 1 and 2 degrees of freedom.
        (t_chance(1.0, 1), 0.5),
        (t_chance(2.0, 2), 1 - 2 / math.sqrt(2 + 4)),
        (t_chance(2.228139, 10), 0.05),
        (t_chance(3.169273, 10), 0.01),
        (t_chance(-3.169273, 10), 0.01),
        (f_chance(4.102821, 2, 10), 0.05),
        (f_chance(1.0, 7, 7), 0.5),
        (f_chance(3.0, 2, 4), (1 + 2 * 3.0 / 4) ** -2),
        (t_chance(0.0, 5), 1.0),
        (t_chance(math.inf, 5), 0.0),
    ],
)
def test_chances_are_those_of_the_tables(chance, expected):
    assert chance == pytest.approx(expected, abs=1e-6)


def test_the_limit_of_t_undoes_its_chance():
    for freedom in (1, 2, 11, 200):
        assert t_chance(t_limit(0.01, freedom), freedom) == pytest.approx(0.01, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exponent", "scale", "floor", "noise", "seeds"),
    [(0.5, 30.0, 2.0, 0.01, 3), (0.1, 5.0, 0.0, 0.02, 3), (0.7, 100.0, 1.9, 0.03, 2), (0.3, 30.0, 0.0, 0.02, 5)],
)
def test_the_exponent_lies_in_its_interval_in_90_of_100_draws(exponent, scale, floor, noise, seeds):
    rng = random.Random(1)
    inside = 0
    for _ in range(100):
        law = power_law(drawn(rng, lambda x: floor + scale * x**-exponent, noise, seeds))
        inside += law is not None and law.low <= exponent <= law.high
    assert inside >= 90


def test_more_seeds_narrow_the_interval_and_a_law_without_noise_is_met():
    rng = random.Random(2)
    widths = []
    for seeds in (2, 32):
        law = power_law(drawn(rng, lambda x: 2 + 30 * x**-0.5, 0.01, seeds))
        assert law
        widths.append(law.high - law.low)
    assert widths[1] < widths[0] / 2
    exact = power_law([Sample(x, (2 + 30 * x**-0.5,)) for x in STEPS])
    assert exact
    assert (exact.exponent, exact.scale, exact.floor) == pytest.approx((0.5, 30.0, 2.0), rel=1e-4)
    assert exact.loss(400.0) == pytest.approx(3.5, rel=1e-4)


def test_points_that_stray_from_every_power_law_are_called_so():
    rng = random.Random(3)
    waves = drawn(rng, lambda x: 3 - 0.2 * math.log10(x) + 0.1 * math.sin(4 * math.log(x)), 0.002, 4)
    law = power_law(waves)
    assert law is not None
    assert law.strays
    straight = power_law(drawn(rng, lambda x: 2 + 30 * x**-0.5, 0.01, 4))
    assert straight is not None
    assert not straight.strays


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_flat_noise_is_read_as_a_trend_in_at_most_5_of_100_series(seeds):
    rng = random.Random(4)
    misread = laws = 0
    for _ in range(100):
        samples = drawn(rng, lambda x: 2.3, 0.03, seeds)
        misread += any(r.reading != "within noise" for r in returns(samples, 1_000))
        laws += power_law(samples) is not None
    assert misread <= 5
    assert laws <= 5


def test_noise_that_grows_is_no_trend_either():
    rng = random.Random(5)
    misread = 0
    for _ in range(100):
        samples = [Sample(x, tuple(2.3 + rng.gauss(0, 0.01 * i) for _ in range(3))) for i, x in enumerate(STEPS, 1)]
        misread += any(r.reading != "within noise" for r in returns(samples, 1_000))
    assert misread <= 5


def readings(*means: float, spread: float = 0.001) -> list[str]:
    samples = [Sample(x, (m - spread, m, m + spread)) for x, m in zip(STEPS, means, strict=False)]
    return [r.reading for r in returns(samples, 1_000)]


def test_each_reading_is_given_where_it_belongs():
    assert readings(2.6, 2.4, 2.3) == ["learning", "learning"]
    assert readings(2.6, 2.4, 2.3, 2.29) == ["learning", "learning", "diminishing"]
    assert readings(2.6, 2.4, 2.5) == ["learning", "degrading"]
    assert readings(2.6, 2.4, 2.3995) == ["learning", "within noise"]
    assert readings(2.6, 2.4, 2.3, spread=0.3) == ["within noise", "within noise"]


def test_one_seed_claims_nothing():
    (only,) = returns([Sample(1.0, (3.0,)), Sample(2.0, (2.0,))], 1.0)
    assert (only.drop, only.chance, only.reading) == (1.0, None, "within noise")
    assert power_law([Sample(1.0, (3.0,)), Sample(2.0, (2.0,)), Sample(4.0, (1.5,))]) is None


def test_a_return_is_a_drop_per_unit():
    (only,) = returns([Sample(1_000.0, (3.0, 3.0)), Sample(5_000.0, (2.0, 2.0))], 1_000.0)
    assert (only.drop, only.per_unit, only.reading) == (1.0, 0.25, "learning")


def test_holm_spends_the_doubt_once():
    assert holm([0.004, 0.2, None, 0.001], 0.01) == [True, False, False, True]
    assert holm([0.006, 0.006], 0.01) == [False, False]
    assert holm([], 0.01) == []


def test_the_pareto_best_are_those_that_nothing_betters():
    assert pareto([(1.0, 3.0), (2.0, 2.0), (2.0, 2.5), (3.0, 2.0), (4.0, 1.0), (0.5, 4.0)]) == [5, 0, 1, 4]
    assert pareto([]) == []


def point(losses=(2.0, 2.1), **genes) -> Point:
    changed: Genes = msgspec.structs.replace(PRIMORDIAL, **genes)
    return Point(changed, 100 * changed.n_embd, 7.0 * changed.num_steps, tuple(losses))


def test_series_hold_all_other_genes_still():
    grid = [point(n_embd=e, num_steps=s) for e in (8, 16) for s in (100, 200, 300)]
    found = analyse([*grid, point(losses=(), n_embd=4)]).series
    assert [(s.axis, s.rest, len(s.samples)) for s in found] == [
        ("steps", {"n_embd": 8}, 3),
        ("steps", {"n_embd": 16}, 3),
        ("parameters", {"num_steps": 100}, 2),
        ("parameters", {"num_steps": 200}, 2),
        ("parameters", {"num_steps": 300}, 2),
        ("compute", {}, 5),
    ]
    assert found[0].title == "loss against steps (n_embd 8)"
    assert [sample.x for sample in found[0].samples] == [100, 200, 300]
    assert len(found[-1].samples[1].losses) == 4, "creatures of equal compute are one sample"


def test_traits_set_series_apart_on_every_axis():
    grid = [point(n_embd=e, activation=a) for e in (8, 16) for a in ("relu", "squared_relu")]
    assert [(s.axis, s.rest, len(s.samples)) for s in analyse(grid).series] == [
        (axis, {"activation": activation}, 2)
        for axis in ("parameters", "compute")
        for activation in ("relu", "squared_relu")
    ]
