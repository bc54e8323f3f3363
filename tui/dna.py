"""The text of genome.toml as the events of a run tell what it was and became, and the space that the run looked in."""

from organism.genome import Ancestor, Genome, Provenance
from organism.space import SPACES, Space

from .snapshot import Snapshot


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
