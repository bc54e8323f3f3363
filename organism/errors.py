"""What a person at the keyboard can get wrong, as one sentence: which file, field or flag, what it held, what is allowed."""


class BadInput(ValueError):
    """Raised for bad input of any kind; the command line prints it as one line and exits with status 2."""
