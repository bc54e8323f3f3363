"""Help that fits what is being looked at: what the tab shows, and every key that does something there."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Markdown

from ..settings import settings_path
from ..widgets.lists import Dialog, Page
from ..widgets.text import Piece, Text


class Help(ModalScreen[None]):
    """A page over everything; scrolls, and any of its keys closes it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close", key_display="esc"),
    ]

    def __init__(self, title: str, about: str, bindings: dict[str, ActiveBinding]):
        super().__init__()
        self.heading, self.about, self.active = title, about, bindings

    def compose(self) -> ComposeResult:
        with Dialog(f"Help: {self.heading}", "j k scroll, esc closes", id="help"), Page(can_focus=True):
            yield Markdown(self.about)
            yield Text(id="help-keys")
            yield Markdown(
                f"Keys and theme are set in `{settings_path()}`, under the ids in the last column: "
                '`theme = "organism-light"`, `[keys]`, `evolve = "E"`.'
            )

    def on_mount(self) -> None:
        self.query_one(Page).focus()
        self.query_one(Text).write(*self._keys())

    def _keys(self) -> list[list[Piece]]:
        """A line for everything that can be done: its keys, what it is, and the id to set other keys by."""
        keys: dict[str, list[str]] = {}
        about: dict[str, str] = {}
        for key, active in self.active.items():
            binding = active.binding
            if binding.id and active.enabled:  # A binding without an id is the toolkit's own.
                keys.setdefault(binding.id, []).append(self.app.get_key_display(binding.with_key(key)))
                about[binding.id] = binding.tooltip or binding.description.lower()
        palette = self.query_one(Text).palette
        return [
            [(f"{' '.join(pressed):<8}", f"bold {palette.evolving}"), f"{about[id]:<50} ", (id, palette.dim)]
            # Those of the tab, whose name is in their ids, come first.
            for id, pressed in sorted(keys.items(), key=lambda entry: "." not in entry[0])
        ]
