"""What a person asks a life to be: the plan, what may stand in it, what is usual, and the run that it comes to."""

import math
import platform
import random
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..corpus import DEFAULT, Corpus, embedded
from ..errors import BadInput
from ..events import Config, Run
from ..files import parse_toml, read_text
from ..fitness.loss import bigram_loss
from ..fitness.objectives import OBJECTIVES
from ..genes import GENES, allowed
from ..genome import Genome
from ..mind.metabolism.build import DTYPES, METABOLISMS
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
    wishes = msgspec.structs.asdict(plan)
    try:
        msgspec.convert(wishes, Plan)
    except msgspec.ValidationError as error:
        raise BadInput(f"{where}{error}") from None
    for field, words in WORDS.items():
        if wishes[field] not in words:
            raise BadInput(f"{where}{field} = {wishes[field]!r}: must be one of {', '.join(words)}")
    for field, least in LEAST.items():
        if wishes[field] is not None and wishes[field] < least:
            raise BadInput(f"{where}{field} = {wishes[field]}: must be {least} or more")
        if wishes[field] is not None and wishes[field] >= 1 << 63:
            raise BadInput(f"{where}{field} = {wishes[field]}: must be less than 2^63")
    for field in ("target", "minutes"):
        if wishes[field] is not None and not math.isfinite(wishes[field]):
            raise BadInput(f"{where}{field} = {wishes[field]}: must be a finite number")
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

    def wanted(field: str) -> str:
        return "must be a list of values, or { min, max }" if field in GENES else allowed(field)

    return check_space(parse_toml(read_text(path), Spelling, name, wanted), name)


def resolve(plan: Plan, genome: Genome, corpus: Corpus, workers: int) -> Run:
    """The run that `plan` comes to, from that genome on that corpus. Raises BadInput for a space that can't be."""
    wishes = {name: getattr(plan, name) for name in Config.__struct_fields__ if name in Plan.__struct_fields__}
    documents = len(set(corpus.documents))
    return Run(
        objective=plan.objective,
        config=Config(**wishes, genes=read_space(plan.space), bigram_loss=bigram_loss(corpus), documents=documents),
        seed=plan.seed,
        genome=genome.genes,
        ancestors=genome.ancestors,
        corpus=plan.data,
        corpus_sha256=corpus.sha256,
        versions=versions(),
        workers=workers,
        stage=genome.stage,
        created_at=now(),
    )


def asked(run: Run) -> Plan:
    """The plan that `run` was resolved from."""
    wishes = {name: getattr(run.config, name) for name in Plan.__struct_fields__ if hasattr(run.config, name)}
    return Plan(seed=run.seed, objective=run.objective, data=run.corpus, **wishes)


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


def plan_of(
    objective: str,
    seed: int | None = None,
    generations: int | None = None,
    population: int | None = None,
    data: str = DEFAULT,
    **wishes: Any,
) -> Plan:
    """The plan of what a person wishes: at the usual scale and by a seed that is drawn, where they leave these out.

    `data` is a corpus's name or a file, `wishes` are further fields of `Plan`.
    """
    usual = usual_scale(objective)
    return Plan(
        seed=random.SystemRandom().randrange(1 << 31) if seed is None else seed,
        objective=objective,
        generations=generations or usual.generations,
        population=population or usual.population,
        elitism=usual.elitism,
        data=data_name(data),
        **wishes,
    )


def versions() -> dict[str, str]:
    """Of this program and of what its results might depend on."""
    import numba
    import numpy

    return {
        "organism": metadata.version("organism"),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "numba": numba.__version__,
    }


def now() -> str:
    """The present moment, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def data_name(name: str) -> str:
    """What a journal calls a corpus: its name, or the absolute path of its file."""
    return name if name in embedded() or name == "makemore" else str(Path(name).absolute())
