"""The journal: one file a run, one event a line, appended and never rewritten. What a run is can be read off it alone.

It appears with its `run` line complete, every event is written by one call, and each generation is on the disk before
the next begins. After a kill at any instant the file is whole but for at most one torn last line, which is dropped.

A run goes on by being run again: the engine repeats its course, results that the journal holds are read instead of
trained, and events that it holds are not written a second time. What the second course doesn't repeat gives a journal
away that was edited, or written by another program.
"""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import msgspec

from ..errors import BadInput
from ..events import Act, Died, Event, EvolutionEnd, GenerationEnd, GenomeWritten, Run, canonical, decode, encode
from ..files import listed, write_atomically, writing
from ..genome import Genome
from ..home import Home
from ..story import Story
from .genomes import check_genome


class Journal:
    """An open journal. `story` is what it tells: at first of the `events` in it, then of what is appended as well."""

    def __init__(self, path: Path, events: Sequence[Event]):
        self.path = path
        self.story = Story.of(events, path.stem)
        # What a second course of the run must bring again: its first line and what a person did are no part of it.
        self._expected = Counter(key for event in events if not isinstance(event, Run | Act) and (key := _key(event)))
        self._waiting: list[Event] = []
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)

    @classmethod
    def create(cls, home: Home, run: Run) -> "Journal":
        """A new journal with its first line, in `experiments/`, named by the time (UTC) and the objective."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        path, count = home.experiments / f"{stamp}-{run.objective}.jsonl", 1
        while path.exists():
            count += 1
            path = home.experiments / f"{stamp}-{run.objective}-{count}.jsonl"
        write_atomically(path, encode(run) + b"\n")
        return cls(path, [run])

    @classmethod
    def reopen(cls, path: Path) -> "Journal":
        """The journal of an interrupted run, cut back to its last whole line. Raises BadInput if it can't be read."""
        content = _content(path)
        events = _events_in(content, path)
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
        return cls(path, events)

    def write(self, event: Event) -> list[Event]:
        """Append `event`, unless the journal holds it already; which events were appended.

        As long as what the journal holds hasn't all happened again, new events wait: should the run prove to be another
        than the one that the journal tells of, not a letter of it was changed.
        """
        key = _key(event)
        if key in self._expected:
            for missing in self._waiting:
                # Nothing can come before what the journal holds, but for the end of who was culled (see `Search`).
                if _key(missing) and not isinstance(missing, Act | Died):
                    self._refuse(_key(missing))
            self._expected[key] -= 1
            if not self._expected[key]:
                del self._expected[key]
        else:
            self._waiting.append(event)
        if self._expected:
            return []
        written, self._waiting = self._waiting, []
        for each in written:
            self._append(each)
        return written

    def _append(self, event: Event) -> None:
        line = encode(event) + b"\n"
        with writing(self.path):
            while line:
                line = line[os.write(self._file, line) :]
            if isinstance(event, GenerationEnd | EvolutionEnd | GenomeWritten):
                os.fsync(self._file)
        self.story.tell(event)

    def check_repeated(self) -> None:
        """Raise BadInput unless everything that the journal held has happened again."""
        if self._expected:
            self._refuse(next(iter(self._expected)))

    def _refuse(self, key: bytes) -> NoReturn:
        event = msgspec.json.decode(key)["event"]
        raise BadInput(
            f"{self.path}: doesn't follow from its own first line (the first difference is a {event} event): "
            f"it was edited, or another version of the program wrote it"
        )

    def close(self) -> None:
        with writing(self.path):
            try:
                os.fsync(self._file)
            finally:
                os.close(self._file)


def read_events(path: Path) -> list[Event]:
    """Every whole event of a journal, a torn last line dropped. Raises BadInput where it isn't a journal."""
    return list(_events_in(_content(path), path))


def read_story(path: Path) -> Story:
    """What a journal tells. Raises BadInput where it isn't one."""
    return Story.of(read_events(path), path.stem)


def find_run(home: Home, stem: str | None) -> Path:
    """The journal of that name, the last one if none is named. Raises BadInput where there's none."""
    paths = journals(home)
    if stem is None:
        if not paths:
            raise BadInput(f"{home.experiments}: holds no run yet: 'organism evolve' makes one")
        return paths[-1]
    path = home.experiments / f"{Path(stem).name.removesuffix('.jsonl')}.jsonl"
    if path not in paths:
        known = f": there are {', '.join(p.stem for p in paths[-3:])}" if paths else ""
        raise BadInput(f"run {stem}: isn't in {home.experiments}{known}")
    return path


def last_unfinished(home: Home) -> Path:
    """The journal of the youngest run that was interrupted. Raises BadInput where there's none, or can't be told."""
    for path in reversed(journals(home)):
        try:
            if not read_story(path).finished:
                return path
        except BadInput as error:
            raise BadInput(f"{error}; name the RUN to resume, if it's another") from None
    raise BadInput(f"{home.experiments}: holds no unfinished run")


def journals(home: Home) -> list[Path]:
    """The journals in a home, oldest first."""
    return sorted(listed(home.experiments, "*.jsonl"), key=lambda path: (path.stem[:15], len(path.stem), path.stem))


def _key(event: Event) -> bytes:
    """What two tellings of the same event have in common; empty if nothing need be."""
    fields = canonical(event)
    return b"" if fields is None else msgspec.json.encode(fields, order="sorted")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}") from None


@lru_cache(maxsize=1)
def _events_in(content: bytes, path: Path) -> tuple[Event, ...]:
    """The events in the content of a journal. Remembered, because who goes on with a run reads it more than once."""
    lines = content.split(b"\n")[:-1]
    events: list[Event] = []
    for number, line in enumerate(lines, start=1):
        try:
            events.append(decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            what = f"line {number} is not an event of {_writer(lines[0])}"
            if "`$.config" in str(error):
                what = "its first line was edited: config"
            raise BadInput(f"{path}: {what}: {error}") from None
    if not events or not isinstance(run := events[0], Run):
        raise BadInput(f"{path}: is not a journal: its first line must be a run event")
    if any(isinstance(event, Run) for event in events[1:]):
        raise BadInput(f"{path}: holds more than one run: it was edited")
    before = Genome(run.stage, run.genome, None, run.ancestors)
    check_genome(before, f"{path}: its first line was edited: ", "genome")
    return tuple(events)


def _writer(first: bytes) -> str:
    """Which program a journal's first line says that it's by."""
    try:
        return f"this program; it was written by organism {msgspec.json.decode(first)['versions']['organism']}"
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError):
        return "this program"
