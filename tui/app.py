"""The application: six tabs over one snapshot, the keys, and what a person may do to a run.

It knows nothing of a life but the last `Snapshot` that a bridge posted. Clocks and feeds are given to it, so that a
test can drive it without either. `tui.main` opens it.
"""

import asyncio
import gc
import os
import signal
import sys
import threading
import time
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
from organism.home import Home
from organism.life import registry
from organism.life.genomes import genome_in_force, read_genome, write_genome
from organism.life.journal import read_events, read_story
from organism.life.life import Life
from organism.life.plan import Plan

from . import dna, runs
from .awake import Awake, fresh_dream
from .feed import Bridge, Clock, Feed, LiveFeed, ReplayFeed
from .messages import (
    ActWanted,
    ComparisonWanted,
    GenomeChosen,
    GenomeSubmitted,
    OrganismOpened,
    ReplayWanted,
    ResumeWanted,
    RoomChanged,
    SnapshotArrived,
    Sought,
)
from .screens.comparison import Comparison
from .screens.options import Options
from .screens.organism import OrganismScreen
from .screens.question import Question
from .screens.submission import Submission
from .settings import Settings, keep_theme, read_settings, settings_path
from .snapshot import Dreamt, Snapshot
from .tabs.beauty import BeautyTab
from .tabs.genome import GenomeTab
from .tabs.life import LifeTab
from .tabs.loss import LossTab
from .tabs.population import PopulationTab
from .tabs.runs import RunsTab
from .tabs.tab import Tab
from .terminal import is_gone
from .themes import THEMES
from .widgets.bars import KeyBar, PlayBar, TopBar
from .widgets.lists import Choices, Page, Table

SHEETS = Path(__file__).parent
SMALLEST = 60, 18
SEEK = 0.05  # of a run's length
GRACE = 1.0  # seconds that the terminal has to take leave


