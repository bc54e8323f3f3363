"""The README's picture: Life, Loss and Genome of a real run, as SVG files in docs/.

    python benchmarks/picture.py JOURNAL [--out docs] [--size 100x30]

JOURNAL is a run of any home (`organism runs list`). It is replayed to three moments, without a terminal: amid the
search for Life and Loss, at its end for Genome. The same journal gives the same pictures.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from organism.evolution.journal import read_events
from organism.home import Home
from organism.life import Plan
from tui.app import OrganismApp
from tui.bridge import ReplayFeed
from tui.config import Config

# The tab, and how much of the run is over when it's looked at.
VIEWS = {"life": (1, 0.62), "loss": (2, 0.62), "genome": (4, 1.0), "evolved": (1, 1.0)}


async def take(journal: Path, tab: int, share: float, size: tuple[int, int], theme: str) -> str:
    """One picture, as SVG."""
    events = read_events(journal)
    shown = asyncio.Event()

    def first(app: OrganismApp) -> ReplayFeed:
        feed = ReplayFeed(events, journal.stem, clock=lambda: 0.0)
        feed.seek(share * feed.length)
        return feed

    with tempfile.TemporaryDirectory() as folder:
        app = OrganismApp(
            Home(Path(folder)), Plan(seed=0), 2, first, lambda: 0.0, moving=False, settings=Config(theme=theme)
        )
        async with app.run_test(size=size) as pilot:
            while app.snapshot.run is None:
                await asyncio.sleep(0.01)
            # Without its bar a replay looks as the run itself did.
            app.screen.remove_class("-replaying")
            await pilot.press(str(tab))
            app.call_after_refresh(shown.set)
            await shown.wait()
            await pilot.pause()
            picture = app.export_screenshot(title="organism")
            if app.bridge:
                app.bridge.close()
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("journal", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--size", default="100x30")
    parser.add_argument("--theme", default="organism-dark")
    options = parser.parse_args()
    width, _, height = options.size.partition("x")
    options.out.mkdir(exist_ok=True)
    for name, (tab, share) in VIEWS.items():
        path = options.out / f"{name}.svg"
        path.write_text(asyncio.run(take(options.journal, tab, share, (int(width), int(height)), options.theme)))
        print(path)


if __name__ == "__main__":
    main()
