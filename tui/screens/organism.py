"""One organism: its body, its curve, its dreams, and whose child it is."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen

from organism.genes import spelt, told
from organism.story import Organism
from organism.view.words import figure

from ..controller import Controller
from ..plotting import Rule, Trace, View
from ..snapshot import Scored, Snapshot
from ..themes import ORIGIN_SIGNS, Palette
from ..widgets.chart import Chart
from ..widgets.dreams import Dreams
from ..widgets.lists import Dialog, Page
from ..widgets.portrait import Portrait
from ..widgets.text import Piece, Text


class OrganismScreen(ModalScreen[None]):
    """Follows the organism for as long as it's open."""

    CSS_PATH = "organism.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close", key_display="esc"),
        Binding("p", "parent", "Parent", tooltip="open the mother"),
    ]

    snapshot = Snapshot()

    def __init__(self, id: int, controller: Controller, moving: bool):
        super().__init__()
        self.organism_id, self.controller, self.moving = id, controller, moving

    def compose(self) -> ComposeResult:
        with Dialog(keys="p mother, esc closes", id="organism"):
            with Horizontal(id="organism-upper"):
                yield Portrait(self.controller.clock, self.moving, id="organism-body", classes="panel")
                with Page(id="organism-facts", classes="panel"):
                    yield Text(id="facts")
            with Horizontal(id="organism-lower"):
                yield Chart("Learning", id="organism-curve", classes="panel")
                yield Dreams("Its dreams", id="organism-dreams", classes="panel")

    def on_mount(self) -> None:
        self.call_after_refresh(lambda: self.show(self.controller.snapshot))

    def show(self, snapshot: Snapshot) -> None:
        """The life as it is now."""
        self.snapshot = snapshot
        organism = snapshot.organisms.get(self.organism_id)
        if organism is None:
            return
        portrait = self.query_one(Portrait)
        palette = portrait.palette
        colour = palette.origin(organism.origin)
        self.query_one(Dialog).border_title = f"Organism #{organism.id}"
        portrait.show(Snapshot(stage="evolved", creature=organism.genes))
        portrait.border_title = f"{ORIGIN_SIGNS.get(organism.origin, '')} {organism.origin}"
        portrait.styles.border_title_color = colour
        self.query_one("#organism-facts").border_title = "Who it is"
        self.query_one("#facts", Text).write(*self._facts(organism, snapshot, palette))
        trained = snapshot.original(organism)
        curve = [Trace("loss", points, colour)] if (points := snapshot.curve(trained.id)) else []
        rules = [Rule("held out", organism.judged.validation_loss, palette.good)] if organism.judged else []
        self.query_one("#organism-curve", Chart).show(curve, rules, View(x_name="step"))
        names = organism.judged.names if organism.judged else ()
        self.query_one("#organism-dreams", Dreams).show([self.controller.score(name) or Scored(name) for name in names])

    def _facts(self, organism: Organism, snapshot: Snapshot, palette: Palette) -> list[list[Piece]]:
        judged = organism.judged
        parents = ", ".join(f"#{parent}" for parent in organism.parents) or "nobody"
        rows = [
            ("state", organism.reason or organism.state),
            ("born in", f"generation {organism.generation}" + (f", head {organism.head}" if organism.head else "")),
            ("child of", parents),
            ("parameters", f"{organism.params:,}"),
        ]
        if judged:
            rows += [
                ("fitness", f"{figure(snapshot.judged_fitness(organism))} {snapshot.objective}"),
                ("held out", f"{figure(judged.validation_loss)} nats per token"),
                *((score, figure(getattr(judged, score), 3)) for score in ("flow", "symmetry", "creativity")),
            ]
        rows += [(name, spelt(getattr(organism.genes, name))) for name in told([organism.genes])]
        return [[(f"{name:<14}", palette.dim), (value, palette.text)] for name, value in rows]

    def action_parent(self) -> None:
        organism = self.snapshot.organisms.get(self.organism_id)
        if organism and organism.parents and organism.parents[0] in self.snapshot.organisms:
            self.organism_id = organism.parents[0]
            self.show(self.snapshot)
