"""Runs that version 0.1.0 recorded: their course is repeated to the letter, and all of it can still be read and used.

No training is repeated, because its last bits depend on the processor: what was measured then is told again. See
`fixtures/record.py` for how they were recorded.
"""

import random
import shutil
import time
from contextlib import closing

import msgspec
import pytest
from landscapes import measured, smooth
from processes import command
from recorded import COURSES, FOLDER, NAMES, Clock, Recording, canonical_text, live_again, resumed

from organism import events
from organism.genome import Genome
from organism.home import Home
from organism.life import journal
from organism.life.genomes import genome_in_force, read_genome
from organism.story import Story

CUTS = {"hydra": 1}  # How many torn copies are tried, if not 4: its course takes a second.


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Home:
    """A home with every recorded journal in it, exactly as it was written."""
    home = Home(tmp_path_factory.mktemp("archive"))
    home.experiments.mkdir()
    for name in NAMES:
        (home.experiments / f"{name}.jsonl").write_bytes(Recording(name).content)
    return home


def undated(genome: Genome) -> Genome:
    """All of a genome but when it was written, and by which version."""
    return msgspec.structs.replace(
        genome, provenance=msgspec.structs.replace(genome.provenance, created=None, version=None)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", COURSES)
def test_from_its_first_line_on_a_course_is_repeated_to_the_letter(name, home, clock):
    recording = Recording(name)
    path = recording.put(home, recording.lines[:1])
    live_again(recording, home, path, clock)
    assert canonical_text(path.read_bytes()) == canonical_text(recording.content)
    assert undated(genome_in_force(home)) == undated(recording.genome)
    filed = {path.relative_to(home.genomes): path for path in home.genomes.glob("[!h]*/*.toml")}
    recorded = FOLDER / "evolved"
    assert filed.keys() == {path.relative_to(recorded) for path in recorded.glob(f"{name}/*.toml")}
    for place, path in filed.items():
        assert undated(read_genome(path)) == undated(read_genome(recorded / place))


@pytest.mark.slow
@pytest.mark.parametrize("name", COURSES)
def test_a_run_remembers_its_whole_course_and_trains_nothing_again(name, home, clock):
    """Without its last line it isn't finished; resumed, everything that it holds must happen again."""
    recording = Recording(name)
    path = recording.put(home, recording.lines[:-1])
    life = resumed(recording, home, path, clock)
    life.pool.answers.clear()
    written = [canonical for event in life.events() if (canonical := events.canonical(event))]
    assert written == [events.canonical(recording.events[-1])]
    assert canonical_text(path.read_bytes()) == canonical_text(recording.content)


@pytest.mark.slow
@pytest.mark.parametrize("name", COURSES)
def test_a_torn_copy_is_completed_to_the_same_course(name, home, clock):
    recording, rng = Recording(name), random.Random(name)
    for cut in sorted(rng.sample(range(2, len(recording.lines)), CUTS.get(name, 4))):
        path = recording.put(home, [*recording.lines[:cut], recording.lines[cut][:-20]])
        live_again(recording, home, path, clock)
        assert canonical_text(path.read_bytes()) == canonical_text(recording.content), f"cut in line {cut + 1}"


def test_a_run_goes_on_from_one_reading_of_its_journal(home, clock, monkeypatch):
    recording = Recording("loss")
    path = recording.put(home, recording.lines[:-1])
    lines = path.read_bytes().splitlines()
    decoded = []
    monkeypatch.setattr(journal, "decode", lambda line: decoded.append(line) or events.decode(line))
    with closing(resumed(recording, home, journal.last_unfinished(home), clock).events()) as stream:
        assert isinstance(next(stream), events.Resumed)
    assert decoded == lines


@pytest.mark.slow
@pytest.mark.parametrize("name", COURSES)
def test_a_finished_run_can_be_extended(name, home, clock):
    recording = Recording(name)
    path = recording.put(home)
    content = path.read_bytes()
    had = max(event.generation for event in recording.events if isinstance(event, events.GenerationStart))

    def invent(trial):
        return measured(trial.genes, trial.key.replicate, smooth)

    told = list(resumed(recording, home, path, clock, had + 1, invent).events())
    assert path.read_bytes().startswith(content)
    assert {event.generation for event in told if isinstance(event, events.GenerationEnd)} == {had + 1}
    assert isinstance(told[-1], events.GenomeWritten)
    assert told[-1].genes == genome_in_force(home).genes


def test_recorded_runs_are_listed(archive, capsys):
    assert command("runs", "list", "--home", archive.folder) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    listed = {line.split()[0]: line.split() for line in lines}
    assert sorted(listed) == NAMES
    for name, words in listed.items():
        held = Recording(name).events
        (*_, end) = [event for event in held if isinstance(event, events.EvolutionEnd)]
        assert words[3] == held[0].objective
        assert words[5] == f"{events.sign(held[0].objective) * end.fitness:.4f}"
        assert words[-1] == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_run_is_shown_replayed_and_reported(name, archive, tmp_path, capsys):
    recording = Recording(name)
    told = recording.events
    champion = recording.genome.genes
    figures = f"{champion.n_embd}", f"{champion.num_steps}", f"{champion.learning_rate:g}"
    assert Story.of(told).finished
    assert command("runs", "show", name, "--home", archive.folder) == 0
    shown = capsys.readouterr().out
    assert told[0].objective in shown
    assert all(figure in shown for figure in figures)
    assert command("runs", "replay", name, "--headless", "--home", archive.folder) == 0
    said = capsys.readouterr().out
    assert "I am searching" in said
    assert all(figure in said for figure in figures)
    assert command("runs", "replay", name, "--json", "--home", archive.folder) == 0
    assert canonical_text(capsys.readouterr().out.encode()) == canonical_text(recording.content)
    assert command("report", name, "-o", tmp_path / "page.html", "--home", archive.folder) == 0
    page = (tmp_path / "page.html").read_text()
    assert told[0].objective in page
    assert all(figure in page for figure in figures)
    assert (archive.experiments / f"{name}.jsonl").read_bytes() == recording.content


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_run_is_not_resumed(name, home, capsys):
    path = Recording(name).put(home)
    content = path.read_bytes()
    assert command("runs", "resume", path.stem, "--headless", "--home", home.folder) == 2
    assert "is finished; '--generations N' extends it" in capsys.readouterr().err
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_genome_is_read_shown_and_used(name, home, capsys):
    recording = Recording(name)
    genome = recording.genome
    (*_, written) = [event for event in recording.events if isinstance(event, events.GenomeWritten)]
    assert genome.genes == written.genes
    assert len(genome.ancestors) == (2 if name == "heir" else 0 if genome.genes == recording.events[0].genome else 1)
    assert command("genome", "use", recording.genome_path, "--home", home.folder) == 0
    assert home.genome.read_bytes() == recording.genome_path.read_bytes()
    capsys.readouterr()
    assert command("genome", "show", "--home", home.folder) == 0
    assert capsys.readouterr().out == recording.genome_path.read_text()
    assert command("genome", "history", "--home", home.folder) == 0
    history = capsys.readouterr().out.splitlines()
    assert len(history) == len(genome.ancestors) + 1
    assert history[-1].endswith("(in force)")


def test_recorded_genomes_of_the_registry_are_listed_used_and_filed_under_the_same_names(home, capsys):
    recorded = FOLDER / "evolved" / "pareto"
    shutil.copytree(recorded, home.genomes / "pareto")
    assert command("genome", "list", "--home", home.folder) == 0
    ids = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert sorted(ids) == sorted(path.stem for path in recorded.iterdir())
    for id in ids:
        assert command("genome", "use", id[:6], "--home", home.folder) == 0
        assert genome_in_force(home) == read_genome(recorded / f"{id}.toml")
        capsys.readouterr()
        assert command("genome", "submit", "--home", home.folder) == 0
        assert capsys.readouterr().out.split()[0] == id
