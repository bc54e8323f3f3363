"""Real processes for tests: run the command, read its events, kill it, and see who is left."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from organism import events
from organism.__main__ import main

COMMAND = [sys.executable, "-m", "organism"]


def organism(*arguments: object, timeout: float = 120, **options) -> subprocess.CompletedProcess:
    """Run the command to its end."""
    command = [*COMMAND, *map(str, arguments)]
    options |= {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, "check": False}
    return subprocess.run(command, timeout=timeout, **options)


def command(*arguments: object) -> int:
    """Run the command in this process and return its exit status."""
    return main([str(argument) for argument in arguments])


class Running:
    """The command at work, in a session of its own, printing events as JSON."""

    def __init__(self, *arguments: object):
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.seen: list = []

    def events(self) -> Iterator:
        """The events that it prints, until it ends."""
        assert self.process.stdout
        for line in self.process.stdout:
            event = events.decode(line)
            self.seen.append(event)
            yield event

    def until(self, kind: type, count: int = 1):
        """Wait for the `count`-th event of a kind and return it."""
        for event in self.events():
            if isinstance(event, kind) and sum(isinstance(e, kind) for e in self.seen) == count:
                return event
        raise AssertionError(f"ended with status {self.process.wait()}: {self.process.stderr.read().decode()}")

    def family(self) -> list[int]:
        """The processes of its session that are alive."""
        return family(self.process.pid)


def family(session: int) -> list[int]:
    """The processes of a session that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def all_gone(pids: list[int], seconds: float) -> bool:
    """Whether all these processes end within so many seconds; it waits for their ends, not for the clock."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        ended = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        os.close(handle)
        if not ended:
            return False
    return True


def canonical_journal(home: Path) -> list:
    """The canonical form of the only journal in a home: events of a generation sorted by kind and id."""
    (path,) = (home / "experiments").glob("*.jsonl")
    held = [events.canonical(events.decode(line)) for line in path.read_bytes().splitlines()]
    generation, ordered = 0, []
    for event in held:
        if event is None:
            continue
        generation = event.get("generation", generation)
        ordered.append((generation, event))
    return sorted(ordered, key=lambda pair: (pair[0], pair[1]["event"], pair[1].get("id", -1)))
