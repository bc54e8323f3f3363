"""Where a creature lives: one folder with its genome, its trained weights, its runs and its former selves.

    genome.toml              the DNA in force (absent: primordial)
    weights.npz              the weights that were last trained from it
    experiments/*.jsonl      one journal a run
    genomes/history/*.toml   every genome that was ever replaced
    genomes/OBJECTIVE/*.toml the registry

Files are replaced whole or not at all, and one process at a time may evolve in a home.
"""

from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from .errors import BadInput, Failure


class Home:
    """The paths in one home folder, which is created when it's absent."""

    def __init__(self, folder: Path):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"--home {folder}: can't be used as a folder: {error.strerror}") from None
        self.folder = folder
        self.genome = folder / "genome.toml"
        self.weights = folder / "weights.npz"
        self.experiments = folder / "experiments"
        self.genomes = folder / "genomes"
        self.history = self.genomes / "history"

    @classmethod
    def find(cls, folder: Path | None = None) -> "Home":
        """The folder asked for, else the current one if it holds a genome.toml, else the user's data folder."""
        if folder is None:
            folder = Path.cwd() if Path("genome.toml").exists() else platformdirs.user_data_path("organism")
        return cls(folder)

    @contextmanager
    def lock(self):
        """Hold this home for one evolving process; a second one is refused."""
        lock = FileLock(self.folder / ".organism.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise BadInput(f"{self.folder}: another organism is evolving in this home; wait, or give --home") from None
        except OSError as error:
            raise Failure(f"{self.folder}: can't be written to: {error.strerror}") from None
        try:
            yield
        finally:
            lock.release()
