"""What the six tabs have in common."""

from typing import ClassVar

from textual.containers import Container

from ..snapshot import Snapshot


class Tab(Container, can_focus=True):
    """A tab is shown snapshots while it's the one that is looked at, and holds the focus so that its keys work."""

    TITLE: ClassVar[str]
    ABOUT: ClassVar[str]  # What `?` says of it.

    def show(self, snapshot: Snapshot) -> None:
        """The life as it is now."""
        raise NotImplementedError

    def copied(self, snapshot: Snapshot) -> str:
        """What the copy key takes from here."""
        return ""
