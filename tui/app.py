"""The application: six tabs over one snapshot, and the keys that work on all of them.

What is shown, and what may be done to it, is the controller's to know; the keys of a tab are with that tab. `tui.main`
opens it.
"""

import asyncio
import gc
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

import msgspec
from textual import on, work
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from organism.errors import BadInput
from organism.events import Act
from organism.genome import PRIMORDIAL_GENOME
from organism.life.plan import Plan

from .controller import Controller
from .messages import RoomChanged, SnapshotArrived
from .screens.options import Options
from .screens.organism import OrganismScreen
from .screens.question import Question, may_leave
from .settings import Settings, keep_theme, read_settings, settings_path
from .tabs.beauty import BeautyTab
from .tabs.genome import GenomeTab
from .tabs.life import LifeTab
from .tabs.loss import LossTab
from .tabs.population import PopulationTab
from .tabs.runs import RunsTab
from .tabs.tab import Tab, saying_why_not
from .terminal import Leave
from .themes import THEMES
from .widgets.bars import KeyBar, PlayBar, TopBar
from .widgets.lists import Choices, Page, Table

SHEETS = Path(__file__).parent
SMALLEST = 60, 18
SEEK = 0.05  # of a run's length


class OrganismApp(App[None]):
    """See the module. `first` lets the controller show what is to be shown when it opens."""

    CSS_PATH: ClassVar = [SHEETS / "app.tcss", *sorted(SHEETS.glob("tabs/*.tcss"))]
    TITLE = "organism"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-w-tiny"),
        (SMALLEST[0], "-w-small"),
        (76, "-w-normal"),
        (112, "-w-wide"),
        (160, "-w-huge"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-h-tiny"),
        (SMALLEST[1], "-h-short"),
        (23, "-h-normal"),
        (36, "-h-tall"),
        (52, "-h-huge"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "evolve", "Evolve", id="evolve", tooltip="begin an evolution; end it after the generation"),
        Binding("space", "pause", "Pause", id="pause", tooltip="pause the workers or the replay, and go on"),
        Binding("n", "one", "One gen", id="one", tooltip="evolve for a single generation"),
        Binding("o", "options", "Options", id="options", tooltip="choose what the next evolution shall be"),
        Binding("d", "dream", "Dream", id="dream", tooltip="let the creature dream anew"),
        Binding("i", "immigrant", "Immigrant", id="immigrant", tooltip="call a stranger", show=False),
        Binding("f", "freeze", "Freeze", id="freeze", tooltip="freeze the display; the run goes on"),
        Binding("left_square_bracket", "faster(-1)", "Slower", id="slower", key_display="["),
        Binding("right_square_bracket", "faster(1)", "Faster", id="faster", key_display="]"),
        Binding("comma", "seek(-1)", "Back", id="back", key_display=","),
        Binding("full_stop", "seek(1)", "Ahead", id="ahead", key_display="."),
        Binding("R", "reset", "Reset", id="reset", tooltip="back to the primordial genome (asked)", show=False),
        Binding("P", "picture", "Picture", id="picture", tooltip="save this screen as an SVG file", show=False),
        Binding("y", "copy", "Copy", id="copy", tooltip="copy what this tab is about", show=False),
        *(
            Binding(str(i), f"tab({i})", f"Tab {i}", id=f"tab-{i}", show=False, tooltip="switch to this tab")
            for i in range(1, 7)
        ),
        Binding("left,H", "turn(-1)", "Tab before", id="tab-before", show=False),
        Binding("right,L", "turn(1)", "Tab after", id="tab-after", show=False),
        Binding("question_mark", "help", "Help", id="help", key_display="?", tooltip="this page"),
        Binding("q", "leave", "Quit", id="quit", tooltip="leave; a run can be resumed"),
        Binding("ctrl+q,ctrl+c", "leave", "Quit", id="quit-anywhere", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", id="suspend", show=False, tooltip="into the background"),
    ]

    def __init__(
        self,
        controller: Controller,
        first: Callable[[], object],
        moving: bool = True,
        settings: Settings | None = None,
    ):
        # Without colours there may be no greys either; only a theme of the terminal's own colours has none.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.controller, self.first = controller, first
        controller.changed = self._something_else
        controller.post = lambda feed, snapshot: self.post_message(SnapshotArrived(feed, snapshot))
        self.settings = read_settings() if settings is None else settings
        self.keeps_settings = settings is None
        self.frozen = False
        self.failed: BaseException | None = None
        self.leave = Leave(lambda status: self.exit(return_code=status), controller.close)
        tabs = (LifeTab, LossTab, BeautyTab, GenomeTab, PopulationTab, RunsTab)
        self.tabs: list[Tab] = [tab(controller, moving, id=f"tab-{i}") for i, tab in enumerate(tabs, start=1)]
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self._theme()
        self.set_keymap(self.settings.keys)

    def _theme(self) -> str:
        """What was set, or what fits the terminal."""
        if self.settings.theme and self.settings.theme not in self.available_themes:
            raise BadInput(f"{settings_path()}: theme = {self.settings.theme!r}: isn't a theme that there is")
        if self.no_color:
            return "organism-ansi"
        few_colours = self.console.color_system in (None, "standard")
        return self.settings.theme or ("organism-ansi" if few_colours else "organism-dark")

    # --- what is there

    def compose(self) -> ComposeResult:
        yield TopBar([tab.TITLE for tab in self.tabs], id="top")
        with ContentSwitcher(initial="tab-1", id="tabs"):
            yield from self.tabs
        yield PlayBar(id="play")
        yield KeyBar(id="keys")
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        if not self.is_headless:
            self.leave.listen()
            self.set_interval(1.0, self.leave.look)
        self.theme_changed_signal.subscribe(self, lambda theme: self.call_after_refresh(self._show_anew))
        if self.keeps_settings:
            self.theme_changed_signal.subscribe(self, lambda theme: keep_theme(theme.name))
        self.tabs[0].focus()
        self.screen.bindings_updated_signal.subscribe(self, lambda screen: self.show_keys())
        gc.freeze()
        self.call_after_refresh(self.first)

    def _something_else(self) -> None:
        """Another feed is shown from now on; until it has something to show, what is there stays."""
        self._freeze(False)
        self.screen_stack[0].set_class(self.controller.replaying is not None, "-replaying")
        self.refresh_bindings()

    @on(SnapshotArrived)
    def _arrived(self, message: SnapshotArrived) -> None:
        controller, before = self.controller, self.controller.snapshot
        if message.feed is not controller.feed:
            return  # Something else is to be shown by now.
        if failure := controller.arrived(message.snapshot):
            self.notify(failure, title="It couldn't go on", severity="error", timeout=20)
            if message.feed is not controller.feed:
                return
        now = controller.snapshot
        if before.stage != now.stage or before.yardstick is not now.yardstick:
            # Compiled kernels and fitted judges stay for good. To search them for garbage, again and again, would hold
            # the screen up for a tenth of a second each time.
            gc.freeze()
        if (before.stage, before.paused, before.ended) != (now.stage, now.paused, now.ended):
            self.refresh_bindings()
        if not self.frozen:
            self.show_all()

    @on(RoomChanged)
    def show_all(self) -> None:
        """Bring what is visible up to the last snapshot."""
        snapshot, base = self.controller.snapshot, self.screen_stack[0]
        base.query_one(TopBar).show(snapshot, self.active, "frozen" if self.frozen else "")
        if replay := self.controller.replaying:
            base.query_one(PlayBar).show(replay)
        self.tabs[self.active].show(snapshot)
        if isinstance(self.screen, OrganismScreen):
            self.screen.show(snapshot)

    def _show_anew(self) -> None:
        """Show all, and what is written once only: the colours have changed."""
        self.screen_stack[0].query_one(RunsTab).show_cards()
        self.show_keys()
        self.show_all()

    def show_keys(self) -> None:
        """What can be pressed now, at the foot of the screen."""
        base = self.screen_stack[0]
        base.query_one(KeyBar).show(base.active_bindings, self._labels())

    def _labels(self) -> dict[str, str]:
        """What the keys of a run would do now."""
        replay, running, snapshot = self.controller.replaying, self.controller.running, self.controller.snapshot
        if replay:
            pause = "Again" if replay.finished else "Pause" if replay.playing else "Go on"
        else:
            pause = "" if not running else "Go on" if snapshot.paused else "Pause"
        return {
            "evolve": "Evolve" if not running else "End" if snapshot.evolving else "",
            "one": "" if running else "One gen",
            "pause": pause,
        }

    @property
    def active(self) -> int:
        """The number of the tab that is looked at, from 0."""
        current = self.screen_stack[0].query_one("#tabs", ContentSwitcher).current or "tab-1"
        return int(current.removeprefix("tab-")) - 1

    # --- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of a replay are there in a replay, and those of a run in a run."""
        replaying = self.controller.replaying is not None
        if action in ("faster", "seek"):
            return replaying
        return not (replaying and action in ("one", "options", "dream"))

    async def action_tab(self, number: int) -> None:
        if len(self.screen_stack) > 1:
            return
        self.query_one("#tabs", ContentSwitcher).current = f"tab-{number}"
        tab = self.tabs[number - 1]
        inner = next((w for w in tab.query("Table, Choices, Page") if isinstance(w, Table | Choices | Page)), None)
        (inner or tab).focus(scroll_visible=False)
        self.show_all()

    async def action_turn(self, by: int) -> None:
        await self.action_tab((self.active + by) % len(self.tabs) + 1)

    def action_evolve(self) -> None:
        """Begin an evolution; while one goes on, let this generation be its last."""
        self._evolve_or_stop(self.controller.plan)

    def action_one(self) -> None:
        self._evolve_or_stop(msgspec.structs.replace(self.controller.plan, generations=1))

    def _evolve_or_stop(self, plan: Plan) -> None:
        if self.controller.running:
            self.notify(self.controller.stop(), title="Evolution")
        else:
            self.controller.evolve(plan)

    def action_pause(self) -> None:
        if complaint := self.controller.pause():
            self.notify(complaint, title="Pause")
        self.refresh_bindings()

    def action_immigrant(self) -> None:
        with saying_why_not(self):
            self.controller.act(Act(verb="immigrant"))

    @work(exclusive=True, group="dream")
    async def action_dream(self) -> None:
        with saying_why_not(self):
            await asyncio.to_thread(self.controller.dream)

    def action_freeze(self) -> None:
        self._freeze(not self.frozen)
        self.show_all()

    def _freeze(self, frozen: bool) -> None:
        """Hold the display, the creature's own movement with it, or let it go on."""
        self.frozen = frozen
        self.screen_stack[0].set_class(frozen, "-frozen")

    def action_faster(self, by: int) -> None:
        if replay := self.controller.replaying:
            replay.faster(by)

    def action_seek(self, by: int) -> None:
        if replay := self.controller.replaying:
            replay.seek(replay.position + by * SEEK * replay.length)

    @work
    async def action_options(self) -> None:
        answer = await self.push_screen_wait(Options(self.controller.plan))
        if answer is None:
            return
        self.controller.plan, now = answer
        if now and self.controller.running:
            self.notify("A run is going on: this is for the next one.", title="Options")
        elif now:
            self.controller.evolve(self.controller.plan)

    @work
    async def action_reset(self) -> None:
        home = self.controller.home
        question = Question(
            "Make the creature primordial again?",
            f"{home.genome} will hold the primordial genes; the present genome is kept under genomes/history.",
        )
        with saying_why_not(self, "Reset"):
            self.controller.check_nothing_runs()
            if await self.push_screen_wait(question):
                self.controller.use(PRIMORDIAL_GENOME)

    def action_picture(self) -> None:
        folder = self.controller.home.folder / "screenshots"
        name = f"{self.tabs[self.active].TITLE.lower()}-{datetime.now():%Y%m%dT%H%M%S}.svg"
        try:
            folder.mkdir(exist_ok=True)
            self.notify(f"Saved {self.save_screenshot(name, str(folder))}", title="Picture")
        except OSError as error:
            self.notify(f"{folder}: {error.strerror}", title="Picture", severity="error")

    def action_copy(self) -> None:
        text = self.tabs[self.active].copied()
        if text:
            self.copy_to_clipboard(text)
            self.notify(f"Copied {len(text.splitlines())} lines." if "\n" in text else f"Copied {text}", title="Copy")
        else:
            self.notify("There's nothing to copy here.", title="Copy")

    def action_help(self) -> None:
        from .screens.help import Help  # With it comes Markdown, which nobody should wait for at the start.

        tab = self.tabs[self.active]
        self.push_screen(Help(tab.TITLE, tab.ABOUT, self.screen.active_bindings))

    @work
    async def action_leave(self) -> None:
        if not isinstance(self.screen, Question) and await may_leave(
            self, self.controller, "The run isn't over. Leave it now?"
        ):
            self.exit()

    def get_system_commands(self, screen: Screen) -> Iterable[SystemCommand]:
        """What every key of ours does, by name, besides the theme. A binding without an id is the toolkit's own."""
        for command in super().get_system_commands(screen):
            if command.title == "Theme":
                yield command
        own = {active.binding.id: active for active in screen.active_bindings.values() if active.enabled}
        for id, active in own.items():
            if id:
                act = partial(self.run_action, active.binding.action, active.node)
                yield SystemCommand(active.binding.description, active.binding.tooltip or "", act)

    # --- the terminal

    @on(Resize)
    def _resized(self, event: Resize) -> None:
        """Say what is needed, on the page that lies over everything where there's less."""
        needed, there = "{}x{}".format(*SMALLEST), "{}x{}".format(*event.size)
        page = self.screen_stack[0].query_one("#too-small", Static)
        page.update(f"The organism needs\n{needed} cells;\nthere are {there}.")

    def _handle_exception(self, error: Exception) -> None:
        """Leave the terminal sane; whoever opened the application says the one sentence."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        self.failed = self.failed or error
        self.exit(return_code=1)
