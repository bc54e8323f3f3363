"""What tests have in common."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference figures that stands beside the checkout, or wherever ORGANISM_SHARED says."""
    folder = Path(os.environ.get("ORGANISM_SHARED") or Path(__file__).parents[2] / "shared")
    if not folder.is_dir():
        pytest.skip(f"no reference figures at {folder}")
    return folder
