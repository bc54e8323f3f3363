"""The gene table: all that is to be known of a gene, a row each.

A row is a field of `Genes` with a `Gene` beside its type: how it's said, its limits, where the two spaces look for it,
how it moves. Whatever else needs to know genes reads it here: spaces, variation, sweeps, reports, the command line.
A row with a default is a *trait*: something that creatures differ in, but that our own spaces don't search. It's left
out of the canonical spelling while it has its default, so that a new trait leaves every seed and identifier as it was.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from .errors import BadInput


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every value from `min` to `max`, both included."""

    min: float
    max: float


Values = tuple[Any, ...] | Range


class Gene(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table.

    said: the words for a value in a sentence, what separates them from those before included; code: the same where
    there's little room. flag and about: the option of `organism train` and its help. limits: what is allowed at all,
    the least and the most, or the words. primordial: what a creature begins with (of a trait, the field's default).
    default and wide: where the two spaces look; absent, there's nothing to look for. architecture: whether it changes
    what is computed, and not only how it is trained. logarithmic: whether it's drawn, moved and shown by its logarithm.
    """

    said: str
    code: str
    flag: str
    about: str
    limits: tuple[Any, ...]
    primordial: Any = None
    default: Values = ()
    wide: Values = ()
    architecture: bool = False
    logarithmic: bool = False


class Genes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What evolution may change, and the traits that it leaves alone."""

    n_embd: Annotated[
        int,
        Gene(
            said="width {}",
            code="{}e",
            flag="--emb",
            about="Width (n_embd).",
            limits=(1, 256),
            primordial=16,
            default=(8, 12, 16, 20, 24, 32),
            wide=(8, 16, 24, 32, 48, 64),
            architecture=True,
        ),
    ]
    n_head: Annotated[
        int,
        Gene(
            said=", heads {}",
            code="{}h",
            flag="--head",
            about="Attention heads (n_head).",
            limits=(1, 16),
            primordial=4,
            default=(1, 2, 4),
            wide=(1, 2, 4, 8),
            architecture=True,
        ),
    ]
    n_layer: Annotated[
        int,
        Gene(
            said=", layers {}",
            code="{}l",
            flag="--layer",
            about="Layers (n_layer).",
            limits=(1, 12),
            primordial=1,
            default=Range(1, 4),
            wide=Range(1, 6),
            architecture=True,
        ),
    ]
    block_size: Annotated[
        int,
        Gene(
            said=", context {}",
            code="{}c",
            flag="--ctx",
            about="Context (block_size).",
            limits=(2, 256),
            primordial=16,
            default=(8, 12, 16, 24),
            wide=(8, 12, 16, 24, 32),
            architecture=True,
        ),
    ]
    mlp_ratio: Annotated[
        int,
        Gene(
            said=", mlp x{}",
            code="×{}",
            flag="--ff",
            about="Width of the MLP in multiples of emb (mlp_ratio).",
            limits=(1, 8),
            primordial=4,
            default=Range(1, 4),
            wide=Range(1, 6),
            architecture=True,
        ),
    ]
    learning_rate: Annotated[
        float,
        Gene(
            said=", rate {:g}",
            code="lr {:.4g}",
            flag="--lr",
            about="Learning rate at the first step.",
            limits=(1e-6, 1.0),
            primordial=0.01,
            default=Range(0.001, 0.05),
            wide=Range(0.0001, 0.1),
            logarithmic=True,
        ),
    ]
    num_steps: Annotated[
        int,
        Gene(
            said=", {} steps",
            code="{}s",
            flag="--steps",
            about="Training steps (num_steps).",
            limits=(1, 1_000_000),
            primordial=1000,
            default=Range(100, 2000),
            wide=Range(300, 10000),
        ),
    ]
    batch_size: Annotated[
        int,
        Gene(
            said=" of {}",
            code="b{}",
            flag="--batch",
            about="Documents a step (batch_size).",
            limits=(1, 256),
            primordial=1,
            default=(1, 2, 4),
            wide=(1, 2, 4, 8, 16, 32),
        ),
    ]
    activation: Annotated[
        Literal["relu", "squared_relu"],
        Gene(
            said=", {}",
            code="{}",
            flag="--activation",
            about="What the MLP does between its two matrices.",
            limits=("relu", "squared_relu"),
            architecture=True,
        ),
    ] = "relu"
    decay: Annotated[
        Literal["linear", "cosine"],
        Gene(
            said=", {} decay",
            code="{}",
            flag="--decay",
            about="How the learning rate falls to zero.",
            limits=("linear", "cosine"),
        ),
    ] = "linear"
    beta1: Annotated[
        float,
        Gene(
            said=", beta1 {:g}",
            code="β1 {:g}",
            flag="--beta1",
            about="Adam's memory of gradients.",
            limits=(0.0, 0.9999),
        ),
    ] = 0.85
    beta2: Annotated[
        float,
        Gene(
            said=", beta2 {:g}",
            code="β2 {:g}",
            flag="--beta2",
            about="Adam's memory of squared gradients.",
            limits=(0.0, 0.99999),
        ),
    ] = 0.99
    init_std: Annotated[
        float,
        Gene(
            said=", newborn sd {:g}",
            code="σ {:g}",
            flag="--init-std",
            about="Standard deviation of newborn weights.",
            limits=(0.0, 10.0),
        ),
    ] = 0.08
    residual_std: Annotated[
        float,
        Gene(
            said=", residual sd {:g}",
            code="σr {:g}",
            flag="--residual-std",
            about="The same of the matrices that write to the residual stream.",
            limits=(0.0, 10.0),
        ),
    ] = 0.08

    @property
    def species(self) -> tuple:
        """What two creatures must share to be of one kind: their architecture."""
        return tuple(getattr(self, name) for name in ARCHITECTURE)

    def canonical(self) -> str:
        """The one spelling of these genes, from which seeds and identifiers are made."""
        return msgspec.json.encode(self).decode()


def _table() -> tuple[dict[str, Gene], dict[str, Any]]:
    """(rows, kinds) by name, read off the fields of Genes."""
    rows, kinds = {}, {}
    hints = get_type_hints(Genes, include_extras=True)
    for field in msgspec.structs.fields(Genes):
        kind, row = get_args(hints[field.name])
        if not field.required:
            row = msgspec.structs.replace(row, primordial=field.default)
        alone = (row.primordial,)
        rows[field.name] = msgspec.structs.replace(row, default=row.default or alone, wide=row.wide or alone)
        kinds[field.name] = kind
    return rows, kinds


GENES, KINDS = _table()
"""The rows by name, and the type of each."""

ARCHITECTURE = tuple(name for name, gene in GENES.items() if gene.architecture)

TRAITS = tuple(field.name for field in msgspec.structs.fields(Genes) if not field.required)

PRIMORDIAL = Genes(**{name: gene.primordial for name, gene in GENES.items()})


def is_whole(name: str) -> bool:
    """Whether a gene is a whole number."""
    return KINDS[name] is int


def is_word(name: str) -> bool:
    """Whether a gene is one of a few words."""
    return get_origin(KINDS[name]) is Literal


def allowed(name: str) -> str:
    """What values a gene may have, to end a complaint with; empty for what isn't a gene."""
    if name not in GENES:
        return ""
    limits = GENES[name].limits
    if is_word(name):
        return f"must be one of {', '.join(limits)}"
    return f"must be a {'whole number' if is_whole(name) else 'number'} from {limits[0]:,} to {limits[1]:,}"


def is_within(name: str, value: Any) -> bool:
    """Whether a gene may have that value."""
    limits = GENES[name].limits
    return value in limits if is_word(name) else limits[0] <= value <= limits[1]


def check_genes(genes: Genes, where: str) -> Genes:
    """`genes`, if they're within the hard limits. `where` opens the sentence that says they aren't."""
    for name in GENES:
        value = getattr(genes, name)
        if not is_within(name, value):
            raise BadInput(f"{where}{name} = {value!r}: {allowed(name)}")
    if genes.n_embd % genes.n_head:
        raise BadInput(f"{where}n_head = {genes.n_head}: must divide n_embd = {genes.n_embd}")
    return genes


def told(creatures: Iterable[Genes]) -> tuple[str, ...]:
    """What there's to tell of them: all genes, and the traits in which one of them isn't as creatures begin."""
    held = list(creatures)
    return tuple(
        name
        for name, gene in GENES.items()
        if name not in TRAITS or any(getattr(genes, name) != gene.primordial for genes in held)
    )


def spelt(value: Any) -> str:
    """A value of a gene as a person writes it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def ordinal(name: str, value: Any) -> float:
    """A value of a gene as a number to be compared or drawn: of a word, its place among the words."""
    return float(GENES[name].limits.index(value)) if is_word(name) else float(value)


def parts_of(record: str, kind_of: Callable[[Any], Any]) -> Any:
    """A record called `record` for some genes of a file: each field of `kind_of` the gene's kind, absent by default."""
    fields = [(name, kind_of(kind) | msgspec.UnsetType, msgspec.UNSET) for name, kind in KINDS.items()]
    return msgspec.defstruct(record, fields, frozen=True, forbid_unknown_fields=True)


def given(record: msgspec.Struct) -> dict[str, Any]:
    """By name, what a record made by `parts_of` holds."""
    return {name: held for name, held in msgspec.structs.asdict(record).items() if held is not msgspec.UNSET}
