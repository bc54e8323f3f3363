"""Beauty: what the dreams are worth, by generation and by organism, beside real names, and a name of your own."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.widgets import Input

from organism.events import Judged
from organism.fitness.beauty import Scores

from ..drawing import track
from ..plotting import Trace, View
from ..snapshot import Snapshot
from ..themes import ORIGIN_SIGNS
from ..widgets.chart import Chart
from ..widgets.dreams import Dreams
from ..widgets.text import Piece, Text
from .tab import Tab

SCORES = ("flow", "symmetry", "creativity", "beauty", "validation_loss")
SIGNS = {"flow": "●", "symmetry": "◆", "creativity": "▲"}


class BeautyTab(Tab):
    TITLE = "Beauty"
    ABOUT = """\
**Flow**: can a name be said aloud? **Symmetry**: does it mirror or echo itself more than letters do by chance?
**Creativity**: is it new, and are the names various? All in [0, 1], of 200 dreams, and none can be had by repeating one
good name, or by strings that nobody would take for a name. The row of *real names* is what people's own names score.

`x` and `v` choose the two scores of the scatter. `/` lets you type a name and see it judged; escape leaves the field.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cycle('x', 5)", "Across", id="beauty.x", tooltip="the score across"),
        Binding("v", "cycle('y', 5)", "Up", id="beauty.y", tooltip="the score up"),
        Binding("slash", "type", "Judge a name", id="beauty.type", key_display="/", tooltip="type a name"),
    ]

    x, y = 2, 0

    def compose(self) -> ComposeResult:
        with Grid(id="beauty-grid"):
            yield Chart("The champion by generation", id="course", classes="panel")
            yield Chart("Scatter", id="scatter", classes="panel")
            yield Text("Now", id="now", classes="panel")
            with Vertical(id="loveliest-side"):
                yield Dreams("Most beautiful so far", id="loveliest", classes="panel")
                yield Text(id="verdict")
                yield Input(placeholder="/ a name to be judged; esc leaves", id="name", max_length=40, compact=True)

    def draw(self) -> None:
        snapshot = self.snapshot
        course = self.query_one("#course", Chart)
        palette = course.palette
        ends = ((end.generation, snapshot.organisms.get(end.champion)) for end in snapshot.generations)
        champions = [(n, organism.judged) for n, organism in ends if organism and organism.judged]
        series = [
            Trace(name, tuple((n, getattr(judged, name)) for n, judged in champions), getattr(palette, name), sign)
            for name, sign in SIGNS.items()
        ]
        view = View(x_name="gen", y_span=(0.0, 1.0), x_span=(1.0, float(max(2, snapshot.planned))))
        course.show(series if champions else [], (), view)
        course.border_subtitle = "  ".join(f"{sign} {name}" for name, sign in SIGNS.items())
        self._show_scatter(snapshot)
        self._show_now(snapshot)
        none = "No dream of it is beautiful yet." if snapshot.dreams else "It hasn't dreamt yet."
        self.query_one("#loveliest", Dreams).show(snapshot.beautiful, none)

    def _show_scatter(self, snapshot: Snapshot) -> None:
        scatter = self.query_one("#scatter", Chart)
        palette = scatter.palette
        x, y = SCORES[self.x], SCORES[self.y]
        places: dict[str, list[tuple[float, float]]] = {}
        for organism in snapshot.organisms.values():
            if judged := organism.judged:
                places.setdefault(organism.origin, []).append((getattr(judged, x), getattr(judged, y)))
        series = [
            Trace(origin, points, palette.origin(origin), ORIGIN_SIGNS.get(origin, "●"), joined=False)
            for origin, points in places.items()
        ]
        if snapshot.yardstick and "validation_loss" not in (x, y):
            real = ((getattr(snapshot.yardstick, x), getattr(snapshot.yardstick, y)),)
            series.append(Trace("real names", real, palette.good, "♥", joined=False))
        scatter.show(series, (), View(x_whole=False))
        scatter.border_title = f"{y.replace('_', ' ')} against {x.replace('_', ' ')}"
        scatter.border_subtitle = "♥ real names"

    def _show_now(self, snapshot: Snapshot) -> None:
        now = self.query_one("#now", Text)
        palette = now.palette
        first = 15 if now.size.width >= 48 else 13
        width = max(0, (now.size.width - first - 6 - 3 * 6) // 3)
        cell = width + 6 if width else 5
        heads = ((f"{name[: cell - 1]:<{cell}}", getattr(palette, name)) for name in SIGNS)
        lines: list[list[Piece]] = [[" " * first, *heads, ("beauty", palette.dim)]]
        if snapshot.yardstick:
            lines.append(self._bars(f"{'♥ real names':<{first}}", palette.good, snapshot.yardstick, width))
        rows = max(0, now.size.height - len(lines))
        ranked = [
            (-judged.beauty, organism.id, organism, judged)
            for organism in snapshot.population
            if (judged := organism.judged)
        ]
        for *_, organism, judged in sorted(ranked)[:rows]:
            name = f"{ORIGIN_SIGNS.get(organism.origin, ' ')} #{organism.id} {organism.origin}"
            name = f"{name[: first - 1]:<{first}}"
            lines.append(self._bars(name, palette.origin(organism.origin), judged, width))
        if not ranked:
            lines.append([("No organism of this generation is judged yet.", palette.dim)])
        now.write(*lines)
        now.border_title = f"Generation {snapshot.generation}" if snapshot.generation else "Now"

    def _bars(self, name: str, colour: str, scores: Judged | Scores, width: int) -> list[Piece]:
        """A row of scores with a bar of that width beside each."""
        palette = self.query_one("#now", Text).palette
        line: list[Piece] = [(name, colour)]
        for score in SIGNS:
            value = getattr(scores, score)
            full, empty = track(value, width)
            line += [
                (full, getattr(palette, score)),
                (empty, palette.faint),
                (f"{' ' if width else ''}{value:.2f} ", palette.text),
            ]
        line.append((f"{scores.beauty:.2f}", f"bold {palette.text}"))
        return line

    @on(Input.Changed, "#name")
    def _judge(self, event: Input.Changed) -> None:
        verdict = self.query_one("#verdict", Text)
        palette = verdict.palette
        name = event.value.strip().lower()
        scored = self.controller.score(name) if name else None
        if not name:
            verdict.write([""])
        elif scored is None or scored.beauty is None:
            verdict.write([("There's no corpus here to judge names by.", palette.dim)])
        else:
            bold = f"bold {palette.text}"
            scores = ((f"{score} {getattr(scored, score):.2f}  ", getattr(palette, score)) for score in SIGNS)
            verdict.write([(f"{name[:20]}  ", bold), *scores, (f"beauty {scored.beauty:.2f}", bold)])

    def on_key(self, event) -> None:
        """Escape leaves the field."""
        if event.key == "escape" and self.query_one(Input).has_focus:
            self.focus()
            event.stop()

    def action_type(self) -> None:
        self.query_one(Input).focus()

    def copied(self) -> str:
        return "\n".join(f"{d.name}\t{d.flow}\t{d.symmetry}\t{d.creativity}" for d in self.snapshot.beautiful)
