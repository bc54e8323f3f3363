"""From events to snapshots: the story, its moments and its sentences, live feeds and replays, without any screen."""

import threading

import msgspec
import pytest
from screen import STEM, Clock, hydra_events, recorded_corpus, recorded_events, recorded_home

from organism import events
from organism.genes import PRIMORDIAL
from organism.life.journal import read_events
from organism.story import CURVE
from tui.feed import Bridge, LiveFeed, ReplayFeed
from tui.snapshot import Snapshot
from tui.timeline import moments
from tui.watch import Watch
from tui.widgets.lifecycle import doing, progress


@pytest.fixture(scope="module")
def recorded():
    return recorded_events()


def told(recorded, until=None) -> Snapshot:
    """The story of the recorded run up to the first event that `until` picks, that one included."""
    watch = Watch(STEM)
    for event, at in zip(recorded, moments(recorded), strict=True):
        watch.tell(event, at)
        if until and until(event):
            return watch.snapshot(at)
    return watch.snapshot(moments(recorded)[-1])


def is_stage(name: str):
    return lambda event: isinstance(event, events.Stage) and event.stage == name


def test_a_whole_life_is_told(recorded):
    life = told(recorded)
    end = next(e for e in recorded if isinstance(e, events.EvolutionEnd))
    assert life.stage == "evolved"
    assert life.saying == "I have become"
    assert life.end == end
    assert life.creature == end.genes == life.written.genes
    assert life.evaluations == end.evaluations
    assert len(life.generations) == life.planned == 5
    assert [training.stage for training in life.lives] == ["primordial", "evolved"]
    assert life.validation_loss == life.lives[-1].end.validation_loss
    assert not life.evolving


def test_the_evaluations_counted_on_the_way_are_those_of_the_end(recorded):
    before = told(recorded, lambda event: isinstance(event, events.Confirmed))
    assert before.evaluations == told(recorded).evaluations


def test_confirmation_shows_the_mean_that_was_confirmed_and_changes_nobody(recorded):
    judged = told(recorded, lambda event: isinstance(event, events.GenerationEnd) and event.generation == 5)
    over = told(recorded, lambda event: isinstance(event, events.EvolutionEnd))
    assert over.validation_loss == over.end.validation_loss
    assert over.evaluations > judged.evaluations
    assert [o.judged for o in over.population] == [o.judged for o in judged.population]


def test_a_search_alone_ends_as_what_it_has_become(recorded):
    assert doing(told(recorded, lambda event: isinstance(event, events.Confirmed))) == "confirming the best"
    assert doing(told(recorded, lambda event: isinstance(event, events.EvolutionEnd))) == "the search is over"
    life = told(recorded, lambda event: isinstance(event, events.GenomeWritten))
    assert (life.stage, life.saying) == ("evolved", "I have become")
    assert doing(life) == "it has rewritten its own DNA"


def test_an_evolved_creature_that_begins_its_next_run_has_its_search_before_it(recorded):
    config = msgspec.structs.replace(recorded[0].config, documents=60)
    run = msgspec.structs.replace(recorded[0], stage="evolved", config=config)
    again = [run, events.Stage(stage="evolved", saying="I have become"), *recorded[2:]]
    learning = told(again, lambda event: isinstance(event, events.TrainStep) and event.step == 500)
    assert doing(learning) == "learning"
    assert 0 < progress(learning)[0] < 1
    assert progress(learning)[1] == 0
    searching = told(again, lambda event: isinstance(event, events.GenerationStart))
    assert searching.validation_loss == searching.lives[0].end.validation_loss
    assert "mostly noise" in searching.log[-2].text
    assert told(again).validation_loss == told(recorded).validation_loss


def test_a_search_shows_its_leader_and_its_population(recorded):
    life = told(recorded, lambda event: isinstance(event, events.GenerationEnd) and event.generation == 2)
    assert life.evolving
    assert {organism.state for organism in life.population} == {"judged"}
    assert life.leader.id == life.generations[-1].champion
    assert life.validation_loss == life.leader.judged.validation_loss
    assert life.remaining > 0
    assert 0 < life.rate < 100


def test_an_organism_in_training_has_a_curve_and_a_share(recorded):
    count = 0

    def tenth(event) -> bool:
        nonlocal count
        count += isinstance(event, events.Progress)
        return count == 10

    life = told(recorded, tenth)
    training = [organism for organism in life.population if organism.state == "training"]
    assert training
    assert all(0 < organism.share < 1 and life.curve(organism.id) for organism in training)


