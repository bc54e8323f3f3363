"""Loss: how the organisms of this generation learn, and how the generations went."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from organism.events import HEADS
from organism.story import Organism
from organism.view.words import figure

from ..plotting import SIGNS, Rule, Trace, View
from ..snapshot import Snapshot
from ..themes import ORIGIN_SIGNS, Palette
from ..widgets.chart import Chart
from ..widgets.text import Piece, Text
from .tab import Tab

SMOOTHINGS = (0.0, 0.7, 0.92)
ZOOMS = (0.0, 0.5, 0.75)
CURVES = len(SIGNS)
IN_NATS = "loss", "classic-loss"


class LossTab(Tab):
    TITLE = "Loss"
    ABOUT = """\
Left, or above, the training losses of this generation's organisms, or of the creature itself while it learns; each
curve ends in its own sign. Right, the best, mean and worst fitness of every generation in the objective's own unit.

Dotted lines: the **bigram floor**, what counting pairs of letters achieves; the **target**, if there's one; and what
the **primordial** creature was measured to be. They are shown where they are near enough to be compared with.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "cycle('zoom', 3)", "Zoom", id="loss.zoom", tooltip="all of it, its second half or last quarter"),
        Binding("g", "cycle('log_scale', 2)", "Log scale", id="loss.log", tooltip="logarithmic or linear"),
        Binding("m", "cycle('smoothing', 3)", "Smooth", id="loss.smooth", tooltip="none, some or much"),
    ]

    zoom, smoothing, log_scale = 0, 1, False

    def compose(self) -> ComposeResult:
        with Container(id="curves"):
            yield Chart("Training", id="training", classes="panel")
            with Vertical(id="beside"):
                yield Chart("Generations", id="generations", classes="panel")
                yield Text("Curves", id="legend", classes="panel")

    def draw(self) -> None:
        snapshot = self.snapshot
        curves = curves_of(snapshot)
        training = self.query_one("#training", Chart)
        palette = training.palette
        series = [
            Trace(f"#{o.id}", snapshot.curve(o.id), palette.origin(o.origin), SIGNS[i % CURVES])
            for i, o in enumerate(curves)
        ]
        if not series and snapshot.lives:
            own = snapshot.lives[-1]
            series = [Trace("the creature", own.curve, palette.stage(own.stage))]
        training.show(
            series,
            self._rules(snapshot, in_nats=True),
            View(self.log_scale, SMOOTHINGS[self.smoothing], ZOOMS[self.zoom], x_name="step"),
        )
        where = f", generation {snapshot.generation}" if curves else ""
        training.border_title = f"Training{where}, nats per token"
        training.border_subtitle = self._looks()
        ends = snapshot.generations
        lines = _courses(snapshot, palette)
        nats = snapshot.objective in IN_NATS
        generations = self.query_one("#generations", Chart)
        span = (1.0, float(max(2, snapshot.planned or len(ends))))
        view = View(log=self.log_scale and nats, x_name="gen", x_span=span)
        generations.show(lines if ends else [], self._rules(snapshot, nats), view)
        generations.border_title = f"Generations, {snapshot.objective}"
        generations.border_subtitle = "  ".join(f"{line.sign} {line.label}" for line in reversed(lines))
        self._write_legend(curves)

    def _rules(self, snapshot: Snapshot, in_nats: bool) -> list[Rule]:
        palette = self.query_one("#training", Chart).palette
        rules = []
        if in_nats and snapshot.run and (floor := snapshot.run.config.bigram_loss):
            rules.append(Rule("bigrams", floor, palette.bad))
        primordial = snapshot.learning("primordial")
        if in_nats and primordial and primordial.end and primordial.end.validation_loss is not None:
            rules.append(Rule("primordial", primordial.end.validation_loss, palette.primordial))
        target = snapshot.run.config.target if snapshot.run else None
        if target is not None and in_nats == (snapshot.objective in IN_NATS):
            rules.append(Rule("target", target, palette.good))
        return rules

    def _looks(self) -> str:
        looks = [("", "second half", "last quarter")[self.zoom], "log" if self.log_scale else ""]
        looks.append(("raw", "smooth", "very smooth")[self.smoothing])
        return ", ".join(look for look in looks if look)

    def _write_legend(self, curves: list[Organism]) -> None:
        """Every curve's sign, the best first; its loss on names that it never saw once that is known."""
        legend = self.query_one("#legend", Text)
        palette = legend.palette
        lines: list[list[Piece]] = []
        signs = {organism.id: SIGNS[i % CURVES] for i, organism in enumerate(curves)}
        order = sorted(curves, key=lambda o: (o.judged.validation_loss if o.judged else 99, o.id))
        for organism in order[: max(1, legend.size.height)]:
            held_out = organism.judged.validation_loss if organism.judged else None
            lines.append(
                [
                    (f"{signs[organism.id]} #{organism.id:<4}", palette.origin(organism.origin)),
                    (f"{ORIGIN_SIGNS.get(organism.origin, ' ')} {organism.origin:<10}", palette.dim),
                    (f"{figure(organism.loss, 3):>6}", palette.dim),
                    (f"{figure(held_out, 3):>7}", palette.text),
                ]
            )
        legend.border_subtitle = "training  held out"
        legend.write(*(lines or [[("no organism is in training", palette.dim)]]))

    def copied(self) -> str:
        rows = ["generation\thead\tbest\tmean\tworst"]
        for end in self.snapshot.generations:
            figures = [f"{self.snapshot.figure(value, end.head):.6f}" for value in (end.best, end.mean, end.worst)]
            rows.append("\t".join([str(end.generation), end.head or "", *figures]))
        return "\n".join(rows)


def _courses(snapshot: Snapshot, palette: Palette) -> list[Trace]:
    """The worst, the mean and the best of every generation; of a hydra each head's best, in the unit of its aim."""
    looks = [
        ("worst", palette.dim, "▼", None),
        ("mean", palette.flow, "◆", None),
        ("best", palette.evolving, "▲", None),
    ]
    if snapshot.head:
        colours = palette.flow, palette.symmetry, palette.creativity, palette.evolving
        looks = [("best", *look) for look in zip(colours, "●◆▲■", HEADS, strict=True)]
    return [
        Trace(
            head or name,
            tuple(
                (end.generation, snapshot.figure(getattr(end, name), head))
                for end in snapshot.generations
                if head in (None, end.head)
            ),
            colour,
            sign,
            strong=head is None and name == "best",
        )
        for name, colour, sign, head in looks
    ]


def curves_of(snapshot: Snapshot) -> list[Organism]:
    """The organisms whose learning can be drawn."""
    if snapshot.stage != "evolving" and snapshot.lives and not snapshot.lives[-1].end:
        return []
    return [organism for organism in snapshot.population if len(snapshot.curve(organism.id)) > 1]
