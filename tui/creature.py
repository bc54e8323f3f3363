"""The creature in force on its own: it learns, dreams, and waits for its person. No journal is written.

A source like a life, so that the screen shows it by the same events.
"""

import random
from collections.abc import Iterator

import msgspec

from organism.corpus import read_corpus
from organism.events import SAYINGS, Act, Dream, Event, Stage
from organism.home import Home
from organism.life.creature import Lesson, creature_in_force, train
from organism.life.genomes import genome_in_force
from organism.life.plan import Plan, resolve
from organism.mind.sampling import dreams
from organism.mind.weights import load_weights

DREAMT = 20


class CreatureSource:
    """The events of one creature that doesn't evolve."""

    name = ""

    def __init__(self, home: Home, plan: Plan):
        self.home = home
        self.plan = plan
        self.leaving = False

    def events(self) -> Iterator[Event]:
        """It says what it is, learns, and dreams."""
        home, plan = self.home, self.plan
        genome, corpus = genome_in_force(home), read_corpus(plan.data)
        # No generation is before it, and no target.
        yield resolve(msgspec.structs.replace(plan, generations=0, target=None), genome, corpus, workers=0)
        yield Stage(stage=genome.stage, saying=SAYINGS[genome.stage])
        kept = load_weights(home.weights)
        fits = kept and kept[0].genes == genome.genes and kept[0].corpus == corpus.sha256
        lesson = Lesson(genome.genes, metabolism=plan.metabolism, dtype=plan.dtype)
        for event in train(lesson, corpus, None if fits else home):
            if self.leaving:
                return
            yield event

    def act(self, act: Act) -> None:
        """There's no run that it could be done to."""

    def close(self) -> None:
        """Leave; `events` ends with the next of them."""
        self.leaving = True


def fresh_dream(home: Home, plan: Plan) -> Dream:
    """Names that the creature in force makes up now; trains it first if there are no weights of it."""
    corpus = read_corpus(plan.data)
    creature = creature_in_force(home, genome_in_force(home), corpus, lambda _: None)
    rng = random.SystemRandom()
    return Dream(names=tuple(dreamt.text for dreamt in dreams(creature, DREAMT, rng)))
