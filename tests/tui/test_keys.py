"""A recorded run on the screen, driven as a person drives it: by keys, by the mouse, and by pulling at the window."""

import pytest
from screen import (
    STEM,
    Clock,
    drive,
    hydra_events,
    quiet,
    recorded_home,
    replaying,
    screen_colours,
    screen_text,
    until,
    until_shown,
)

from organism import events
from organism.errors import BadInput
from organism.home import Home
from organism.life.journal import read_events
from organism.life.plan import Plan
from tui.app import OrganismApp
from tui.controller import Controller
from tui.feed import LiveFeed
from tui.screens.comparison import Comparison
from tui.screens.help import Help
from tui.screens.options import Options
from tui.screens.organism import OrganismScreen
from tui.screens.question import Question
from tui.settings import Settings
from tui.widgets.chart import Chart
from tui.widgets.lists import Table

pytestmark = pytest.mark.slow


def third_generation(event) -> bool:
    return isinstance(event, events.GenerationEnd) and event.generation == 3


def the_end(event) -> bool:
    return isinstance(event, events.Dream) and "anghar" in event.names


TITLES = {
    "1": "Vital signs",
    "2": "nats per token",
    "3": "The champion by generation",
    "4": "genome.toml",
    "5": "Lineage of the leader",
    "6": "Best by generation",
}


def test_number_keys_switch_tabs(tmp_path):
    async def steps(app, pilot):
        for key, title in TITLES.items():
            await pilot.press(key)
            await until_shown(app, title)
            assert app.active == int(key) - 1

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def test_arrows_and_clicks_switch_tabs_too(tmp_path):
    async def steps(app, pilot):
        await pilot.press("right")
        assert app.active == 1
        await pilot.press("left", "left")
        assert app.active == 5
        await pilot.click("#top", offset=(5, 0))
        assert app.active == 0
        for tab in (1, 2, 3, 4, 5, 0):
            await pilot.press("right")
            assert app.active == tab

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def test_every_key_that_help_names_has_an_action_and_an_id(tmp_path):
    async def steps(app, pilot):
        for tab in "123456":
            await pilot.press(tab)
            for active in app.screen.active_bindings.values():
                if (
                    active.binding.description
                    and active.node in (app, *app.tabs)
                    and active.binding.action != "command_palette"
                ):
                    assert active.binding.id, active.binding

    drive(replaying(recorded_home(tmp_path)), steps)


def test_a_replay_is_paused_sped_up_and_sought(tmp_path):
    clock = Clock()

    async def steps(app, pilot):
        replay = app.controller.replaying
        assert replay.speed == 10
        await pilot.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        assert replay.speed == 50
        await pilot.press("left_square_bracket")
        assert replay.speed == 20
        clock.now += 0.1
        await until(app, lambda: replay.position > 1.5)
        await pilot.press("space")
        assert not replay.playing
        await until_shown(app, "space Go on")
        await pilot.press("full_stop")
        at = replay.length * 0.05
        await until(app, lambda: replay.position > 1.5 + at)
        await pilot.press("comma", "comma")
        await pilot.press("space")
        assert replay.playing
        await pilot.click("#play", offset=(60, 0))
        await until(app, lambda: replay.position > replay.length * 0.3)
        assert "20×" in screen_text(app)

    drive(replaying(recorded_home(tmp_path), clock=clock), steps)


def test_a_replay_that_has_ended_begins_again(tmp_path):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        await pilot.press("space")
        await until(app, lambda: app.controller.replaying.position == 0)

    drive(replaying(recorded_home(tmp_path), the_end), steps)


def test_what_is_replayed_cannot_be_changed(tmp_path):
    async def steps(app, pilot):
        await pilot.press("5", "c")
        await until_shown(app, "only replayed")
        await pilot.press("i", "b")
        assert not any(isinstance(event, events.Act) for event in app.controller.replaying.events)

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def test_freezing_holds_the_display_and_not_the_run(tmp_path):
    clock = Clock()

    async def steps(app, pilot):
        await pilot.press("f")
        await until_shown(app, "frozen")
        before = screen_text(app)
        clock.now += 1.0
        await until(app, lambda: app.controller.snapshot.generation > 3)
        assert screen_text(app) == before
        await pilot.press("f")
        await until(app, lambda: screen_text(app) != before)

    drive(replaying(recorded_home(tmp_path), third_generation, clock), steps)


