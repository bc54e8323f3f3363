"""The door of the `organism` command. Signals are heeded before anything that takes a while is imported."""

import sys

from .signals import Signalled, heed


def main() -> int:
    """Run the command that was typed and return its exit status."""
    heed()
    try:
        from .cli import main as run

        return run()
    except Signalled as signalled:
        return 128 + signalled.number


if __name__ == "__main__":
    sys.exit(main())
