"""A sweep: the creature trained under several genes and several seeds, over the pool, to be set side by side.

`organism sweep steps` varies how long it learns, `sweep params` how large it is, and `sweep FILE.toml` whatever that
says:

    [genes]                    # what all points share; what isn't here is taken from the genome in force
    learning_rate = 0.005
    [grid]                     # every combination of these
    n_embd = [8, 16, 32]
    num_steps = [500, 1000]
    [[points]]                 # and each of these
    n_embd = 64
    n_head = 8

Each point is trained once under every seed, exactly as `organism train --seed` would: seed 42 (or `--seed`) and those
that follow it. A sweep has a journal of its own, `experiments/sweeps/NAME-KEY.jsonl`, whose key is a hash of all that
the results depend on. The same command therefore finds it again: a sweep that was interrupted goes on, one that is
complete is only read. What failed is tried anew.
"""

import hashlib
import itertools
import math
import os
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec
from filelock import FileLock, Timeout

from ...corpus import Corpus
from ...errors import BadInput
from ...evolution.variation import cost
from ...files import parse_toml, read_text, write_atomically
from ...genes import GENES, Genes, allowed, check_genes, given, record_of
from ...home import Home
from ...life.plan import data_name, versions
from ...mind.training import architecture_of
from ...trial import Done, Failed, Key, Measurement, Step, Trial
from ...workers.pool import Pool
from .scaling import Point

STEPS = "1k,2k,3k,5k,8k,13k,21k"
SIZES = "16/4/1,32/4/2,64/8/4"
MOST_TRAININGS = 10_000


class Sweep(msgspec.Struct, frozen=True, tag_field="event", tag="sweep"):
    """What is to be trained: every point under every seed. The first line of the sweep's journal."""

    name: str
    points: tuple[Genes, ...]
    seeds: tuple[int, ...]
    corpus: str
    corpus_sha256: str
    metabolism: str
    dtype: str
    versions: dict[str, str]

    @property
    def key(self) -> str:
        """A short hash of everything that the results depend on."""
        causes = (self.points, self.seeds, self.corpus_sha256, self.metabolism, self.dtype, self.versions)
        return hashlib.blake2b(msgspec.json.encode(causes, order="sorted"), digest_size=4).hexdigest()

    def journal(self, home: Home) -> Path:
        """Where the results lie, or will."""
        return home.experiments / "sweeps" / f"{self.name}-{self.key}.jsonl"


class Trained(msgspec.Struct, frozen=True, tag_field="event", tag="trained"):
    """What the training of point number `point` (from 0) under `seed` came to."""

    point: int
    seed: int
    measurement: Measurement


class Dead(msgspec.Struct, frozen=True, tag_field="event", tag="died"):
    """A training that came to nothing."""

    point: int
    seed: int
    reason: str


Outcome = Trained | Dead


class Results(msgspec.Struct, frozen=True):
    """A sweep and what is known of it so far. `outcomes` is keyed by (point, seed)."""

    sweep: Sweep
    outcomes: dict[tuple[int, int], Outcome]

    def of(self, point: int) -> list[Outcome]:
        """What is known of a point, in the order of the seeds."""
        known = (self.outcomes.get((point, seed)) for seed in self.sweep.seeds)
        return [outcome for outcome in known if outcome]

    def measurements(self, point: int) -> list[Measurement]:
        """What the trainings of a point were measured to be, in the order of the seeds, the dead left out."""
        return [outcome.measurement for outcome in self.of(point) if isinstance(outcome, Trained)]

    def points(self) -> list[Point]:
        """Each point as the analysis wants it."""
        found = []
        for i, genes in enumerate(self.sweep.points):
            known = self.measurements(i)
            params = known[0].params if known else 0
            tokens = fmean(m.tokens for m in known) if known else 0.0
            seconds = fmean(m.seconds for m in known) if known else 0.0
            found.append(Point(genes, params, tokens, tuple(m.validation_loss for m in known), seconds))
        return found