def test_loss_is_zoomed_smoothed_and_put_on_a_logarithm(tmp_path):
    async def steps(app, pilot):
        await pilot.press("2")
        chart = app.query_one("#training", Chart)
        assert chart.view.smoothing > 0
        await pilot.press("z", "g", "m")
        assert chart.view.begin == 0.5
        assert chart.view.log
        await pilot.press("m")
        assert chart.view.smoothing == 0
        await until_shown(app, "second half, log, raw")
        await until_shown(app, "bigrams")

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def test_scores_of_the_scatter_are_chosen(tmp_path):
    async def steps(app, pilot):
        await pilot.press("3")
        await until_shown(app, "flow against creativity")
        await pilot.press("x", "v")
        await until_shown(app, "symmetry against beauty")
        await until_shown(app, "real names")

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def test_a_name_is_judged_while_it_is_typed(tmp_path):
    async def steps(app, pilot):
        await pilot.press("3", "slash", *"liana")
        await until_shown(app, "liana  flow")
        await pilot.press("escape", "x")
        await until_shown(app, "flow against beauty")
        await pilot.press("1")
        assert app.active == 0

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def test_the_genome_shows_what_evolution_changed(tmp_path):
    async def steps(app, pilot):
        await pilot.press("4")
        await until_shown(app, "+ n_embd = 12")
        await until_shown(app, "− n_embd = 16")
        await pilot.press("v")
        await until(app, lambda: "− n_embd = 16" not in screen_text(app))

    drive(replaying(recorded_home(tmp_path), the_end), steps)


def test_before_evolution_there_is_nothing_changed(tmp_path):
    async def steps(app, pilot):
        await pilot.press("4")
        await until_shown(app, "n_embd = 16")
        assert "+ n_embd" not in screen_text(app)

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def losses(app: OrganismApp, table: Table) -> list[float]:
    """The held-out losses down the table, infinity where there's none yet."""
    judged = [app.controller.snapshot.organisms[int(key.value or 0)].judged for key in table.rows]
    return [one.validation_loss if one else float("inf") for one in judged]


def test_organisms_are_sorted_and_opened(tmp_path):
    async def steps(app, pilot):
        await pilot.press("5")
        table = app.query_one("#population-table", Table)
        first = table.key_under_cursor
        await pilot.press("j")
        assert table.key_under_cursor != first
        await pilot.press("k")
        for _ in range(4):
            await pilot.press("s")
        await until_shown(app, "by held out")
        held_out = losses(app, table)
        assert held_out == sorted(held_out)
        await pilot.press("r")
        assert losses(app, table) == held_out[::-1]
        await pilot.press("enter")
        await until(app, lambda: isinstance(app.screen, OrganismScreen))
        await until_shown(app, "learning_rate")
        await pilot.press("p", "escape")
        assert not isinstance(app.screen, OrganismScreen)

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def test_sorting_anew_leaves_the_table_scrolled_as_it_was(tmp_path):
    async def steps(app, pilot):
        await pilot.press("5", "l", "l", "l")
        table = app.query_one("#population-table", Table)
        await until(app, lambda: table.scroll_x == table.scroll_target_x > 0)
        place, order = table.scroll_x, list(table.rows)
        await pilot.press("r")
        await until(app, lambda: list(table.rows) == order[::-1])
        await pilot.pause()
        assert table.scroll_x == place

    drive(replaying(recorded_home(tmp_path), third_generation), steps, size=(80, 24))


def test_help_fits_the_tab_and_scrolls(tmp_path):
    async def steps(app, pilot):
        await pilot.press("5", "question_mark")
        assert isinstance(app.screen, Help)
        await until_shown(app, "culls the organism")
        assert "Cursor up" not in screen_text(app)
        before = screen_text(app)
        await pilot.press("j", "j", "j")
        await until(app, lambda: screen_text(app) != before)
        await pilot.press("G")
        await until_shown(app, "screen.toml")
        await pilot.press("escape")
        assert not isinstance(app.screen, Help)

    drive(replaying(recorded_home(tmp_path)), steps, size=(80, 24))


def test_the_palette_offers_what_keys_do(tmp_path):
    async def steps(app, pilot):
        await pilot.press("ctrl+p")
        await pilot.press(*"freeze")
        await until_shown(app, "freeze the display")
        await pilot.press("enter")
        await until(app, lambda: app.frozen)

    drive(replaying(recorded_home(tmp_path)), steps)


