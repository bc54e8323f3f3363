"""Who may have children: rankings, tournaments, and how many kinds are left. Pure functions of values."""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..fitness.objectives import Aim
from .records import Record

T = TypeVar("T")
Ranking = Callable[[Sequence[Record], Aim], list[Record]]


def tournament(ranked: Sequence[T], rng: random.Random, k: int = 3) -> T:
    """The best of `k` drawn with replacement from `ranked`, best first (Goldberg and Deb, 1991)."""
    return ranked[min(rng.randrange(len(ranked)) for _ in range(k))]


def by_fitness(records: Sequence[Record], aim: Aim) -> list[Record]:
    """Best first; among equals the older."""
    return sorted(records, key=lambda record: (-record.fitness(aim), record.organism.id))


def by_dominance(records: Sequence[Record], aim: Aim) -> list[Record]:
    """Front by front, within a front the lonelier first; among equals the fitter, then the older.

    The crowded-comparison order of NSGA-II (Deb, Pratap, Agarwal and Meyarivan, 2002).
    """
    records = by_fitness(records, aim)
    points = [costs(record) for record in records]
    ranked = []
    for level in fronts(points):
        lonely = crowding([points[i] for i in level])
        ranked += [records[i] for _, i in sorted(zip([-distance for distance in lonely], level, strict=True))]
    return ranked


def costs(record: Record) -> tuple[float, ...]:
    """What a Pareto search brings down: validation loss, lack of beauty, and compute = parameters x tokens."""
    return record.mean("validation_loss"), -record.mean("beauty"), record.mean("compute")


def dominates(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether costs `a` are nowhere above `b` and somewhere below."""
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))


def front(points: Sequence[Sequence[float]]) -> list[int]:
    """Indices of the `points` that nothing dominates."""
    best: list[int] = []
    # In lexicographic order no later point dominates an earlier one.
    for i in sorted(range(len(points)), key=lambda i: tuple(points[i])):
        if not any(dominates(points[j], points[i]) for j in best):
            best.append(i)
    return sorted(best)


def fronts(points: Sequence[Sequence[float]]) -> list[list[int]]:
    """Indices of `points` by non-dominated sorting: those that nothing dominates, those that only they do, ..."""
    found, rest = [], list(range(len(points)))
    while rest:
        best = {rest[i] for i in front([points[i] for i in rest])}
        found.append(sorted(best))
        rest = [i for i in rest if i not in best]
    return found


def crowding(points: Sequence[Sequence[float]]) -> list[float]:
    """For each point of a front the sum, over the costs, of the gap between its neighbours; infinite at the ends.

    Gaps are shares of the cost's range in this front.
    """
    distances = [0.0] * len(points)
    for cost in range(len(points[0])):
        order = sorted(range(len(points)), key=lambda i: (points[i][cost], i))
        span = points[order[-1]][cost] - points[order[0]][cost]
        distances[order[0]] = distances[order[-1]] = float("inf")
        for before, i, after in zip(order, order[1:], order[2:], strict=False):
            if span:
                distances[i] += (points[after][cost] - points[before][cost]) / span
    return distances
