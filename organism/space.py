"""Where evolution may look: for each gene the values to choose from, or a range.

A space is a dictionary by gene. A trait that isn't in it has the one value that creatures begin with.
"""

from pathlib import Path
from typing import Any

import msgspec

from .errors import BadInput
from .files import parse_toml, read_text
from .genes import GENES, KINDS, TRAITS, Range, Values, allowed, is_whole, is_within, is_word, ordinal

Space = dict[str, Values]

SPACES: dict[str, Space] = {
    "default": {name: gene.default for name, gene in GENES.items() if name not in TRAITS},
    "wide": {name: gene.wide for name, gene in GENES.items() if name not in TRAITS},
}

Spelling: Any = msgspec.defstruct(
    "Spelling",
    [(name, tuple[kind, ...] | Range, *([()] if name in TRAITS else [])) for name, kind in KINDS.items()],
    frozen=True,
    forbid_unknown_fields=True,
)
"""What the file of a space, or the first line of a journal, holds."""


def read_space(name: str) -> Space:
    """The space called `name`, or the one in the TOML file `name`: the genes as keys, a list or {min, max} for each."""
    if name in SPACES:
        return SPACES[name]
    path = Path(name)
    if not path.exists():
        raise BadInput(f"--space {name}: must be {', '.join(SPACES)} or a TOML file that exists")
    return check_space(parse_toml(read_text(path), Spelling, name), name)


def check_space(spelling: Any, name: str) -> Space:
    """The space that is spelt so, if it's within the hard limits and some creature is in it.

    `name` is what a complaint calls it.
    """
    space = {gene: held for gene, held in msgspec.structs.asdict(spelling).items() if gene not in TRAITS or held != ()}
    for gene, held in space.items():
        if isinstance(held, Range):
            values = [held.min, held.max]
            if is_word(gene):
                raise BadInput(f"{name}: {gene}: must be a list of words")
            if held.min > held.max:
                raise BadInput(f"{name}: {gene}: min = {held.min:g} is above max = {held.max:g}")
            if is_whole(gene) and (held.min % 1 or held.max % 1):
                raise BadInput(f"{name}: {gene}: min and max must be whole numbers")
        else:
            values = list(held)
            if not values:
                raise BadInput(f"{name}: {gene} = []: must hold at least one value")
        for value in values:
            if not is_within(gene, value):
                raise BadInput(f"{name}: {gene} = {value}: {allowed(gene)}")
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
        if gene not in TRAITS or isinstance(values := values_of(space, gene), Range) or len(values) > 1
    )


def choices(space: Space, gene: str) -> tuple:
    """The values of a gene, spelt out, in order; those of a range are whole numbers."""
    values = values_of(space, gene)
    return tuple(range(int(values.min), int(values.max) + 1)) if isinstance(values, Range) else tuple(sorted(values))


def bounds(space: Space, gene: str) -> tuple[float, float]:
    """The least and the most that `space` allows a gene, as `genes.ordinal` numbers them."""
    values = values_of(space, gene)
    numbers = (values.min, values.max) if isinstance(values, Range) else [ordinal(gene, value) for value in values]
    return min(numbers), max(numbers)