def test_the_palette_offers_the_keys_of_a_tab_and_not_the_toolkits(tmp_path):
    async def steps(app, pilot):
        await pilot.press("2")
        chart = app.query_one("#training", Chart)
        smoothing = chart.view.smoothing
        await pilot.press("ctrl+p", *"smooth")
        await until_shown(app, "none, some or much")
        await pilot.press("enter")
        await until(app, lambda: chart.view.smoothing != smoothing)
        assert "Cursor up" not in [command.title for command in app.get_system_commands(app.screen)]

    drive(replaying(recorded_home(tmp_path)), steps)


async def click_key(app: OrganismApp, pilot, label: str) -> None:
    """Click on a label in the line of keys."""
    await pilot.click("#keys", offset=(screen_text(app).splitlines()[-1].index(label), 0))


def test_a_click_on_a_key_does_what_the_key_does(tmp_path):
    async def steps(app, pilot):
        await pilot.press("5")
        await click_key(app, pilot, "Sort")
        await until_shown(app, "by origin")
        await click_key(app, pilot, "Freeze")
        await until(app, lambda: app.frozen)
        await click_key(app, pilot, "Help")
        await until(app, lambda: isinstance(app.screen, Help))

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def test_runs_are_listed_replayed_and_compared(tmp_path):
    home = recorded_home(tmp_path)
    journal = next(home.experiments.glob("*.jsonl"))
    lines = journal.read_bytes().splitlines(keepends=True)
    (home.experiments / "20260102T120000-loss.jsonl").write_bytes(b"".join(lines[:500]))
    (home.experiments / "20260103T120000-loss.jsonl").write_bytes(b"nonsense\n")

    async def steps(app, pilot):
        await pilot.press("6")
        for state in ("finished", "unfinished", "unreadable"):
            await until_shown(app, state)
        await pilot.press("j", "x", "j", "v")
        await until(app, lambda: isinstance(app.screen, Comparison))
        await until_shown(app, "Figures")
        await pilot.press("escape", "k", "enter")
        await until(app, lambda: app.controller.snapshot.name == "20260102T120000-loss")
        assert app.active == 0

    drive(replaying(home, third_generation), steps)


def test_a_finished_run_is_not_resumed_unasked(tmp_path):
    async def steps(app, pilot):
        await pilot.press("6", "r")
        await until_shown(app, "Go on to generation")
        await pilot.press("n")
        await until(app, lambda: len(app.screen_stack) == 1)
        assert app.controller.replaying

    drive(replaying(recorded_home(tmp_path), the_end), steps)


def test_a_picture_is_saved_and_text_copied(tmp_path):
    home = recorded_home(tmp_path)

    async def steps(app, pilot):
        await pilot.press("P")
        await until(app, lambda: list((home.folder / "screenshots").glob("life-*.svg")))
        await pilot.press("5", "y")
        assert app.clipboard.startswith('{"n_embd"')
        await pilot.press("4", "y")
        assert "[genes]" in app.clipboard
        await pilot.press("1", "y")
        assert app.clipboard.splitlines()

    drive(replaying(home, third_generation), steps)


def test_a_picture_that_cannot_be_saved_is_said(tmp_path):
    home = recorded_home(tmp_path)
    (home.folder / "screenshots").write_text("in the way")

    async def steps(app, pilot):
        await pilot.press("P")
        await until_shown(app, "File exists")

    drive(replaying(home), steps)


def test_another_theme_colours_what_stands_there(tmp_path):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        former = set(screen_colours(app))
        app.theme = "organism-light"
        await until(app, lambda: not former & set(screen_colours(app)))

    drive(replaying(recorded_home(tmp_path), the_end), steps)


@pytest.mark.parametrize("size", [(59, 30), (100, 17), (20, 5)])
def test_a_screen_that_is_too_small_says_what_it_needs(tmp_path, size):
    async def steps(app, pilot):
        await until_shown(app, "60x18")
        assert "Vital signs" not in screen_text(app)
        await pilot.resize_terminal(100, 30)
        await until_shown(app, "Vital signs")
        await pilot.resize_terminal(*size)
        await until_shown(app, "60x18")

    drive(replaying(recorded_home(tmp_path)), steps, size=size)


def test_nothing_is_lost_while_the_screen_is_too_small(tmp_path):
    async def steps(app, pilot):
        await pilot.press("5")
        await pilot.resize_terminal(40, 10)
        await until_shown(app, "60x18")
        await pilot.resize_terminal(120, 40)
        await until_shown(app, "Sort")
        await pilot.press("s")
        await until_shown(app, "by origin")
        await pilot.press("question_mark")
        await until_shown(app, "Help: Population")
        await pilot.resize_terminal(40, 10)
        await until(app, lambda: "60x18" in screen_text(app) and "Help" not in screen_text(app))
        await pilot.resize_terminal(100, 30)
        await until_shown(app, "Help: Population")
        await pilot.press("escape")
        await until(app, lambda: screen_text(app).splitlines()[-1].endswith("Quit") and "Sort" in screen_text(app))
        assert len(screen_text(app).splitlines()[-1]) > 90

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


