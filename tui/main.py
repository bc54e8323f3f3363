"""The doors to the screen: a life, an evolution, a run resumed, a run replayed. Each returns the exit status.

The fork server that hands out workers is started before the application takes the terminal over, because afterwards the
process's standard error is no file any more. When the application is gone the terminal is as it was, all processes have
ended, and one sentence on standard error says what there is to say.
"""

import random
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from organism.corpus import read_corpus
from organism.errors import BadInput
from organism.events import Event, Run
from organism.home import Home
from organism.life.genomes import genome_in_force
from organism.life.journal import read_events
from organism.life.plan import Plan, asked, read_space
from organism.workers.perform import Setup
from organism.workers.pool import worker_context

from .app import OrganismApp
from .controller import Controller


def live(home: Home, plan: Plan, workers: int) -> int:
    """The creature in force, on its own; it evolves by `plan` when its person says so."""
    _check(home, plan)
    return _open(Controller(home, plan, workers), Controller.show_creature)


def evolve(home: Home, plan: Plan, workers: int) -> int:
    """An evolution by `plan`, at once."""
    _check(home, plan)
    return _open(Controller(home, plan, workers), lambda controller: controller.evolve(plan))


def resume(home: Home, path: Path, workers: int, generations: int | None = None) -> int:
    """The run whose journal is at `path`, from where it was, or to so many generations in all."""
    events = read_events(path)
    first = lambda controller: controller.resume(path, events, generations)  # noqa: E731
    return _open(Controller(home, _plan_of(events), workers), first)


def replay(home: Home, path: Path, workers: int) -> int:
    """The run whose journal is at `path`, from its beginning."""
    events = read_events(path)
    return _open(Controller(home, _plan_of(events), workers), lambda controller: controller.replay(path.stem, events))


def _plan_of(events: Sequence[Event]) -> Plan:
    """What the run of a journal was asked to be, for whatever its person starts after it, under a seed of its own."""
    run = events[0]
    assert isinstance(run, Run)
    return msgspec.structs.replace(asked(run), seed=random.SystemRandom().randrange(1 << 31))


def _check(home: Home, plan: Plan) -> None:
    """Raise BadInput before the screen opens, rather than on it."""
    genome_in_force(home)
    read_corpus(plan.data)
    read_space(plan.space)


def _open(controller: Controller, first: Callable[[Controller], object]) -> int:
    """Open the screen on what `first` lets the controller show."""
    plan = controller.plan
    try:
        corpus = read_corpus(plan.data)
    except BadInput:
        # A replay needs no corpus; whatever does will say that there's none.
        corpus = read_corpus()
    worker_context(Setup(corpus.name, corpus.sha256, plan.metabolism, plan.dtype))
    app = OrganismApp(controller, partial(first, controller))
    try:
        app.run()
    except BaseException as error:
        app.failed = app.failed or error
    app.leave.taken.set()
    unfinished = controller.running and controller.snapshot.run
    controller.close()
    if isinstance(app.failed, BadInput):
        raise app.failed
    if app.failed:
        said = " ".join(f"{type(app.failed).__name__}: {app.failed}".split())
        print(f"organism: the screen failed: {said}", file=sys.stderr)
    if unfinished:
        print(f"organism: {controller.how_to_resume()}", file=sys.stderr)
    return 1 if app.failed else app.return_code or 0
