"""weights.npz: the numbers that a training came to, and whose they are."""

import io
from pathlib import Path

import msgspec
import numpy as np

from ..errors import BadInput
from ..files import write_atomically
from ..genes import Genes, check_genes
from .training import Creature, architecture_of


class Weights(msgspec.Struct, frozen=True):
    """What weights.npz says of itself, besides the numbers."""

    genes: Genes
    letters: str
    corpus: str
    seed: int


def save_weights(path: Path, creature: Creature, seed: int) -> None:
    """Write the creature's weights as float64 in numpy's .npz, with a JSON header; no pickle is involved."""
    header = Weights(creature.genes, creature.corpus.letters, creature.corpus.sha256, seed)
    buffer = io.BytesIO()
    about = np.frombuffer(msgspec.json.encode(header), np.uint8)
    np.savez(buffer, about=about, weights=creature.weights.astype(np.float64))
    write_atomically(path, buffer.getvalue())


def load_weights(path: Path) -> tuple[Weights, np.ndarray] | None:
    """(header, weights) of a file that `save_weights` wrote; None if there's none. Raises BadInput for another."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            header = msgspec.json.decode(archive["about"].tobytes(), type=Weights)
            weights = archive["weights"]
    except Exception:
        # zipfile, zlib and numpy have a dozen exceptions between them for what a damaged byte can make of an archive.
        raise BadInput(f"{path}: is not a weights file of this program; move it away to have it trained anew") from None
    check_genes(header.genes, f"{path}: ")
    expected = architecture_of(header.genes, len(header.letters) + 1).parameters
    if weights.shape != (expected,) or weights.dtype != np.float64:
        raise BadInput(f"{path}: holds {weights.shape} {weights.dtype} weights: its genes need {expected:,} of float64")
    if not np.isfinite(weights).all():
        raise BadInput(f"{path}: holds weights that aren't finite; move it away to have it trained anew")
    return header, weights