def test_a_second_training_begins_a_new_curve():
    watch = Watch()
    born = events.Born(id=0, generation=1, origin="genome", parents=(), genes=PRIMORDIAL, params=1)
    watch.tell(born, 0)
    for replicate, step in ((0, 10), (0, 20), (1, 10)):
        watch.tell(events.Progress(id=0, replicate=replicate, step=step, loss=2.0), 0)
    assert watch.snapshot(0).curve(0) == ((10, 2.0),)


def test_a_long_training_keeps_a_bounded_curve():
    watch = Watch()
    watch.tell(events.TrainStart(genes=PRIMORDIAL, documents=1, vocab_size=2, params=3), 0)
    for step in range(1, 20_001):
        watch.tell(events.TrainStep(step=step, loss=1 / step), 0)
    curve = watch.snapshot(0).lives[0].curve
    assert len(curve) <= CURVE
    assert curve[0][0] <= 2
    assert curve[-1][0] > 19_000


def test_snapshots_share_what_has_not_changed(recorded):
    watch = Watch()
    for event, at in zip(recorded, moments(recorded), strict=True):
        watch.tell(event, at)
    first, second = watch.snapshot(1.0), watch.snapshot(1.0)
    assert all(a is b for a, b in zip(first.population, second.population, strict=True))


def test_acts_change_what_they_say():
    watch = Watch()
    watch.tell(events.Born(id=4, generation=1, origin="random", parents=(), genes=PRIMORDIAL, params=1), 0)
    watch.tell(events.Act(verb="pause"), 1)
    watch.tell(events.Act(verb="bless", id=4), 1)
    life = watch.snapshot(1)
    assert life.paused
    assert life.population[0].blessed
    watch.tell(events.GenerationStart(generation=3, regime="normal", population=1), 1)
    watch.tell(events.Act(verb="stop"), 1)
    watch.tell(events.Died(id=4, generation=3, replicate=0, reason="culled"), 1)
    assert watch.snapshot(1).planned == 3
    assert watch.snapshot(1).evaluations == 0
    watch.tell(events.Act(verb="resume"), 2)
    assert not watch.snapshot(2).paused


def test_heads_of_a_hydra_keep_their_own_organisms():
    watch = Watch()
    for i, head in enumerate(("Weaver", "Mirror")):
        watch.tell(events.GenerationStart(generation=1, regime="normal", population=1, head=head), 0)
        born = events.Born(id=i, generation=1, origin="genome", parents=(), genes=PRIMORDIAL, params=1, head=head)
        watch.tell(born, 0)
    watch.tell(events.GenerationStart(generation=2, regime="normal", population=1, head="Weaver"), 1)
    assert [organism.head for organism in watch.snapshot(1).population] == ["Mirror"]


def test_the_generations_of_a_hydra_are_lived_side_by_side():
    watch = Watch()
    for count, event in enumerate(hydra_events(), start=1):
        watch.tell(event, count)
    life = watch.snapshot(100)
    assert life.progress == 1
    assert progress(life)[1] == 0.5
    assert life.remaining == pytest.approx(100 - 2)
    assert life.course == ((1, 2.4),)


def test_the_fitness_of_a_head_is_shown_in_what_it_aims_at(recorded):
    run = msgspec.structs.replace(recorded[0], objective="hydra")
    life = Snapshot(run=run)
    assert life.figure(0.9, "Weaver") == 0.9
    assert life.figure(-2.4, "Origin") == 2.4


def test_the_front_of_a_pareto_search_is_known():
    watch = Watch()
    watch.tell(events.Front(ids=(1, 4), knee=4, generation=1, standings=()), 0)
    assert watch.snapshot(0).front.ids == (1, 4)


def test_moments_never_fall_and_end_when_the_search_and_the_trainings_did(recorded):
    times = moments(recorded)
    assert times == sorted(times)
    assert times[0] == 0
    search = next(e.seconds for e in recorded if isinstance(e, events.EvolutionEnd))
    trainings = sum(e.seconds for e in recorded if isinstance(e, events.TrainEnd))
    assert times[-1] == pytest.approx(search + trainings, rel=0.15)


