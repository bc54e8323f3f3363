"""How documents are read to be judged: in windows of the creature's context, every token counted once.

A document that fits is one window, and all its predictions count. Past the context a window slides on by one token at a
time, embedded at positions 0 and up, and only its last prediction counts.
"""

from collections.abc import Iterator

import numpy as np

WORK = 100_000_000  # multiplications in a slice


def windows(starts: np.ndarray, block: int, work: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(windows, shares) in slices of some 50 ms at most, between which a caller can look up.

    A window is a segment of `machine.py`: (first token, predictions, first one that counts, 0), its share the weight of
    each of these in the mean over all tokens. A position takes `work` multiplications. Where slices end depends on
    nothing but the arguments: were it the clock, it would show in the last bit of the mean.
    """
    lengths = starts[1:] - starts[:-1] - 1
    needed = np.maximum(1, lengths - block + 1)
    shift = np.arange(needed.sum()) - np.repeat(np.cumsum(needed) - needed, needed)
    size = np.repeat(np.minimum(lengths, block), needed)
    first, counts = np.repeat(starts[:-1], needed) + shift, np.where(shift > 0, size - 1, 0)
    segments = np.stack([first, size, counts, np.zeros_like(size)], axis=-1)
    number = np.cumsum(size) * work // WORK
    for part in np.split(segments, np.flatnonzero(number[1:] != number[:-1]) + 1):
        yield part, np.full(len(part), 1.0 / lengths.sum())
