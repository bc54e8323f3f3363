"""The DNA of a creature: its genes, where they come from, and who ruled before. Records, and how they are spelt."""

import msgspec
import tomli_w

from .genes import PRIMORDIAL, Genes


class Estimate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure measured on `n` trainings that differ in their seed: mean and sample standard deviation."""

    mean: float
    sd: float
    n: int


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a genome comes from and what it was measured to be. Losses are in nats per token."""

    objective: str | None = None
    fitness: Estimate | None = None
    validation_loss: Estimate | None = None
    test_loss: float | None = None
    generation: int | None = None
    origin: str | None = None
    run: str | None = None
    seed: int | None = None
    metabolism: str | None = None
    dtype: str | None = None
    corpus: str | None = None
    corpus_sha256: str | None = None
    version: str | None = None
    created: str | None = None
    author: str | None = None
    notes: str | None = None


class Ancestor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A creature that ruled before: its genes, the fitness that it had and how it came to be."""

    genes: Genes
    fitness: float | None = None
    origin: str | None = None
    objective: str | None = None


class Genome(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What genome.toml holds."""

    stage: str
    genes: Genes
    provenance: Provenance | None = None
    ancestors: tuple[Ancestor, ...] = ()

    def toml(self) -> str:
        """This genome as the text of a genome.toml."""
        return tomli_w.dumps(msgspec.to_builtins(self))


PRIMORDIAL_GENOME = Genome("primordial", PRIMORDIAL)