class OrganismApp(App[None]):
    """See the module. `first` makes what is shown when it opens: a feed, given the application."""

    CSS_PATH: ClassVar = [SHEETS / "app.tcss", *SHEETS.glob("tabs/*.tcss")]
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
        home: Home,
        plan: Plan,
        workers: int,
        first: Callable[["OrganismApp"], Feed],
        clock: Clock = time.monotonic,
        moving: bool = True,
        settings: Settings | None = None,
    ):
        # Without colours there may be no greys either; only a theme of the terminal's own colours has none.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.home, self.plan, self.n_workers = home, plan, workers
        self.first = first
        self.clock, self.moving = clock, moving
        self.settings = read_settings() if settings is None else settings
        self.keeps_settings = settings is None
        self.bridge: Bridge | None = None
        self.snapshot = Snapshot()
        self.frozen = False
        self.waking = False
        self.before = ""
        self.standing = ""
        self.read_for: tuple | None = None
        self.failed: BaseException | None = None
        self.complained = ""
        self.left = threading.Event()  # set by whoever opened the application, when it has the terminal back
        self.tabs: list[Tab] = [
            LifeTab(clock, moving, id="tab-1"),
            LossTab(id="tab-2"),
            BeautyTab(self.score, id="tab-3"),
            GenomeTab(self.genome_texts, self.kept_genomes, id="tab-4"),
            PopulationTab(id="tab-5"),
            RunsTab(lambda: runs.cards(self.home), lambda: self.snapshot.name if self.running else "", id="tab-6"),
        ]
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
        self._listen_to_signals()
        self.theme_changed_signal.subscribe(self, lambda theme: self.call_after_refresh(self._show_anew))
        if self.keeps_settings:
            self.theme_changed_signal.subscribe(self, lambda theme: keep_theme(theme.name))
        self.set_interval(1.0, self._look_at_terminal)
        self.tabs[0].focus()
        self.screen.bindings_updated_signal.subscribe(self, lambda screen: self.show_keys())
        gc.freeze()
        self.call_after_refresh(lambda: self.follow(self.first(self)))

    def follow(self, feed: Feed) -> None:
        """Show this from now on. What was shown before must have been closed, or be closed by the feed itself."""
        self.snapshot = Snapshot()
        self.before = self.standing = self._read_standing()
        self._freeze(False)
        self.read_for = None
        self.bridge = Bridge(feed, lambda snapshot: self.post_message(SnapshotArrived(snapshot))).start()
        self.screen.set_class(isinstance(feed, ReplayFeed), "-replaying")
        self.refresh_bindings()

    def awake(self) -> Feed:
        """The creature in force, on its own."""
        self.waking = True
        return self._live(lambda: Awake(self.home, self.plan))

    def lived(self, plan: Plan) -> Feed:
        """A new run."""
        self.waking, self.complained = False, ""
        return self._live(lambda: Life.begin(self.home, plan, self.n_workers))

    def resumed(self, path: Path, generations: int | None = None) -> Feed:
        """A run from where it was, or to so many generations in all."""
        self.waking, self.complained = False, ""
        return self._live(lambda: Life.resume(self.home, path, self.n_workers, generations), path)

    def replayed(self, path: Path) -> Feed:
        """A run from its journal. Raises BadInput."""
        events = read_events(path)
        self._close(self.bridge)
        return ReplayFeed(events, path.stem, self.clock)

    def _live(self, begin: Callable, path: Path | None = None) -> Feed:
        """A feed that closes what was there before it begins, since a home has room for one life."""
        former, held = self.bridge, read_events(path) if path else ()

        def succeed():
            self._close(former)
            return begin()

        return LiveFeed(succeed, _name_of, held, self.clock).start()

    @staticmethod
    def _close(bridge: Bridge | None) -> None:
        if bridge:
            bridge.close()

    @property
    def feed(self) -> Feed | None:
        return self.bridge.feed if self.bridge else None

    @property
    def replay(self) -> ReplayFeed | None:
        return self.feed if isinstance(self.feed, ReplayFeed) else None

    @property
    def running(self) -> bool:
        """Whether a run goes on, be it that its creature learns or that it evolves: one that can be paused and lost."""
        return isinstance(self.feed, LiveFeed) and not self.waking and not self.snapshot.ended

    # --- what arrives

    @on(SnapshotArrived)
    def _arrived(self, message: SnapshotArrived) -> None:
        before, self.snapshot = self.snapshot, message.snapshot
        if self.snapshot.failure and self.snapshot.failure != self.complained:
            self.complained = self.snapshot.failure
            self.notify(self.snapshot.failure, title="It couldn't go on", severity="error", timeout=20)
            if not self.waking and self.snapshot.run is None:
                self.follow(self.awake())
                return
        if before.stage != self.snapshot.stage or before.reading is not self.snapshot.reading:
            # Compiled kernels and fitted judges stay for good. To search them for garbage, again and again, would hold
            # the screen up for a tenth of a second each time.
            gc.freeze()
        if (before.stage, before.paused, before.ended) != (
            self.snapshot.stage,
            self.snapshot.paused,
            self.snapshot.ended,
        ):
            self.refresh_bindings()
        if not self.frozen:
            self.show_all()

    @on(RoomChanged)
    def show_all(self) -> None:
        """Bring what is visible up to the last snapshot."""
        note = "frozen" if self.frozen else ""
        base = self.screen_stack[0]
        base.query_one(TopBar).show(self.snapshot, self.active, note)
        if self.replay:
            base.query_one(PlayBar).show(self.replay)
        self.tabs[self.active].show(self.snapshot)
        if isinstance(self.screen, OrganismScreen):
            self.screen.show(self.snapshot)

    def _show_anew(self) -> None:
        """Show all, and what is written once only: the colours have changed."""
        self.screen_stack[0].query_one(RunsTab).list_runs()
        self.show_keys()
        self.show_all()

    def show_keys(self) -> None:
        """What can be pressed now, at the foot of the screen."""
        base = self.screen_stack[0]
        base.query_one(KeyBar).show(base.active_bindings, self._labels())

    def _labels(self) -> dict[str, str]:
        """What the keys of a run would do now."""
        if self.replay:
            pause = "Again" if self.replay.finished else "Pause" if self.replay.playing else "Go on"
        else:
            pause = "" if not self.running else "Go on" if self.snapshot.paused else "Pause"
        return {
            "evolve": "Evolve" if not self.running else "End" if self.snapshot.evolving else "",
            "one": "" if self.running else "One gen",
            "pause": pause,
        }

    @property
    def active(self) -> int:
        """The number of the tab that is looked at, from 0."""
        current = self.screen_stack[0].query_one("#tabs", ContentSwitcher).current or "tab-1"
        return int(current.removeprefix("tab-")) - 1

    def score(self, name: str) -> Dreamt | None:
        """A name, judged by the corpus of what is shown."""
        eyes = self.feed.stream.eyes if isinstance(self.feed, LiveFeed | ReplayFeed) else None
        return eyes.score(name) if eyes else None

    def genome_texts(self, snapshot: Snapshot) -> tuple[str, str]:
        """(before, now): what genome.toml was when this run began, and is."""
        if self.replay:
            return dna.retold(snapshot)
        if self.read_for != (snapshot.name, snapshot.writings):
            self.read_for = snapshot.name, snapshot.writings
            self.standing = self._read_standing()
        return self.before, self.standing

    def _read_standing(self) -> str:
        try:
            return dna.standing(self.home)
        except BadInput as error:
            return f"# {error}"

    def kept_genomes(self) -> list[tuple[str, Path]]:
        """(label, file) of the history and the registry, the newest first."""
        folder = self.home.genomes
        paths = sorted(folder.glob("*/*.toml"), key=lambda path: (path.stat().st_mtime, path.name), reverse=True)
        return [(f"{path.parent.name:<14} {path.stem}", path) for path in paths]

    # --- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of a replay are there in a replay, and those of a run in a run."""
        if action in ("faster", "seek"):
            return self.replay is not None
        if action in ("evolve", "one", "options", "dream") and self.replay:
            return action == "evolve"
        return True

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
        if self.running:
            self._stop()
        else:
            self._begin(self.plan)

    def action_one(self) -> None:
        if self.running:
            self._stop()
        else:
            self._begin(msgspec.structs.replace(self.plan, generations=1))

    def _stop(self) -> None:
        """Let this generation be the last. A creature that learns can't be told to: it would forget."""
        if self.snapshot.evolving:
            self._act(Act(verb="stop"))
            text = "This generation is the last, and then the best are confirmed."
        elif self.snapshot.end:
            text = "It learns what it has become; then it can evolve again."
        else:
            text = "It learns first, and then it evolves. q leaves; the run is kept."
        self.notify(text, title="Evolution")

    def _begin(self, plan: Plan) -> None:
        """Evolve by this plan; the one after it draws a seed of its own."""
        self.follow(self.lived(plan))
        self.plan = msgspec.structs.replace(
            self.plan, seed=(plan.seed * 6364136223846793005 + 1442695040888963407) >> 33
        )

    def action_pause(self) -> None:
        if self.replay:
            if self.replay.finished:
                self.replay.seek(0.0)
            self.replay.act(Act(verb="resume" if not self.replay.playing or self.replay.finished else "pause"))
            self.refresh_bindings()
        elif self.running:
            self._act(Act(verb="resume" if self.snapshot.paused else "pause"))
        else:
            self.notify("Nothing is in training.", title="Pause")

    def action_immigrant(self) -> None:
        self.post_message(ActWanted(Act(verb="immigrant")))

    @on(ActWanted)
    def _act_wanted(self, message: ActWanted) -> None:
        act = message.act
        organism = None if act.id is None else self.snapshot.organisms.get(act.id)
        if self.replay:
            self.notify("This run is only replayed: what happened has happened.", severity="warning")
        elif not self.snapshot.evolving:
            self.notify("There's no evolution that it could be done to.", severity="warning")
        elif organism and organism.state == "died":
            self.notify(f"#{organism.id} is dead already.", severity="warning")
        else:
            self._act(act)

    def _act(self, act: Act) -> None:
        if self.feed:
            self.feed.act(act)

    @work(thread=True, exclusive=True, group="dream")
    def action_dream(self) -> None:
        feed, run = self.feed, self.snapshot.run
        if not isinstance(feed, LiveFeed):
            return
        plan = msgspec.structs.replace(self.plan, data=run.corpus) if run else self.plan
        try:
            feed.arrived.append(fresh_dream(self.home, plan))
        except BadInput as error:
            self.call_from_thread(self.notify, str(error), severity="error")

    def action_freeze(self) -> None:
        self._freeze(not self.frozen)
        self.show_all()

    def _freeze(self, frozen: bool) -> None:
        """Hold the display, the creature's own movement with it, or let it go on."""
        self.frozen = frozen
        self.screen_stack[0].set_class(frozen, "-frozen")

    def action_faster(self, by: int) -> None:
        if self.replay:
            self.replay.faster(by)

    def action_seek(self, by: int) -> None:
        if self.replay:
            self.replay.seek(self.replay.position + by * SEEK * self.replay.length)

    @on(Sought)
    def _sought(self, message: Sought) -> None:
        if self.replay:
            self.replay.seek(message.share * self.replay.length)

    @work
    async def action_options(self) -> None:
        answer = await self.push_screen_wait(Options(self.plan))
        if answer is None:
            return
        self.plan, now = answer
        if now and self.running:
            self.notify("A run is going on: this is for the next one.", title="Options")
        elif now:
            self._begin(self.plan)

    @work
    async def action_reset(self) -> None:
        if self.running:
            self.notify("Not while a run goes on.", title="Reset", severity="warning")
            return
        question = Question(
            "Make the creature primordial again?",
            f"{self.home.genome} will hold the primordial genes; the present genome is kept under genomes/history.",
        )
        if await self.push_screen_wait(question):
            self._rewrite(lambda: write_genome(self.home, PRIMORDIAL_GENOME))

    def _rewrite(self, write: Callable[[], None]) -> None:
        """Change the genome in force, and wake the creature that it means."""
        try:
            write()
        except BadInput as error:
            self.notify(str(error), severity="error", timeout=15)
            return
        self.follow(self.awake())

    @work
    @on(GenomeChosen)
    async def _genome_chosen(self, message: GenomeChosen) -> None:
        if self.running:
            self.notify("Not while a run goes on.", title="Use", severity="warning")
            return
        question = Question(f"Make {message.path.stem} the genome in force?", "The present genome is kept.")
        if await self.push_screen_wait(question):
            self._rewrite(lambda: write_genome(self.home, read_genome(message.path)))

    @work
    @on(GenomeSubmitted)
    async def _genome_submitted(self) -> None:
        answer = await self.push_screen_wait(Submission())
        if answer is None:
            return
        author, notes = answer
        try:
            entry = registry.submit(self.home, genome_in_force(self.home), author or None, notes or None)
        except BadInput as error:
            self.notify(str(error), title="Submit", severity="error", timeout=15)
            return
        self.notify(f"Filed as {entry.id}.", title="Submit")
        genomes = self.tabs[3]
        if isinstance(genomes, GenomeTab):
            genomes.list_kept()

    @on(OrganismOpened)
    def _organism_opened(self, message: OrganismOpened) -> None:
        screen = OrganismScreen(message.id, self.score, self.clock, self.moving)
        self.push_screen(screen)
        screen.call_after_refresh(lambda: screen.show(self.snapshot))

    @work
    @on(ReplayWanted)
    async def _replay_wanted(self, message: ReplayWanted) -> None:
        if await self._may_leave_run("Replay another run?"):
            try:
                self.follow(self.replayed(message.path))
                await self.action_tab(1)
            except BadInput as error:
                self.notify(str(error), severity="error", timeout=15)

    @work
    @on(ResumeWanted)
    async def _resume_wanted(self, message: ResumeWanted) -> None:
        try:
            story = read_story(message.path)
        except BadInput as error:
            self.notify(str(error), severity="error", timeout=15)
            return
        if self.running and self.snapshot.name == message.path.stem:
            self.notify("This is the run that is going on.", title="Resume")
            return
        generations = None
        if story.finished:
            generations = story.generation + self.plan.generations
            question = f"It came to its end in generation {story.generation}. Go on to generation {generations}?"
            if not await self.push_screen_wait(Question(question, "The genome that it wrote is kept in the history.")):
                return
        if await self._may_leave_run("Leave the run that is going on?"):
            self.follow(self.resumed(message.path, generations))
            await self.action_tab(1)

    async def _may_leave_run(self, question: str) -> bool:
        """Whether there's no run going on, or the person wants to leave it."""
        if not self.running:
            return True
        return bool(await self.push_screen_wait(Question(question, self.how_to_resume())))

    @work
    @on(ComparisonWanted)
    async def _comparison_wanted(self, message: ComparisonWanted) -> None:
        try:
            first, second = await asyncio.to_thread(lambda: tuple(runs.whole(path) for path in message.paths))
        except BadInput as error:
            self.notify(str(error), severity="error", timeout=15)
            return
        self.push_screen(Comparison((first, second)))

    def action_picture(self) -> None:
        folder = self.home.folder / "screenshots"
        name = f"{self.tabs[self.active].TITLE.lower()}-{datetime.now():%Y%m%dT%H%M%S}.svg"
        try:
            folder.mkdir(exist_ok=True)
            self.notify(f"Saved {self.save_screenshot(name, str(folder))}", title="Picture")
        except OSError as error:
            self.notify(f"{folder}: {error.strerror}", title="Picture", severity="error")

    def action_copy(self) -> None:
        text = self.tabs[self.active].copied(self.snapshot)
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
        if isinstance(self.screen, Question):
            return
        if self.running:
            question = Question("The run isn't over. Leave it now?", self.how_to_resume())
            if not await self.push_screen_wait(question):
                return
        self.exit()

    def how_to_resume(self) -> str:
        """What brings the present run back."""
        where = "" if self.home.folder == Path.cwd() else f" --home {self.home.folder}"
        name = f" {self.snapshot.name}" if self.snapshot.name else ""
        return f"The run is kept: 'organism runs resume{name}{where}' goes on with it."

    def get_system_commands(self, screen: Screen) -> Iterable[SystemCommand]:
        """What every key of ours does, by name, besides the theme. A binding without an id is the toolkit's own."""
        for command in super().get_system_commands(screen):
            if command.title == "Theme":
                yield command
        seen: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.id and active.enabled and binding.id not in seen:
                seen.add(binding.id)
                act = partial(self.run_action, binding.action, active.node)
                yield SystemCommand(binding.description, binding.tooltip or "", act)

    # --- the terminal

    @on(Resize)
    def _resized(self, event: Resize) -> None:
        """Say what is needed, on the page that lies over everything where there's less."""
        needed, there = "{}x{}".format(*SMALLEST), "{}x{}".format(*event.size)
        page = self.screen_stack[0].query_one("#too-small", Static)
        page.update(f"The organism needs\n{needed} cells;\nthere are {there}.")

    def _listen_to_signals(self) -> None:
        """A signal ends the application as a person would, with the exit status that says so."""
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end_by, number)

    def _look_at_terminal(self) -> None:
        """Leave when the terminal has vanished without a signal."""
        if not self.is_headless and sys.__stdin__ is not None and is_gone(sys.__stdin__.fileno()):
            self._end_by(signal.SIGHUP)

    def _end_by(self, number: int) -> None:
        """End with the status of this signal, even if the terminal doesn't take what is written to it any more."""
        self.exit(return_code=128 + number)
        threading.Thread(target=self._end_anyway, args=(128 + number,), name="organism-end", daemon=True).start()

    def _end_anyway(self, status: int) -> None:
        if not self.left.wait(GRACE):
            self._close(self.bridge)
            os._exit(status)

    def _handle_exception(self, error: Exception) -> None:
        """Leave the terminal sane; whoever opened the application says the one sentence."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        self.failed = self.failed or error
        self.exit(return_code=1)


def _name_of(source: object) -> str:
    return source.journal.story.name if isinstance(source, Life) and source.journal else ""
