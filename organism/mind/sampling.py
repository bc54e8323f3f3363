"""How a creature dreams: one letter after the other, each drawn from what it expects next.

The draws are those of microgpt.py: softmax of the logits over the temperature, then `choices` of the creature's own
generator. A dream may be longer than the creature's context: it then sees only the last block_size tokens, embedded at
positions 0 and up, just as held-out text is judged.
"""

import math
import random
from collections.abc import Callable

import msgspec

from ..errors import BadInput
from .training import Creature


class Dreamt(msgspec.Struct, frozen=True):
    """One dream. `ended` is whether the creature itself ended it, before the limit cut it off."""

    text: str
    ended: bool


def dream(
    creature: Creature,
    rng: random.Random,
    temperature: float = 0.5,
    prompt: str = "",
    limit: int | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Dreamt:
    """One document of at most `limit` letters (default: the corpus's longest and one more), opened by `prompt`.

    Calls `tick` before it reads a whole context: at the beginning, and for each letter past block_size. Raises BadInput
    for a creature with weights so large that what it expects next isn't a number.
    """
    corpus, block = creature.corpus, creature.genes.block_size
    limit = corpus.longest + 1 if limit is None else limit
    context = [corpus.boundary, *(corpus.letters.index(letter) for letter in prompt)]
    tokens: list[int] = context[1:]
    vocabulary = range(corpus.vocab_size)
    since = 0  # the first of the last `block` tokens of the context that wasn't read yet
    while len(tokens) < limit:
        if not since:
            tick()
        logits = creature.mind.logits(creature.weights, context[-block:][since:], since)
        try:
            token = rng.choices(vocabulary, weights=_softmax(logits.tolist(), temperature))[0]
        except ValueError:
            raise BadInput("the creature can't dream: its weights are too large; have it trained anew") from None
        if token == corpus.boundary:
            return Dreamt(corpus.decode(tokens), ended=True)
        tokens.append(token)
        context.append(token)
        since = len(context) - 1 if len(context) <= block else 0
    return Dreamt(corpus.decode(tokens), ended=False)


def dreams(creature: Creature, n: int, rng: random.Random, temperature: float = 0.5, **options) -> list[Dreamt]:
    """`n` dreams in a row from one generator."""
    return [dream(creature, rng, temperature, **options) for _ in range(n)]


def _softmax(logits: list[float], temperature: float) -> list[float]:
    peak = max(logits)
    return [math.exp((x - peak) / temperature) for x in logits]
