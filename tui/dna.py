"""The text of genome.toml: as it stands in a home, or as a run's events tell what it was and became."""

from organism.genome import PRIMORDIAL_GENOME, Ancestor, Genome, Provenance
from organism.home import Home
from organism.life.genomes import genome_in_force
from organism.space import SPACES, Space

from .snapshot import Snapshot


def standing(home: Home) -> str:
    """The genome in force, as its file has it; raises BadInput if that can't be trusted."""
    genome_in_force(home)
    if not home.genome.exists():
        return "# There's no genome.toml here yet: the creature is primordial.\n\n" + PRIMORDIAL_GENOME.toml()
    return home.genome.read_text(encoding="utf-8")


def retold(snapshot: Snapshot) -> tuple[str, str]:
    """(before, now): the genome that a run began with, and the one in force at this point of it."""
    run = snapshot.run
    if run is None:
        return "", ""
    before = Genome(run.stage, run.genome, None, run.ancestors).toml()
    if snapshot.written is None:
        return before, before
    confirmed = next((c for c in snapshot.confirmed if c.genes == snapshot.written), None)
    provenance = Provenance(
        objective=run.objective,
        fitness=confirmed.fitness if confirmed else None,
        validation_loss=confirmed.validation_loss if confirmed else None,
        test_loss=confirmed.test_loss if confirmed else None,
        run=snapshot.name or None,
        seed=run.seed,
        corpus=run.corpus,
        corpus_sha256=run.corpus_sha256,
    )
    ancestors = run.ancestors
    if snapshot.written != run.genome:
        ancestors = (*ancestors, Ancestor(run.genome, None, run.stage, run.objective))
    return before, Genome("evolved", snapshot.written, provenance, ancestors).toml()


def space_of(snapshot: Snapshot) -> Space:
    """Where the run's evolution may look."""
    return snapshot.run.config.genes if snapshot.run else SPACES["default"]
