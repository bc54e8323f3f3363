"""One creature on its own, without evolution: train it, and let it dream."""

import random
import time
from collections.abc import Callable, Iterator

import msgspec

from .corpus import Corpus
from .errors import BadInput
from .events import Dream, Event, TrainEnd, TrainStart, TrainStep
from .fitness.loss import test_loss, validation_loss
from .genome import Genes, Genome
from .home import Home
from .mind.sampling import dreams
from .mind.training import (
    MICROGPT,
    Creature,
    Preset,
    Training,
    architecture_of,
    build,
    load_weights,
    prepare,
    save_weights,
)
from .workers.worker import SLICE

SEED = 42


class Lesson(msgspec.Struct, frozen=True):
    """How one creature is to be trained. Under a preset it learns from every document, in the published order."""

    genes: Genes
    seed: int = SEED
    metabolism: str = "tape"
    dtype: str = "float64"
    preset: Preset | None = None
    samples: int = 20
    temperature: float = 0.5


def train(lesson: Lesson, corpus: Corpus, keep_in: Home | None = None) -> Iterator[Event]:
    """Train one creature and let it dream, as microgpt.py does: every step is an event, dreams stop at block_size.

    Its weights are kept in the home `keep_in`, if one is given. Raises Diverged.
    """
    began = time.monotonic()
    prepare(lesson.metabolism, lesson.dtype)
    documents = corpus.documents if lesson.preset else corpus.split.train
    recipe = lesson.preset.recipe if lesson.preset else MICROGPT
    # What can't be is refused before anything is said.
    training = Training(lesson.genes, corpus, lesson.seed, lesson.metabolism, lesson.dtype, recipe, documents)
    params = training.architecture.parameters
    yield TrainStart(genes=lesson.genes, documents=len(documents), vocab_size=corpus.vocab_size, params=params)
    size = 1
    while not training.done:
        first, slice_began = training.step, time.perf_counter()
        for i, loss in enumerate(training.advance(size).tolist(), start=1):
            yield TrainStep(step=first + i, loss=loss)
        size = max(1, int((training.step - first) * SLICE / max(time.perf_counter() - slice_began, 1e-6)))
    creature = training.creature()
    yield TrainEnd(
        loss=training.last_loss,
        validation_loss=None if lesson.preset else validation_loss(creature),
        test_loss=None if lesson.preset else test_loss(creature),
        params=params,
        seconds=time.monotonic() - began,
    )
    if keep_in:
        save_weights(keep_in.weights, creature, lesson.seed)
    if lesson.samples:
        letters = lesson.genes.block_size
        if letters > corpus.longest + 1:
            # The published program dreams up to its whole context, past the longest document that it learnt from.
            creature.mind = build(lesson.metabolism, training.architecture, letters - 1, lesson.dtype)
        dreamt = dreams(creature, lesson.samples, creature.rng, lesson.temperature, limit=letters)
        yield Dream(names=tuple(dream.text for dream in dreamt))


def creature_in_force(
    home: Home, genome: Genome, corpus: Corpus, say: Callable[[str], None], seed: int = SEED
) -> Creature:
    """The trained creature of `home`: its kept weights, or new ones where they're absent or another genome's.

    `say` hears of it if it must be trained.
    """
    metabolism = "tape"
    kept = load_weights(home.weights)
    prepare(metabolism)
    if kept and kept[0].genes == genome.genes and kept[0].corpus == corpus.sha256:
        architecture = architecture_of(genome.genes, corpus.vocab_size)
        mind = build(metabolism, architecture, corpus.longest)
        return Creature(genome.genes, corpus, mind, kept[1], random.Random(seed))
    say(f"no trained weights of this genome on {corpus.name} yet: training it first")
    training = Training(genome.genes, corpus, seed, metabolism)
    while not training.done:
        training.advance(1_000)
    creature = training.creature()
    save_weights(home.weights, creature, seed)
    return creature


def check_prompt(prompt: str, corpus: Corpus) -> str:
    """`prompt`, if the creature can go on from it. Raises BadInput."""
    unknown = sorted(set(prompt) - set(corpus.letters))
    if unknown:
        raise BadInput(
            f"--prompt {prompt!r}: holds {''.join(unknown)!r}, which isn't in {corpus.name}: {corpus.letters!r}"
        )
    if len(prompt) > corpus.longest:
        raise BadInput(f"--prompt: holds {len(prompt)} letters: at most {corpus.longest} are allowed")
    return prompt
