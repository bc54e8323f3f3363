"""How things are compared that must be measured: in turns, over and over, and the median counts.

A machine that is busy for a while is then busy for all of them.
"""

import time
from collections.abc import Callable, Mapping
from statistics import median

REPEATS = 7

Tell = Callable[[str, float], None]
"""To be called with what is being measured, and which share of all is done."""

# The processor time of this thread, where it's told finely enough.
clock = time.thread_time if time.get_clock_info("thread_time").resolution < 1e-6 else time.perf_counter


def part_of(tell: Tell, i: int, n: int, name: str) -> Tell:
    """What part number `i` (from 0) of `n` is to call, so that `tell` hears of it under its name."""
    return lambda said, share: tell(f"{name}{said}", (i + share) / n)


def timed(watch: Callable[[], float], work: Callable[..., object], *arguments: object) -> float:
    """The seconds that a call takes by `watch`."""
    began = watch()
    work(*arguments)
    return watch() - began


def in_turns(contenders: Mapping[str, Callable[[], float]], tell: Tell) -> dict[str, float]:
    """The median of what each contender returns, by its name, all asked in turns `REPEATS` times."""
    measured: dict[str, list[float]] = {name: [] for name in contenders}
    for repeat in range(REPEATS):
        for i, (name, contender) in enumerate(contenders.items()):
            tell(name, (repeat + i / len(contenders)) / REPEATS)
            measured[name].append(contender())
    return {name: median(figures) for name, figures in measured.items()}
