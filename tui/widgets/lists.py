"""Tables, lists and pages that move by arrows and by vim's keys alike."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import DataTable, OptionList

DOWN_UP: list[BindingType] = [
    Binding("j", "cursor_down", "Down", show=False),
    Binding("k", "cursor_up", "Up", show=False),
]


class Table(DataTable):
    """Rows under a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *DOWN_UP,
        Binding("h", "scroll_left", "Left", show=False),
        Binding("l", "scroll_right", "Right", show=False),
        Binding("G", "scroll_bottom", "Last", show=False),
    ]

    def __init__(self, **options):
        super().__init__(cursor_type="row", cursor_foreground_priority="renderable", **options)

    @property
    def key_under_cursor(self) -> str | None:
        """The key of the row that the cursor is on."""
        if not self.row_count or not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def go_to(self, key: str | None) -> None:
        """Put the cursor on the row of that key, if it's there."""
        if key is not None and key in self.rows:
            self.move_cursor(row=self.get_row_index(key), scroll=False)


class Choices(OptionList):
    """A list to choose from."""

    BINDINGS: ClassVar[list[BindingType]] = DOWN_UP


class Page(VerticalScroll):
    """Something longer than the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "First", show=False),
        Binding("G", "scroll_end", "Last", show=False),
    ]
