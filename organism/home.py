"""Where a creature lives: one folder with its genome, its trained weights, its runs and its former selves.

    genome.toml              the DNA in force (absent: primordial)
    weights.npz              the weights that were last trained from it
    experiments/*.jsonl      one journal a run
    genomes/history/*.toml   every genome that was ever replaced
    genomes/OBJECTIVE/*.toml the registry

Files are replaced whole or not at all, and one process at a time may evolve in a home.
"""

import os
import tempfile
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


def listed(folder: Path, pattern: str) -> list[Path]:
    """The files that match, none where there's no folder. Raises BadInput if it can't be looked into."""
    try:
        os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadInput(f"{folder}: can't be read: {error.strerror}") from None
    return sorted(folder.glob(pattern))


@contextmanager
def writing(path: Path):
    """Have what the system refuses in here raise a Failure that names `path`, whatever file it was about."""
    try:
        yield
    except OSError as error:
        raise Failure(f"{path}: can't be written: {error.strerror}") from None


def check_folder(flag: str, path: Path) -> None:
    """Raise BadInput unless `path`, given as `flag`, lies in a folder that is there, and isn't one itself."""
    if not path.absolute().parent.is_dir():
        raise BadInput(f"{flag} {path}: the folder {path.parent} must exist")
    if path.is_dir():
        raise BadInput(f"{flag} {path}: is a folder: it must be a file")


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` at `path` so that a reader, or a crash at any moment, finds the old file or the new one, whole.

    Raises Failure if the disk is full or the folder read-only.
    """
    with writing(path):
        _replace(path, content)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the system lets a folder be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
