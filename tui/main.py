"""The doors to the screen: a life, an evolution, a run resumed, a run replayed. Each returns the exit status.

The fork server that hands out workers is started before the application takes the terminal over, because afterwards the
process's standard error is no file any more. When the application is gone the terminal is as it was, all processes have
ended, and one sentence on standard error says what there is to say.
"""

import random
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from organism.corpus import read_corpus
from organism.errors import BadInput
from organism.events import Run
from organism.home import Home
from organism.life.genomes import genome_in_force
from organism.life.journal import read_events
from organism.life.plan import Plan, asked, read_space
from organism.workers.pool import ignite
from organism.workers.worker import Setup

from .app import OrganismApp
from .feed import Feed


def live(home: Home, plan: Plan, workers: int) -> int:
    """The creature in force, awake; it evolves by `plan` when its person says so."""
    _check(home, plan)
    return _open(home, plan, workers, lambda app: app.awake())


def evolve(home: Home, plan: Plan, workers: int) -> int:
    """An evolution by `plan`, at once."""
    _check(home, plan)
    return _open(home, plan, workers, lambda app: app.lived(plan))


def resume(home: Home, path: Path, workers: int, generations: int | None = None) -> int:
    """The run whose journal is at `path`, from where it was, or to so many generations in all."""
    return _open(home, _plan_of(path), workers, lambda app: app.resumed(path, generations))


def replay(home: Home, path: Path, workers: int) -> int:
    """The run whose journal is at `path`, from its beginning."""
    return _open(home, _plan_of(path), workers, lambda app: app.replayed(path))


def _plan_of(path: Path) -> Plan:
    """What the run of a journal was asked to be, for whatever its person starts after it, under a seed of its own."""
    run = read_events(path)[0]
    assert isinstance(run, Run)
    return msgspec.structs.replace(asked(run), seed=random.SystemRandom().randrange(1 << 31))


def _check(home: Home, plan: Plan) -> None:
    """Raise BadInput before the screen opens, rather than on it."""
    genome_in_force(home)
    read_corpus(plan.data)
    read_space(plan.space)


def _open(home: Home, plan: Plan, workers: int, first: Callable[[OrganismApp], Feed]) -> int:
    try:
        corpus = read_corpus(plan.data)
    except BadInput:
        # A replay needs no corpus; whatever does will say that there's none.
        corpus = read_corpus()
    ignite(Setup(corpus.name, corpus.sha256, plan.metabolism, plan.dtype))
    app = OrganismApp(home, plan, workers, first)
    try:
        app.run()
    except BaseException as error:
        app.failed = app.failed or error
    app.left.set()
    unfinished = app.running and app.snapshot.run
    if app.bridge:
        app.bridge.close()
    if isinstance(app.failed, BadInput):
        raise app.failed
    if app.failed:
        print(f"organism: the screen failed: {_sentence(app.failed)}", file=sys.stderr)
    if unfinished:
        print(f"organism: {app.how_to_resume()}", file=sys.stderr)
    return 1 if app.failed else app.return_code or 0


def _sentence(error: BaseException) -> str:
    """What went wrong, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
