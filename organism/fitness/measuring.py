"""What a finished training is measured to be: its losses on documents that it never saw, and what its dreams are worth.

The dreams are drawn from Random(0).
"""

import math
import random
from collections.abc import Callable

import msgspec

from ..mind.sampling import Dreamt, dreams
from ..mind.training import Diverged, Training
from ..trial import Measurement
from .beauty import Judge
from .loss import test_loss, validation_loss

DREAMS = 200
SHOWN = 20


def measure(training: Training, judge: Judge, with_test: bool, tick: Callable[[], None] = lambda: None) -> Measurement:
    """Look at a finished training from every side, with a `tick` every now and then. Raises Diverged.

    How many seconds it took is for whoever had it trained to say.
    """
    creature = training.creature()
    validated = validation_loss(creature, tick)
    tested = test_loss(creature, tick) if with_test else None
    if not (math.isfinite(validated) and (tested is None or math.isfinite(tested))):
        raise Diverged(training.step)
    dreamt = dreams(creature, DREAMS, random.Random(0), tick=tick)
    tick()
    scores = judge.score([name(dream) for dream in dreamt])
    return Measurement(
        validation_loss=validated,
        test_loss=tested,
        classic_loss=training.last_loss,
        **msgspec.structs.asdict(scores),
        params=training.architecture.parameters,
        tokens=training.trained_tokens,
        names=tuple(dream.text for dream in dreamt[:SHOWN]),
        seconds=0.0,
    )


def name(dream: Dreamt) -> str | None:
    """What a judge is shown of a dream: nothing of one that the creature didn't end."""
    return dream.text if dream.ended else None
