"""What arrives at the screen. Either message replaces one of its kind that nobody has looked at yet."""

from textual.message import Message

from .feed import Feed
from .snapshot import Snapshot


class SnapshotArrived(Message):
    """The life that `feed` tells of has changed."""

    def __init__(self, feed: Feed, snapshot: Snapshot):
        super().__init__()
        self.feed, self.snapshot = feed, snapshot

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SnapshotArrived)


class RoomChanged(Message):
    """Something that writes only as much as it has room for has another size now."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RoomChanged)
