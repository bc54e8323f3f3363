"""Who bred a genome, and what is to be said of it: asked before it's filed in the registry."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label

from ..widgets.lists import Dialog


class Submission(ModalScreen[tuple[str, str] | None]):
    """Answers with (author, notes), either of which may be empty; None if the person thought better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave"),
    ]

    def compose(self) -> ComposeResult:
        with Dialog("Submit the genome in force", "enter submits, esc leaves", id="submission"):
            for name, hint in (("author", "who bred it"), ("notes", "what there is to say of it")):
                with Horizontal(classes="field"):
                    yield Label(name.capitalize())
                    yield Input(placeholder=hint, id=name, compact=True)
            with Horizontal(classes="buttons"):
                yield Button("Submit", id="submit", variant="warning", compact=True)

    @on(Input.Submitted)
    @on(Button.Pressed)
    def answer(self) -> None:
        """Leave with what the fields hold."""
        self.dismiss((self.query_one("#author", Input).value, self.query_one("#notes", Input).value))
