"""Genomes on the disk: genome.toml, the one in force in a home, and the history of those before it.

A genome file that can't be read, holds an unknown key or a gene out of bounds is never ignored, mended or overwritten:
reading it raises `BadInput` with the file, the field, what it held and what is allowed.
"""

from datetime import UTC, datetime
from pathlib import Path

from ..errors import BadInput
from ..files import data_folder, parse_toml, read_text, write_atomically
from ..genes import allowed, check_genes
from ..genome import PRIMORDIAL_GENOME, Genome
from ..home import Home

PRESETS = ("microgpt", "microgpt-first")


def read_genome(path: Path) -> Genome:
    """The genome in the file `path`. Raises BadInput where there's none that can be trusted."""
    return parse_genome(read_text(path), str(path))


def read_preset(name: str) -> Genome:
    """The genome of a published run: `microgpt` is what creatures begin with, others came with the program."""
    return PRIMORDIAL_GENOME if name == "microgpt" else read_genome(data_folder() / f"{name}.toml")


def parse_genome(text: str, name: str) -> Genome:
    """The genome that `text` spells; `name` is what a complaint calls it."""
    return check_genome(parse_toml(text, Genome, name, allowed), f"{name}: ")


def check_genome(genome: Genome, where: str, field: str = "genes") -> Genome:
    """`genome`, if it's within the hard limits; `field` is what its genes are called there.

    `where` opens the sentence that says it isn't.
    """
    if genome.stage not in ("primordial", "evolved"):
        raise BadInput(f'{where}stage = "{genome.stage}": must be "primordial" or "evolved"')
    check_genes(genome.genes, f"{where}{field}.")
    for i, ancestor in enumerate(genome.ancestors):
        check_genes(ancestor.genes, f"{where}ancestors[{i}].genes.")
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
