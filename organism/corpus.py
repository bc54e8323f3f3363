"""What a creature learns from: documents, one a line, their letters, and an honest split.

A corpus is any UTF-8 text. A few are embedded in the package; `makemore`, the names that the published runs used, can
be fetched. Nothing here knows what a model is.
"""

import hashlib
import random
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import platformdirs

from .errors import BadInput
from .files import data_folder, write_atomically

if TYPE_CHECKING:
    import numpy as np

DEFAULT = "names"
MAX_BYTES = 50_000_000
MAX_LETTERS = 1_000
FEW = 100  # Distinct documents below which a held-out loss is mostly noise.

MAKEMORE_URL = "https://raw.githubusercontent.com/karpathy/makemore/988aa59/names.txt"
MAKEMORE_SHA256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"


class Split(msgspec.Struct, frozen=True):
    """Distinct documents, dealt out once and for all: what is learnt, what selects, and what is looked at last."""

    train: list[str]
    validation: list[str]
    test: list[str]


class Corpus(msgspec.Struct, frozen=True, dict=True):
    """Documents in their published order, by the name that `--data` knows them by."""

    name: str
    documents: list[str]
    sha256: str

    @cached_property
    def letters(self) -> str:
        """The distinct characters, sorted: token i is the i-th of them."""
        return "".join(sorted(set().union(*self.documents)))

    @property
    def boundary(self) -> int:
        """The token that opens and ends every document, the last of the vocabulary (BOS in microgpt.py)."""
        return len(self.letters)

    @property
    def vocab_size(self) -> int:
        return len(self.letters) + 1

    @cached_property
    def longest(self) -> int:
        """Characters in the longest document."""
        return max(map(len, self.documents))

    @cached_property
    def split(self) -> Split:
        """Train, validation and test: 80 / 10 / 10 of the distinct documents, 60 / 20 / 20 if under 1,000.

        The order depends on the documents alone. Raises BadInput where a part would be empty.
        """
        documents = sorted(set(self.documents))
        random.Random(0).shuffle(documents)
        n = len(documents)
        low, high = (int(0.8 * n), int(0.9 * n)) if n >= 1_000 else (int(0.6 * n), int(0.8 * n))
        split = Split(documents[:low], documents[low:high], documents[high:])
        if not (split.train and split.validation and split.test):
            raise BadInput(f"--data {self.name}: {n} distinct documents can't be split in three: at least 3 are needed")
        return split

    def encode(self, documents: Sequence[str]) -> tuple["np.ndarray", "np.ndarray"]:
        """(tokens, starts), both int64: document i is tokens[starts[i]:starts[i+1]], a boundary at either end.

        Raises KeyError for a letter that isn't the corpus's. Letter by letter, Python would take as long as training.
        """
        import numpy as np

        known, letters = (np.frombuffer(s.encode("utf-32-le"), np.uint32) for s in (self.letters, "".join(documents)))
        token = np.searchsorted(known[:-1], letters)
        if (known[token] != letters).any():
            raise KeyError(chr(letters[known[token] != letters][0]))
        starts = np.cumsum([0] + [len(document) + 2 for document in documents], dtype=np.int64)
        tokens = np.full(starts[-1], self.boundary, np.int64)
        inside = np.ones(len(tokens), bool)
        inside[starts[:-1]] = inside[starts[1:] - 1] = False
        tokens[inside] = token
        return tokens, starts

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(self.letters[token] for token in tokens)


def parse_corpus(content: bytes, name: str) -> Corpus:
    """The corpus in the bytes of a text file. Raises BadInput for what can't be one."""
    where = f"--data {name}"
    if len(content) > MAX_BYTES:
        raise BadInput(f"{where}: holds more than {MAX_BYTES:,} bytes, the most that is allowed")
    if b"\0" in content:
        raise BadInput(f"{where}: is a binary file: it must be UTF-8 text, a document a line")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: is not UTF-8 text (byte {error.start:,}): a document a line is needed") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    documents = [line.strip() for line in lines if line.strip()]
    if not documents:
        raise BadInput(f"{where}: is empty: at least one line with text is needed")
    corpus = Corpus(name, documents, hashlib.sha256(content).hexdigest())
    if len(corpus.letters) < 2:
        raise BadInput(f"{where}: holds one distinct character, {corpus.letters!r}: at least 2 are needed")
    if len(corpus.letters) > MAX_LETTERS:
        raise BadInput(
            f"{where}: holds {len(corpus.letters):,} distinct characters: at most {MAX_LETTERS:,} are allowed"
        )
    return corpus


def read_corpus(name: str = DEFAULT, asked: str = "--data") -> Corpus:
    """The embedded or fetched corpus called `name`, or the one in the text file `name`. Raises BadInput.

    `asked` is what a complaint says of who asked for it.
    """
    path = embedded().get(name)
    if path is None and name == "makemore":
        path = makemore_path()
        if not path.exists():
            raise BadInput(f"{asked} makemore: isn't on this machine yet: run 'organism corpus fetch makemore' once")
    if path is None:
        path = Path(name)
        if not path.exists():
            raise BadInput(
                f"{asked} {name}: must be one of {', '.join(embedded())}, makemore, or a text file that exists"
            )
    # A pipe could be read once, but workers and a resumed run read the corpus again; a device may have no end.
    if not path.is_file():
        raise BadInput(f"{asked} {name}: must be a regular file: UTF-8 text, a document a line")
    try:
        with path.open("rb") as file:
            return parse_corpus(file.read(MAX_BYTES + 1), name)
    except OSError as error:
        raise BadInput(f"{asked} {name}: can't be read: {error.strerror}") from None


def embedded() -> dict[str, Path]:
    """The corpora that came with the program, by name, the default first."""
    paths = {path.stem: path for path in sorted(data_folder().glob("*.txt"))}
    return {name: paths[name] for name in sorted(paths, key=lambda name: (name != DEFAULT, name))}


def makemore_path() -> Path:
    """Where the fetched names lie, or will."""
    return platformdirs.user_cache_path("organism") / "corpora" / "makemore.txt"


def fetch_makemore(url: str = MAKEMORE_URL, sha256: str = MAKEMORE_SHA256) -> Path:
    """Download Karpathy's names into the cache, unless they're there; where they lie.

    Raises BadInput when they can't be had, or when what arrives isn't the published file.
    """
    from http.client import HTTPException  # These take longer to import than a corpus takes to read.
    from urllib.request import urlopen

    path = makemore_path()
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return path
    try:
        with urlopen(url, timeout=30) as response:
            content = response.read()
    except (OSError, HTTPException) as error:
        raise BadInput(
            f"makemore: {url} can't be fetched ({getattr(error, 'reason', None) or error}); the embedded corpora need "
            f"no network, or save that file elsewhere and give it as --data FILE"
        ) from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise BadInput(f"makemore: what arrived has sha256 {found}, not {sha256}; it was thrown away")
    write_atomically(path, content)
    return path
