"""The registry: genomes worth keeping, filed under `genomes/<objective>/<id>.toml` with who filed them and why.

The id is a hash of what the genome is and was measured to be, not of who filed it or when: the same genome of the same
run is one entry, however often it's submitted.
"""

import hashlib
from pathlib import Path

import msgspec

from ..errors import BadInput
from ..files import listed, write_atomically
from ..genome import Genome, Provenance
from ..home import Home
from .genomes import read_genome

UNMEASURED = "unmeasured"
FEWEST = 4


class Registered(msgspec.Struct, frozen=True):
    """One genome in the registry."""

    id: str
    objective: str
    genome: Genome
    path: Path

    @property
    def provenance(self) -> Provenance:
        return self.genome.provenance or Provenance()


def content_id(genome: Genome) -> str:
    """Eight bytes, in hexadecimal, of a hash of the genes and their figures."""
    provenance = msgspec.structs.replace(
        genome.provenance or Provenance(), author=None, notes=None, created=None, version=None
    )
    content = msgspec.json.encode(msgspec.structs.replace(genome, provenance=provenance), order="sorted")
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def submit(home: Home, genome: Genome, author: str | None = None, notes: str | None = None) -> Registered:
    """File `genome`. An author or notes that aren't given stay as the genome has them, or the file that there is."""
    own = genome.provenance or Provenance()
    objective, id = own.objective or UNMEASURED, content_id(genome)
    if Path(objective).name != objective or objective in (".", "..", home.history.name):
        raise BadInput(f"provenance.objective = {objective!r}: can't be the name of a folder under {home.genomes}")
    path = home.genomes / objective / f"{id}.toml"
    before = (read_genome(path).provenance if path.exists() else None) or Provenance()
    author, notes = author or own.author or before.author, notes or own.notes or before.notes
    filed = msgspec.structs.replace(genome, provenance=msgspec.structs.replace(own, author=author, notes=notes))
    write_atomically(path, filed.toml().encode())
    return Registered(id, objective, filed, path)


def entries(home: Home) -> tuple[list[Registered], list[BadInput]]:
    """Everything that's filed, by objective, the fittest first; and what is wrong with files that are no genomes."""
    found, complaints = [], []
    for path in _filed(home):
        try:
            found.append(Registered(path.stem, path.parent.name, read_genome(path), path))
        except BadInput as complaint:
            complaints.append(complaint)

    def rank(entry: Registered) -> tuple:
        fitness = entry.provenance.fitness
        return entry.objective, -fitness.mean if fitness else float("inf"), entry.id

    return sorted(found, key=rank), complaints


def _filed(home: Home) -> list[Path]:
    """The files of the registry; the history of the genome in force lies beside them and isn't part of it."""
    folders = [folder for folder in listed(home.genomes, "*") if folder.is_dir() and folder != home.history]
    return [path for folder in folders for path in listed(folder, "*.toml")]


def find(home: Home, name: str) -> Genome:
    """The genome with that id, or the first letters of it, or in that file. Raises BadInput where there's none."""
    file = Path(name)
    if file.suffix == ".toml" or file.is_file():
        return read_genome(file)
    matching = [path for path in _filed(home) if len(name) >= FEWEST and path.stem.startswith(name)]
    if not matching:
        raise BadInput(
            f"{name}: is neither a file nor the id of a genome in {home.genomes}: see 'organism genome list'"
        )
    if len({path.stem for path in matching}) > 1:
        raise BadInput(f"{name}: more than one id begins so: {', '.join(sorted(path.stem for path in matching))}")
    return read_genome(matching[0])
