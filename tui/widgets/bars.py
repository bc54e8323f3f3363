"""The line above the tabs, the keys below them, and the line between while a run is replayed."""

from collections.abc import Mapping

from textual.binding import ActiveBinding
from textual.dom import DOMNode
from textual.events import Click

from organism.view.words import STAGE_SIGNS, duration

from ..drawing import track
from ..feed import ReplayFeed
from ..snapshot import Snapshot
from .text import Piece, Text


class TopBar(Text):
    """The tabs and their keys, and how the creature is."""

    def __init__(self, titles: list[str], **options):
        super().__init__(**options)
        self.titles = titles
        self.places: list[tuple[int, int]] = []

    def show(self, snapshot: Snapshot, active: int, note: str) -> None:
        """`active` is the number of the tab that is looked at; `note` goes before all that's said at the right."""
        palette = self.palette
        short = self.size.width < 70
        colour = palette.stage(snapshot.stage)
        pieces: list[Piece] = [(f" {STAGE_SIGNS.get(snapshot.stage, ' ')} ", f"bold {colour}")]
        self.places = []
        at = 3
        for i, title in enumerate(self.titles):
            text = f" {i + 1} {title if not short or i == active else title[:2]} "
            style = f"bold reverse {colour}" if i == active else palette.dim
            pieces.append((text, style))
            self.places.append((at, at + len(text)))
            at += len(text)
        right = self._right(snapshot, note)
        for told in (right, right[:1]):
            room = self.size.width - at - sum(len(text) for text, _ in told) - 1
            if room >= 0:
                pieces += [" " * room, *told]
                break
        self.write(pieces)

    def _right(self, snapshot: Snapshot, note: str) -> list[tuple[str, str]]:
        palette = self.palette
        right: list[tuple[str, str]] = []
        if note:
            right.append((f" {note} ", f"reverse {palette.flow}"))
        if snapshot.paused:
            right.append((" paused ", f"reverse {palette.evolving}"))
        if snapshot.evolving:
            right.append((f" gen {snapshot.generation}/{snapshot.planned or '?'}", palette.evolving))
        if snapshot.validation_loss is not None:
            right.append((f"  {snapshot.validation_loss:.4f} ", f"bold {palette.stage(snapshot.stage)}"))
        return right or [("", "")]

    async def on_click(self, event: Click) -> None:
        for i, (begin, end) in enumerate(self.places):
            if begin <= event.x < end:
                await self.app.run_action(f"tab({i + 1})")


class KeyBar(Text):
    """The keys that do something here; those of the tab first, help and the way out always at the end."""

    LAST = ("help", "leave")

    def __init__(self, **options):
        super().__init__(**options)
        self.bound: dict[str, ActiveBinding] = {}
        self.labels: Mapping[str, str] = {}
        self.places: list[tuple[int, int, str, DOMNode]] = []

    def on_resize(self) -> None:
        self.show(self.bound, self.labels)

    def show(self, bindings: dict[str, ActiveBinding], labels: Mapping[str, str]) -> None:
        """What is bound now, by its key; `labels` says of some actions what they'd do now, nothing if it's nothing."""
        self.bound, self.labels = bindings, labels
        palette = self.palette
        keys: dict[str, tuple[str, str, DOMNode]] = {}
        for key, active in bindings.items():
            binding = active.binding
            label = labels.get(binding.action, binding.description)
            if binding.show and active.enabled and label and binding.action not in keys:
                keys[binding.action] = self.app.get_key_display(binding.with_key(key)), label, active.node
        last = [(action, *keys.pop(action)) for action in self.LAST if action in keys]
        room = self.size.width - sum(len(key) + len(text) + 3 for _, key, text, _ in last) - 1
        pieces: list[Piece] = [" "]
        self.places = []
        at = 1
        for action, key, text, node in [*((action, *entry) for action, entry in keys.items()), *last]:
            width = len(key) + len(text) + 3
            if action not in self.LAST and at + width > room:
                continue
            if last and action == last[0][0]:
                pieces.append(" " * max(0, room - at))
                at = max(at, room)
            pieces += [(key, f"bold {palette.evolving}"), (f" {text}  ", palette.dim)]
            self.places.append((at, at + width - 2, action, node))
            at += width
        self.write(pieces)

    async def on_click(self, event: Click) -> None:
        for begin, end, action, node in self.places:
            if begin <= event.x < end:
                await self.app.run_action(action, node)


class PlayBar(Text):
    """How far a replay is, and how fast it goes; a click seeks."""

    feed: ReplayFeed | None = None
    left = room = 0  # where its way begins, and of how many cells it is

    def show(self, feed: ReplayFeed) -> None:
        """The replay as it is now."""
        palette = self.palette
        sign = "■" if feed.finished else "▶" if feed.playing else "‖"
        before = f" {sign} {feed.speed:>2}× "
        after = f" {duration(feed.position)} / {duration(feed.length)} "
        self.feed, self.left = feed, len(before)
        self.room = max(4, self.size.width - len(before) - len(after))
        full, empty = track(feed.position / feed.length if feed.length else 1.0, self.room)
        self.write(
            [
                (before, f"bold {palette.evolving}"),
                (full, palette.evolving),
                (empty, palette.faint),
                (after, palette.dim),
            ]
        )

    def on_click(self, event: Click) -> None:
        if self.feed and self.left <= event.x < self.left + self.room:
            self.feed.seek((event.x - self.left) / max(1, self.room - 1) * self.feed.length)
