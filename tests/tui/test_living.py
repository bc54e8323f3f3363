"""A real life on the screen, small enough for a test: workers that train, and a person at the keys."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from screen import DARK, drive, quiet, screen_text, until, until_shown

from organism import events
from organism.genes import PRIMORDIAL
from organism.genome import Genome
from organism.home import Home
from organism.life import registry
from organism.life.genomes import genome_in_force, write_genome
from organism.life.journal import journals, read_events
from organism.life.plan import Plan
from tui.app import OrganismApp
from tui.controller import Controller
from tui.creature import CreatureSource
from tui.feed import LiveFeed
from tui.screens.submission import Submission
from tui.widgets.lists import Table
from tui.widgets.portrait import Portrait

pytestmark = pytest.mark.slow

# One that learns for a second, so that its generation isn't over before a person has done anything in it.
PATIENT = Genome("primordial", msgspec.structs.replace(PRIMORDIAL, num_steps=100_000))


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def plan(tiny: Path, **changes) -> Plan:
    options = {"generations": 2, "population": 4, "space": str(tiny / "tiny.toml"), "data": str(tiny / "tiny.txt")}
    return Plan(seed=1, **options | changes)


def acts(home: Home) -> list[tuple[str, int | None]]:
    return [(event.verb, event.id) for event in read_events(journals(home)[-1]) if isinstance(event, events.Act)]


def test_it_wakes_learns_and_dreams_and_writes_no_journal(home, tiny):
    async def steps(app, pilot):
        await until_shown(app, "I am unformed")
        await until(app, lambda: app.controller.snapshot.dreams)
        await until_shown(app, app.controller.snapshot.dreams[0].name)
        assert app.controller.snapshot.validation_loss
        before = app.controller.snapshot.dreams
        await pilot.press("d")
        await until(app, lambda: len(app.controller.snapshot.dreams) > len(before))

    drive(quiet(home, plan(tiny), Controller.show_creature), steps)
    assert not journals(home)


def test_it_dreams_of_what_it_learnt_from(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        learnt, before = home.weights.read_bytes(), app.controller.snapshot.dreams
        await pilot.press("d")
        await until(app, lambda: len(app.controller.snapshot.dreams) > len(before))
        assert home.weights.read_bytes() == learnt

    feed = LiveFeed(lambda: CreatureSource(home, plan(tiny)))
    drive(quiet(home, Plan(seed=1), lambda controller: controller.show(feed, alone=True)), steps)


def test_a_whole_life_by_one_key(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        await pilot.press("e")
        # The search may be over before it's painted; the log keeps what was said.
        await until(app, lambda: any("I am searching" in line.text for line in app.controller.snapshot.log))
        await pilot.press("2")
        await until(app, lambda: app.controller.snapshot.generations)
        await pilot.press("5")
        await until(app, lambda: app.controller.snapshot.stage == "evolved" and app.controller.snapshot.ended)
        await pilot.press("4")
        await until_shown(app, "rewritten by evolution")
        await until_shown(app, '+ stage = "evolved"')
        await pilot.press("6")
        await until_shown(app, "finished")

    drive(quiet(home, plan(tiny), Controller.show_creature), steps)
    assert genome_in_force(home).stage == "evolved"


def test_a_single_generation_by_one_key(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        await pilot.press("n")
        await until(app, lambda: app.controller.snapshot.stage == "evolved" and app.controller.snapshot.ended)
        assert len(app.controller.snapshot.generations) == 1

    drive(quiet(home, plan(tiny, generations=9), Controller.show_creature), steps)


def test_what_was_frozen_moves_again_in_a_new_run(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        await pilot.press("f", "e")
        portrait = app.query_one(Portrait)
        seen = [strip.text for strip in portrait.render_lines(portrait.content_region)]
        await until(app, lambda: [s.text for s in portrait.render_lines(portrait.content_region)] != seen)

    controller = Controller(home, plan(tiny), 2)
    drive(OrganismApp(controller, controller.show_creature, settings=DARK), steps)


def test_a_genome_that_cannot_be_read_is_named_on_the_screen(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        home.genome.write_text("nonsense")
        await pilot.press("e")
        await until(app, lambda: app.controller.alone and app.controller.snapshot.failure)
        await until(
            app, lambda: any(line.strip().startswith(str(home.genome)) for line in screen_text(app).splitlines())
        )

    drive(quiet(home, plan(tiny), Controller.show_creature), steps)


def test_pausing_makes_the_workers_stand_still(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.evaluations)
        await pilot.press("space")
        await until_shown(app, " paused ")
        heard = app.controller.feed.arrived
        stood = [len(read_events(journals(home)[-1]))]
        # What was on its way when the workers were told may still arrive.
        while len(stood) < 3 or stood[-1] != stood[-3]:
            await asyncio.sleep(0.1)
            stood.append(len(read_events(journals(home)[-1])))
        assert not heard
        await pilot.press("space")
        await until(app, lambda: not app.controller.snapshot.paused)
        await until(app, lambda: len(read_events(journals(home)[-1])) > stood[-1] + 1)

    write_genome(home, PATIENT)
    drive(quiet(home, plan(tiny, population=8), lambda controller: controller.evolve(controller.plan)), steps)
    assert acts(home) == [("pause", None), ("resume", None)]


def test_culling_blessing_and_immigrants_are_in_the_journal_and_happen(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: len(app.controller.snapshot.population) == 6)
        await pilot.press("space", "5")
        await until(app, lambda: app.controller.snapshot.paused)
        table = app.query_one("#population-table", Table)
        await until(app, lambda: table.row_count >= 6)
        await pilot.press(*["j"] * 5)
        await pilot.press("c", "k", "b", "i", "space")
        await until(app, lambda: app.controller.snapshot.generation == 2)
        population = app.controller.snapshot.population
        assert [o.parents for o in population if o.origin == "elite" and 4 in o.parents]
        assert sum(o.origin == "immigrant" for o in population) == 3
        assert app.controller.snapshot.organisms[5].reason == "culled"

    write_genome(home, PATIENT)
    drive(quiet(home, plan(tiny, population=6), lambda controller: controller.evolve(controller.plan)), steps)
    assert acts(home)[:5] == [("pause", None), ("cull", 5), ("bless", 4), ("immigrant", None), ("resume", None)]


def test_a_run_that_was_left_is_resumed_from_the_list(home, tiny):
    async def leave(app, pilot):
        await until(app, lambda: app.controller.snapshot.evaluations)
        await pilot.press("space")
        await until(app, lambda: app.controller.snapshot.paused)
        await pilot.press("q")
        await until_shown(app, "organism runs resume")
        await pilot.press("y")

    write_genome(home, PATIENT)
    drive(quiet(home, plan(tiny, generations=3), lambda controller: controller.evolve(controller.plan)), leave)
    journal = journals(home)[0]
    assert not any(isinstance(event, events.EvolutionEnd) for event in read_events(journal))

    async def resume(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        await pilot.press("6")
        await until_shown(app, "unfinished")
        await pilot.press("r")
        await until(app, lambda: app.controller.snapshot.name == journal.stem)
        await until(app, lambda: app.controller.snapshot.ended)
        assert not app.controller.snapshot.failure
        assert app.controller.snapshot.stage == "evolved"
        assert len(app.controller.snapshot.generations) == 3
        assert "resumed" not in screen_text(app)

    drive(quiet(home, plan(tiny), Controller.show_creature), resume)


def test_a_finished_run_is_given_more_generations(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        end = app.controller.snapshot.end
        await pilot.press("6", "r")
        await until_shown(app, "Go on to generation 4?")
        await pilot.press("y")
        await until(app, lambda: app.controller.snapshot.planned == 4)
        await until(app, lambda: app.controller.snapshot.ended and app.controller.snapshot.end)
        assert len(app.controller.snapshot.generations) == 4
        assert app.controller.snapshot.end.evaluations > end.evaluations
        assert {event.id for event in app.controller.snapshot.confirmed} >= {app.controller.snapshot.end.champion}

    drive(quiet(home, plan(tiny), lambda controller: controller.evolve(controller.plan)), steps)
    assert len(journals(home)) == 1
    assert genome_in_force(home).provenance.generation > 0


def test_reset_asks_and_brings_the_primordial_creature_back(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        await pilot.press("e")
        await until(app, lambda: app.controller.snapshot.stage == "evolved" and app.controller.snapshot.ended)
        await pilot.press("R")
        await until_shown(app, "primordial again?")
        await pilot.press("n")
        assert genome_in_force(home).stage == "evolved"
        await pilot.press("R")
        await until_shown(app, "primordial again?")
        await pilot.press("y")
        await until_shown(app, "I am unformed")
        assert genome_in_force(home).stage == "primordial"
        await pilot.press("4")
        await until_shown(app, "history")
        await pilot.press("tab", "tab", "tab", "u")
        await until_shown(app, "the genome in force?")
        await pilot.press("y")
        await until(app, lambda: genome_in_force(home).stage == "evolved")

    drive(quiet(home, plan(tiny, generations=1), Controller.show_creature), steps)


def test_a_genome_is_submitted_with_its_author(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        await pilot.press("e")
        await until(app, lambda: app.controller.snapshot.stage == "evolved" and app.controller.snapshot.ended)
        await pilot.press("4", "s")
        await until(app, lambda: isinstance(app.screen, Submission))
        await pilot.press(*"ada", "enter")
        await until_shown(app, "Filed as")

    drive(quiet(home, plan(tiny, generations=1), Controller.show_creature), steps)
    assert [entry.genome.provenance.author for entry in registry.entries(home)[0]] == ["ada"]


def test_a_home_that_is_taken_is_said_on_the_screen(home, tiny):
    async def steps(app, pilot):
        await until(app, lambda: app.controller.snapshot.ended)
        with home.lock():
            await pilot.press("e")
            await until_shown(app, "It couldn't go on")
            await until(app, lambda: app.controller.snapshot.dreams)
            # It comes back as often as it's refused.
            controller, before = app.controller, app.controller.feed
            await pilot.press("e")
            await until(app, lambda: controller.feed is not before and controller.alone and controller.snapshot.dreams)

    drive(quiet(home, plan(tiny), Controller.show_creature), steps)