def test_a_replay_goes_as_fast_as_it_is_told(tmp_path):
    clock = Clock()
    feed = ReplayFeed(recorded_events(), STEM, clock, speed=1)
    feed.advance()
    clock.now = 2.0
    feed.advance()
    assert feed.position == pytest.approx(2.0)
    feed.faster(1)
    clock.now = 3.0
    feed.advance()
    assert feed.position == pytest.approx(4.0)
    feed.act(events.Act(verb="pause"))
    clock.now = 9.0
    feed.advance()
    assert feed.position == pytest.approx(4.0)


def test_a_replay_that_is_turned_back_shows_what_it_showed_before():
    feed = ReplayFeed(recorded_events(), STEM, lambda: 0.0)
    feed.seek(feed.length / 3)
    third = feed.advance()
    feed.seek(feed.length)
    assert feed.advance().ended
    feed.seek(feed.length / 3)
    assert feed.advance() == third


def test_a_replay_judges_names_by_the_corpus_that_the_run_learnt_from(tmp_path):
    home = recorded_home(tmp_path)
    feed = ReplayFeed(read_events(home.experiments / f"{STEM}.jsonl"), STEM, lambda: 0.0)
    feed.seek(feed.length)
    life = feed.advance()
    assert life.yardstick.flow > 0.5
    assert life.beautiful[0].beauty >= life.beautiful[-1].beauty > 0
    known = recorded_corpus().split.train[0]
    assert feed.watch.scorer.score(known).creativity == 0


def test_a_replay_without_its_corpus_leaves_names_unjudged():
    feed = ReplayFeed(recorded_events(), STEM, lambda: 0.0)
    feed.seek(feed.length)
    life = feed.advance()
    assert life.yardstick is None
    assert {dreamt.beauty for dreamt in life.dreams} == {None}


class Script:
    """A source that says what a test lets it say."""

    name = ""

    def __init__(self, *lines, fails: Exception | None = None):
        self.lines, self.fails = lines, fails
        self.acts: list[tuple[str, int | None]] = []
        self.closed = threading.Event()

    def events(self):
        yield from self.lines
        if self.fails:
            raise self.fails

    def act(self, act):
        self.acts.append((act.verb, act.id))

    def close(self):
        self.closed.set()


def test_a_live_feed_tells_what_its_source_says_and_when_it_ends():
    source = Script(events.Stage(stage="primordial", saying="I am unformed"))
    feed = LiveFeed(lambda: source, clock=lambda: 0.0)
    feed.start()
    feed.thread.join(5)
    life = feed.advance()
    assert (life.saying, life.ended, life.failure) == ("I am unformed", True, "")
    assert feed.advance() is None


def test_a_live_feed_that_fails_says_why():
    feed = LiveFeed(lambda: Script(fails=ValueError("no room")), clock=lambda: 0.0)
    feed.start()
    feed.thread.join(5)
    life = feed.advance()
    assert life.failure == "no room"
    assert life.log[-1].text == "no room"


def test_an_act_before_the_life_has_begun_reaches_it():
    gate, source = threading.Event(), Script()

    def begin():
        gate.wait(5)
        return source

    feed = LiveFeed(begin, clock=lambda: 0.0)
    feed.start()
    feed.act(events.Act(verb="pause"))
    gate.set()
    feed.thread.join(5)
    assert source.acts == [("pause", None)]


def test_time_stands_still_while_the_run_is_paused():
    clock, source = Clock(), Script(events.Act(verb="pause"))
    feed = LiveFeed(lambda: source, clock=clock)
    feed.start()
    feed.thread.join(5)
    feed.over.clear()
    feed.advance()
    clock.now = 10.0
    feed.advance()
    assert feed.at == 0.0


def test_a_bridge_posts_snapshots_and_closes_its_feed():
    source, posted = Script(events.Stage(stage="evolved", saying="I have become")), []
    arrived = threading.Event()

    def post(snapshot):
        posted.append(snapshot)
        if snapshot.ended:
            arrived.set()

    bridge = Bridge(LiveFeed(lambda: source), post, period=0.001)
    assert arrived.wait(5)
    bridge.close()
    assert posted[-1].saying == "I have become"
    assert source.closed.is_set()
    assert not bridge.thread.is_alive()


def test_a_resumed_run_is_told_from_its_beginning(recorded):
    held = recorded[: len(recorded) // 2]
    feed = LiveFeed(lambda: Script(*recorded[len(recorded) // 2 :]), former=held, clock=lambda: 0.0)
    feed.start()
    feed.thread.join(5)
    life = feed.advance()
    assert life.generations == told(recorded).generations
    assert life.stage == "evolved"
    assert life.at == pytest.approx(moments(held)[-1])
