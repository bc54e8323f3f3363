"""The door of the `organism` command. Signals are heeded before anything that takes a while is imported."""

import os
import sys

from .signals import Signalled, heed


def main() -> int:
    """Run the command that was typed and return its exit status."""
    heed()
    _open_closed_streams()
    try:
        from .cli import main as run

        return run()
    except Signalled as signalled:
        return 128 + signalled.number


def _open_closed_streams() -> None:
    """Put nothing in place of standard streams that whoever started the program has closed.

    Else the next file that is opened would be taken for one of them.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor, which is this one
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    sys.exit(main())
