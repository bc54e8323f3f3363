"""The three metabolisms by name: how one is made, and what has to be compiled for it first.

numba is imported when it's needed, and not with the lessons that begin here.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInput
from ..gpt import Architecture

if TYPE_CHECKING:
    from .machine import Machine

METABOLISMS = ("val", "tape", "fused")
DTYPES = ("float64", "float32")


def build(
    metabolism: str, architecture: Architecture, longest: int, dtype: str = "float64", tick: Callable = lambda: None
) -> "Machine":
    """The metabolism of that name for documents of up to `longest` characters. A tape calls `tick` as it records.

    Raises BadInput for a dtype that it hasn't, and for a tape that would be too large.
    """
    positions = min(architecture.block_size, longest + 1)
    if metabolism != "fused" and dtype != "float64":
        raise BadInput(f"--dtype {dtype}: {metabolism} computes in float64; '--metabolism fused' has float32")
    if metabolism == "val":
        from .graph import Graph

        return Graph(architecture, positions, tick)
    if metabolism == "tape":
        from .tape import Tape

        return Tape(architecture, positions, tick)
    from .fused import Fused

    return Fused(architecture, positions, dtype)


def to_compile(metabolism: str, dtype: str = "float64") -> str:
    """What `prepare` has to compile, for whoever waits meanwhile; nothing if it was compiled on this machine before."""
    from .compiled import state

    match state(_kernel(metabolism, dtype)[0]):
        case "kept":
            return ""
        case "damaged":
            return f"the {metabolism} metabolism in {dtype} anew, because what was kept of it is damaged"
    return f"the {metabolism} metabolism in {dtype}, once on this machine"


def prepare(metabolism: str, dtype: str = "float64") -> None:
    """Have the compiled loops of `metabolism` in memory, for this process and those that are forked from it.

    The first time on a machine that takes a few seconds.
    """
    _, load = _kernel(metabolism, dtype)
    load()


def _kernel(metabolism: str, dtype: str) -> tuple[str, Callable]:
    """The name of the kernel that a metabolism needs on this processor, and what compiles or loads it."""
    from .compiled import name_of
    from .simd import host_lanes

    lanes = host_lanes(np.dtype(dtype).itemsize)
    if metabolism == "fused":
        from . import fused

        return name_of("fused", dtype, lanes), partial(fused.entry, dtype, lanes)
    from . import tape

    return name_of("tape", "float64", lanes), partial(tape.entry, lanes)
