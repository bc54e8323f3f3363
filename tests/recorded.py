"""Recorded runs for tests: put into a home, and lived again with what was measured then in place of trainings.

What the program is asked for here, besides its command line, is a `Life`, the pool that it has its trainings from, and
the events of a journal.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import metadata
from pathlib import Path

import msgspec

from organism import events
from organism.genes import TRAITS, Genes
from organism.genome import Genome
from organism.home import Home
from organism.life.genomes import read_genome
from organism.life.journal import read_events
from organism.life.life import Life
from organism.trial import Done, Failed, Key, Measurement, Trial
from organism.workers.backend import Happening

FOLDER = Path(__file__).parent / "fixtures"
NAMES = sorted(path.name.partition(".")[0] for path in (FOLDER / "journals").iterdir())
COURSES = [name for name in NAMES if name != "life"]  # Those in which nothing but the pool trains.


class Clock:
    """What stands in for `time.monotonic`: it stands still until it's turned."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Recording:
    """A recorded run: its name among the fixtures, the lines of its journal and the genome that came of it."""

    def __init__(self, name: str):
        self.name = name
        (path,) = (FOLDER / "journals").glob(f"{name}.jsonl*")
        content = path.read_bytes()
        self.content = gzip.decompress(content) if path.suffix == ".gz" else content
        self.lines = self.content.splitlines(keepends=True)
        self.genome_path = FOLDER / "evolved" / f"{name}.toml"

    @property
    def genome(self) -> Genome:
        return read_genome(self.genome_path)

    @property
    def stem(self) -> str:
        """What the run was called."""
        provenance = self.genome.provenance
        assert provenance
        assert provenance.run
        return provenance.run

    @property
    def events(self) -> list[events.Event]:
        return [events.decode(line) for line in self.lines]

    def put(self, home: Home, lines: Sequence[bytes] | None = None) -> Path:
        """Its journal, or the `lines` given, in a home. As written by the present version, which can resume it."""
        run, *others = self.lines if lines is None else lines
        first = events.decode(run)
        assert isinstance(first, events.Run)
        first = msgspec.structs.replace(first, versions={**first.versions, "organism": metadata.version("organism")})
        path = home.experiments / f"{self.stem}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(events.encode(first) + b"\n" + b"".join(others))
        return path


def canonical_text(content: bytes) -> bytes:
    """The canonical form of a journal: of each line that has one, with its keys sorted."""
    held = [events.canonical(events.decode(line)) for line in content.splitlines()]
    return b"".join(msgspec.json.encode(event, order="sorted") + b"\n" for event in held if event is not None)


def seed_of(run_seed: int, genes: Genes, replicate: int) -> int:
    """The seed of a training, spelt out here as well: where another is asked for, another creature would be trained."""
    spelt = {gene: value for gene, value in msgspec.structs.asdict(genes).items() if gene not in TRAITS}
    figures = json.dumps(spelt, separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(f"{run_seed} {figures} {replicate}".encode(), digest_size=6).digest(), "big")


class RecordedPool:
    """In place of a pool: it answers with what a journal tells of its trainings, in the order in which they're wanted.

    Where it knows no answer it lets the time run out that it may take for one; where there's no end to that it asks
    `invent`, if it may.
    """

    def __init__(self, held: Sequence[events.Event], clock: Clock, invent: Callable[[Trial], Measurement] | None):
        self.clock, self.invent = clock, invent
        self.answers: dict[int, Measurement | str] = {}
        self.trials: dict[int, Trial] = {}
        run = held[0]
        assert isinstance(run, events.Run)
        genes = {event.id: event.genes for event in held if isinstance(event, events.Born)}
        for event in held:
            match event:
                case events.Judged(id, _, replicate) if not event.inherited:
                    self.answers[seed_of(run.seed, genes[id], replicate)] = event
                case events.Died(id, _, replicate, reason) if reason != "culled":
                    self.answers[seed_of(run.seed, genes[id], replicate)] = reason

    def submit(self, trial: Trial) -> None:
        self.trials[trial.seed] = trial

    def cancel(self, key: Key) -> None:
        self.trials = {seed: trial for seed, trial in self.trials.items() if trial.key != key}

    def pause(self, paused: bool) -> None:
        pass

    def wake(self) -> None:
        pass

    def close(self) -> None:
        pass

    def events(self, timeout: float | None = None) -> list[Happening]:
        for seed, trial in self.trials.items():
            if (answer := self.answers.get(seed)) is not None:
                del self.trials[seed]
                return [Failed(trial.key, answer) if isinstance(answer, str) else Done(trial.key, answer)]
        if timeout is not None:
            self.clock.now += timeout + 0.001
            return []
        assert self.invent, f"a training that the journal doesn't tell of: {next(iter(self.trials.values()), None)}"
        trial = self.trials.pop(next(iter(self.trials)))
        return [Done(trial.key, self.invent(trial))]


def live_again(
    recording: Recording, home: Home, path: Path, clock: Clock, invent: Callable[[Trial], Measurement] | None = None
) -> None:
    """Go on with the run at `path` to the end of the recorded one, its person doing what they did, when they did it.

    Raises AssertionError at the first event that is another than the recorded one. Needs `clock` for time.monotonic.
    """
    wished = None
    while True:
        wished = _live_on(recording, home, path, clock, wished, invent)
        if wished is None:
            return


def _live_on(recording, home, path, clock, generations, invent) -> int | None:
    """As `live_again`, to where the person wishes more generations, and how many."""
    course = list(filter(events.canonical, recording.events))
    at = sum(events.canonical(event) is not None for event in read_events(path))
    done = at
    life = resumed(recording, home, path, clock, generations, invent)
    with closing(life.events()) as stream:
        while True:
            match course[at : at + 1]:
                case [events.Act(verb="extend", generations=more)] if generations is None:
                    return more
            done = max(done, at)
            while done < len(course) and isinstance(act := course[done], events.Act) and act.verb != "extend":
                life.act(act)
                done += 1
            event = next((event for event in stream if events.canonical(event) is not None), None)
            if event is None:
                break
            assert events.canonical(event) == events.canonical(course[at])
            at += 1
            generations = None
    return None


def resumed(
    recording: Recording,
    home: Home,
    path: Path,
    clock: Clock,
    generations: int | None = None,
    invent: Callable[[Trial], Measurement] | None = None,
) -> Life:
    """The run at `path` about to go on, with what was measured in place of trainings."""
    return Life.resume(home, path, 1, generations, RecordedPool(recording.events, clock, invent))
