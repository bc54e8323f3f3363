"""What `organism judge` says of a list of names: each name's scores, their sum, and real names beside it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..corpus import Corpus
from ..errors import BadInput
from ..files import read_text
from ..fitness.beauty import Judge, NameScores, Scores


class Row(msgspec.Struct, frozen=True):
    """The scores of `n` names together; in [0, 1], `classic` excepted."""

    n: int
    flow: float
    symmetry: float
    creativity: float
    beauty: float
    classic: float

    @classmethod
    def of(cls, n: int, scores: Scores) -> "Row":
        return cls(n, scores.flow, scores.symmetry, scores.creativity, scores.beauty, scores.classic)


class Verdict(msgspec.Struct, frozen=True):
    """A list of names judged: in sum, beside as many real ones that no creature was shown, and one by one."""

    n: int
    flow: float
    symmetry: float
    creativity: float
    beauty: float
    classic: float
    real: Row
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
    whole, real = Row.of(n, eyes.score(names)), Row.of(min(n, len(split.test)), eyes.real(n))
    return Verdict(**msgspec.structs.asdict(whole), real=real, names=eyes.judge(names))


def lines(verdict: Verdict) -> Iterator[str]:
    """A verdict as a table."""
    longest = max(10, *(len(name.name or "") for name in verdict.names))
    yield f"{'':<{longest}} {'flow':>8} {'symmetry':>8} {'creative':>8} {'beauty':>8} {'classic':>8}"
    for name in verdict.names:
        why = "" if name.valid and not name.repeat else "  repeated" if name.repeat else "  not a name here"
        yield (
            f"{name.name or '':<{longest}} {name.flow:>8.3f} {name.symmetry:>8.3f} {name.creativity:>8.3f} "
            f"{name.beauty:>8.3f}{why}"
        )
    yield ""
    for label, row in (("these", verdict), ("real", verdict.real)):
        yield (
            f"{f'{label} {row.n}':<{longest}} {row.flow:>8.3f} {row.symmetry:>8.3f} {row.creativity:>8.3f} "
            f"{row.beauty:>8.3f} {row.classic:>8.2f}"
        )
