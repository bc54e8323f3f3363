"""The DNA of a creature, its history, and genome.toml.

A genome file that can't be read, holds an unknown key or a gene out of bounds is never ignored, mended or overwritten:
reading it raises `BadInput` with the file, the field, what it held and what is allowed.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from .errors import BadInput
from .files import data_folder, parse_toml, read_text, write_atomically
from .genes import PRIMORDIAL, Genes, allowed, check_genes
from .home import Home


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
        return tomli_w.dumps(_without_none(msgspec.to_builtins(self)))


PRIMORDIAL_GENOME = Genome("primordial", PRIMORDIAL)

PRESETS = ("microgpt", "microgpt-first")


def read_genome(path: Path) -> Genome:
    """The genome in the file `path`. Raises BadInput where there's none that can be trusted."""
    return parse_genome(read_text(path), str(path))


def read_preset(name: str) -> Genome:
    """The genome of a published run: `microgpt` is what creatures begin with, others came with the program."""
    return PRIMORDIAL_GENOME if name == "microgpt" else read_genome(data_folder() / f"{name}.toml")


def parse_genome(text: str, name: str) -> Genome:
    """The genome that `text` spells; `name` is what a complaint calls it."""
    genome = parse_toml(text, Genome, name, allowed)
    if genome.stage not in ("primordial", "evolved"):
        raise BadInput(f'{name}: stage = "{genome.stage}": must be "primordial" or "evolved"')
    check_genes(genome.genes, f"{name}: genes.")
    for i, ancestor in enumerate(genome.ancestors):
        check_genes(ancestor.genes, f"{name}: ancestors[{i}].genes.")
    return genome


def genome_in_force(home: Home) -> Genome:
    """What lives in `home`: its genome.toml, or the primordial genome if there's no such file."""
    if not home.genome.exists() and not home.genome.is_symlink():
        return PRIMORDIAL_GENOME
    return read_genome(home.genome)


def write_genome(home: Home, genome: Genome) -> None:
    """Make `genome` the one in force, and keep what it replaces in the history.

    Raises BadInput, and writes nothing, if the present genome.toml can't be read.
    """
    if home.genome.exists() or home.genome.is_symlink():
        former = genome_in_force(home)
        if former == genome:
            return
        keep(home, former)
    write_atomically(home.genome, genome.toml().encode())


def keep(home: Home, genome: Genome) -> Path:
    """File `genome` in the history under the present time (UTC, to the microsecond), by which names are in order."""
    while (path := home.history / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.toml").exists():
        pass  # The clock will have moved on.
    write_atomically(path, genome.toml().encode())
    return path


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_none(v) for v in value]
    return value
