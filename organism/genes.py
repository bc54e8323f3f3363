"""The gene table: all that is to be known of a gene, a row each.

A row is a field of `Genes` with a `Gene` beside its type. Whatever else needs to know genes reads it here: spaces,
variation, promise, sweeps, reports, the portrait, the screen, the flags of `organism train`. A new row needs no other
edit, but for what is computed from it.

A row with a default is a *trait*: something that creatures differ in, but that our own spaces don't search. It's left
out of the canonical spelling while it has its default, so that a new trait leaves every seed and identifier as it was.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from .errors import BadInput


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every value from `min` to `max`, both included. A whole number is kept, and written, as one."""

    min: int | float
    max: int | float


Values = tuple[Any, ...] | Range


class Gene(msgspec.Struct, frozen=True):
    """A row of the table. Its columns:

    said, code     a value in a sentence, what parts it from the one before included; the same where there's little room
    about          what it is, in the help of its flag
    limits         the least and the most that is allowed at all; of words, which its type lists, left out
    primordial     what a creature begins with; of a trait, the default of its field
    default, wide  where the two spaces look; of a trait, nowhere
    flag           the option of `organism train`; left out where that is the gene's name
    moves          how a mutation moves it: to a value `near`, by a `factor`, or by one of some strides
    architecture   whether it changes what is computed, and not only how it's trained
    logarithmic    whether it's shown on a logarithmic scale
    drawn          what shows it in a portrait, as the legend says it
    """

    said: str
    code: str
    about: str
    limits: tuple[Any, ...] = ()
    primordial: Any = None
    default: Values = ()
    wide: Values = ()
    flag: str = ""
    moves: Literal["near", "factor"] | tuple[int, ...] = "near"
    architecture: bool = False
    logarithmic: bool = False
    drawn: str = ""
    kind: Any = None  # the type of its field

    @property
    def is_whole(self) -> bool:
        return self.kind is int

    @property
    def is_word(self) -> bool:
        return isinstance(self.limits[0], str)

    @property
    def allowed(self) -> str:
        """What values there may be, as a complaint ends."""
        if self.is_word:
            return f"must be one of {', '.join(self.limits)}"
        least, most = self.limits
        return f"must be a {'whole number' if self.is_whole else 'number'} from {least:,} to {most:,}"

    def allows(self, value: Any) -> bool:
        return value in self.limits if self.is_word else self.limits[0] <= value <= self.limits[1]


