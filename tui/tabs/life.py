"""Life: the creature itself, its vital signs, its dreams, and what just happened to it."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from organism.view.body import LEGEND

from ..widgets.chronicle import Chronicle
from ..widgets.dreams import Dreams
from ..widgets.lifecycle import Lifecycle
from ..widgets.portrait import Portrait
from ..widgets.vitals import Vitals
from .tab import Tab


class LifeTab(Tab):
    TITLE = "Life"
    ABOUT = f"""\
The creature is drawn from its genes: {", ".join(LEGEND)}. A feeler is a trait that isn't as creatures begin.

Primordial, it's drowsy and loose. While it evolves, its population surrounds it, each beside the sign of how it came to
be: asleep before it is trained, its eyes open as it learns, and they're crossed out in one that died. The body in the
middle is the leader's. Evolved, it breathes and looks about.

Beside a dream stand its **flow**, **symmetry** and **creativity**, and its beauty.
"""

    def compose(self) -> ComposeResult:
        with Horizontal(id="upper"):
            yield Portrait(self.controller.clock, self.moving, id="portrait", classes="panel")
            with Vertical(id="side"):
                yield Vitals(id="vitals", classes="panel")
                yield Dreams("Dreams", id="dreams", classes="panel")
        yield Lifecycle(id="lifecycle")
        yield Chronicle("What happened", id="chronicle", classes="panel")

    def draw(self) -> None:
        snapshot = self.snapshot
        for part in (Portrait, Vitals, Lifecycle, Chronicle):
            self.query_one(part).show(snapshot)
        self.query_one(Dreams).show(snapshot.dreams)

    def copied(self) -> str:
        return "\n".join(dreamt.name for dreamt in self.snapshot.dreams)
