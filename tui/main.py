"""The doors to the screen: a life, an evolution, a run resumed, a run replayed. Each returns the exit status.

The fork server that hands out workers is started before the application takes the terminal over, because afterwards the
process's standard error is no file any more. When the application is gone the terminal is as it was, all processes have
ended, and one sentence on standard error says what there is to say.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from organism.corpus import read_corpus
from organism.errors import BadInput
from organism.genome import genome_in_force
from organism.home import Home
from organism.life import Plan
from organism.workers.pool import ignite
from organism.workers.worker import Setup

from .app import OrganismApp
from .bridge import Feed


def live(home: Home, plan: Plan, workers: int) -> int:
    """The creature in force, awake; it evolves by `plan` when its person says so."""
    genome_in_force(home)
    return _open(home, plan, workers, lambda app: app.awake())


def evolve(home: Home, plan: Plan, workers: int) -> int:
    """An evolution by `plan`, at once."""
    genome_in_force(home)
    return _open(home, plan, workers, lambda app: app.lived(plan))


def resume(home: Home, plan: Plan, workers: int, path: Path) -> int:
    """The interrupted run whose journal is at `path`; `plan` is for what may come after it."""
    return _open(home, plan, workers, lambda app: app.resumed(path))


def replay(home: Home, plan: Plan, workers: int, path: Path) -> int:
    """The run whose journal is at `path`, from its beginning."""
    return _open(home, plan, workers, lambda app: app.replayed(path))


def _open(home: Home, plan: Plan, workers: int, first: Callable[[OrganismApp], Feed]) -> int:
    ignite(Setup(plan.data, read_corpus(plan.data).sha256, plan.metabolism, plan.dtype))
    app = OrganismApp(home, plan, workers, first)
    try:
        app.run()
    except BaseException as error:
        app.failed = app.failed or error
    evolving = app.snapshot.evolving and app.replay is None
    if app.bridge:
        app.bridge.close()
    if isinstance(app.failed, BadInput):
        raise app.failed
    if app.failed:
        print(f"organism: the screen failed: {_sentence(app.failed)}", file=sys.stderr)
    if evolving:
        print(f"organism: {app.how_to_resume()}", file=sys.stderr)
    return 1 if app.failed else app.return_code or 0


def _sentence(error: BaseException) -> str:
    """What went wrong, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
