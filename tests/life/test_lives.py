"""Lives of every objective through real kills, acts and extensions: in the end the journal tells the same course."""

import random

import pytest
from processes import Running, canonical_journal, command

from organism import events
from organism.errors import BadInput, Failure
from organism.genes import Genes
from organism.genome import Genome
from organism.home import Home
from organism.life import registry
from organism.life.genomes import genome_in_force, read_genome, write_genome
from organism.life.journal import read_events, read_story
from organism.life.life import Life
from organism.life.plan import Plan

pytestmark = pytest.mark.slow

QUICK = Genes(4, 1, 1, 4, 1, 0.005, 40, 1)
SIZES = {
    "hydra": {"generations": 1, "cycles": 2, "population": 3},
    "pareto": {"generations": 2, "cycles": 5, "population": 4},
}


def nursery(folder):
    write_genome(Home(folder), Genome("primordial", QUICK))
    return folder


def journal_of(home):
    (path,) = (home / "experiments").glob("*.jsonl")
    return path


@pytest.mark.parametrize("objective", ["hydra", "pareto"])
def test_killed_again_and_again_a_run_ends_as_if_undisturbed(tiny, tmp_path, objective):
    """Two workers and kills, first before there's a journal, then at a drawn event; against one worker and none."""
    undisturbed = nursery(tmp_path / "undisturbed")
    told = lived(living(tiny, undisturbed, workers=1, objective=objective, **SIZES[objective]))

    home, rng = nursery(tmp_path / "killed"), random.Random(objective)
    begin = ("evolve", "--headless", "--home", home, "--objective", objective, "--seed", 1)
    begin += ("--data", tiny / "tiny.txt", "--space", tiny / "tiny.toml")
    begin += tuple(f"--{name}={value}" for name, value in SIZES[objective].items())
    running = Running(*begin, "--workers", 2)
    running.process.kill()
    running.process.wait()
    for count in (rng.randrange(len(told) // 8, len(told) // 2), None):
        begun = list((home / "experiments").glob("*.jsonl"))
        resume = ("runs", "resume", "--headless", "--home", home)
        running = Running(*(resume if begun else begin), "--workers", 2)
        for heard, _ in enumerate(running.events(), start=1):
            if heard == count:
                running.process.kill()
        assert running.process.wait() == (0 if count is None else -9), running.process.stderr.read()
    assert canonical_journal(home) == canonical_journal(undisturbed)
    genomes = [read_genome(place / "genome.toml") for place in (home, undisturbed)]
    assert genomes[0].genes == genomes[1].genes
    assert genomes[0].provenance.objective == objective
    assert genomes[0].provenance.fitness == genomes[1].provenance.fitness


def living(tiny, home, workers=2, **changes) -> Life:
    plan = Plan(seed=1, data=str(tiny / "tiny.txt"), space=str(tiny / "tiny.toml"), whole_life=False, **changes)
    return Life.begin(Home(home), plan, workers)


def lived(life: Life, meddle=lambda life, event: None) -> list:
    happened = []
    for event in life.events():
        happened.append(event)
        meddle(life, event)
    return happened


def test_what_a_person_did_is_done_again_when_a_run_is_resumed(tiny, tmp_path):
    """Cull, bless, an immigrant and a stop; then the journal is cut behind them, and resumed from there."""
    home = nursery(tmp_path / "home")

    begun = []

    def act(life, event):
        match event:
            case events.Worker(state="started") if not begun:
                begun.append(event)
                for verb, id in (("cull", 3), ("bless", 2), ("immigrant", None)):
                    life.act(events.Act(verb=verb, id=id))
            case events.GenerationStart(3):
                life.act(events.Act(verb="stop"))

    happened = lived(living(tiny, home, population=5, generations=9), act)
    acts = [(e.verb, e.id, e.generation) for e in happened if isinstance(e, events.Act)]
    assert acts == [("cull", 3, 1), ("bless", 2, 1), ("immigrant", None, 1), ("stop", None, 3)]
    assert [e.population for e in happened if isinstance(e, events.GenerationStart)] == [5, 6, 5]
    assert [e.reason for e in happened if isinstance(e, events.EvolutionEnd)] == ["stopped"]
    path = journal_of(home)
    canonical, lines = canonical_journal(home), path.read_bytes().splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if b'"event":"act"' in line)
    for cut in (last + 1, (last + len(lines)) // 2):
        path.write_bytes(b"".join(lines[:cut]))
        lived(Life.resume(Home(home), path, workers=1))
        assert canonical_journal(home) == canonical
    assert read_story(path).finished


def test_acts_in_a_generation_that_culling_began_are_done_again_in_theirs(tiny, tmp_path):
    """Everybody new in generation 2 is culled, so that 3 begins at once; what is done there counts from there."""
    home = nursery(tmp_path / "home")
    newcomers, culled, meant = {}, [], []

    def act(life, event):
        match event:
            case events.Born(origin=origin) if origin not in ("elite", "champion", "re-eval"):
                newcomers.setdefault(event.generation, []).append(event.id)
            case events.Progress(id) if id in newcomers.get(2, []) and not culled:
                culled.extend(newcomers[2])
                for newcomer in culled:
                    life.act(events.Act(verb="cull", id=newcomer))
            case events.Progress(id) if id in newcomers.get(3, []) and not meant:
                meant.append(id)
                life.act(events.Act(verb="immigrant"))
                life.act(events.Act(verb="bless", id=id))

    lived(living(tiny, home, workers=1, population=3, generations=5), act)
    path = journal_of(home)
    canonical, lines = canonical_journal(home), path.read_bytes().splitlines(keepends=True)
    third = next(i for i, line in enumerate(lines) if b'"event":"generation_end","generation":3' in line)
    for cut in (third + 1, len(lines) - 1):
        path.write_bytes(b"".join(lines[:cut]))
        lived(Life.resume(Home(home), path, workers=1))
        assert canonical_journal(home) == canonical


def test_a_run_whose_space_is_exhausted_can_be_extended_and_ends(tiny, tmp_path):
    space = tmp_path / "narrow.toml"
    space.write_text(
        "n_embd = [4]\nn_head = [1]\nn_layer = [1]\nblock_size = [4]\nmlp_ratio = [1, 2]\n"
        "learning_rate = { min = 0.005, max = 0.005 }\nnum_steps = { min = 40, max = 41 }\nbatch_size = [1]\n"
    )
    home = Home(nursery(tmp_path / "home"))
    plan = Plan(seed=1, data=str(tiny / "tiny.txt"), space=str(space), whole_life=False, population=4, generations=3)
    lived(Life.begin(home, plan, 2))
    path = journal_of(home.folder)
    happened = lived(Life.resume(home, path, workers=2, generations=5))
    assert [e.generation for e in happened if isinstance(e, events.GenerationEnd)] == [4, 5]
    assert read_story(path).finished


def test_a_run_in_which_nothing_lives_is_finished_and_says_so(tiny, tmp_path):
    home = nursery(tmp_path / "home")

    def cull(life, event):
        if isinstance(event, events.Worker):
            for id in range(3):
                life.act(events.Act(verb="cull", id=id))

    with pytest.raises(Failure, match="nothing lived"):
        lived(living(tiny, home, workers=1, population=3, generations=1), cull)
    assert read_story(journal_of(home)).finished
    assert genome_in_force(Home(home)).stage == "primordial"


def test_an_extended_run_has_the_course_of_one_that_was_longer_from_the_start(tiny, tmp_path):
    longer, home = nursery(tmp_path / "longer"), nursery(tmp_path / "home")
    lived(living(tiny, longer, population=4, generations=4))
    lived(living(tiny, home, population=4, generations=2))
    path = journal_of(home)
    lived(Life.resume(Home(home), path, workers=2, generations=4))
    ends = []
    for place in (longer, home):
        held = [events.canonical(e) for e in read_events(journal_of(place)) if isinstance(e, events.GenerationEnd)]
        ends.append(held)
    assert len(ends[0]) == 4
    assert ends[0] == ends[1]
    assert genome_in_force(Home(home)).genes == genome_in_force(Home(longer)).genes
    assert read_story(path).finished
    with pytest.raises(BadInput, match="has had 4 already"):
        Life.resume(Home(home), path, workers=2, generations=4)

    canonical, content = canonical_journal(home), path.read_bytes()
    path.write_bytes(content[: int(0.8 * len(content))])
    lived(Life.resume(Home(home), path, workers=2))
    assert canonical_journal(home) == canonical


def test_minutes_bound_the_search_and_what_they_cut_off_counts_for_nothing(tiny, tmp_path):
    home = nursery(tmp_path / "home")
    happened = lived(living(tiny, home, population=4, generations=1_000_000, minutes=0.04))
    (abandoned,) = [event for event in happened if isinstance(event, events.Abandoned)]
    (end,) = [event for event in happened if isinstance(event, events.EvolutionEnd)]
    assert end.reason == abandoned.reason == "minutes"
    born = {event.id: event for event in happened if isinstance(event, events.Born)}
    for event in happened:
        if isinstance(event, events.Confirmed):
            assert born[event.id].generation < abandoned.generation or event.genes == QUICK
    path = journal_of(home)
    canonical, lines = canonical_journal(home), path.read_bytes().splitlines(keepends=True)
    cut = next(i for i, line in enumerate(lines) if b'"event":"abandoned"' in line)
    path.write_bytes(b"".join(lines[: cut + 1]))
    lived(Life.resume(Home(home), path, workers=1))
    assert canonical_journal(home) == canonical


def test_the_front_of_a_pareto_run_is_filed_to_choose_from(tiny, tmp_path):
    home = nursery(tmp_path / "home")
    happened = lived(living(tiny, home, objective="pareto", population=4, generations=2))
    front = [event for event in happened if isinstance(event, events.Front)][-1]
    genome = genome_in_force(Home(home))
    assert genome.genes == next(s.genes for s in front.standings if s.id == front.knee)
    filed, _ = registry.entries(Home(home))
    assert {entry.genome.genes for entry in filed} == {s.genes for s in front.standings}
    other = filed[-1]
    assert command("genome", "use", other.id, "--home", home) == 0
    assert genome_in_force(Home(home)).genes == other.genome.genes
    assert journal_of(home).stem in other.provenance.notes
