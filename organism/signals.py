"""Being told to end: SIGINT, SIGTERM and SIGHUP raise `Signalled` once; the process then ends with 128 + its number."""

import signal


class Signalled(BaseException):
    """The process was told to end."""

    def __init__(self, number: int):
        self.number = number


NUMBERS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def heed() -> None:
    """From here on a signal raises Signalled, and those that follow it are ignored."""
    for number in NUMBERS:
        signal.signal(number, _on_signal)


def _on_signal(number: int, frame) -> None:
    for other in NUMBERS:
        signal.signal(other, signal.SIG_IGN)
    raise Signalled(number)
