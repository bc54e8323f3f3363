"""Dialogs, and the tables, lists and pages that move by arrows and by vim's keys alike."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import DataTable, OptionList

DOWN_UP: list[BindingType] = [
    Binding("j", "cursor_down", "Down", show=False),
    Binding("k", "cursor_up", "Up", show=False),
]


class Column(NamedTuple):
    """What a table says of each item, in so many cells: `cell` of the item and of what it's part of, in an `ink`.

    Items are sorted by `key`, those without one last.
    """

    title: str
    width: int
    cell: Callable[[Any, Any], str]
    ink: str = "text"
    key: Callable[[Any], Any] = lambda item: None


class Table(DataTable):
    """Rows under a cursor. Its arrows to the sides are those of the tabs, as everywhere; h and l scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *DOWN_UP,
        Binding("left", "app.turn(-1)", "Tab before", id="tab-before", show=False),
        Binding("right", "app.turn(1)", "Tab after", id="tab-after", show=False),
        Binding("h", "scroll_left", "Left", show=False),
        Binding("l", "scroll_right", "Right", show=False),
        Binding("G", "scroll_bottom", "Last", show=False),
    ]

    def __init__(self, columns: Iterable[Column], **options):
        super().__init__(cursor_type="row", cursor_foreground_priority="renderable", **options)
        for column in columns:
            self.add_column(column.title, key=column.title, width=column.width)

    @property
    def key_under_cursor(self) -> str | None:
        """The key of the row that the cursor is on."""
        if not self.row_count or not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def refill(self, rows: Iterable[tuple[str, Sequence[Text]]]) -> None:
        """Show these rows, (key, cells), and no others; the cursor stays on its row, and the scrolling where it is."""
        under_cursor, place = self.key_under_cursor, self.scroll_offset
        self.clear()
        for key, cells in rows:
            self.add_row(*cells, key=key)
        if under_cursor is not None and under_cursor in self.rows:
            self.move_cursor(row=self.get_row_index(under_cursor), scroll=False)
        self.scroll_to(*place, animate=False, immediate=True)


class Dialog(Vertical):
    """What lies over the tabs, with a frame that says what it is and which keys it has."""

    def __init__(self, title: str = "", keys: str = "", **options):
        super().__init__(**options)
        self.border_title, self.border_subtitle = title, keys


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