@pytest.mark.parametrize("size", [(60, 18), (70, 20), (80, 24), (100, 30), (131, 43), (250, 80)])
def test_every_tab_fits_every_size(tmp_path, size):
    async def steps(app, pilot):
        for tab in "123456":
            await pilot.press(tab)
            lines = screen_text(app).splitlines()
            assert len(lines) <= size[1]
            assert max(map(len, lines)) <= size[0]
            assert "Quit" in lines[-1]

    drive(replaying(recorded_home(tmp_path), third_generation), steps, size=size)


def test_panels_drop_one_after_the_other(tmp_path):
    async def steps(app, pilot):
        await until_shown(app, "What happened")
        await pilot.resize_terminal(80, 20)
        await until(app, lambda: "What happened" not in screen_text(app))
        assert "Vital signs" in screen_text(app)
        await pilot.resize_terminal(64, 20)
        await until(app, lambda: "Vital signs" not in screen_text(app))
        assert "evolving" in screen_text(app)

    drive(replaying(recorded_home(tmp_path), third_generation), steps, size=(80, 24))


def test_leaving_a_replay_asks_nothing(tmp_path):
    async def steps(app, pilot):
        await pilot.press("q")
        await until(app, lambda: not app.is_running or app._exit)

    drive(replaying(recorded_home(tmp_path), third_generation), steps)


def test_keys_and_theme_come_from_the_settings(tmp_path):
    home = recorded_home(tmp_path)
    settings = Settings(theme="organism-light", keys={"freeze": "F"})
    app = replaying(home, settings=settings)

    async def steps(app, pilot):
        assert app.theme == "organism-light"
        await pilot.press("f")
        assert not app.frozen
        await pilot.press("F")
        assert app.frozen

    drive(app, steps)


def test_a_theme_that_is_none_is_refused(tmp_path):
    with pytest.raises(BadInput, match="isn't a theme"):
        quiet(Home(tmp_path), Plan(seed=1), Controller.show_creature, settings=Settings(theme="nonesuch"))


def test_without_colours_everything_is_still_told_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = replaying(recorded_home(tmp_path), third_generation)

    async def steps(app, pilot):
        assert app.theme == "organism-ansi"
        await pilot.press("2")
        await until_shown(app, "▲ best")
        for strip in app.screen._compositor.render_strips():
            for segment in strip.apply_filter(app._filters[-1], app.screen.background_colors[1]):
                assert segment.style is None or segment.style.color is None or segment.style.color.is_default

    drive(app, steps)


class Still:
    """A source of a search in which nothing happens; notes what is done to it."""

    name = ""

    def __init__(self, *lines):
        self.lines = lines
        self.acts = []
        self.closing = False

    def events(self):
        import time

        yield from self.lines
        while not self.closing:
            time.sleep(0.005)

    def act(self, act):
        self.acts.append((act.verb, act.id))

    def close(self):
        self.closing = True


def learning(home: Home) -> tuple[OrganismApp, Still]:
    """An application in whose run the creature is learning."""
    held = read_events(home.experiments / f"{STEM}.jsonl")
    source = Still(*held[: next(i for i, event in enumerate(held) if isinstance(event, events.TrainStep)) + 1])
    return quiet(home, Plan(seed=1), lambda controller: controller.show(LiveFeed(lambda: source))), source


def test_a_creature_that_learns_in_its_run_is_not_left_without_a_word(tmp_path):
    app, source = learning(recorded_home(tmp_path))

    async def steps(app, pilot):
        feed = app.controller.feed
        await pilot.press("e", "n")
        await until_shown(app, "It learns first")
        assert "space Pause" in screen_text(app)
        assert "Evolve" not in screen_text(app)
        assert app.controller.feed is feed
        await pilot.press("R")
        await until_shown(app, "Not while a run goes on")
        await pilot.press("space", "q")
        await until(app, lambda: isinstance(app.screen, Question))
        assert source.acts == [("pause", None)]

    drive(app, steps)


