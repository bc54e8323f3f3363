"""Tables of text, for everything that is printed in columns."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len


def table(rows: Iterable[Sequence[str]], form: str) -> Iterator[str]:
    """The lines of `rows`, each column as wide as its widest cell in a terminal.

    form: a picture of a line, as in `"  <12 >9  <"`. Blanks stand as they're written; `<` or `>` is a column, set to
    the left or to the right, with the least width that it has (none: 0). A row may have fewer cells than others, and
    the last cell of such a row runs on over the columns that it leaves out, without making its own any wider.
    """
    columns = [(blanks, side, int(least or 0)) for blanks, side, least in re.findall(r"( *)([<>])(\d*)", form)]
    lines = [list(row) for row in rows]
    widths = [
        max([least, *(cell_len(row[i]) for row in lines if len(row) > i + 1 or len(row) == len(columns))])
        for i, (_, _, least) in enumerate(columns)
    ]
    for row in lines:
        line = ""
        for cell, (blanks, side, _), width in zip(row, columns, widths, strict=False):
            rest = " " * (width - cell_len(cell))
            line += blanks + (cell + rest if side == "<" else rest + cell)
        yield line.rstrip()
