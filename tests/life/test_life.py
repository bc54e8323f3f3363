"""A life as a person meets it: real processes, real kills, real signals, and files that tell it all afterwards."""

import os
import signal
import time

import pytest
from processes import Running, all_gone, canonical_journal, organism

from organism import events
from organism.genes import Genes
from organism.genome import Genome
from organism.home import Home
from organism.life.genomes import genome_in_force, read_genome, write_genome
from organism.life.journal import read_events, read_story
from organism.story import Story

pytestmark = pytest.mark.slow

SEEDLING = Genes(
    n_embd=4, n_head=1, n_layer=1, block_size=4, mlp_ratio=1, learning_rate=0.005, num_steps=40, batch_size=1
)


def nursery(folder):
    """A home with a creature so small that whatever evolves surpasses it."""
    write_genome(Home(folder), Genome("primordial", SEEDLING))
    return folder


@pytest.fixture
def home(tmp_path):
    return nursery(tmp_path / "home")


@pytest.fixture(scope="module")
def undisturbed(tiny, tmp_path_factory):
    """The home of an evolution that nothing happened to, with one worker."""
    home = nursery(tmp_path_factory.mktemp("undisturbed"))
    ran = organism("evolve", "--headless", "--json", "--home", home, "--workers", 1, *arguments(tiny))
    assert ran.returncode == 0, ran.stderr
    return home


def arguments(tiny) -> tuple[str, ...]:
    corpus, space = str(tiny / "tiny.txt"), str(tiny / "tiny.toml")
    return "--data", corpus, "--space", space, "--seed", "1", "--generations", "3", "--population", "6"


def evolving(tiny, home, *more) -> Running:
    return Running("evolve", "--headless", "--home", home, "--workers", 2, *arguments(tiny), *more)


def same_run(home, other) -> bool:
    genes = [read_genome(place / "genome.toml").genes for place in (home, other)]
    return canonical_journal(home) == canonical_journal(other) and genes[0] == genes[1]


def test_a_whole_life_becomes_what_it_wrote(tiny, home):
    ran = organism("--headless", "--json", "--home", home, *arguments(tiny))
    assert ran.returncode == 0, ran.stderr
    told = [events.decode(line) for line in ran.stdout.splitlines()]
    stages = [(event.stage, event.saying) for event in told if isinstance(event, events.Stage)]
    assert stages == [
        ("primordial", "I am unformed"),
        ("evolving", "I am searching"),
        ("evolved", "I have become"),
    ]
    genome = genome_in_force(Home(home))
    (end,) = [event for event in told if isinstance(event, events.EvolutionEnd)]
    lives = [event for event in told if isinstance(event, events.TrainStart)]
    assert genome.stage == "evolved"
    assert genome.genes == end.genes == lives[1].genes != lives[0].genes
    assert genome.provenance.validation_loss.n == 3
    assert genome.provenance.test_loss == end.test_loss
    assert [ancestor.genes for ancestor in genome.ancestors] == [lives[0].genes]
    (journal,) = (home / "experiments").glob("*.jsonl")
    assert read_events(journal) == told
    assert (home / "genome.toml").read_text() == read_story(journal).genome.toml()
    assert Story.of(told).finished

    again = organism("--headless", "--json", "--home", home, *arguments(tiny))
    assert again.returncode == 0, again.stderr
    first = events.decode(again.stdout.splitlines()[0])
    assert (first.genome, first.stage, len(first.ancestors)) == (genome.genes, "evolved", 1)
    assert len(list((home / "genomes" / "history").glob("*.toml"))) >= 1


def test_text_tells_of_three_stages_and_sets_before_beside_after(tiny, home):
    ran = organism("--headless", "--home", home, *arguments(tiny))
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    for said in ("I am unformed", "I am searching", "I have become", "was primordial", "is evolved", "test loss"):
        assert said in ran.stdout
    dreamt = organism("dream", "-n", 5, "--home", home, "--prompt", "ka", "--seed", 1)
    assert dreamt.returncode == 0, dreamt.stderr
    assert len(dreamt.stdout.splitlines()) == 5
    assert all(line.startswith("ka") for line in dreamt.stdout.splitlines())


def test_every_event_follows_the_order_of_a_life(undisturbed):
    told = read_events(next((undisturbed / "experiments").glob("*.jsonl")))
    born = {event.id: event for event in told if isinstance(event, events.Born)}
    ended = {e.id for e in told if isinstance(e, events.Judged | events.Died)}
    assert sorted(born) == list(range(len(born)))
    assert ended == set(born)
    for event in born.values():
        assert all(parent < event.id for parent in event.parents)
    ends = [event for event in told if isinstance(event, events.GenerationEnd)]
    assert [event.generation for event in ends] == [1, 2, 3]
    assert [event.best for event in ends] == sorted(event.best for event in ends)
    for end in ends:
        assert end.worst <= end.mean <= end.best
        retried = [e for e in told if isinstance(e, events.Judged) and born[e.id].genes == end.genes]
        assert {event.replicate for event in retried} >= {0, 1}, "the best was judged twice"
    confirmed = [event for event in told if isinstance(event, events.Confirmed)]
    (end,) = [event for event in told if isinstance(event, events.EvolutionEnd)]
    assert end.fitness == max(event.fitness.mean for event in confirmed)
    assert {e.replicate for e in told if isinstance(e, events.Judged)} == {0, 1, 101, 102, 103}
    assert all((e.test_loss is not None) == (e.replicate > 100) for e in told if isinstance(e, events.Judged))


