"""One creature on its own, without evolution: train it, and let it dream."""

import random
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from ..corpus import DEFAULT, Corpus, read_corpus
from ..errors import BadInput, Failure
from ..events import Dream, Event, TrainEnd, TrainStart, TrainStep
from ..fitness.loss import test_loss, validation_loss
from ..genes import Genes
from ..genome import Genome
from ..home import Home
from ..mind.gpt import Architecture
from ..mind.metabolism.build import build, prepare, to_compile
from ..mind.sampling import dreams
from ..mind.training import Creature, Training, architecture_of
from ..mind.weights import load_weights, save_weights
from .genomes import genome_in_force

if TYPE_CHECKING:
    from ..mind.metabolism.machine import Machine

SEED = 42
METABOLISM = "tape"


class Lesson(msgspec.Struct, frozen=True):
    """How one creature is to be trained: on the training split, or on `every` document, in the published order."""

    genes: Genes
    seed: int = SEED
    metabolism: str = METABOLISM
    dtype: str = "float64"
    every: bool = False
    samples: int = 20
    temperature: float = 0.5


def train(
    lesson: Lesson, corpus: Corpus, keep_in: Home | None = None, say: Callable[[str], None] = lambda line: None
) -> Iterator[Event]:
    """Train one creature and let it dream, as microgpt.py does: every step is an event, dreams stop at block_size.

    Its weights are kept in the home `keep_in`, if one is given, at the very end; `say` hears why if another process
    evolves there. Raises Diverged, and Failure if they can't be written.
    """
    began = time.monotonic()
    prepare(lesson.metabolism, lesson.dtype)
    documents = corpus.documents if lesson.every else corpus.split.train
    # What can't be is refused before anything is said.
    training = Training(lesson.genes, corpus, lesson.seed, lesson.metabolism, lesson.dtype, documents)
    letters, dreamer = lesson.genes.block_size, training.mind
    if lesson.samples and letters > corpus.longest + 1:
        # The published program dreams up to its whole context, past the longest document that it learnt from.
        dreamer = build(lesson.metabolism, training.architecture, letters - 1, lesson.dtype)
    steps = (
        TrainStep(step=step, loss=loss)
        for losses in training.slices()
        for step, loss in enumerate(losses.tolist(), start=training.step - len(losses) + 1)
    )
    yield from told(training, steps, began, held_out=not lesson.every)
    creature = training.creature()
    if lesson.samples:
        creature.mind = dreamer
        dreamt = dreams(creature, lesson.samples, creature.rng, lesson.temperature, limit=letters)
        yield Dream(names=tuple(dream.text for dream in dreamt))
    if keep_in:
        try:
            keep_weights(keep_in, creature, lesson.seed)
        except BadInput as error:
            say(f"the weights weren't kept: {error}")


def told(
    training: Training,
    steps: Iterator[Event],
    began: float,
    held_out: bool = True,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Event]:
    """What is told of a training: its start, the `steps`, which take it to its end, and what it came to.

    Held-out losses are measured if `held_out`; `tick` is called while that's done. `began` is by the monotonic clock.
    """
    genes, documents, params = training.genes, len(training.documents), training.architecture.parameters
    yield TrainStart(genes=genes, documents=documents, vocab_size=training.corpus.vocab_size, params=params)
    yield from steps
    creature = training.creature()
    yield TrainEnd(
        loss=training.last_loss,
        validation_loss=validation_loss(creature, tick) if held_out else None,
        test_loss=test_loss(creature, tick) if held_out else None,
        params=params,
        seconds=time.monotonic() - began,
    )


def keep_weights(home: Home, creature: Creature, seed: int) -> None:
    """Make the creature's weights those of `home`. Raises BadInput while another process evolves there, and Failure."""
    with home.lock():
        save_weights(home.weights, creature, seed)


def dream(
    home: Home,
    n: int = 20,
    temperature: float = 0.5,
    prompt: str = "",
    data: str | None = None,
    seed: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """`n` dreams of the creature in force in `home`, each opened by `prompt`.

    They come from its kept weights; if those are absent, or of another genome or corpus, it's trained first, and `say`
    hears of it. `data` defaults to the corpus that the genome names, `seed` to one that is drawn.
    """
    genome = genome_in_force(home)
    corpus = corpus_of(genome, data)
    unknown = sorted(set(prompt) - set(corpus.letters))
    if unknown:
        raise BadInput(f"--prompt {prompt!r}: holds {unknown[0]!r}, which isn't a letter of {corpus.name}")
    if len(prompt) > corpus.longest:
        raise BadInput(f"--prompt: holds {len(prompt)} letters: at most {corpus.longest} are allowed")
    creature = creature_in_force(home, genome, corpus, say)
    return [dreamt.text for dreamt in dreams(creature, n, random.Random(seed), temperature, prompt=prompt)]


def corpus_of(genome: Genome, data: str | None) -> Corpus:
    """The corpus called `data`, else the one that the genome names, else the default one."""
    remembered = genome.provenance.corpus if genome.provenance else None
    return read_corpus(data) if data else read_corpus(remembered or DEFAULT, "genome.toml: corpus")


def creature_in_force(home: Home, genome: Genome, corpus: Corpus, say: Callable[[str], None]) -> Creature:
    """The trained creature of `home`: from its kept weights, or trained now if they're absent or another genome's."""
    kept = load_weights(home.weights)
    metabolism, mind = _metabolism_for(architecture_of(genome.genes, corpus.vocab_size), corpus.longest, say)
    if kept and kept[0].genes == genome.genes and kept[0].corpus == corpus.sha256:
        return Creature(genome.genes, corpus, mind, kept[1], random.Random(kept[0].seed))
    say(f"no weights of this genome on {corpus.name} yet: training it first")
    training = Training(genome.genes, corpus, SEED, metabolism)
    for _ in training.slices():
        pass  # What it loses on the way is of no interest.
    creature = training.creature()
    try:
        keep_weights(home, creature, SEED)
    except (BadInput, Failure) as error:
        say(f"the weights weren't kept: {error}")
    return creature


def _metabolism_for(architecture: Architecture, longest: int, say: Callable[[str], None]) -> tuple[str, "Machine"]:
    """What runs a creature of whatever size, and its name: the tape, or `fused` where the tape would be too large."""

    def built(metabolism: str) -> tuple[str, "Machine"]:
        if what := to_compile(metabolism):
            say(f"compiling {what} (a few seconds) ...")
        return metabolism, build(metabolism, architecture, longest)

    try:
        return built(METABOLISM)
    except BadInput:
        return built("fused")
