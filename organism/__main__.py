"""The door of the `organism` command: signals, standard streams, every error a sentence, the exit status.

0 is done, 1 failed, 2 wrong usage or bad input, 128 + n ended by signal n. Signals are heeded before anything that
takes a while is imported, and one that comes during an import is heard right after it.
"""

import errno
import io
import os
import sys
from collections.abc import Sequence

from .errors import BadInput, Failure
from .signals import Signalled, heed, waiting


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that was typed, or the one that `arguments` spell, and return its exit status."""
    try:
        heed()
        _open_streams()
        status = _status(sys.argv[1:] if arguments is None else arguments)
        number = waiting()
        return status if number is None else 128 + number
    except Signalled as signalled:
        return 128 + signalled.number


def _open_streams() -> None:
    """Have three standard streams that take whatever is written.

    Nothing is put in place of those that whoever started the program has closed; else the next file that is opened
    would be taken for one of them. What a terminal can't show is spelled out.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor, which is this one
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _status(arguments: Sequence[str]) -> int:
    """The exit status of a command, of which one line on standard error says what was wrong."""
    try:
        from .cli import run

        status = run(_readable(arguments))
        sys.stdout.flush()
        return status
    except BadInput as error:
        return _complain(str(error), 2)
    except Failure as error:
        return _complain(str(error), 1)
    except MemoryError:
        return _complain("out of memory: this creature is too large for this machine", 1)
    except BrokenPipeError:
        # Whoever read the output has gone; there's nobody left to tell.
        _let_output_go()
        return 1
    except OSError as error:
        try:
            sys.stdout.flush()
        except OSError:
            _let_output_go()
        output = "output" if error.errno in (errno.ENOSPC, errno.EIO) else ""
        where = error.filename2 or error.filename or output
        return _complain(": ".join(map(str, filter(None, (where, error.strerror or error)))), 1)


def _readable(arguments: Sequence[str]) -> list[str]:
    """The arguments, all of which are text. Raises BadInput for one that the terminal's encoding can't read."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise BadInput(f"{argument.encode(errors='backslashreplace').decode()}: isn't UTF-8 text") from None
    return list(arguments)


def _let_output_go() -> None:
    """Have nothing more written to an output that takes nothing, not even by the interpreter as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(sentence: str, status: int) -> int:
    print(f"organism: {' '.join(sentence.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
