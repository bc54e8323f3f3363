"""What the six tabs have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from textual.app import App
from textual.containers import Container
from textual.widget import Widget

from organism.errors import BadInput

from ..controller import Controller, Refused
from ..snapshot import Snapshot


class Tab(Container, can_focus=True):
    """A tab is shown snapshots while it's the one that is looked at, and holds the focus so that its keys work."""

    TITLE: ClassVar[str]
    ABOUT: ClassVar[str]  # What `?` says of it.
    snapshot = Snapshot()

    def __init__(self, controller: Controller, moving: bool, **options):
        """`moving` says whether bodies move by themselves."""
        super().__init__(**options)
        self.controller, self.moving = controller, moving

    def show(self, snapshot: Snapshot) -> None:
        """The life as it is now."""
        self.snapshot = snapshot
        self.draw()

    def draw(self) -> None:
        """Write and paint what differs from what is there."""
        raise NotImplementedError

    def action_cycle(self, what: str, of: int) -> None:
        """Go to the next of so many looks, and from the last to the first."""
        setattr(self, what, (getattr(self, what) + 1) % of)
        self.draw()

    def copied(self) -> str:
        """What the copy key takes from here."""
        return ""


@contextmanager
def saying_why_not(node: Widget | App, title: str = "") -> Iterator[None]:
    """What is refused in here is said on the screen."""
    try:
        yield
    except Refused as refusal:
        node.notify(str(refusal), title=title, severity="warning")
    except BadInput as error:
        node.notify(str(error), title=title, severity="error", timeout=15)
