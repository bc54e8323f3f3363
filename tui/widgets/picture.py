"""A widget that is drawn: subclasses paint strips for their size, and are painted anew only when told to."""

from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from ..themes import Palette, palette_of


class Picture(Widget):
    """Paints itself at most once for each `repaint`, size and theme."""

    def __init__(self, title: str = "", **options):
        super().__init__(**options)
        self.border_title = title
        self._painted: tuple[Size, Style] | None = None
        self._strips: list[Strip] = []

    @property
    def palette(self) -> Palette:
        return palette_of(self.app.current_theme)

    def paint(self, width: int, height: int, base: Style) -> list[Strip]:
        """At most `height` strips of `width` cells, on the ground that `base` is."""
        raise NotImplementedError

    def repaint(self) -> None:
        """What is shown has changed."""
        self._painted = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        key = self.size, base
        if self._painted != key:
            self._strips = self.paint(self.size.width, self.size.height, base) if all(self.size) else []
            self._painted = key
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, base)
