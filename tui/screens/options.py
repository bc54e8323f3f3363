"""What the next evolution shall be: objective, metabolism, space, generations, population."""

from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from organism.errors import BadInput
from organism.life.plan import WORDS, Plan, check_plan, read_space, usual_scale

from ..widgets.lists import Dialog

SCALE = "generations", "population"


class Options(ModalScreen[tuple[Plan, bool] | None]):
    """Answers with a plan and whether to begin with it now; None if the person thought better of it."""

    CSS_PATH = "options.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave"),
        Binding("ctrl+s,f2", "answer(True)", "Evolve now"),
    ]

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan = plan
        self.objective = plan.objective

    def compose(self) -> ComposeResult:
        plan = self.plan
        with Dialog("The next evolution", "tab moves, ctrl+s evolves, esc leaves", id="options"):
            for name in ("objective", "metabolism"):
                words, word = WORDS[name], getattr(plan, name)
                yield from self._row(Select.from_values(words, value=word, allow_blank=False, id=name, compact=True))
            yield from self._row(
                Input(plan.space, placeholder="default, wide or a TOML file", id="space", compact=True)
            )
            for name in SCALE:
                yield from self._row(Input(str(getattr(plan, name)), type="integer", id=name, compact=True))
            yield Static("", id="complaint", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Evolve now", id="begin", variant="warning", compact=True)
                yield Button("Keep for later", id="keep", compact=True)

    def on_select_changed(self, event: Select.Changed) -> None:
        """Another objective brings its usual scale with it."""
        if event.select.id == "objective" and event.value != self.objective:
            self.objective = str(event.value)
            usual = usual_scale(self.objective)
            for name in SCALE:
                self.query_one(f"#{name}", Input).value = str(getattr(usual, name))

    @staticmethod
    def _row(field: Select | Input) -> ComposeResult:
        with Horizontal(classes="field"):
            yield Label((field.id or "").capitalize())
            yield field

    def chosen(self) -> Plan | None:
        """The plan as the fields have it, or None and a complaint beneath them."""
        scale = {name: self.query_one(f"#{name}", Input).value for name in SCALE}
        metabolism = str(self.query_one("#metabolism", Select).value)
        try:
            for name, text in scale.items():
                if not text.isdecimal():
                    raise BadInput(f"{name} = {text}: must be a whole number")
            plan = msgspec.structs.replace(
                self.plan,
                objective=self.objective,
                elitism=usual_scale(self.objective).elitism,
                # Another objective has another unit.
                target=self.plan.target if self.objective == self.plan.objective else None,
                metabolism=metabolism,
                dtype=self.plan.dtype if metabolism == "fused" else "float64",
                space=self.query_one("#space", Input).value,
                **{name: int(text) for name, text in scale.items()},
            )
            read_space(plan.space)
            return check_plan(plan)
        except BadInput as error:
            self.query_one("#complaint", Static).update(str(error))
            return None

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.action_answer(event.button.id == "begin")

    def action_answer(self, now: bool) -> None:
        if plan := self.chosen():
            self.dismiss((plan, now))