def test_the_number_of_workers_changes_nothing(tiny, undisturbed, home):
    running = evolving(tiny, home)
    list(running.events())
    assert running.process.wait() == 0
    assert same_run(home, undisturbed)


def test_a_killed_worker_changes_nothing(tiny, undisturbed, home):
    running = evolving(tiny, home)
    worker = running.until(events.Worker)
    running.until(events.Progress, 3)
    os.kill(worker.pid, signal.SIGKILL)
    list(running.events())
    assert running.process.wait() == 0
    assert any(isinstance(e, events.Worker) and e.state == "died" for e in running.seen)
    assert same_run(home, undisturbed)


@pytest.mark.parametrize(
    ("kind", "count"),
    [(events.Run, 1), (events.Worker, 1), (events.Progress, 5), (events.GenerationEnd, 2), (events.Judged, 25)],
)
def test_killed_at_any_moment_it_leaves_nobody_behind_and_resumes_to_the_same_end(tiny, undisturbed, home, kind, count):
    running = evolving(tiny, home)
    running.until(kind, count)
    family = running.family()
    running.process.kill()
    assert all_gone(family, 2)
    (journal,) = (home / "experiments").glob("*.jsonl")
    with journal.open("ab") as file:
        file.write(b'{"event":"judged","id":')  # As if torn in the middle of a line.
    resumed = Running("runs", "resume", "--headless", "--home", home, "--workers", 2)
    list(resumed.events())
    assert resumed.process.wait() == 0, resumed.process.stderr.read()
    assert isinstance(resumed.seen[0], events.Resumed)
    assert same_run(home, undisturbed)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_within_two_seconds_with_everything_in_order(tiny, home, number, status):
    running = evolving(tiny, home)
    running.until(events.Progress, 2)
    family = running.family()
    asked = time.monotonic()
    # As a terminal does it: to every process of the group.
    os.killpg(running.process.pid, number)
    assert running.process.wait(5) == status
    assert all_gone(family, 2 - (time.monotonic() - asked))
    (journal,) = (home / "experiments").glob("*.jsonl")
    assert journal.read_bytes().endswith(b"\n")
    assert not read_story(journal).finished
    assert genome_in_force(Home(home)).genes == SEEDLING
    assert f"organism runs resume {journal.stem} --home {home} --json\n" in running.process.stderr.read().decode()


def test_an_edited_journal_is_refused_and_not_continued(tiny, home):
    running = evolving(tiny, home)
    running.until(events.GenerationEnd)
    running.process.kill()
    running.process.wait()
    (journal,) = (home / "experiments").glob("*.jsonl")
    content = journal.read_text().replace('"origin":"genome"', '"origin":"random"', 1)
    journal.write_text(content)
    ran = organism("runs", "resume", "--headless", "--home", home)
    assert ran.returncode == 2
    assert "doesn't follow from its own first line" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_two_lives_in_one_home_at_once_are_refused(tiny, home):
    running = evolving(tiny, home)
    running.until(events.Worker)
    ran = organism("evolve", "--headless", "--home", home, *arguments(tiny))
    assert ran.returncode == 2
    assert "another organism is evolving" in ran.stderr
    list(running.events())
    assert running.process.wait() == 0


def test_a_target_ends_the_search_early(tiny, home):
    ran = organism("evolve", "--headless", "--json", "--home", home, *arguments(tiny), "--target", 9)
    told = [events.decode(line) for line in ran.stdout.splitlines()]
    (end,) = [event for event in told if isinstance(event, events.EvolutionEnd)]
    assert end.reason == "target"
    assert sum(isinstance(event, events.GenerationEnd) for event in told) == 1
    assert genome_in_force(Home(home)).stage == "evolved"


def test_a_genome_that_went_bad_during_the_search_is_left_and_the_champion_kept(tiny, home):
    running = evolving(tiny, home)
    running.until(events.GenerationEnd)
    (home / "genome.toml").write_text("<<<<<<< ours\n")
    list(running.events())
    assert running.process.wait() == 2
    assert (home / "genome.toml").read_text() == "<<<<<<< ours\n"
    (kept,) = (home / "genomes" / "history").glob("*.toml")
    assert read_genome(kept).stage == "evolved"
    assert str(kept) in running.process.stderr.read().decode()
