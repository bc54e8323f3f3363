"""The story of a life: events in, one after the other; a frozen `Snapshot` out whenever one is asked for.

A pure fold. It knows no thread, clock, file or screen: whoever feeds it says when each event happened, in seconds of
the run's own clock. Live, resumed and replayed runs therefore look the same. Only what changed since the last snapshot
is made anew.
"""

from collections import deque
from collections.abc import Callable
from types import MappingProxyType

import msgspec

from organism import story as told
from organism.events import (
    SAYINGS,
    Abandoned,
    Act,
    Born,
    Confirmed,
    Died,
    Dream,
    Event,
    EvolutionEnd,
    Front,
    GenerationEnd,
    GenerationStart,
    GenomeWritten,
    Judged,
    Progress,
    Resumed,
    Run,
    Stage,
    TrainEnd,
    TrainStart,
    TrainStep,
    Worker,
)
from organism.view.sentences import DETAIL, sentence

from .snapshot import Dreamt, Generation, Line, Organism, Reading, Snapshot, Training

LOG, DREAMS, BEAUTIFUL = 200, 60, 40
CURVE = 400  # points of the creature's own training curve, at most
CONFIRMATIONS = 101  # the first replicate that is no part of the search

Score = Callable[[str], Dreamt]


class Story:
    """See the module. Names go unjudged until it can `see`."""

    def __init__(self, name: str = ""):
        self.score: Score = Dreamt
        self.now = Snapshot(name=name)
        self.told = told.Story(name)
        self.organisms: dict[int, Organism] = {}
        self.members: list[int] = []
        self.curves: dict[int, list[tuple[int, float]]] = {}
        self.moved: set[int] = set()
        self.thinned: list[tuple[int, float]] = []
        self.stride = 1
        self.history: list[Generation] = []
        self.log: deque[Line] = deque(maxlen=LOG)
        self.dreams: deque[Dreamt] = deque(maxlen=DREAMS)
        self.beautiful: dict[str, Dreamt] = {}
        self.alive: set[int] = set()
        self.evolving_since: float | None = None
        self.searched = 0.0  # seconds, in searches that have ended

    def see(self, score: Score, reading: Reading) -> None:
        """From now on names can be judged."""
        self.score = score
        self._revise(reading=reading)

    def call(self, name: str) -> None:
        """The run has this name."""
        self._revise(name=name)

    def tell(self, event: Event, at: float) -> None:
        """`event` happened `at` this many seconds."""
        self.told.tell(event)
        text, kind = sentence(event, self.told)
        if kind != DETAIL:
            self.log.append(Line(at, text, kind))
        self._fold(event, at)

    def snapshot(self, at: float) -> Snapshot:
        """All that was told, as it looks `at` this many seconds."""
        for id in self.moved:
            self.organisms[id] = msgspec.structs.replace(self.organisms[id], curve=tuple(self.curves[id]))
        self.moved.clear()
        if self.thinned and self.now.trainings and not self.now.trainings[-1].end:
            self._revise_training(curve=tuple(self.thinned))
        searched = None if self.evolving_since is None else at - self.evolving_since
        leader = self.now.leader
        self._revise(
            population=tuple(self.organisms[id] for id in self.members),
            organisms=MappingProxyType(dict(self.organisms)),
            leader=self.organisms[leader.id] if leader else None,
            history=tuple(self.history),
            log=tuple(self.log),
            dreams=tuple(self.dreams),
            beautiful=tuple(sorted(self.beautiful.values(), key=lambda d: (-(d.beauty or 0), d.name))[:BEAUTIFUL]),
            workers=len(self.alive) or self.now.workers,
        )
        if self.now.end is None and self.now.stage == "evolving":
            self._revise(rate=self._rate(searched), remaining=self._remaining(searched))
        if not self.now.ended:
            self._revise(elapsed=at)
        return self.now

    # --- the fold

    def _fold(self, event: Event, at: float) -> None:
        match event:
            case Run():
                config = event.config
                cycles = config.cycles if event.objective == "hydra" else 1
                self._revise(
                    run=event,
                    stage=event.stage,
                    creature=event.genome,
                    generations=config.generations * cycles,
                    workers=event.workers,
                )
            case Stage():
                self._revise(stage=event.stage, saying=event.saying)
                if event.stage == "evolving":
                    self.evolving_since = at - self.searched
                else:
                    self._revise(remaining=None)
            case TrainStart():
                self.thinned, self.stride = [], 1
                training = Training(self.now.stage, event.genes, event.params)
                self._revise(trainings=(*self.now.trainings, training), creature=event.genes, params=event.params)
            case TrainStep():
                self._step(event)
            case TrainEnd():
                self._revise_training(end=event, curve=tuple(self.thinned))
            case Dream():
                self._dream(event.names)
            case GenerationStart():
                self._open(event)
            case Born():
                self._born(event)
            case Progress():
                self._progress(event)
            case Judged():
                self._judged(event)
            case Died():
                self._change(event.id, state="died", reason=event.reason)
                if event.reason != "culled":
                    self._revise(evaluations=self.now.evaluations + 1)
            case GenerationEnd():
                champion = self.organisms.get(event.champion)
                self.history.append(Generation(event, champion.judged if champion else None))
                self._lead(event.champion)
            case Front():
                self._revise(front=frozenset(event.ids))
            case Confirmed():
                self._revise(confirmed=(*self.now.confirmed, event))
            case EvolutionEnd():
                self.searched = at - (self.evolving_since or 0.0)
                self._lead(event.champion)
                self._revise(end=event, creature=event.genes, remaining=None, evaluations=event.evaluations)
            case GenomeWritten():
                self._revise(
                    written=event.genes,
                    creature=event.genes,
                    writings=self.now.writings + 1,
                    stage=event.stage,
                    saying=SAYINGS.get(event.stage, ""),
                )
            case Worker(state="started"):
                self.alive.add(event.worker)
            case Worker():
                self.alive.discard(event.worker)
            case Resumed():
                self._revise(paused=False, workers=event.workers, ended=False)
                self.alive.clear()
            case Act():
                self._act(event)
            case Abandoned():
                for id in self.members:
                    if self.organisms[id].state in ("waiting", "training"):
                        self._change(id, state="died", reason="abandoned")

    def end(self, at: float, failure: str = "") -> None:
        """Nothing more will be told; `failure` says why, if something went wrong."""
        if failure:
            self.log.append(Line(at, failure, "bad"))
        self._revise(ended=True, failure=failure, remaining=None, elapsed=at)

    def _revise(self, **changes) -> None:
        self.now = msgspec.structs.replace(self.now, **changes)

    def _revise_training(self, **changes) -> None:
        if self.now.trainings:
            *before, last = self.now.trainings
            self._revise(trainings=(*before, msgspec.structs.replace(last, **changes)))

    def _change(self, id: int, **changes) -> None:
        if id in self.organisms:
            self.organisms[id] = msgspec.structs.replace(self.organisms[id], **changes)

    def _step(self, event: TrainStep) -> None:
        """Keep every stride-th step, and half of those kept whenever they grow too many."""
        if event.step % self.stride == 0 or event.step == 1:
            self.thinned.append((event.step, event.loss))
        if len(self.thinned) > CURVE:
            self.thinned = self.thinned[::2]
            self.stride *= 2

    def _open(self, event: GenerationStart) -> None:
        """A generation begins. The heads of a hydra live side by side: only the head's own organisms make room."""
        keep = [id for id in self.members if event.head and self.organisms[id].head != event.head]
        self.members = keep
        self._revise(generation=event.generation, regime=event.regime, head=event.head)

    def _born(self, event: Born) -> None:
        organism = Organism(
            event.id, event.generation, event.origin, event.parents, event.genes, event.params, event.head
        )
        self.organisms[event.id] = organism
        self.curves[event.id] = []
        self.members.append(event.id)

    def _progress(self, event: Progress) -> None:
        organism = self.organisms.get(event.id)
        if organism is None:
            return
        curve = self.curves[event.id]
        if organism.replicate != event.replicate or (curve and event.step <= curve[-1][0]):
            curve.clear()
        curve.append((event.step, event.loss))
        self.moved.add(event.id)
        if organism.state != "training" or organism.replicate != event.replicate:
            self._change(event.id, state="training", replicate=event.replicate)

    def _judged(self, event: Judged) -> None:
        if event.id not in self.organisms:
            return
        # What a confirmation says of one of the best can't be compared with what the others were judged to be.
        judged = event if event.replicate < CONFIRMATIONS else self.organisms[event.id].judged
        self._change(event.id, state="judged", judged=judged, replicate=event.replicate)
        if event.inherited:
            return
        self._revise(evaluations=self.now.evaluations + 1)
        self._dream(event.names)
        leader = self.now.leader
        best = leader.judged.mean_fitness if leader and leader.judged else float("-inf")
        rival = leader is None or leader.head == self.organisms[event.id].head
        if event.replicate < CONFIRMATIONS and rival and event.mean_fitness > best:
            self._lead(event.id)

    def _lead(self, id: int) -> None:
        if id in self.organisms:
            leader = self.organisms[id]
            self._revise(leader=leader, creature=leader.genes, params=leader.params)

    def _dream(self, names: tuple[str, ...]) -> None:
        for name in names:
            dreamt = self.score(name)
            self.dreams.appendleft(dreamt)
            if dreamt.beauty and name not in self.beautiful:
                self.beautiful[name] = dreamt
        if len(self.beautiful) > 4 * BEAUTIFUL:
            best = sorted(self.beautiful.values(), key=lambda d: (-(d.beauty or 0), d.name))[:BEAUTIFUL]
            self.beautiful = {dreamt.name: dreamt for dreamt in best}

    def _act(self, event: Act) -> None:
        if event.verb in ("pause", "resume"):
            self._revise(paused=event.verb == "pause")
        elif event.verb == "bless" and event.id is not None:
            self._change(event.id, blessed=True)
        elif event.verb == "stop":
            self._revise(generations=self.now.generation)
        elif event.verb == "extend" and event.generations is not None:
            self._revise(generations=event.generations, end=None, confirmed=())

    # --- figures

    def _rate(self, searched: float | None) -> float | None:
        """Evaluations per second of the search."""
        return self.now.evaluations / searched if searched and self.now.evaluations else None

    def _remaining(self, searched: float | None) -> float | None:
        """Seconds until the last generation ends, if it goes on as it went; None before that can be told."""
        done = self.now.lived
        left = max(0.0, self.now.generations - done)
        return searched / done * left if searched and done > 0.2 else None
