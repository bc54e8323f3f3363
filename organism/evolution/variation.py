"""How new genes arise: drawn at random, mutated, crossed, tuned or grown. Pure functions of genes and a generator.

The rates and step sizes are those of microgpt-evolve-rust. Everything returned lies within the space that was given,
and n_head divides n_embd.
"""

import math
import random
from typing import Any

import msgspec

from ..genes import ARCHITECTURE, GENES, Genes, Range, is_whole, is_word
from ..space import SPACES, Space, choices, searched, values_of

STEP_MOVES = (100, 250, 500)


def random_genes(space: Space, rng: random.Random) -> Genes:
    """Each gene drawn on its own: choices evenly, what is logarithmic evenly in its logarithm."""
    return fit({gene: _draw(gene, values_of(space, gene), rng) for gene in searched(space)}, space)


def mutate(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """One to three genes moved: a choice to a neighbour, the rate by a factor, the steps by 100, 250 or 500."""
    held = msgspec.structs.asdict(genes)
    for gene in rng.sample(searched(space), rng.randint(1, 3)):
        held[gene] = _move(gene, held[gene], values_of(space, gene), rng)
    return fit(held, space)


def hyper_mutate(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """Two rounds of mutation."""
    return mutate(mutate(genes, space, rng), space, rng)


def cross(mother: Genes, father: Genes, space: Space, rng: random.Random) -> Genes:
    """Uniform crossover: each gene from either parent with equal chance (Syswerda, 1989)."""
    return fit({gene: getattr(rng.choice((mother, father)), gene) for gene in searched(space)}, space)


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
        held[gene] = min((v for v in choices(space, "block_size") if v > held[gene]), default=held[gene])
    else:
        held[gene] += 1
    return fit(held, space)


def widened(space: Space) -> Space:
    """`space` with the bodies of the wide table as well: architecture genes only, and none that it had is lost."""
    bodies = [name for name in ARCHITECTURE if name in space]
    wide: Space = {name: tuple(sorted({*choices(space, name), *choices(SPACES["wide"], name)})) for name in bodies}
    return space | wide


def cost(genes: Genes, params: int) -> int:
    """What a training costs: parameters x steps x documents a step."""
    return params * genes.num_steps * genes.batch_size


def fit(held: dict, space: Space) -> Genes:
    """The genes in `held` with each moved to the nearest value that `space` allows, and heads that divide the width."""
    fitted: dict[str, Any] = {}
    for gene in GENES:
        values = values_of(space, gene)
        fitted[gene] = _nearest(gene, held.get(gene, GENES[gene].primordial), values)
    widths, heads = choices(space, "n_embd"), choices(space, "n_head")
    if not any(fitted["n_embd"] % head == 0 for head in heads):
        divisible = [width for width in widths if any(width % head == 0 for head in heads)]
        fitted["n_embd"] = min(divisible, key=lambda width: abs(width - fitted["n_embd"]))
    dividing = [head for head in heads if fitted["n_embd"] % head == 0]
    fitted["n_head"] = min(dividing, key=lambda head: (abs(math.log(head / fitted["n_head"])), head))
    return Genes(**fitted)


def _draw(gene: str, values: tuple | Range, rng: random.Random):
    if not isinstance(values, Range):
        return rng.choice(values)
    if GENES[gene].logarithmic:
        return math.exp(rng.uniform(math.log(values.min), math.log(values.max)))
    if not is_whole(gene):
        return rng.uniform(values.min, values.max)
    if gene == "num_steps" and values.max - values.min >= STEP_MOVES[0]:
        return round(rng.uniform(values.min, values.max), -1)
    return rng.randint(int(values.min), int(values.max))


def _move(gene: str, value, values: tuple | Range, rng: random.Random):
    if GENES[gene].logarithmic:
        return value * math.exp(rng.gauss(0, 0.5))
    if gene == "num_steps" and isinstance(values, Range):
        span = int(values.max - values.min)
        moves = [move for move in STEP_MOVES if move <= span] or range(1, span + 1) or [0]
        return value + rng.choice(moves) * rng.choice((-1, 1))
    if isinstance(values, Range) and not is_whole(gene):
        return value + rng.gauss(0, 0.1 * (values.max - values.min))
    there = choices({gene: values}, gene)
    near = there.index(_nearest(gene, value, values))
    neighbours = [i for i in (near - 2, near - 1, near + 1, near + 2) if 0 <= i < len(there)]
    return there[rng.choice(neighbours)] if neighbours else there[near]


def _nearest(gene: str, value, values: tuple | Range):
    if isinstance(values, Range):
        if is_whole(gene):
            return round(min(max(value, values.min), values.max))
        # Six digits are more than a rate needs, and few enough to read; the ends of a range may have more.
        return min(max(float(f"{value:.6g}"), values.min), values.max)
    if is_word(gene):
        return value if value in values else values[0]
    return min(values, key=lambda allowed_value: (abs(allowed_value - value), allowed_value))
