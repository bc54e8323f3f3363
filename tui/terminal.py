"""Leaving the terminal as it was: when a signal says so, and when the terminal is gone."""

import asyncio
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable

GRACE = 1.0  # seconds that the terminal has to take leave


class Leave:
    """Ends an application by `exit(status)`; by force, once `close` has put everything away, if that takes too long.

    Whoever opened the application sets `taken` when it has the terminal back.
    """

    def __init__(self, exit: Callable[[int], object], close: Callable[[], object]):
        self.exit, self.close = exit, close
        self.taken = threading.Event()

    def listen(self) -> None:
        """A signal ends the application as a person would, with the exit status that says so."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._by, number)

    def look(self) -> None:
        """Leave if the terminal has vanished without a signal."""
        if sys.__stdin__ is not None and is_gone(sys.__stdin__.fileno()):
            self._by(signal.SIGHUP)

    def _by(self, number: int) -> None:
        """End with the status of this signal, even if the terminal doesn't take what is written to it any more."""
        self.exit(128 + number)
        threading.Thread(target=self._anyway, args=(128 + number,), name="organism-end", daemon=True).start()

    def _anyway(self, status: int) -> None:
        if not self.taken.wait(GRACE):
            self.close()
            os._exit(status)


def is_gone(descriptor: int) -> bool:
    """Whether the terminal behind a descriptor has vanished."""
    try:
        termios.tcgetattr(descriptor)
    except termios.error:
        return True
    return False
