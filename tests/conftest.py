"""What tests have in common."""

import os
import random
from pathlib import Path

import pytest

from organism.mind.metabolism.build import prepare


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference figures that stands beside the checkout, or wherever ORGANISM_SHARED says."""
    folder = Path(os.environ.get("ORGANISM_SHARED") or Path(__file__).parents[2] / "shared")
    if not folder.is_dir():
        pytest.skip(f"no reference figures at {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """The default metabolism is compiled before any test: the first command would say that it does so."""
    prepare("tape")


SOUNDS = ("ba", "ka", "lo", "mi", "ne", "ra", "ri", "so", "ta", "ve", "an", "el", "is", "or", "un")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """A folder with a corpus of 300 made-up names, `tiny.txt`, and a space of quick creatures, `tiny.toml`."""
    folder = tmp_path_factory.mktemp("tiny")
    rng = random.Random(1)
    names = {"".join(rng.choices(SOUNDS, k=rng.randint(1, 4))) for _ in range(400)}
    (folder / "tiny.txt").write_text("\n".join(sorted(names)[:300]) + "\n")
    (folder / "tiny.toml").write_text(
        "n_embd = [4, 6, 8]\nn_head = [1, 2]\nn_layer = [1, 2]\nblock_size = [4, 6, 8]\nmlp_ratio = [1, 2, 3]\n"
        "learning_rate = { min = 0.005, max = 0.05 }\nnum_steps = { min = 40, max = 120 }\nbatch_size = [1, 2]\n"
    )
    return folder


@pytest.fixture
def evolving(tiny: Path) -> tuple[str, ...]:
    """Arguments of an evolution that takes seconds."""
    corpus, space = str(tiny / "tiny.txt"), str(tiny / "tiny.toml")
    return "--data", corpus, "--space", space, "--seed", "1", "--generations", "3", "--population", "6"
