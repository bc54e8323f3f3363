"""TOML, highlighted, and what changed between two texts of it."""

import difflib
import re

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
    """All lines of `now`, and those of `before` that are gone, each with a sign in front where they differ."""
    lines: list[list[Piece]] = []
    for line in difflib.Differ().compare(before.splitlines(), now.splitlines()):
        sign, text = line[:2], line[2:]
        if sign == "- ":
            lines.append([("− " + text, palette.bad)])
        elif sign == "+ ":
            lines.append([("+ ", f"bold {palette.good}"), *highlighted(text, palette)])
        elif sign == "  ":
            lines.append(["  ", *highlighted(text, palette)])
    return lines
