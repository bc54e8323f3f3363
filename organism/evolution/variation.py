"""How new genes arise: drawn at random, mutated, crossed, tuned or grown. Pure functions of genes and a generator.

The rates and step sizes are those of microgpt-evolve-rust. Everything returned lies within the space that was given,
and n_head divides n_embd.
"""

import math
import random
from typing import Any

import msgspec

from ..genes import GENES, Genes, Range, Values, ordinal
from ..space import SPACES, Space, choices, searched, values_of


def random_genes(space: Space, rng: random.Random) -> Genes:
    """Each gene drawn on its own: choices evenly, what moves by a factor evenly in its logarithm."""
    return fit({gene: _draw(gene, values_of(space, gene), rng) for gene in searched(space)}, space)


def mutate(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """One to three genes moved, as the gene table says of each: to a value nearby, by a factor, or by a stride."""
    moved = msgspec.structs.asdict(genes)
    for gene in rng.sample(searched(space), rng.randint(1, 3)):
        moved[gene] = _move(gene, moved[gene], values_of(space, gene), rng)
    return fit(moved, space)


def hyper_mutate(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """Two rounds of mutation."""
    return mutate(mutate(genes, space, rng), space, rng)


def cross(mother: Genes, father: Genes, space: Space, rng: random.Random) -> Genes:
    """Uniform crossover: each gene from either parent with equal chance (Syswerda, 1989)."""
    return fit({gene: getattr(rng.choice((mother, father)), gene) for gene in searched(space)}, space)


def tune(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """The same architecture, trained a little differently: learning rate x 0.7-1.3 and/or num_steps +- 200."""
    which = rng.randrange(3)
    tuned = msgspec.structs.asdict(genes)
    if which != 0:
        tuned["learning_rate"] *= rng.uniform(0.7, 1.3)
    if which != 1:
        tuned["num_steps"] += rng.choice((-200, -100, 100, 200))
    return fit(tuned, space)


def grow(genes: Genes, space: Space, rng: random.Random) -> Genes:
    """A larger body: one more layer, twice the heads, the next block_size or mlp_ratio + 1."""
    grown = msgspec.structs.asdict(genes)
    gene = rng.choice(("n_layer", "n_head", "block_size", "mlp_ratio"))
    if gene == "n_head":
        grown[gene] *= 2
    elif gene == "block_size":
        grown[gene] = min((size for size in choices(space, gene) if size > grown[gene]), default=grown[gene])
    else:
        grown[gene] += 1
    return fit(grown, space)


def widened(space: Space) -> Space:
    """`space` with the bodies of the wide table as well: architecture genes only, and none that it had is lost."""
    wide = SPACES["wide"]
    bodies = [gene for gene in wide if GENES[gene].architecture]
    more: Space = {gene: tuple(sorted({*choices(space, gene), *choices(wide, gene)})) for gene in bodies}
    return space | more


def cost(genes: Genes, params: int) -> int:
    """What a training costs: parameters x steps x documents a step."""
    return params * genes.num_steps * genes.batch_size


def fit(wanted: dict[str, Any], space: Space) -> Genes:
    """The genes in `wanted`, each moved to the nearest value that `space` allows, and heads that divide the width."""
    fitted: dict[str, Any] = {
        name: _nearest(name, wanted.get(name, gene.primordial), values_of(space, name)) for name, gene in GENES.items()
    }
    widths, heads = choices(space, "n_embd"), choices(space, "n_head")
    if not any(fitted["n_embd"] % head == 0 for head in heads):
        divisible = [width for width in widths if any(width % head == 0 for head in heads)]
        fitted["n_embd"] = min(divisible, key=lambda width: abs(width - fitted["n_embd"]))
    dividing = [head for head in heads if fitted["n_embd"] % head == 0]
    fitted["n_head"] = min(dividing, key=lambda head: (abs(math.log(head / fitted["n_head"])), head))
    return Genes(**fitted)


def _draw(gene: str, values: Values, rng: random.Random) -> Any:
    row = GENES[gene]
    if not isinstance(values, Range):
        return rng.choice(values)
    if row.moves == "factor":
        return math.exp(rng.uniform(math.log(values.min), math.log(values.max)))
    if not row.is_whole:
        return rng.uniform(values.min, values.max)
    if isinstance(row.moves, tuple) and values.max - values.min >= min(row.moves):
        return round(rng.uniform(values.min, values.max), -1)
    return rng.randint(int(values.min), int(values.max))


def _move(gene: str, value: Any, values: Values, rng: random.Random) -> Any:
    row = GENES[gene]
    if row.moves == "factor":
        return value * math.exp(rng.gauss(0, 0.5))
    if isinstance(row.moves, tuple) and isinstance(values, Range):
        span = int(values.max - values.min)
        strides = [stride for stride in row.moves if stride <= span] or range(1, span + 1) or [0]
        return value + rng.choice(strides) * rng.choice((-1, 1))
    if isinstance(values, Range) and not row.is_whole:
        return value + rng.gauss(0, 0.1 * (values.max - values.min))
    near = choices({gene: values}, gene)
    place = near.index(_nearest(gene, value, values))
    neighbours = [i for i in (place - 2, place - 1, place + 1, place + 2) if 0 <= i < len(near)]
    return near[rng.choice(neighbours)] if neighbours else near[place]


def _nearest(gene: str, value: Any, values: Values) -> Any:
    if not isinstance(values, Range):
        if value in values:
            return value
        wanted = ordinal(gene, value)
        return min(values, key=lambda known: (abs(ordinal(gene, known) - wanted), ordinal(gene, known)))
    if GENES[gene].is_whole:
        return round(min(max(value, values.min), values.max))
    # Six digits are more than a rate needs, and few enough to read; the ends of a range may have more.
    return min(max(float(f"{value:.6g}"), values.min), values.max)
