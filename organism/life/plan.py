"""What a person asks a life to be: the plan, what may stand in it, and what is usual."""

import math
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..errors import BadInput
from ..files import parse_toml, read_text
from ..fitness.objectives import OBJECTIVES
from ..genes import GENES, allowed
from ..mind.training import DTYPES, METABOLISMS
from ..space import SPACES, Space, Spelling, check_space


class Plan(msgspec.Struct, frozen=True):
    """What a person asked a life to be. `data` is a corpus's name or an absolute path; see `organism --help`."""

    seed: int
    objective: str = "loss"
    generations: int = 10
    population: int = 8
    elitism: int = 1
    cycles: int = 5
    target: float | None = None
    patience: int | None = None
    minutes: float | None = None
    space: str = "default"
    metabolism: str = "tape"
    dtype: str = "float64"
    data: str = "names"
    whole_life: bool = True


WORDS = {"objective": (*OBJECTIVES, "hydra", "pareto"), "metabolism": METABOLISMS, "dtype": DTYPES}
LEAST = {"seed": 0, "generations": 1, "population": 2, "elitism": 0, "cycles": 1, "patience": 1}


def check_plan(plan: Plan, where: str = "") -> Plan:
    """`plan`, if it can be lived. Raises BadInput with the field, what it held and what is allowed."""
    held = msgspec.structs.asdict(plan)
    try:
        msgspec.convert(held, Plan)
    except msgspec.ValidationError as error:
        raise BadInput(f"{where}{error}") from None
    for field, words in WORDS.items():
        if held[field] not in words:
            raise BadInput(f"{where}{field} = {held[field]!r}: must be one of {', '.join(words)}")
    for field, least in LEAST.items():
        if held[field] is not None and held[field] < least:
            raise BadInput(f"{where}{field} = {held[field]}: must be {least} or more")
        if held[field] is not None and held[field] >= 1 << 63:
            raise BadInput(f"{where}{field} = {held[field]}: must be less than 2^63")
    for field in ("target", "minutes"):
        if held[field] is not None and not math.isfinite(held[field]):
            raise BadInput(f"{where}{field} = {held[field]}: must be a finite number")
    if plan.minutes is not None and plan.minutes <= 0:
        raise BadInput(f"{where}minutes = {plan.minutes}: must be more than 0")
    if plan.dtype == "float32" and plan.metabolism != "fused":
        raise BadInput(f"{where}dtype = 'float32': {plan.metabolism} computes in float64; fused has float32")
    if plan.objective == "hydra" and plan.target is not None:
        raise BadInput(f"{where}target: a hydra's heads have four units; it ends by patience or minutes instead")
    return plan


def read_space(name: str) -> Space:
    """The space called `name`, or the one in the TOML file `name`: the genes as keys, a list or {min, max} for each."""
    if name in SPACES:
        return SPACES[name]
    path = Path(name)
    if not path.exists():
        raise BadInput(f"--space {name}: must be {', '.join(SPACES)} or a TOML file that exists")
    return check_space(parse_toml(read_text(path), Spelling, name, _allowed), name)


def _allowed(field: str) -> str:
    """What the field of a space's file may hold."""
    return "must be a list of values, or { min, max }" if field in GENES else allowed(field)


class Scale(NamedTuple):
    """How large a search is. For a hydra, generations are those of a cycle and population that of a head."""

    generations: int
    population: int
    elitism: int


def usual_scale(objective: str) -> Scale:
    """The scale of a search for `objective` unless a person wishes another: the ancestor's."""
    if objective in ("beauty", "flow", "symmetry", "creativity", "classic-beauty"):
        return Scale(5, 12, 2)
    return Scale(3 if objective == "hydra" else 10, 8, 1)
