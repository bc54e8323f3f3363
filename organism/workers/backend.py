"""What trials are given to, wherever it has them done: the pool of this machine, or what has the same verbs."""

from typing import Protocol

from ..events import Worker
from ..trial import Done, Failed, Key, Step, Trial

Happening = Step | Done | Failed | Worker


class Backend(Protocol):
    """Not to be used from two threads, `wake` apart."""

    def submit(self, trial: Trial) -> None:
        """Queue a trial; its key comes back in what `events` tells of it, until it's Done or has Failed."""
        ...

    def cancel(self, key: Key) -> None:
        """Drop the trial; nothing more is heard of it."""
        ...

    def pause(self, paused: bool) -> None:
        """Make every worker stand still, or go on."""
        ...

    def events(self, timeout: float | None = None) -> list[Happening]:
        """What happened, waiting up to `timeout` seconds for the first of it (None: as long as it takes).

        Returns at once, perhaps empty, when `wake` is called. Raises Failure if no worker can be had.
        """
        ...

    def wake(self) -> None:
        """End a wait in `events`, from any thread."""
        ...

    def close(self) -> None:
        """End all workers and wait until they're gone."""
        ...
