"""The README's picture: Life, Loss and Genome of a real run in one SVG file.

    python benchmarks/picture.py JOURNAL [--out docs/screen.svg]

JOURNAL is a run of any home (`organism runs list`). It is replayed, without a terminal, to the end of a late generation
for Life and Loss, and to its own end for Genome. The same journal gives the same picture.
"""

import argparse
import asyncio
import re
import tempfile
from pathlib import Path

from organism.events import Event, GenerationEnd
from organism.home import Home
from organism.life.journal import read_events
from organism.life.plan import Plan
from tui.app import OrganismApp
from tui.controller import Controller
from tui.feed import ReplayFeed
from tui.settings import Settings

LIFE, LOSS, GENOME = 1, 2, 4
WIDE, NARROW = (120, 34), (96, 30)
WIDTH, GAP = 1200, 12
LINE, ABOVE = 24.4, 18.5  # how high a line of Textual's pictures is, and how much of it is above where letters stand
A, B, C, D = ((x, y, 0.5, 0.5) for y in (0, 0.5) for x in (0, 0.5))
QUARTERS = {"▘": (A,), "▝": (B,), "▖": (C,), "▗": (D,), "▀": (A, B), "▄": (C, D), "▌": (A, C), "▐": (B, D)}
QUARTERS |= {"▚": (A, D), "▞": (B, C), "▂": ((0, 0.75, 1, 0.25),), "▆": ((0, 0.25, 1, 0.75),)}


class Sitting(Controller):
    """A replay that shows itself as the life that it was."""

    @property
    def replaying(self) -> None:
        return None

    @property
    def running(self) -> bool:
        return self.snapshot.stage == "evolving"

    def genome_texts(self) -> tuple[str, str]:
        return self.retold()


async def take(events: list[Event], name: str, tab: int, told: int, size: tuple[int, int], theme: str) -> str:
    """One tab after the first `told` events, as SVG."""
    shown = asyncio.Event()

    feed = ReplayFeed(events[:told], name, clock=lambda: 0.0)
    feed.seek(feed.length)
    with tempfile.TemporaryDirectory() as folder:
        controller = Sitting(Home(Path(folder)), Plan(seed=0), 2, clock=lambda: 0.0)
        app = OrganismApp(controller, lambda: controller.show(feed), moving=False, settings=Settings(theme=theme))
        async with app.run_test(size=size) as pilot:
            while controller.snapshot.run is None:
                await asyncio.sleep(0.01)
            await pilot.press(str(tab))
            app.call_after_refresh(shown.set)
            await shown.wait()
            await pilot.pause()
            picture = sharp(app.export_screenshot(title="organism"))
            controller.close()
    return picture


def sharp(picture: str) -> str:
    """Blocks as shapes rather than letters, since no two fonts agree on how large they are."""

    def shapes(text: re.Match) -> str:
        style, x, y, width, letters = text[1], float(text[2]), float(text[3]), float(text[4]), text[5]
        if not set(letters) <= set(QUARTERS):
            return text[0]
        wide, path = width / len(letters), ""
        for i, letter in enumerate(letters):
            for across, down, w, h in QUARTERS[letter]:
                left, top = x + (i + across) * wide, y - ABOVE + down * LINE
                path += f"M{left:.2f} {top:.2f}h{w * wide:.2f}v{h * LINE:.2f}h{-w * wide:.2f}z"
        return f'<path class="{style}" d="{path}"/>'

    return re.sub(
        r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>([^<]*)</text>', shapes, picture
    )


def within(picture: str, x: float, y: float, width: float) -> tuple[str, float]:
    """A picture to be put into another one at (x, y), so many units wide; and how high it is there."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)
    if box is None:
        raise ValueError("the picture doesn't say how large it is")
    height = width * float(box[2]) / float(box[1])
    place = f'<svg x="{x:g}" y="{y:g}" width="{width:g}" height="{height:.1f}" '
    # The reader's own monospaced font will do: a picture shouldn't ask another host for one.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    return picture.replace("<svg ", place, 1), height


def together(life: str, loss: str, genome: str) -> str:
    """Life above, Loss and Genome below it."""
    half = (WIDTH - GAP) / 2
    upper, high = within(life, 0, 0, WIDTH)
    left, low = within(loss, 0, high + GAP, half)
    right, _ = within(genome, half + GAP, high + GAP, half)
    size = f'viewBox="0 0 {WIDTH} {high + GAP + low:.1f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{upper}\n{left}\n{right}\n</svg>\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("journal", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/screen.svg"))
    parser.add_argument("--theme", default="organism-dark")
    options = parser.parse_args()
    events, name = read_events(options.journal), options.journal.stem
    ends = [i for i, event in enumerate(events) if isinstance(event, GenerationEnd)]
    late = ends[round(0.7 * (len(ends) - 1))] - 2
    views = ((LIFE, late - 90, WIDE), (LOSS, late, NARROW), (GENOME, len(events), NARROW))
    pictures = [asyncio.run(take(events, name, tab, told, size, options.theme)) for tab, told, size in views]
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(together(*pictures))
    print(options.out)


if __name__ == "__main__":
    main()