def searching(home: Home) -> tuple[OrganismApp, Still]:
    """An application amid a search, which a test can look into."""
    held = read_events(home.experiments / f"{STEM}.jsonl")
    source = Still(*held[:200])
    return quiet(home, Plan(seed=1), lambda controller: controller.show(LiveFeed(lambda: source))), source


def test_what_a_person_does_to_a_run_reaches_it(tmp_path):
    app, source = searching(recorded_home(tmp_path))

    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.population)
        await until_shown(app, "e End")
        assert "Evolve" not in screen_text(app)
        await pilot.press("space", "i", "5", "j", "c", "b", "e")
        chosen = app.controller.snapshot.population[1].id
        await until(app, lambda: len(source.acts) == 5)
        assert source.acts == [
            ("pause", None),
            ("immigrant", None),
            ("cull", chosen),
            ("bless", chosen),
            ("stop", None),
        ]

    drive(app, steps)


def test_what_is_dead_or_absent_can_be_neither_culled_nor_blessed(tmp_path):
    home = recorded_home(tmp_path)
    told = read_events(home.experiments / f"{STEM}.jsonl")[:200]
    born = next(event for event in told if isinstance(event, events.Born))
    source = Still(*told, events.Died(id=born.id, generation=1, replicate=0, reason="culled"))
    app = quiet(home, Plan(seed=1), lambda controller: controller.show(LiveFeed(lambda: source)))

    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.population)
        await pilot.press("5", "c", "b", "i")
        await until(app, lambda: source.acts == [("immigrant", None)])
        await until_shown(app, "is dead already")

    drive(app, steps)

    async def absent(app, pilot):
        await pilot.press("5", "b")
        await until_shown(app, "no organism under the cursor")
        await pilot.press("4", "u")
        await until_shown(app, "No genome is kept here yet")

    drive(learning(home)[0], absent)


def test_the_heads_of_a_hydra_are_told_apart_where_they_are_copied(tmp_path):
    source = Still(*hydra_events())
    app = quiet(recorded_home(tmp_path), Plan(seed=1), lambda controller: controller.show(LiveFeed(lambda: source)))

    async def steps(app, pilot):
        await until(app, lambda: len(app.controller.snapshot.generations) == 2)
        await pilot.press("2", "y")
        rows = [line.split("\t") for line in app.clipboard.splitlines()[1:]]
        assert [(row[1], row[2]) for row in rows] == [("Weaver", "0.900000"), ("Origin", "2.400000")]

    drive(app, steps)


def test_one_generation_more_is_asked_for_with_n(tmp_path):
    app, source = searching(recorded_home(tmp_path))

    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.evolving)
        await pilot.press("n")
        await until(app, lambda: source.acts == [("stop", None)])

    drive(app, steps)


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
def test_leaving_a_search_asks_and_says_how_to_resume(tmp_path, key):
    app, source = searching(recorded_home(tmp_path))

    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.evolving)
        await pilot.press(key)
        await until(app, lambda: isinstance(app.screen, Question))
        await until_shown(app, "organism runs resume")
        await pilot.press("n")
        assert app.is_running
        await pilot.press(key)
        await until(app, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(app, lambda: app._exit)

    drive(app, steps)
    assert source.closing


def test_reset_and_other_genomes_wait_until_the_search_is_over(tmp_path):
    app, _ = searching(recorded_home(tmp_path))

    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.evolving)
        await pilot.press("R")
        await until_shown(app, "Not while a run goes on")

    drive(app, steps)


def test_options_are_checked_and_kept(tmp_path):
    app, _ = searching(recorded_home(tmp_path))
    app.controller.plan = Plan(seed=1, target=2.3)

    async def steps(app, pilot):
        await pilot.press("o")
        await until(app, lambda: isinstance(app.screen, Options))
        await until(app, lambda: app.screen.query("#keep") and app.screen.query_one("#keep").region)
        app.screen.query_one("#generations").value = "0"
        await pilot.click("#keep")
        await until_shown(app, "generations = 0: must be 1 or more")
        # A button that has just been pressed takes no second press at once.
        await until(app, lambda: not app.screen.query_one("#keep").has_class("-active"))
        app.screen.query_one("#objective").value = "beauty"
        # It brings its usual scale with it, which may be changed in turn.
        await until(app, lambda: app.screen.query_one("#generations").value == "5")
        app.screen.query_one("#generations").value = "3"
        await pilot.click("#keep")
        await until(app, lambda: app.controller.plan.generations == 3)
        plan = app.controller.plan
        assert (plan.objective, plan.population, plan.elitism, plan.target) == ("beauty", 12, 2, None)

    drive(app, steps)
