"""Where evolution may look: for each gene the values to choose from, or a range.

A space is a dictionary by gene. A trait that isn't in it has the one value that creatures begin with.
"""

from typing import Any

from .errors import BadInput
from .genes import GENES, TRAITS, Range, Values, given, ordinal, record_of

Space = dict[str, Values]

SPACES: dict[str, Space] = {
    "default": {name: gene.default for name, gene in GENES.items() if name not in TRAITS},
    "wide": {name: gene.wide for name, gene in GENES.items() if name not in TRAITS},
}

Spelling = record_of("Spelling", lambda kind: tuple[kind, ...] | Range, required=SPACES["default"])
"""What the file of a space, or the first line of a journal, holds."""


def check_space(spelling: Any, name: str) -> Space:
    """The space that is spelt so, if it's within the hard limits and some creature is in it.

    `name` is what a complaint calls it.
    """
    # However a person spells the ends of a range, they're floats, and journals hold them as such.
    space: Space = {
        gene: Range(float(values.min), float(values.max)) if isinstance(values, Range) else values
        for gene, values in given(spelling).items()
    }
    for gene, values in space.items():
        row, listed = GENES[gene], (values.min, values.max) if isinstance(values, Range) else values
        if isinstance(values, Range):
            if row.is_word:
                raise BadInput(f"{name}: {gene}: must be a list of words")
            if values.min > values.max:
                raise BadInput(f"{name}: {gene}: min = {values.min:g} is above max = {values.max:g}")
            if row.is_whole and (values.min % 1 or values.max % 1):
                raise BadInput(f"{name}: {gene}: min and max must be whole numbers")
        if not listed:
            raise BadInput(f"{name}: {gene} = []: must hold at least one value")
        for value in listed:
            if not row.allows(value):
                raise BadInput(f"{name}: {gene} = {value}: {row.allowed}")
    if not any(e % h == 0 for e in choices(space, "n_embd") for h in choices(space, "n_head")):
        raise BadInput(f"{name}: n_head: no value divides any value of n_embd")
    return space


def values_of(space: Space, gene: str) -> Values:
    """Where `space` looks for a gene: the values to choose from, or a range."""
    return space.get(gene, (GENES[gene].primordial,))


def searched(space: Space) -> tuple[str, ...]:
    """What there's a choice of: all genes, and the traits for which `space` has more than one value."""
    return tuple(
        gene
        for gene in GENES
        if gene not in TRAITS or isinstance(values := values_of(space, gene), Range) or len(set(values)) > 1
    )


def choices(space: Space, gene: str) -> tuple:
    """The values of a gene, spelt out, in order; those of a range are whole numbers."""
    values = values_of(space, gene)
    if isinstance(values, Range):
        return tuple(range(int(values.min), int(values.max) + 1))
    return tuple(sorted(values, key=GENES[gene].limits.index if GENES[gene].is_word else None))


def bounds(space: Space, gene: str) -> tuple[float, float]:
    """The least and the most that `space` allows a gene, as `genes.ordinal` numbers them."""
    values = values_of(space, gene)
    numbers = (values.min, values.max) if isinstance(values, Range) else [ordinal(gene, value) for value in values]
    return min(numbers), max(numbers)
