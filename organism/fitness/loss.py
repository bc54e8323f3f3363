"""How well a creature predicts documents that it never saw, in nats per token.

Every token counts, the end included, and past the creature's context too, so that nothing is gained by a short one.
"""

from ..mind.training import Creature

JUDGED_DOCUMENTS = 1_000


def validation_loss(creature: Creature) -> float:
    """The loss that selects: over the first 1,000 validation documents."""
    return creature.loss_on(creature.corpus.split.validation[:JUDGED_DOCUMENTS])


def test_loss(creature: Creature) -> float:
    """The loss that is only looked at once a choice has been made: over the whole test split."""
    return creature.loss_on(creature.corpus.split.test)
