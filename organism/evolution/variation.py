"""How new genes arise: drawn at random, mutated, crossed, tuned or grown. Pure functions of genes and a generator.

The rates and step sizes are those of microgpt-evolve-rust. Everything returned lies within the space that was given,
and n_head divides n_embd.
"""

import math
import random
from typing import Any

import msgspec

from ..genome import ARCHITECTURE_GENES, LIMITS, SPACES, Genes, Range, Space, allowed

STEP_MOVES = (100, 250, 500)
GENES = tuple(LIMITS)


def random_genes(space: Space, rng: random.Random) -> Genes:
    """Each gene drawn on its own: choices evenly, the learning rate evenly in its logarithm."""
    return fit({gene: _draw(gene, getattr(space, gene), rng) for gene in GENES}, space)


def mutate(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """One to three genes moved: a choice to a neighbour, the rate by a factor, the steps by 100, 250 or 500."""
    held = msgspec.structs.asdict(genes)
    for gene in rng.sample(GENES, rng.randint(1, 3)):
        held[gene] = _move(gene, held[gene], getattr(space, gene), rng)
    return fit(held, space)


def hyper_mutate(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """Two rounds of mutation."""
    return mutate(mutate(genes, space, rng), space, rng)


def cross(mother: Genes, father: Genes, space: Space, rng: random.Random) -> Genes:
    """Uniform crossover: each gene from either parent with equal chance (Syswerda, 1989)."""
    return fit({gene: getattr(rng.choice((mother, father)), gene) for gene in GENES}, space)


def tune(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """The same architecture, trained a little differently: learning rate x 0.7-1.3 and/or num_steps +- 200."""
    which = rng.randrange(3)
    held = msgspec.structs.asdict(genes)
    if which != 0:
        held["learning_rate"] *= rng.uniform(0.7, 1.3)
    if which != 1:
        held["num_steps"] += rng.choice((-200, -100, 100, 200))
    return fit(held, space)


def grow(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """A larger body: one more layer, twice the heads, the next block_size or mlp_ratio + 1."""
    held = msgspec.structs.asdict(genes)
    gene = rng.choice(("n_layer", "n_head", "block_size", "mlp_ratio"))
    if gene == "n_head":
        held[gene] *= 2
    elif gene == "block_size":
        held[gene] = min((v for v in allowed(space.block_size) if v > held[gene]), default=held[gene])
    else:
        held[gene] += 1
    return fit(held, space)


def widened(space: Space) -> Space:
    """`space` with the bodies of the wide table as well: architecture genes only, and none that it had is lost."""
    wide = SPACES["wide"]
    both = {
        gene: tuple(sorted({*allowed(getattr(space, gene)), *allowed(getattr(wide, gene))}))
        for gene in ARCHITECTURE_GENES
    }
    return msgspec.structs.replace(space, **both)


def cost(genes: Genes, params: int) -> int:
    """What a training costs: parameters x steps x documents a step."""
    return params * genes.num_steps * genes.batch_size


def fit(held: dict, space: Space) -> Genes:
    """The genes in `held` with each moved to the nearest value that `space` allows, and heads that divide the width."""
    fitted: dict[str, Any] = {gene: _nearest(gene, held[gene], getattr(space, gene)) for gene in GENES}
    widths, heads = allowed(space.n_embd), allowed(space.n_head)
    if not any(fitted["n_embd"] % head == 0 for head in heads):
        divisible = [width for width in widths if any(width % head == 0 for head in heads)]
        fitted["n_embd"] = min(divisible, key=lambda width: abs(width - fitted["n_embd"]))
    dividing = [head for head in heads if fitted["n_embd"] % head == 0]
    fitted["n_head"] = min(dividing, key=lambda head: (abs(math.log(head / fitted["n_head"])), head))
    return Genes(**fitted)


def _draw(gene: str, values: tuple | Range, rng: random.Random):
    if not isinstance(values, Range):
        return rng.choice(values)
    if gene == "learning_rate":
        return math.exp(rng.uniform(math.log(values.min), math.log(values.max)))
    if gene == "num_steps" and values.max - values.min >= STEP_MOVES[0]:
        return round(rng.uniform(values.min, values.max), -1)
    return rng.randint(int(values.min), int(values.max))


def _move(gene: str, value, values: tuple | Range, rng: random.Random):
    if gene == "learning_rate":
        return value * math.exp(rng.gauss(0, 0.5))
    if gene == "num_steps" and isinstance(values, Range):
        span = int(values.max - values.min)
        moves = [move for move in STEP_MOVES if move <= span] or range(1, span + 1) or [0]
        return value + rng.choice(moves) * rng.choice((-1, 1))
    choices = allowed(values)
    near = choices.index(_nearest(gene, value, values))
    neighbours = [i for i in (near - 2, near - 1, near + 1, near + 2) if 0 <= i < len(choices)]
    return choices[rng.choice(neighbours)] if neighbours else choices[near]


def _nearest(gene: str, value, values: tuple | Range):
    if isinstance(values, Range):
        if gene != "learning_rate":
            return round(min(max(value, values.min), values.max))
        # Six digits are more than a learning rate needs, and few enough to read; the ends of a range may have more.
        return min(max(float(f"{value:.6g}"), values.min), values.max)
    return min(values, key=lambda allowed_value: (abs(allowed_value - value), allowed_value))
