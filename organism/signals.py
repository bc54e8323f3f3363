"""Being told to end: SIGINT, SIGTERM and SIGHUP raise `Signalled`; the process then ends with 128 + its number.

What follows within two seconds is ignored, so that an impatient second Ctrl-C doesn't cut the clearing up short. A
signal isn't lost where nobody could pass on what it raises: while a module is imported it waits, because some catch
everything, and from a callback or a destructor, which swallow everything, it's raised again.
"""

import math
import signal
import sys
import threading
import time
from types import FrameType

GRACE = 2.0
LATER = 0.05


class Signalled(BaseException):
    """The process was told to end."""

    def __init__(self, number: int):
        self.number = number


NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_heard_at = -math.inf
_waiting: int | None = None


def heed() -> None:
    """From here on a signal raises Signalled."""
    for number in NUMBERS:
        signal.signal(number, _on_signal)
    sys.unraisablehook = _on_unraisable


def waiting() -> int | None:
    """The signal that waits to be raised, if one does: who ends before that can end as it would have made them."""
    return _waiting


def _on_signal(number: int, frame: FrameType | None) -> None:
    global _heard_at, _waiting
    if time.monotonic() - _heard_at < GRACE:
        return
    if _imports(frame):
        _say_again(number)
        return
    _heard_at, _waiting = time.monotonic(), None
    raise Signalled(number)


def _on_unraisable(unraisable) -> None:
    global _heard_at
    if isinstance(unraisable.exc_value, Signalled):
        _heard_at = -math.inf
        _say_again(unraisable.exc_value.number)
    else:
        sys.__unraisablehook__(unraisable)


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported at `frame` or in what called it."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _say_again(number: int) -> None:
    global _waiting
    _waiting = number

    def tell() -> None:
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        else:
            signal.raise_signal(number)

    timer = threading.Timer(LATER, tell)
    timer.daemon = True
    timer.start()
