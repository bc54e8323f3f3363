"""What a genome promises before it's trained: a ridge regression of fitness on genes, over all that a run has judged.

    promise(g) = w . x(g)      x = log2 of each gene; the square of what moves by a factor, in octaves from where
                               creatures begin; and the ordinal of each trait in which the genomes differ
    w = argmin sum_i (w . x_i - y_i)^2 + STIFFNESS |w|^2      y = rank of genome i, from -1 (worst) to 1 (best)

x is centred on its mean. Ranks instead of fitness, so that one creature that nearly diverged doesn't bend everything,
and so that every objective's scale is the same. It is a crude model, and used as such: of a litter of candidates that
variation made, the one that promises most is born (pre-selection in surrogate-assisted evolution: Jin, 2011). Plain
Python floats in a fixed order, so that it gives the same everywhere.
"""

import math
from collections.abc import Sequence

from ..genes import GENES, TRAITS, Genes, ordinal, told

STIFFNESS = 0.3


def features(genes: Genes, names: Sequence[str]) -> list[float]:
    """x of the formula above, of the genes and traits called `names`."""
    logs = {name: math.log2(getattr(genes, name)) for name in names if name not in TRAITS}
    rates = [logs[name] - round(math.log2(GENES[name].primordial)) for name in logs if GENES[name].moves == "factor"]
    traits = [ordinal(name, getattr(genes, name)) for name in names if name in TRAITS]
    return [*logs.values(), *(rate * rate for rate in rates), *traits]


class Promise:
    """A regression fitted on genomes `ranked` best first; without at least two of them everything promises the same."""

    def __init__(self, ranked: Sequence[Genes]):
        self.names = told(ranked)
        self.weights: list[float] = []
        if len(ranked) < 2:
            return
        rows = [features(genes, self.names) for genes in ranked]
        size = len(rows[0])
        means = [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
        rows = [[x - mean for x, mean in zip(row, means, strict=True)] for row in rows]
        scores = [1 - 2 * place / (len(rows) - 1) for place in range(len(rows))]
        gram = [
            [math.fsum(row[i] * row[j] for row in rows) + (STIFFNESS if i == j else 0.0) for j in range(size)]
            for i in range(size)
        ]
        moment = [math.fsum(row[i] * y for row, y in zip(rows, scores, strict=True)) for i in range(size)]
        self.weights = solve(gram, moment)

    def of(self, genes: Genes) -> float:
        """How good `genes` look; only comparisons mean anything."""
        return math.fsum(w * x for w, x in zip(self.weights, features(genes, self.names), strict=False))


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """x of `matrix` x = `right`, for a symmetric positive definite matrix, by Gaussian elimination."""
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for i, pivot in enumerate(rows):
        for row in rows[i + 1 :]:
            factor = row[i] / pivot[i]
            row[i:] = [x - factor * p for x, p in zip(row[i:], pivot[i:], strict=True)]
    solution: list[float] = []
    for row in reversed(rows):
        # The unknowns that are solved stand last, just before the right-hand side.
        known = row[len(row) - 1 - len(solution) : -1]
        rest = row[-1] - math.fsum(a * x for a, x in zip(known, solution, strict=True))
        solution.insert(0, rest / row[len(row) - 2 - len(solution)])
    return solution
