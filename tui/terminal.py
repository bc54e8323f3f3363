"""The terminal, asked whether it's still there."""

import termios


def is_gone(descriptor: int) -> bool:
    """Whether the terminal behind a descriptor has vanished."""
    try:
        termios.tcgetattr(descriptor)
    except termios.error:
        return True
    return False
