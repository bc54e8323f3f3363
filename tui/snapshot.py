"""What a face shows at one instant: what a `Watch` of its events makes and nobody changes.

Everything in here may cross threads. Losses are in nats per token, times in seconds of the run's own clock, and
fitness is higher-is-better; `figure` turns a fitness back into the objective's own unit.
"""

import msgspec

from organism.fitness.beauty import Scores
from organism.story import Curve, Organism, Story


class Scored(msgspec.Struct, frozen=True):
    """A name that was dreamt, and its scores in [0, 1] if it could be judged."""

    name: str
    flow: float | None = None
    symmetry: float | None = None
    creativity: float | None = None
    beauty: float | None = None


class Entry(msgspec.Struct, frozen=True):
    """A sentence in the log, and what it speaks of; see `sentences`."""

    at: float
    text: str
    kind: str = ""


class Snapshot(Story):
    """The story so far, to which nothing more is told, and what only a screen has.

    curves: the training losses of the organisms, each of its newest training. yardstick: what the real names of its
    corpus score. at: where the run's own clock stands. rate: evaluations per second of the search. remaining: seconds
    until its last generation ends. ended: nothing more will be told, because of a `failure` if there's one.
    """

    curves: dict[int, Curve] = {}  # noqa: RUF012
    log: tuple[Entry, ...] = ()
    dreams: tuple[Scored, ...] = ()
    beautiful: tuple[Scored, ...] = ()
    yardstick: Scores | None = None
    at: float = 0.0
    rate: float | None = None
    remaining: float | None = None
    ended: bool = False
    failure: str = ""

    @property
    def evolving(self) -> bool:
        """Whether there's an evolution that a person could stop, pause or lose."""
        return self.stage == "evolving" and not self.ended

    def curve(self, id: int) -> Curve:
        """How an organism learns, or learnt."""
        return self.curves.get(id, ())

    def judged_fitness(self, organism: Organism) -> float | None:
        """What an organism was judged to be, in the unit of what it's selected for."""
        return organism.judged and self.figure(organism.judged.mean_fitness, organism.head)
