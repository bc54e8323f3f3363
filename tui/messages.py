"""What happened on the screen, or arrived at it, named as such."""

from pathlib import Path

from textual.message import Message

from organism.events import Act

from .snapshot import Snapshot


class SnapshotArrived(Message):
    """The life has changed; replaces one that nobody has looked at yet."""

    def __init__(self, snapshot: Snapshot):
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SnapshotArrived)


class RoomChanged(Message):
    """Something that writes only as much as it has room for has another size now."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RoomChanged)


class ActWanted(Message):
    """The person wants something done to the run."""

    def __init__(self, act: Act):
        super().__init__()
        self.act = act


class OrganismOpened(Message):
    """The person wants to see one organism."""

    def __init__(self, id: int):
        super().__init__()
        self.id = id


class ReplayWanted(Message):
    """The person wants to see a run again."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path


class ResumeWanted(Message):
    """The person wants an interrupted run to go on."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path


class ComparisonWanted(Message):
    """The person wants to see two runs side by side."""

    def __init__(self, paths: tuple[Path, Path]):
        super().__init__()
        self.paths = paths


class Sought(Message):
    """The person wants a replay to go on from this share of its length."""

    def __init__(self, share: float):
        super().__init__()
        self.share = share


class GenomeChosen(Message):
    """The person wants the genome in this file to be the one in force."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path


class GenomeSubmitted(Message):
    """The person wants the genome in force filed in the registry."""
