"""Life: the creature itself, its vital signs, its dreams, and what just happened to it."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from ..snapshot import Snapshot
from ..widgets.chronicle import Chronicle
from ..widgets.dreams import Dreams
from ..widgets.lifecycle import Lifecycle
from ..widgets.portrait import Portrait
from ..widgets.vitals import Vitals
from .tab import Tab


class LifeTab(Tab):
    TITLE = "Life"
    ABOUT = """\
The creature is drawn from its genes. **Membranes** are layers, **lobes** with an eye each are heads, its **size** is
the embedding, the **flesh** under a membrane is the MLP, **cilia** are the context; the higher the learning rate, the
more **ragged**, quick and warm it is. Nuclei are documents per batch, grains around them hundreds of steps.

Primordial, it drifts without a form. While it evolves, its population surrounds it: who is in training is drawn as far
as it has come, the rest of it flickering; who died dissolves. The colour tells how an organism came to be, and the body
in the middle is the leader's. Evolved, it breathes.

Beside a dream stand its **flow**, **symmetry** and **creativity**, and its beauty.
"""

    def __init__(self, clock: Callable[[], float], moving: bool, **options):
        super().__init__(**options)
        self.portrait = Portrait(clock, moving, id="portrait", classes="panel")

    def compose(self) -> ComposeResult:
        with Horizontal(id="upper"):
            yield self.portrait
            with Vertical(id="side"):
                yield Vitals(id="vitals", classes="panel")
                yield Dreams("Dreams", id="dreams", classes="panel")
        yield Lifecycle(id="lifecycle")
        yield Chronicle("What happened", id="chronicle", classes="panel")

    def show(self, snapshot: Snapshot) -> None:
        self.portrait.show(snapshot)
        self.query_one(Vitals).show(snapshot)
        self.query_one(Dreams).show(snapshot.dreams)
        self.query_one(Lifecycle).show(snapshot)
        self.query_one(Chronicle).show(snapshot)

    def copied(self, snapshot: Snapshot) -> str:
        return "\n".join(dreamt.name for dreamt in snapshot.dreams)