class Genes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What evolution may change, and the traits that it leaves alone."""

    # fmt: off
    n_embd: Annotated[int, Gene(
        "width {}", "{}e", "Width (n_embd)", (1, 256), 16, (8, 12, 16, 20, 24, 32), (8, 16, 24, 32, 48, 64),
        flag="--emb", architecture=True, drawn="cilia: width")]
    n_head: Annotated[int, Gene(
        ", heads {}", "{}h", "Attention heads (n_head)", (1, 16), 4, (1, 2, 4), (1, 2, 4, 8),
        flag="--head", architecture=True, drawn="eyes: heads")]
    n_layer: Annotated[int, Gene(
        ", layers {}", "{}l", "Layers (n_layer)", (1, 12), 1, Range(1, 4), Range(1, 6),
        flag="--layer", architecture=True, drawn="membranes: layers")]
    block_size: Annotated[int, Gene(
        ", context {}", "{}c", "Context (block_size)", (2, 256), 16, (8, 12, 16, 24), (8, 12, 16, 24, 32),
        flag="--ctx", architecture=True, drawn="beads: context")]
    mlp_ratio: Annotated[int, Gene(
        ", mlp x{}", "×{}", "Width of the MLP in multiples of emb (mlp_ratio)", (1, 8), 4, Range(1, 4), Range(1, 6),
        flag="--ff", architecture=True, drawn="lobes: MLP")]
    learning_rate: Annotated[float, Gene(
        ", rate {:g}", "lr {:.4g}", "Learning rate at the first step", (1e-6, 1.0), 0.01, Range(0.001, 0.05),
        Range(0.0001, 0.1), flag="--lr", moves="factor", logarithmic=True, drawn="colour: learning rate")]
    num_steps: Annotated[int, Gene(
        ", {} steps", "{}s", "Training steps (num_steps)", (1, 1_000_000), 1000, Range(100, 2000), Range(300, 10000),
        flag="--steps", moves=(100, 250, 500), logarithmic=True, drawn="glow: steps")]
    batch_size: Annotated[int, Gene(
        " of {}", "b{}", "Documents a step (batch_size)", (1, 256), 1, (1, 2, 4), (1, 2, 4, 8, 16, 32),
        flag="--batch", drawn="spores: batch")]

    activation: Annotated[Literal["relu", "squared_relu"], Gene(
        ", {}", "{}", "What the MLP does between its two matrices", architecture=True)] = "relu"
    decay: Annotated[Literal["linear", "cosine"], Gene(
        ", {} decay", "{}", "How the learning rate falls to zero")] = "linear"
    beta1: Annotated[float, Gene(
        ", beta1 {:g}", "β1 {:g}", "Adam's memory of gradients", (0.0, 0.9999))] = 0.85
    beta2: Annotated[float, Gene(
        ", beta2 {:g}", "β2 {:g}", "Adam's memory of squared gradients", (0.0, 0.99999))] = 0.99
    init_std: Annotated[float, Gene(
        ", newborn sd {:g}", "σ {:g}", "Standard deviation of newborn weights", (0.0, 10.0))] = 0.08
    residual_std: Annotated[float, Gene(
        ", residual sd {:g}", "σr {:g}", "The same of the matrices that write to the residual stream",
        (0.0, 10.0))] = 0.08
    # fmt: on

    @property
    def species(self) -> tuple:
        """What two creatures must share to be of one kind: their architecture."""
        return tuple(getattr(self, name) for name in ARCHITECTURE)

    def canonical(self) -> str:
        """The one spelling of these genes, from which seeds and identifiers are made."""
        return msgspec.json.encode(self).decode()


def _table() -> dict[str, Gene]:
    """The rows by name, with what the fields of Genes say of them."""
    rows, hints = {}, get_type_hints(Genes, include_extras=True)
    for field in msgspec.structs.fields(Genes):
        kind, row = get_args(hints[field.name])
        primordial = row.primordial if field.required else field.default
        rows[field.name] = msgspec.structs.replace(
            row,
            kind=kind,
            limits=row.limits or get_args(kind),
            primordial=primordial,
            default=row.default or (primordial,),
            wide=row.wide or (primordial,),
            flag=row.flag or f"--{field.name.replace('_', '-')}",
        )
    return rows


GENES = _table()

ARCHITECTURE = tuple(name for name, gene in GENES.items() if gene.architecture)

TRAITS = tuple(field.name for field in msgspec.structs.fields(Genes) if not field.required)

PRIMORDIAL = Genes(**{name: gene.primordial for name, gene in GENES.items()})


def allowed(field: str) -> str:
    """What the field of a file may hold that is called so, or has such a path; empty where that is no gene."""
    name = field.rpartition(".")[2].partition("[")[0]
    return GENES[name].allowed if name in GENES else ""


def check_genes(genes: Genes, where: str) -> Genes:
    """`genes`, if they're within the hard limits. `where` opens the sentence that says they aren't."""
    for name, gene in GENES.items():
        if not gene.allows(value := getattr(genes, name)):
            raise BadInput(f"{where}{name} = {value!r}: {gene.allowed}")
    if genes.n_embd % genes.n_head:
        raise BadInput(f"{where}n_head = {genes.n_head}: must divide n_embd = {genes.n_embd}")
    return genes


def told(creatures: Iterable[Genes]) -> tuple[str, ...]:
    """What there's to tell of them: all genes, and the traits in which one of them isn't as creatures begin."""
    kinds = set(creatures)
    return tuple(
        name
        for name, gene in GENES.items()
        if name not in TRAITS or any(getattr(genes, name) != gene.primordial for genes in kinds)
    )


def spelt(value: Any) -> str:
    """A value of a gene as a person writes it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def ordinal(name: str, value: Any) -> float:
    """A value of a gene as a number to be compared or drawn: of a word, its place among the words."""
    return float(GENES[name].limits.index(value)) if GENES[name].is_word else float(value)


def named(name: str, number: float) -> str:
    """The value of a gene that `ordinal` numbers so, as a person reads it."""
    return GENES[name].limits[round(number)] if GENES[name].is_word else f"{number:g}"


def record_of(name: str, kind_of: Callable[[Any], Any], required: Collection[str] = ()) -> Any:
    """A record called `name` with a field a gene, of the type that `kind_of` makes of the gene's; UNSET if absent."""
    fields = [
        (gene, kind_of(row.kind)) if gene in required else (gene, kind_of(row.kind) | msgspec.UnsetType, msgspec.UNSET)
        for gene, row in GENES.items()
    ]
    return msgspec.defstruct(name, fields, frozen=True, forbid_unknown_fields=True)


def given(record: msgspec.Struct) -> dict[str, Any]:
    """By gene, what a record made by `record_of` holds."""
    return {gene: value for gene, value in msgspec.structs.asdict(record).items() if value is not msgspec.UNSET}
