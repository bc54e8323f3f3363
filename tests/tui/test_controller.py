"""What is shown and what may be done to it, without a screen: acts on the one side, snapshots on the other."""

import queue

import pytest
from screen import STEM, recorded_home

from organism.errors import BadInput
from organism.events import Act, GenerationEnd
from organism.genome import PRIMORDIAL_GENOME
from organism.home import Home
from organism.life.journal import read_events
from organism.life.plan import Plan
from organism.story import Story
from tui.controller import Controller, Refused
from tui.feed import LiveFeed, ReplayFeed


class Source:
    """A source whose events a test gives; notes what is done to it."""

    name = STEM

    def __init__(self, *events):
        self.lines = events
        self.acts: list[Act] = []
        self.closing = queue.SimpleQueue()

    def events(self):
        yield from self.lines
        self.closing.get()

    def act(self, act):
        self.acts.append(act)

    def close(self):
        self.closing.put(True)


@pytest.fixture
def home(tmp_path) -> Home:
    return recorded_home(tmp_path)


@pytest.fixture
def controller(home):
    """One that takes each snapshot that it's given as soon as it's asked to."""
    opened = Controller(home, Plan(seed=1), 2, clock=lambda: 0.0)
    posted = queue.SimpleQueue()
    opened.post = lambda feed, snapshot: posted.put((feed, snapshot))

    def take() -> str:
        feed, snapshot = posted.get(timeout=20)
        return opened.arrived(snapshot) if feed is opened.feed else take()

    opened.take = take
    yield opened
    opened.close()


def recorded(home: Home) -> list:
    return read_events(home.experiments / f"{STEM}.jsonl")


def amid_a_search(home: Home) -> Source:
    return Source(*recorded(home)[:200])


@pytest.mark.slow
def test_an_act_reaches_the_life_as_it_was_made(home, controller):
    source = amid_a_search(home)
    controller.show(LiveFeed(lambda: source, clock=controller.clock))
    controller.take()
    act = Act(verb="bless", id=controller.snapshot.population[0].id)
    controller.act(act)
    controller.pause()
    assert source.acts == [act, Act(verb="pause")]
    assert "the last" in controller.stop()


def test_what_happened_already_cannot_be_changed(home, controller):
    controller.replay(STEM, recorded(home))
    controller.take()
    with pytest.raises(Refused, match="only replayed"):
        controller.act(Act(verb="immigrant"))
    controller.pause()
    assert isinstance(controller.feed, ReplayFeed)
    assert not controller.feed.playing


def test_the_genome_in_force_belongs_to_the_run_that_goes_on(home, controller):
    controller.show(LiveFeed(lambda: amid_a_search(home), clock=controller.clock))
    controller.take()
    assert controller.running
    with pytest.raises(Refused, match="Not while a run goes on"):
        controller.use(PRIMORDIAL_GENOME)


def test_what_was_shown_is_closed_before_another_feed_begins(home, controller):
    source, order = amid_a_search(home), []
    controller.show(LiveFeed(lambda: source, clock=controller.clock))
    controller.take()
    first = controller.feed

    def begin():
        order.append(first.over.is_set())
        raise BadInput("no room")

    controller.show(LiveFeed(begin, clock=controller.clock), alone=True)
    assert controller.take() == "no room"
    assert order == [True]


def test_a_run_that_is_over_can_be_given_more_generations(home, controller):
    events = recorded(home)
    had = max(event.generation for event in events if isinstance(event, GenerationEnd))
    assert controller.extension(Story.of(events)) == had + controller.plan.generations
    assert controller.extension(Story.of(events[:200])) is None
