"""TOML, highlighted, and what changed between two texts of it."""

import re
from collections import Counter

from ..themes import Palette
from .text import Piece

_TOKENS = re.compile(
    r'(?P<comment>\#.*)|(?P<table>^\s*\[\[?[^\]]*\]\]?)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<key>^\s*[\w.-]+)(?=\s*=)|(?P<number>(?<![\w])[-+]?\d[\d_.eE+-]*)|(?P<word>\b(?:true|false)\b)",
    re.MULTILINE,
)


def highlighted(line: str, palette: Palette) -> list[Piece]:
    """One line as pieces."""
    styles = {
        "comment": palette.dim,
        "table": f"bold {palette.evolving}",
        "string": palette.good,
        "key": palette.flow,
        "number": palette.creativity,
        "word": palette.symmetry,
    }
    pieces: list[Piece] = []
    at = 0
    for token in _TOKENS.finditer(line):
        pieces.append(line[at : token.start()])
        pieces.append((token.group(), styles[token.lastgroup or "comment"]))
        at = token.end()
    pieces.append(line[at:])
    return pieces


def compared(before: str, now: str, palette: Palette) -> list[list[Piece]]:
    """All lines of `now`, and what stood in their places in `before`, each with a sign in front where they differ.

    A line is known by its table and its key, wherever it stands: a gene that became an ancestor's hasn't moved there.
    """
    former = dict(_entries(before))
    lines: list[list[Piece]] = []
    for place, line in _entries(now):
        was = former.pop(place, None)
        if was == line:
            lines.append(["  ", *highlighted(line, palette)])
            continue
        if was is not None:
            lines.append(_gone(was, palette))
        lines.append([("+ ", f"bold {palette.good}"), *highlighted(line, palette)])
    lines.extend(_gone(line, palette) for line in former.values() if line)
    return lines


def _gone(line: str, palette: Palette) -> list[Piece]:
    return [("− " + line, palette.bad)]


def _entries(text: str) -> list[tuple[tuple[str, int, str], str]]:
    """(place, line) of every line: its table, which one of that name, and its key."""
    entries: list[tuple[tuple[str, int, str], str]] = []
    table, seen = "", Counter[tuple[str, str]]()
    for line in text.splitlines():
        if line.startswith("["):
            table = line
        key = line.partition("=")[0].strip()
        entries.append(((table, seen[table, key], key), line))
        seen[table, key] += 1
    return entries