# --- what to sweep


def sweep_of(
    what: str,
    base: Genes,
    corpus: Corpus,
    first_seed: int,
    seeds: int,
    metabolism: str,
    dtype: str,
    values: str | None = None,
) -> Sweep:
    """The sweep called `what`: steps, params or a TOML file, around the creature of genes `base`. Raises BadInput."""
    if what == "steps":
        steps = _steps(STEPS if values is None else values)
        points = [msgspec.structs.replace(base, num_steps=number) for number in steps]
    elif what == "params":
        sizes = _sizes(SIZES if values is None else values)
        points = [msgspec.structs.replace(base, n_embd=e, n_head=h, n_layer=n) for e, h, n in sizes]
    elif what.endswith(".toml") and values is None:
        points = _from_file(Path(what), base)
    elif what.endswith(".toml"):
        raise BadInput(f"--values {values}: is for 'sweep steps' and 'sweep params' only; {what} says its own")
    else:
        raise BadInput(f"sweep {what}: must be steps, params, a .toml file or the .jsonl journal of a sweep")
    points = [check_genes(genes, f"{'--values' if values else what}: ") for genes in dict.fromkeys(points)]
    if len(points) * seeds > MOST_TRAININGS:
        raise BadInput(f"--seeds {seeds}: of {len(points):,} points: at most {MOST_TRAININGS:,} trainings are allowed")
    return Sweep(
        name=re.sub(r"[^\w.-]+", "-", Path(what).stem),
        points=tuple(points),
        seeds=tuple(range(first_seed, first_seed + seeds)),
        corpus=data_name(corpus.name),
        corpus_sha256=corpus.sha256,
        metabolism=metabolism,
        dtype=dtype,
        versions=versions(),
    )


def _steps(values: str) -> list[int]:
    """The numbers in a list such as '1k,2k,500'."""
    low, high = (int(limit) for limit in GENES["num_steps"].limits)
    steps = []
    for word in values.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(k?)\s*", word)
        number = int(match[1]) * (1_000 if match[2] else 1) if match else 0
        if not low <= number <= high:
            raise BadInput(f"--values {values}: holds {word!r}: must be {low:,} to {high:,} steps, such as 1k,2k,500")
        steps.append(number)
    return steps


def _sizes(values: str) -> list[tuple[int, ...]]:
    """The sizes in a list such as '16/4/1,32/4/2'."""
    sizes = []
    for word in values.split(","):
        if not re.fullmatch(r"\s*\d{1,4}/\d{1,4}/\d{1,4}\s*", word):
            raise BadInput(f"--values {values}: holds {word!r}: must be width/heads/layers, such as 16/4/1,32/4/2")
        sizes.append(tuple(int(number) for number in word.split("/")))
    return sizes


Partial = record_of("Partial", lambda kind: kind)
"""Some genes, the others left as they are."""

Grid = record_of("Grid", lambda kind: tuple[kind, ...])
"""For some genes, the values to combine."""


Wanted: Any = msgspec.defstruct(
    "Wanted",
    [("genes", Partial, Partial()), ("grid", Grid, Grid()), ("points", tuple[Partial, ...], ())],
    frozen=True,
    forbid_unknown_fields=True,
)
"""What the TOML file of a sweep holds."""


def _from_file(path: Path, base: Genes) -> list[Genes]:
    wanted = parse_toml(read_text(path), Wanted, str(path), allowed)
    base, axes = msgspec.structs.replace(base, **given(wanted.genes)), given(wanted.grid)
    for gene, values in axes.items():
        if not values:
            raise BadInput(f"{path}: grid.{gene} = []: must hold at least one value")
    size = math.prod(map(len, axes.values()))
    if size > MOST_TRAININGS:
        raise BadInput(f"{path}: grid: spells {size:,} points: at most {MOST_TRAININGS:,} are allowed")
    points = [msgspec.structs.replace(base, **given(point)) for point in wanted.points]
    if axes:
        grid = (dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()))
        points = [msgspec.structs.replace(base, **some) for some in grid] + points
    if not points:
        raise BadInput(f"{path}: holds no points: a [grid] of genes or [[points]] are needed")
    return points


