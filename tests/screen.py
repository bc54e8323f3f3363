"""The screen for tests: opened over a recorded run or a real one, with a clock that stands still, and read back."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from organism import events
from organism.corpus import parse_corpus
from organism.genes import PRIMORDIAL
from organism.home import Home
from organism.life.journal import read_events
from organism.life.plan import Plan
from tui.app import OrganismApp
from tui.controller import Controller
from tui.feed import ReplayFeed
from tui.settings import Settings

RECORDED = Path(__file__).parent / "fixtures" / "screen"
STEM = "20260101T120000-loss"
DARK = Settings(theme="organism-dark")
PATIENCE = 20.0  # seconds that something may take on a busy machine


def recorded_home(folder: Path, corpus: str | None = None) -> Home:
    """A home with the recorded run and its corpus in it, which the run calls `corpus` or by its whole path."""
    home = Home(folder / "home")
    home.experiments.mkdir()
    shutil.copy(RECORDED / "names.txt", folder)
    lines = (RECORDED / f"{STEM}.jsonl").read_bytes().splitlines()
    run = msgspec.structs.replace(events.decode(lines[0]), corpus=corpus or str(folder / "names.txt"))
    (home.experiments / f"{STEM}.jsonl").write_bytes(b"\n".join([events.encode(run), *lines[1:]]) + b"\n")
    return home


def recorded_events() -> list[events.Event]:
    """The recorded run; its corpus is where nobody finds it."""
    return [events.decode(line) for line in (RECORDED / f"{STEM}.jsonl").read_bytes().splitlines()]


def hydra_events() -> list[events.Event]:
    """The first of two generations of a hydra whose heads are two."""
    run = recorded_events()[0]
    config = msgspec.structs.replace(run.config, generations=2, cycles=1)
    run = msgspec.structs.replace(run, objective="hydra", config=config)
    told: list[events.Event] = [run, events.Stage(stage="evolving", saying="I am searching")]
    heads = (("Weaver", 0.9), ("Origin", -2.4))
    for i, (head, _) in enumerate(heads):
        told.append(events.GenerationStart(generation=1, regime="normal", population=1, head=head))
        born = {"generation": 1, "origin": "genome", "parents": (), "genes": PRIMORDIAL, "params": 1}
        told.append(events.Born(id=i, head=head, **born))
    for i, (head, best) in enumerate(heads):
        over = {"generation": 1, "species": 1, "stagnation": 0, "regime": "normal", "genes": PRIMORDIAL}
        over |= {"best": best, "mean": best, "worst": best, "champion": i, "validation_loss": 2.4}
        told.append(events.GenerationEnd(head=head, **over))
    return told


def recorded_corpus():
    """What the recorded run learnt from."""
    return parse_corpus((RECORDED / "names.txt").read_bytes(), "names.txt")


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def replaying(
    home: Home,
    until: Callable[[events.Event], bool] | None = None,
    clock: Clock | None = None,
    settings: Settings = DARK,
) -> OrganismApp:
    """An application that replays the recorded run and has played up to the first event that `until` picks."""

    def first(controller: Controller) -> None:
        feed = ReplayFeed(read_events(home.experiments / f"{STEM}.jsonl"), STEM, controller.clock)
        if until:
            feed.seek(next(at for event, at in zip(feed.events, feed.moments, strict=True) if until(event)))
        controller.show(feed)

    return quiet(home, Plan(seed=1), first, clock or Clock(), settings)


def quiet(
    home: Home,
    plan: Plan,
    first: Callable[[Controller], object],
    clock: Callable[[], float] = time.monotonic,
    settings: Settings = DARK,
) -> OrganismApp:
    """An application that stands still but for what it is told, with no settings of anybody's."""
    controller = Controller(home, plan, 2, clock)
    return OrganismApp(controller, lambda: first(controller), moving=False, settings=settings)


async def until(app: OrganismApp, condition: Callable[[], object]) -> None:
    """Let the application work until `condition` holds."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"never came: {screen_text(app)}"
        await asyncio.sleep(0.01)


async def until_shown(app: OrganismApp, text: str) -> None:
    """Let the application work until `text` can be read on the screen."""
    await until(app, lambda: text in screen_text(app))


def strips(app: OrganismApp) -> Sequence:
    return app.screen._compositor.render_strips()


def screen_text(app: OrganismApp) -> str:
    """What can be read, line by line, without blanks at the ends."""
    return "\n".join(strip.text.rstrip() for strip in strips(app))


def screen_colours(app: OrganismApp) -> dict[str, int]:
    """How many cells have which colours, blanks without a ground of their own left out."""
    cells: Counter[str] = Counter()
    for strip in strips(app):
        for text, style, _ in strip:
            if style and text.strip():
                ground = style.bgcolor.name if style.bgcolor else "default"
                cells[f"{style.color.name if style.color else 'default'} on {ground}"] += len(text.replace(" ", ""))
    return dict(sorted(cells.items()))


async def closed(app: OrganismApp) -> None:
    """End what the application listens to."""
    await asyncio.to_thread(app.controller.close)


def drive(app: OrganismApp, steps, size=(120, 40)) -> None:
    """Run `steps(app, pilot)` on the application once its first snapshot is there."""

    async def go():
        async with app.run_test(size=size, notifications=True) as pilot:
            try:
                await until(app, lambda: app.controller.snapshot.run)
                await steps(app, pilot)
            finally:
                await closed(app)

    asyncio.run(go())
