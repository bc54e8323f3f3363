"""A canvas of braille cells, two dots wide and four high each, for all that is drawn with letters."""

BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
BLANK = 0x2800

Ink = str | None | tuple[str | None, str | None]


class Canvas:
    """`width` x `height` cells; dots are addressed from the top left, x to 2 width - 1, y to 4 height - 1.

    Each cell has one ink, the last that was used in it: a colour by name, None for the text's, or a pair of the colour
    and that of the cell's own ground, which letters leave as it is. Beyond the edges nothing happens.
    """

    def __init__(self, width: int, height: int):
        self.width, self.height = max(0, width), max(0, height)
        self.letters = [[" "] * self.width for _ in range(self.height)]
        self.inks: list[list[Ink]] = [[None] * self.width for _ in range(self.height)]

    def dot(self, x: int, y: int, ink: Ink = None) -> None:
        """Set one dot; a letter that's there stays."""
        column, row = x >> 1, y >> 2
        if 0 <= column < self.width and 0 <= row < self.height:
            there = ord(self.letters[row][column])
            if there >= BLANK or there == 32:
                self.letters[row][column] = chr(max(there, BLANK) | BITS[y & 3][x & 1])
                self.inks[row][column] = ink

    def line(self, x0: int, y0: int, x1: int, y1: int, ink: Ink = None, every: int = 1) -> None:
        """A straight line, both ends included; `every` > 1 leaves it dotted."""
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(0, steps + 1, every):
            self.dot(x0 + round((x1 - x0) * i / steps), y0 + round((y1 - y0) * i / steps), ink)

    def text(self, column: int, row: int, text: str, ink: str | None = None) -> None:
        """Letters, one a cell, over whatever is drawn there."""
        if 0 <= row < self.height:
            for i in range(max(0, -column), min(len(text), self.width - column)):
                self.letters[row][column + i] = text[i]
                before = self.inks[row][column + i]
                self.inks[row][column + i] = (ink, before[1]) if isinstance(before, tuple) and before[1] else ink

    def lines(self) -> list[str]:
        """The picture without its inks."""
        return ["".join(row) for row in self.letters]
