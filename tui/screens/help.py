"""Help that fits what is being looked at: what the tab shows, and every key that does something there."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Markdown

from ..widgets.lists import Page


class Help(ModalScreen[None]):
    """A page over everything; scrolls, and any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close", key_display="esc"),
    ]

    def __init__(self, title: str, about: str, bindings: dict[str, ActiveBinding]):
        super().__init__()
        self.heading, self.about, self.active = title, about, bindings

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="help"), Page(can_focus=True):
            yield Markdown(self.text())

    def on_mount(self) -> None:
        self.query_one("#help").border_title = f"Help: {self.heading}"
        self.query_one("#help").border_subtitle = "j k scroll, esc closes"
        self.query_one(Page).focus()

    def text(self) -> str:
        """The page, in Markdown."""
        rows: dict[str, list[str]] = {}
        for key, active in self.active.items():
            binding = active.binding
            if binding.system or not binding.description or not active.enabled:
                continue
            about = binding.tooltip or ""
            entry = f"| {binding.description} | {about} | {binding.id or ''} |"
            rows.setdefault(entry, []).append(self.app.get_key_display(binding.with_key(key)))
        table = "\n".join(f"| {' '.join(_code(key) for key in keys)} {entry}" for entry, keys in rows.items())
        return (
            f"{self.about}\n\n| key | does | | id |\n|---|---|---|---|\n{table}\n\n"
            "Keys and theme are set in `screen.toml` in your configuration folder, under the ids above: "
            '`theme = "organism-light"`, `[keys]`, `evolve = "E"`.'
        )


def _code(key: str) -> str:
    return f"`{key}`" if key != "|" else "bar"
