"""Dialogs, and the tables, lists and pages that move by arrows and by vim's keys alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence
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

    def __init__(self, columns: Sequence[Column], **options):
        super().__init__(cursor_type="row", cursor_foreground_priority="renderable", **options)
        self.table, self.shown = columns, dict[str, tuple[tuple[str, str], ...]]()
        for column in columns:
            self.add_column(column.title, key=column.title, width=column.width)

    @property
    def key_under_cursor(self) -> str | None:
        """The key of the row that the cursor is on."""
        if not self.row_count or not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def show(self, items: Mapping[str, Any], whole: object, inks: Callable[[Any], Mapping[str, str]]) -> None:
        """Show these items of a whole by their keys and no others, `inks` naming the colours of each.

        Only what differs from what is there is written; the cursor stays on its row, and the scrolling where it is.
        """
        shown = {key: tuple(self._cells(item, whole, inks(item))) for key, item in items.items()}
        before, self.shown = self.shown, shown
        if list(before) == list(shown):
            for key, cells in shown.items():
                for column, cell, old in zip(self.table, cells, before[key], strict=True):
                    if cell != old:
                        self.update_cell(key, column.title, Text(*cell))
            return
        under_cursor, place = self.key_under_cursor, self.scroll_offset
        self.clear()
        for key, cells in shown.items():
            self.add_row(*(Text(*cell) for cell in cells), key=key)
        if under_cursor is not None and under_cursor in self.rows:
            self.move_cursor(row=self.get_row_index(under_cursor), scroll=False)
        self.scroll_to(*place, animate=False, immediate=True)

    def _cells(self, item: object, whole: object, inks: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """What each column says of an item, and its style."""
        for column in self.table:
            # What writes cells knows sixteen colours by other names than a palette.
            yield column.cell(item, whole), inks[column.ink].removeprefix("ansi_")


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
