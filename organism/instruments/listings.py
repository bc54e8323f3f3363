"""What there is, in lines of text: a creature's ancestors, the registry of genomes, the corpora."""

from collections.abc import Iterator

from ..corpus import Corpus, embedded, makemore_path, read_corpus
from ..errors import BadInput
from ..events import sign
from ..home import Home
from ..life.genomes import genome_in_force
from ..life.registry import entries
from ..view.words import describe


def ancestry(home: Home) -> Iterator[str]:
    """Who the creature of `home` descends from, oldest first, itself, and where the genomes that it had are kept."""
    genome = genome_in_force(home)
    for ancestor in genome.ancestors:
        fitness = _fitness(ancestor.objective, ancestor.fitness)
        yield f"{ancestor.origin or 'unknown':<12} {fitness}{describe(ancestor.genes)}"
    own = genome.provenance
    fitness = _fitness(own.objective, own.fitness.mean) if own and own.fitness else ""
    yield f"{genome.stage:<12} {fitness}{describe(genome.genes)}  (in force)"
    for path in sorted(home.history.glob("*.toml")):
        yield f"kept: {path}"


def _fitness(objective: str | None, fitness: float | None) -> str:
    """A fitness in the unit of what it was selected for."""
    return "" if objective is None or fitness is None else f"{objective} {sign(objective) * fitness:.4f}  "


def registry(home: Home) -> Iterator[str]:
    """The genomes that were filed, by objective, the fittest first, and the files that are none."""
    filed, complaints = entries(home)
    for entry in filed:
        own = entry.provenance
        fitness = f"fitness {own.fitness.mean:.4f}" if own.fitness else "unmeasured"
        remark = " ".join([*(["by", f"{own.author}:"] if own.author else []), *(own.notes or "").split()])
        yield f"{entry.id}  {entry.objective:<14} {fitness:<16} {describe(entry.genome.genes)}  {remark}".rstrip()
    for complaint in complaints:
        yield f"unreadable: {complaint}"


def corpora() -> Iterator[str]:
    """The corpora that have a name."""
    fetched = makemore_path().exists()
    for name in [*embedded(), *(["makemore"] if fetched else [])]:
        corpus = read_corpus(name)
        yield f"{name:<12} {len(corpus.documents):>6,} documents  {len(corpus.letters):>3} letters"
    if not fetched:
        yield "makemore     not fetched yet: organism corpus fetch makemore"


def contents(corpus: Corpus, n: int) -> Iterator[str]:
    """The figures of a corpus and its first `n` documents."""
    yield f"{corpus.name}: {len(corpus.documents):,} documents, {len(set(corpus.documents)):,} distinct"
    yield f"letters ({len(corpus.letters)}): {corpus.letters}"
    yield f"longest: {corpus.longest}, sha256: {corpus.sha256}"
    try:
        split = corpus.split
        yield f"split: {len(split.train):,} train, {len(split.validation):,} validation, {len(split.test):,} test"
    except BadInput as error:
        yield f"split: none, so that it's only for --all: {error}"
    yield from corpus.documents[:n]
