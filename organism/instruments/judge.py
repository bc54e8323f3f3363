"""What `organism judge` says of a list of names: each name's scores, their sum, and real names beside it."""

import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import msgspec

from ..corpus import Corpus
from ..errors import BadInput
from ..files import read_text
from ..fitness.beauty import Judge, NameScores, Scores
from ..view.table import table


class Tally(msgspec.Struct, frozen=True):
    """The scores of `n` names together; in [0, 1], `classic` excepted."""

    n: int
    flow: float
    symmetry: float
    creativity: float
    beauty: float
    classic: float

    @classmethod
    def of(cls, n: int, scores: Scores) -> "Tally":
        return cls(n, *msgspec.structs.astuple(scores))


class Verdict(Tally, frozen=True):
    """A list of names judged: in sum, beside as many real ones that no creature was shown, and one by one."""

    real: Tally
    names: list[NameScores]


def read_names(name: str) -> list[str]:
    """The lines of a file, or of standard input if it's called `-`; an empty line is a dream of nothing."""
    if name == "-":
        try:
            text = sys.stdin.buffer.read().decode("utf-8")
        except UnicodeDecodeError:
            raise BadInput("-: standard input is not UTF-8 text") from None
    else:
        text = read_text(Path(name))
    names = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    if not names:
        raise BadInput(f"{name}: is empty: at least one name is needed, one a line")
    return names


def judge(names: list[str], corpus: Corpus) -> Verdict:
    """`names` in the eyes of `corpus`."""
    split = corpus.split
    eyes = Judge(split.train, split.validation, split.test)
    n = len(names)
    real = Tally.of(min(n, len(split.test)), eyes.real(n))
    return Verdict(n, *msgspec.structs.astuple(eyes.score(names)), real=real, names=eyes.judge(names))


def lines(verdict: Verdict) -> Iterator[str]:
    """A verdict as a table: name by name, and what's wrong with it, then both lists in sum."""
    rows: list[tuple[str, ...]] = [("", "flow", "symmetry", "creative", "beauty", "classic")]
    remarks = [""]
    for name in verdict.names:
        rows.append((name.name or "", *_figures(name)))
        remarks.append("" if name.valid and not name.repeat else "  repeated" if name.repeat else "  not a name here")
    rows.append(())
    for whose, tally in (("these", verdict), ("real", verdict.real)):
        rows.append((f"{whose} {tally.n}", *_figures(tally), f"{tally.classic:.2f}"))
    for line, remark in zip_longest(table(rows, "<10 >8 >8 >8 >8 >8"), remarks, fillvalue=""):
        yield line + remark


def _figures(scores: Tally | NameScores) -> Iterator[str]:
    return (f"{score:.3f}" for score in (scores.flow, scores.symmetry, scores.creativity, scores.beauty))
