"""Beauty: what the dreams are worth, by generation and by organism, beside real names, and a name of your own."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.widgets import Input

from organism.events import Judged
from organism.story import Organism

from ..drawing import track
from ..plotting import Trace, View
from ..snapshot import Snapshot, Yardstick
from ..themes import ORIGIN_SIGNS, Palette
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
        Binding("x", "turn_x", "Across", id="beauty.x", tooltip="the score across"),
        Binding("v", "turn_y", "Up", id="beauty.y", tooltip="the score up"),
        Binding("slash", "type", "Judge a name", id="beauty.type", key_display="/", tooltip="type a name"),
    ]

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.x, self.y = 2, 0

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
            Trace(name, tuple((n, getattr(judged, name)) for n, judged in champions), colour, SIGNS[name])
            for name, colour in self._score_colours(palette)
        ]
        generations = float(max(2, snapshot.planned))
        view = View(x_name="gen", y_span=(0.0, 1.0), x_span=(1.0, generations))
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
        judged = [organism for organism in snapshot.organisms.values() if organism.judged]
        groups: dict[str, list[Organism]] = {}
        for organism in judged:
            groups.setdefault(organism.origin, []).append(organism)
        series = [
            Trace(
                origin,
                tuple((getattr(o.judged, x), getattr(o.judged, y)) for o in organisms),
                palette.origin(origin),
                ORIGIN_SIGNS.get(origin, "●"),
                joined=False,
            )
            for origin, organisms in groups.items()
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
        heads = ((f"{name[: cell - 1]:<{cell}}", colour) for name, colour in self._score_colours(palette))
        lines: list[list[Piece]] = [[" " * first, *heads, ("beauty", palette.dim)]]
        if snapshot.yardstick:
            lines.append(self._bars(f"{'♥ real names':<{first}}", palette.good, snapshot.yardstick, width))
        rows = max(0, now.size.height - len(lines))
        ranked = sorted(
            ((judged, organism) for organism in snapshot.population if (judged := organism.judged)),
            key=lambda pair: (-pair[0].beauty, pair[1].id),
        )
        for judged, organism in ranked[:rows]:
            name = f"{ORIGIN_SIGNS.get(organism.origin, ' ')} #{organism.id} {organism.origin}"
            name = f"{name[: first - 1]:<{first}}"
            lines.append(self._bars(name, palette.origin(organism.origin), judged, width))
        if not ranked:
            lines.append([("No organism of this generation is judged yet.", palette.dim)])
        now.write(*lines)
        now.border_title = f"Generation {snapshot.generation}" if snapshot.generation else "Now"

    @staticmethod
    def _score_colours(palette: Palette) -> list[tuple[str, str]]:
        return [("flow", palette.flow), ("symmetry", palette.symmetry), ("creativity", palette.creativity)]

    def _bars(self, name: str, colour: str, scores: Judged | Yardstick, width: int) -> list[Piece]:
        """A row of scores with a bar of that width beside each."""
        palette = self.query_one("#now", Text).palette
        line: list[Piece] = [(name, colour)]
        for score, ink in self._score_colours(palette):
            value = getattr(scores, score)
            full, empty = track(value, width)
            line += [(full, ink), (empty, palette.faint), (f"{' ' if width else ''}{value:.2f} ", palette.text)]
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
            verdict.write(
                [
                    (f"{name[:20]}  ", f"bold {palette.text}"),
                    *((f"{score} {getattr(scored, score):.2f}  ", ink) for score, ink in self._score_colours(palette)),
                    (f"beauty {scored.beauty:.2f}", f"bold {palette.text}"),
                ]
            )

    def on_key(self, event) -> None:
        """Escape leaves the field."""
        if event.key == "escape" and self.query_one(Input).has_focus:
            self.focus()
            event.stop()

    def action_turn_x(self) -> None:
        self.x = (self.x + 1) % len(SCORES)
        self._show_scatter(self.snapshot)

    def action_turn_y(self) -> None:
        self.y = (self.y + 1) % len(SCORES)
        self._show_scatter(self.snapshot)

    def action_type(self) -> None:
        self.query_one(Input).focus()

    def copied(self) -> str:
        return "\n".join(f"{d.name}\t{d.flow}\t{d.symmetry}\t{d.creativity}" for d in self.snapshot.beautiful)
