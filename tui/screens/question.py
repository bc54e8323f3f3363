"""A question that `y` answers, and the one that stands before leaving a run."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from ..controller import Controller
from ..widgets.lists import Dialog


class Question(ModalScreen[bool]):
    """Asks; the answer is whether it was yes."""

    CSS_PATH = "question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Yes"),
        Binding("n,escape,q", "dismiss(False)", "No"),
    ]

    def __init__(self, question: str, explanation: str = ""):
        super().__init__()
        self.question, self.explanation = question, explanation

    def compose(self) -> ComposeResult:
        with Dialog():
            yield Static(self.question, id="question", markup=False)
            if self.explanation:
                yield Static(self.explanation, id="explanation", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("y  Yes", id="yes", variant="warning", compact=True)
                yield Button("n  No", id="no", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


async def may_leave(app: App, controller: Controller, question: str) -> bool:
    """Whether no run goes on, or the person wants to leave it."""
    return not controller.running or bool(await app.push_screen_wait(Question(question, controller.how_to_resume())))
