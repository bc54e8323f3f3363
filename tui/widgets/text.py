"""A widget of styled text that is written anew only when its text has changed."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from ..messages import RoomChanged
from ..themes import Palette, palette_of

Piece = str | tuple[str, str]


class Text(Static):
    """Lines of pieces; a piece is a string, or a string and its style. Nothing in them is taken for markup."""

    def __init__(self, title: str = "", **options):
        super().__init__(markup=False, **options)
        if title:
            self.border_title = title
        self._written: Content | None = None

    @property
    def palette(self) -> Palette:
        return palette_of(self.app.current_theme)

    def on_resize(self) -> None:
        self.post_message(RoomChanged())

    def write(self, *lines: Sequence[Piece]) -> None:
        """Show these lines."""
        content = Content("\n").join(Content.assemble(*line) for line in lines)
        if self._written is None or content.markup != self._written.markup:
            self._written = content
            self.update(content)
