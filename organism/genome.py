"""The DNA: eight genes, where they may range, and genome.toml.

A genome file that can't be read, holds an unknown key or a gene out of bounds is never ignored, mended or overwritten:
reading it raises `BadInput` with the file, the field, what it held and what is allowed.
"""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from .errors import BadInput
from .home import Home, write_atomically


class Genes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What evolution may change."""

    n_embd: int
    n_head: int
    n_layer: int
    block_size: int
    mlp_ratio: int
    learning_rate: float
    num_steps: int
    batch_size: int

    @property
    def species(self) -> tuple[int, int, int, int, int]:
        """What two creatures must share to be of one kind: their architecture."""
        return self.n_embd, self.n_head, self.n_layer, self.block_size, self.mlp_ratio

    def canonical(self) -> str:
        """The one spelling of these genes, from which seeds and identifiers are made."""
        return msgspec.json.encode(self).decode()


PRIMORDIAL = Genes(
    n_embd=16,
    n_head=4,
    n_layer=1,
    block_size=16,
    mlp_ratio=4,
    learning_rate=0.01,
    num_steps=1000,
    batch_size=1,
)

LIMITS: dict[str, tuple[float, float]] = {
    "n_embd": (1, 256),
    "n_head": (1, 16),
    "n_layer": (1, 12),
    "block_size": (2, 256),
    "mlp_ratio": (1, 8),
    "learning_rate": (1e-6, 1.0),
    "num_steps": (1, 1_000_000),
    "batch_size": (1, 256),
}

MAX_CHARACTERS = 50_000_000  # of a file that a person gives, which may be a device without an end

ARCHITECTURE_GENES = ("n_embd", "n_head", "n_layer", "block_size", "mlp_ratio")


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every value from `min` to `max`, both included."""

    min: float
    max: float


class Space(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where evolution may look: for each gene the values to choose from, or a range.

    The learning rate of a range is drawn uniformly in its logarithm.
    """

    n_embd: tuple[int, ...] | Range
    n_head: tuple[int, ...] | Range
    n_layer: tuple[int, ...] | Range
    block_size: tuple[int, ...] | Range
    mlp_ratio: tuple[int, ...] | Range
    learning_rate: tuple[float, ...] | Range
    num_steps: tuple[int, ...] | Range
    batch_size: tuple[int, ...] | Range


SPACES = {
    "default": Space(
        n_embd=(8, 12, 16, 20, 24, 32),
        n_head=(1, 2, 4),
        n_layer=Range(1, 4),
        block_size=(8, 12, 16, 24),
        mlp_ratio=Range(1, 4),
        learning_rate=Range(0.001, 0.05),
        num_steps=Range(100, 2000),
        batch_size=(1, 2, 4),
    ),
    "wide": Space(
        n_embd=(8, 16, 24, 32, 48, 64),
        n_head=(1, 2, 4, 8),
        n_layer=Range(1, 6),
        block_size=(8, 12, 16, 24, 32),
        mlp_ratio=Range(1, 6),
        learning_rate=Range(0.0001, 0.1),
        num_steps=Range(300, 10000),
        batch_size=(1, 2, 4, 8, 16, 32),
    ),
}


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


def check_genes(genes: Genes, where: str) -> Genes:
    """`genes`, if they're within the hard limits. `where` opens the sentence that says they aren't."""
    for name, (low, high) in LIMITS.items():
        value = getattr(genes, name)
        if not low <= value <= high:
            raise BadInput(f"{where}{name} = {value!r}: must be from {low:,} to {high:,}")
    if genes.n_embd % genes.n_head:
        raise BadInput(f"{where}n_head = {genes.n_head}: must divide n_embd = {genes.n_embd}")
    return genes


def read_genome(path: Path) -> Genome:
    """The genome in the file `path`. Raises BadInput where there's none that can be trusted."""
    return parse_genome(read_text(path), str(path))


def parse_genome(text: str, name: str) -> Genome:
    """The genome that `text` spells; `name` is what a complaint calls it."""
    genome = parse_toml(text, Genome, name)
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


def read_space(name: str) -> Space:
    """The space called `name`, or the one in the TOML file `name`: the genes as keys, a list or {min, max} for each."""
    if name in SPACES:
        return SPACES[name]
    path = Path(name)
    if not path.exists():
        raise BadInput(f"--space {name}: must be {', '.join(SPACES)} or a TOML file that exists")
    return check_space(parse_toml(read_text(path), Space, name), name)


def check_space(space: Space, name: str) -> Space:
    """`space`, if it's within the hard limits and some creature is in it; `name` is what a complaint calls it."""
    for gene, (low, high) in LIMITS.items():
        held = getattr(space, gene)
        if isinstance(held, Range):
            values = [held.min, held.max]
            if held.min > held.max:
                raise BadInput(f"{name}: {gene}: min = {held.min:g} is above max = {held.max:g}")
            if gene != "learning_rate" and (held.min % 1 or held.max % 1):
                raise BadInput(f"{name}: {gene}: min and max must be whole numbers")
        else:
            values = list(held)
            if not values:
                raise BadInput(f"{name}: {gene} = []: must hold at least one value")
        for value in values:
            if not low <= value <= high:
                raise BadInput(f"{name}: {gene} = {value:g}: must be from {low:,} to {high:,}")
    if not any(e % h == 0 for e in allowed(space.n_embd) for h in allowed(space.n_head)):
        raise BadInput(f"{name}: n_head: no value divides any value of n_embd")
    return space


def allowed(values: tuple | Range) -> tuple:
    """The values of an integer gene, spelt out, in order."""
    return tuple(range(int(values.min), int(values.max) + 1)) if isinstance(values, Range) else tuple(sorted(values))


def read_text(path: Path) -> str:
    """The UTF-8 text of the file `path`, or BadInput with the reason why there's none."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: is not UTF-8 text") from None
    if len(text) > MAX_CHARACTERS:
        raise BadInput(f"{path}: holds more than {MAX_CHARACTERS:,} characters, the most that is allowed")
    return text


def parse_toml(text: str, kind: type, name: str) -> Any:
    """A record of type `kind` from TOML, or BadInput with the place where the text isn't one."""
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        marker = re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE)
        reason = f"holds the merge marker {marker[1]}, resolve it" if marker else f"is not valid TOML: {error}"
        raise BadInput(f"{name}: {reason}") from None
    try:
        return msgspec.convert(held, kind)
    except msgspec.ValidationError as error:
        raise BadInput(f"{name}: {_readable(str(error), held)}") from None


def _readable(complaint: str, held: dict) -> str:
    """msgspec's complaint with the path of the field in front, as a person would write it, and what it held."""
    match = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", complaint)
    assert match
    message, field = match[1].removeprefix("Object ").replace("`", ""), match[2] or ""
    value: Any = held
    for key in re.findall(r"\w+", field):
        value = value[int(key)] if isinstance(value, list) else value.get(key) if isinstance(value, dict) else None
    shown = f" = {value!r}" if value is not None and not isinstance(value, dict | list) else ""
    gene = field.rpartition(".")[2]
    if shown and gene in LIMITS:
        low, high = LIMITS[gene]
        kind = "number" if gene == "learning_rate" else "whole number"
        return f"{field}{shown}: must be a {kind} from {low:,} to {high:,}"
    return f"{field}{shown}: {message[0].lower()}{message[1:]}".removeprefix(": ")


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_none(v) for v in value]
    return value
