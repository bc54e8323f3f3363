"""Who may have children: tournaments, and how many kinds are left. Pure functions over ranked organisms."""

import random
from collections.abc import Sequence
from typing import TypeVar

from ..genome import Genes

T = TypeVar("T")


def tournament(ranked: Sequence[T], rng: random.Random, k: int = 3) -> T:
    """The best of `k` drawn with replacement from `ranked`, best first (Goldberg and Deb, 1991)."""
    return ranked[min(rng.randrange(len(ranked)) for _ in range(k))]


def species(genes: Sequence[Genes]) -> int:
    """How many different architectures there are. One alone is a monoculture."""
    return len({held.species for held in genes})
