"""What can go wrong, said in one sentence to the person at the keyboard."""


class BadInput(ValueError):
    """Something that a person gave can't be used: which file, field or flag, what it held, what is allowed. Exit 2."""


class Failure(RuntimeError):
    """What was asked for can't be done, through nobody's fault. Exit 1."""
