"""A life as it's watched: events in, one after the other; a frozen `Snapshot` out whenever one is asked for.

What happened, its `Story` knows; here is what only a screen has: how organisms learn, a log, dreams and their scores,
and a clock. It knows no thread, file or screen: whoever feeds it says when each event happened, in seconds of the run's
own clock. Live, resumed and replayed runs therefore look the same.
"""

from collections import deque

import msgspec

from organism.events import Dream, Event, Judged, Progress
from organism.fitness.beauty import Judge, Scores
from organism.story import Curve, Story
from organism.view.sentences import DETAIL, sentence

from .snapshot import Entry, Scored, Snapshot

LOG, DREAMS, BEAUTIFUL = 200, 60, 40
FORMER = 25  # points of the curve of an organism of a former generation, at most


class Scorer(msgspec.Struct, frozen=True):
    """A judge, and what it says of the real names in its corpus."""

    judge: Judge
    yardstick: Scores

    def score(self, name: str) -> Scored:
        """A name on its own: how various its population is has no part in it. A name that isn't valid scores 0."""
        if not self.judge.valid(name):
            return Scored(name, 0.0, 0.0, 0.0, 0.0)
        flow, symmetry = self.judge.flow(name), self.judge.symmetry(name)
        creativity = self.judge.novelty(name) * self.judge.typicality(name)
        return Scored(name, flow, symmetry, creativity, (flow + 1.2 * symmetry + 2 * creativity) / 4.2)


class Watch:
    """See the module. Names go unjudged until it has a `scorer`."""

    def __init__(self, name: str = "", scorer: Scorer | None = None):
        self.story = Story(name)
        self.scorer = scorer
        self.curves: dict[int, Curve] = {}
        self.log: deque[Entry] = deque(maxlen=LOG)
        self.dreams: deque[Scored] = deque(maxlen=DREAMS)
        self.beautiful: dict[str, Scored] = {}
        self.at = 0.0
        self.searched = 0.0  # seconds, of the run's own clock
        self.ended, self.failure = False, ""

    def tell(self, event: Event, at: float) -> None:
        """`event` happened `at` this many seconds."""
        self.searched, self.at = self._searched(at), at
        generation = self.story.generation
        if isinstance(event, Progress):
            self._learn(event)
        self.story.tell(event)
        text, kind = sentence(event, self.story)
        if kind != DETAIL:
            self.log.append(Entry(at, text, kind))
        if isinstance(event, Dream) or (isinstance(event, Judged) and not event.inherited):
            self._dream(event.names)
        if self.story.generation != generation:
            self._thin()

    def end(self, at: float, failure: str = "") -> None:
        """Nothing more will be told; `failure` says why, if something went wrong."""
        self.searched, self.at = self._searched(at), at
        self.ended, self.failure = True, failure
        if failure:
            self.log.append(Entry(at, failure, "bad"))

    def snapshot(self, at: float) -> Snapshot:
        """All that was told, as it looks `at` this many seconds."""
        at = self.at if self.ended else at
        story, searched = self.story, self._searched(at)
        lived = story.progress
        known = {field: getattr(story, field) for field in Story.__struct_fields__}
        known |= {"organisms": dict(story.organisms), "results": dict(story.results)}
        return Snapshot(
            **known,
            curves=dict(self.curves),
            log=tuple(self.log),
            dreams=tuple(self.dreams),
            beautiful=tuple(self._best_names()),
            yardstick=self.scorer and self.scorer.yardstick,
            at=at,
            rate=story.evaluations / searched if searched and story.evaluations else None,
            # Before a part of the first generation was lived, nobody can tell how long the others will take.
            remaining=searched / lived * max(0.0, story.planned - lived) if self.searches and lived > 0.2 else None,
            ended=self.ended,
            failure=self.failure,
        )

    @property
    def searches(self) -> bool:
        """Whether there's a search that goes on."""
        return self.story.stage == "evolving" and self.story.end is None and not self.ended

    def _searched(self, at: float) -> float:
        """Seconds that went into searches until then."""
        return self.searched + (at - self.at if self.searches else 0.0)

    def _learn(self, event: Progress) -> None:
        """A step more of an organism's training, or the first one of another training of it."""
        organism, curve = self.story.organisms.get(event.id), self.curves.get(event.id, ())
        if organism:
            again = organism.replicate != event.replicate or event.step <= organism.step
            self.curves[event.id] = (*(() if again else curve), (event.step, event.loss))

    def _thin(self) -> None:
        """Keep less of how former organisms learnt."""
        for id, curve in self.curves.items():
            if len(curve) > FORMER and id not in self.story.members:
                self.curves[id] = curve[:: -(-len(curve) // FORMER)]

    def _dream(self, names: tuple[str, ...]) -> None:
        for name in names:
            scored = self.scorer.score(name) if self.scorer else Scored(name)
            self.dreams.appendleft(scored)
            if scored.beauty and name not in self.beautiful:
                self.beautiful[name] = scored
        if len(self.beautiful) > 4 * BEAUTIFUL:
            self.beautiful = {scored.name: scored for scored in self._best_names()}

    def _best_names(self) -> list[Scored]:
        return sorted(self.beautiful.values(), key=lambda scored: (-(scored.beauty or 0.0), scored.name))[:BEAUTIFUL]