# --- the journal

_decoder = msgspec.json.Decoder(Sweep | Outcome)


def read(path: Path) -> Results:
    """What a sweep's journal holds, a torn last line dropped. Raises BadInput where it isn't one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}") from None
    sweep: Sweep | None = None
    outcomes: dict[tuple[int, int], Outcome] = {}
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            told = _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadInput(f"{path}: line {number} is not of a sweep's journal: {error}") from None
        if isinstance(told, Sweep):
            sweep = told
        else:
            outcomes[told.point, told.seed] = told
    if sweep is None:
        raise BadInput(f"{path}: is not a sweep's journal: its first line must be a sweep")
    return Results(sweep, outcomes)


def read_again(path: Path, **given: object) -> Results:
    """What the journal at `path` tells. Raises BadInput for what was `given` by flags: a journal has its own."""
    for flag, value in given.items():
        if value is not None:
            raise BadInput(f"--{flag} {value}: {path} is the journal of a sweep that has its own")
    return read(path)


def run(sweep: Sweep, corpus: Corpus, home: Home, workers: int, tell: Callable[[str, float], None]) -> Results:
    """Train whatever the journal of `sweep` doesn't hold yet, write it there, and return all that it holds then.

    The costliest trainings go first, so that no worker is left with one at the end. `tell` hears what was done last,
    and which share of all. Raises BadInput if another process is at the same sweep.
    """
    path = sweep.journal(home)
    if not path.exists():
        write_atomically(path, msgspec.json.encode(sweep) + b"\n")
    lock = FileLock(path.with_name(f".{path.stem}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise BadInput(f"{path}: another process is at this sweep; wait until it ends") from None
    with lock:
        known = read(path).outcomes
        wanted = [Key(i, seed) for i in range(len(sweep.points)) for seed in sweep.seeds]
        missing = [key for key in wanted if not isinstance(known.get(key), Trained)]
        if missing:
            _train(sweep, corpus, path, missing, workers, tell)
        return read(path)


def _train(
    sweep: Sweep, corpus: Corpus, path: Path, missing: list[Key], workers: int, tell: Callable[[str, float], None]
) -> None:
    """Have a trial made of each point and seed that is `missing`: the point is its organism, the seed its replicate."""
    total = len(sweep.points) * len(sweep.seeds)
    shares = dict.fromkeys(missing, 0.0)
    waiting = set(missing)

    def telling(said: str = "") -> None:
        share = 1 - (len(shares) - sum(shares.values())) / total
        tell(said or f"{total - len(waiting)} of {total} trainings", share)

    os.truncate(path, path.read_bytes().rfind(b"\n") + 1)
    with path.open("ab", buffering=0) as journal, closing(Pool(corpus, sweep.metabolism, sweep.dtype, workers)) as pool:
        costs = [cost(genes, architecture_of(genes, corpus.vocab_size).parameters) for genes in sweep.points]
        for key in sorted(missing, key=lambda key: -costs[key.id]):
            pool.submit(Trial(key, sweep.points[key.id], key.replicate))
        telling()
        while waiting:
            for happening in pool.events():
                match happening:
                    case Step(key, step, loss):
                        point, seed = key
                        steps = sweep.points[point].num_steps
                        shares[key] = step / steps
                        telling(f"point {point + 1}, seed {seed}: step {step:,} of {steps:,}, loss {loss:.4f}")
                        continue
                    case Done(key, measurement):
                        outcome = Trained(*key, measurement)
                    case Failed(key, reason):
                        outcome = Dead(*key, reason)
                    case _:
                        continue
                journal.write(msgspec.json.encode(outcome) + b"\n")
                os.fsync(journal)
                waiting.discard(key)
                shares[key] = 1.0
                telling()
