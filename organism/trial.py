"""One training: that it's asked for, how it goes, and what it came to.

These records pass between whoever wants creatures trained and whoever trains them: the engine, a sweep, the pool and
its workers. None of them says how or where that's done. The replicates of an organism are the seeds that it's trained
under.
"""

import hashlib
from typing import NamedTuple

import msgspec

from .genes import Genes

CONFIRMATIONS = (101, 102, 103)
"""The replicates that confirm the best of a run; what the search itself trains has those from 0 on."""

OWN = 200
"""The replicate under which the creature itself is trained, to live."""


class Key(NamedTuple):
    """Which training is meant: of which organism, and under which of its seeds."""

    id: int
    replicate: int


class Trial(msgspec.Struct, frozen=True, tag=True):
    """A training that is asked for: of these genes, under this seed. `with_test`: the test loss is wanted too."""

    key: Key
    genes: Genes
    seed: int
    with_test: bool = False


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """What one training came to. Losses in nats per token, scores of 200 dreams, of which the first few are kept.

    `tokens` is how many it was trained on.
    """

    validation_loss: float
    classic_loss: float
    flow: float
    symmetry: float
    creativity: float
    beauty: float
    classic: float
    params: int
    tokens: int
    names: tuple[str, ...]
    seconds: float
    test_loss: float | None = None

    @property
    def compute(self) -> float:
        """What the training cost: parameters times tokens learnt from."""
        return float(self.params) * self.tokens


class Step(msgspec.Struct, frozen=True, tag=True):
    """A training has taken `step` steps; `loss` is their mean since the last such message."""

    key: Key
    step: int
    loss: float


class Done(msgspec.Struct, frozen=True, tag=True):
    """A training is finished."""

    key: Key
    measurement: Measurement


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A training can't be finished, and would fail again."""

    key: Key
    reason: str


def training_seed(run_seed: int, genes: Genes, replicate: int) -> int:
    """The seed of a training: a hash of what it is, so that where and when it's done can't matter."""
    text = f"{run_seed} {genes.canonical()} {replicate}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")
