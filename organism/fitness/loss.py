"""How well a creature predicts documents that it never saw, in nats per token.

Every token counts, the end included, and past the creature's context too, so that nothing is gained by a short one.
"""

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from ..corpus import Corpus
from ..mind.training import Creature

JUDGED_DOCUMENTS = 1_000


def validation_loss(creature: Creature, tick: Callable[[], None] = lambda: None) -> float:
    """The loss that selects: over the first 1,000 validation documents."""
    return creature.loss_on(creature.corpus.split.validation[:JUDGED_DOCUMENTS], tick)


def test_loss(creature: Creature, tick: Callable[[], None] = lambda: None) -> float:  # noqa: PT028 (no test of pytest's)
    """The loss that is only looked at once a choice has been made: over the whole test split."""
    return creature.loss_on(creature.corpus.split.test, tick)


def bigram_loss(corpus: Corpus) -> float:
    """What counting letter pairs achieves on the same validation documents: the floor under every mind.

    Each pair of the training split counts once more than it occurs there (Laplace).
    """
    pairs: Counter[tuple[int, int]] = Counter()
    tokens, starts = corpus.encode(corpus.split.train)
    for i in range(len(starts) - 1):
        pairs.update(pairwise(tokens[starts[i] : starts[i + 1]].tolist()))
    firsts: Counter[int] = Counter()
    for (first, _), count in pairs.items():
        firsts[first] += count
    total, n = 0.0, 0
    tokens, starts = corpus.encode(corpus.split.validation[:JUDGED_DOCUMENTS])
    for i in range(len(starts) - 1):
        for first, second in pairwise(tokens[starts[i] : starts[i + 1]].tolist()):
            total -= math.log((pairs[first, second] + 1) / (firsts[first] + corpus.vocab_size))
            n += 1
    return total / n
