"""The journal and what is read off it: appended whole, refused when it was meddled with, told as a report."""

import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landscapes import Course, plan
from processes import command

from organism import events
from organism.errors import BadInput
from organism.genes import PRIMORDIAL
from organism.home import Home
from organism.instruments.findings import contrasts
from organism.instruments.report.report import report
from organism.instruments.runs import show_lines
from organism.life.journal import Journal, read_events
from organism.space import SPACES
from organism.story import Story


def run_line(objective: str = "loss", **versions) -> events.Run:
    run = plan(objective, generations=3, cycles=2)
    return msgspec.structs.replace(run, versions=run.versions | versions)


def told(objective: str = "loss", **changes) -> list:
    """All events of a finished run in a made-up landscape."""
    course = Course(plan(objective, **({"generations": 3} | changes))).finish()
    assert course.engine.champion is not None
    end = course.engine.end(course.engine.champion, 1.5)
    written = events.GenomeWritten(path="genome.toml", stage="evolved", genes=end.genes)
    return [run_line(objective), *course.events, end, written]


def write(home: Home, happened: list) -> Journal:
    journal = Journal.create(home, happened[0])
    write_all(journal, happened)
    journal.close()
    return journal


def write_all(journal: Journal, happened: list) -> None:
    for event in happened[1:]:
        journal.write(event)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.mark.slow
def test_what_was_written_is_read_again(home):
    happened = told()
    assert read_events(write(home, happened).path) == happened
    assert Story.of(happened).finished
    assert not Story.of(happened[:-1]).finished


WHOLE = told()


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1))
def test_cut_at_any_byte_the_same_run_completes_it_to_the_same_content(tmp_path_factory, cut):
    home = Home(tmp_path_factory.mktemp("cut"))
    path = write(home, WHOLE).path
    content = path.read_bytes()
    first = content.index(b"\n") + 1
    path.write_bytes(content[: first + int(cut * (len(content) - first))])
    journal = Journal.reopen(path)
    kept = len(read_events(path))
    written = [new for event in WHOLE[1:] for new in journal.write(event)]
    journal.check_repeated()
    journal.close()
    assert written == WHOLE[kept:]
    assert path.read_bytes() == content


def test_another_run_is_refused_without_a_letter_written(home):
    path = write(home, WHOLE[:40]).path
    content = path.read_bytes()
    journal = Journal.reopen(path)
    with pytest.raises(BadInput, match="doesn't follow from its own first line"):
        write_all(journal, told(seed=2))
    journal.close()
    assert path.read_bytes() == content


def test_a_journal_with_a_line_cut_out_of_its_middle_is_refused_without_a_letter_written(home):
    path = write(home, WHOLE).path
    lines = path.read_bytes().splitlines(keepends=True)
    for cut in range(1, len(lines) - 1, 3):
        path.write_bytes(b"".join(lines[:cut] + lines[cut + 1 :]))
        content = path.read_bytes()
        journal = Journal.reopen(path)
        with pytest.raises(BadInput, match="doesn't follow from its own first line"):
            write_all(journal, WHOLE)
        journal.close()
        assert path.read_bytes() == content


def test_a_journal_that_cannot_be_read_is_not_passed_over_for_an_older_one(home, capsys):
    (home.experiments / "20260101T000000-loss.jsonl").write_bytes(write(home, WHOLE[:9]).path.read_bytes())
    broken = home.experiments / "20270101T000000-my.run.jsonl"
    broken.write_text("nonsense\n")
    assert command("runs", "resume", "--headless", "--home", home.folder) == 2
    assert "name the RUN to resume" in capsys.readouterr().err
    assert command("runs", "show", "20270101T000000-my.run", "--home", home.folder) == 2
    assert "my.run.jsonl: " in capsys.readouterr().err


def test_a_finished_run_is_not_resumed_but_says_how_it_is_extended(home, capsys):
    path = write(home, WHOLE).path
    content = path.read_bytes()
    assert command("runs", "resume", path.stem, "--headless", "--home", home.folder) == 2
    assert "is finished; '--generations N' extends it" in capsys.readouterr().err
    assert path.read_bytes() == content


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [], "is not a journal"),
        (lambda lines: lines[1:], "its first line must be a run event"),
        (lambda lines: lines[:3] + lines[:3], "holds more than one run"),
        (lambda lines: [*lines[:5], b"<<<<<<< ours", *lines[5:]], "line 6 is not an event of this program"),
        (lambda lines: [*lines[:5], b"\xff\xfe", *lines[5:]], "line 6 is not an event of this program"),
        (lambda lines: [lines[0], b'{"event":"sang","id":1}'], "written by organism 0.1.0"),
        (lambda lines: [lines[0].replace(b'"seed":1', b'"seed":"one"')], "line 1 is not an event"),
        (lambda lines: [lines[0].replace(b'"bigram_loss":2.45,', b"")], "its first line was edited: config: "),
        (lambda lines: [lines[0].replace(b'"n_embd":16', b'"n_embd":17')], "genome.n_head = 4: must divide n_embd"),
        (lambda lines: [lines[0].replace(b'"stage":"primordial"', b'"stage":"larval"')], 'stage = "larval": must be'),
    ],
)
@pytest.mark.parametrize("verb", [("show",), ("replay", "--headless"), ("resume", "--headless")])
def test_what_is_no_journal_is_said_in_one_line(home, change, said, verb, capsys):
    path = write(home, WHOLE).path
    path.write_bytes(b"".join(line + b"\n" for line in change(path.read_bytes().splitlines())))
    content = path.read_bytes()
    assert command("runs", verb[0], path.stem, "--home", str(home.folder), *verb[1:]) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert path.name in complaint
    assert len(complaint.splitlines()) == 1
    assert path.read_bytes() == content
    assert command("runs", "list", "--home", str(home.folder)) == 0
    assert "unreadable" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objective": "wealth"}, "objective = 'wealth': must be one of loss, "),
        ({"seed": -1}, "seed = -1: must be 0 or more"),
        ({"metabolism": "slow"}, "metabolism = 'slow': must be one of val, tape, fused"),
        ({"dtype": "int8"}, "dtype = 'int8': must be one of float64, float32"),
        ({"population": 0}, "population = 0: must be 2 or more"),
        ({"genes": {}}, "its first line was edited"),
        (
            {"genes": msgspec.to_builtins(SPACES["default"]) | {"n_embd": [512]}},
            "n_embd = 512: must be a whole number from 1",
        ),
    ],
)
def test_a_first_line_that_cannot_be_lived_is_refused_before_anything_is_written(home, change, said, capsys):
    change = dict(change)
    own = {field: change.pop(field) for field in ("objective", "seed") if field in change}
    config = msgspec.structs.replace(WHOLE[0].config, **change)
    path = write(home, [msgspec.structs.replace(WHOLE[0], config=config, **own), *WHOLE[1:20]]).path
    content = path.read_bytes()
    assert command("runs", "resume", path.stem, "--headless", "--home", home.folder) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert len(complaint.splitlines()) == 1
    assert path.read_bytes() == content
    assert command("runs", "replay", path.stem, "--headless", "--home", home.folder) == 0


def test_a_run_of_another_version_is_shown_but_not_resumed(home, capsys):
    path = write(home, [run_line(organism="9.9"), *WHOLE[1:20]]).path
    folder = ["--home", str(home.folder)]
    assert command("runs", "show", path.stem, *folder) == 0
    assert "organism 9.9" in capsys.readouterr().out
    assert command("runs", "resume", path.stem, "--headless", *folder) == 2
    complaint = capsys.readouterr().err
    assert "was written by organism 9.9" in complaint
    assert len(complaint.splitlines()) == 1


def test_runs_are_listed_with_their_best_in_their_own_unit(home, capsys):
    write(home, told())
    write(home, told("flow", generations=2)[:-1])
    assert command("runs", "list", "--home", str(home.folder)) == 0
    title, first, second = sorted(capsys.readouterr().out.splitlines(), key=lambda line: "gens" not in line)
    loss, flow = sorted((first, second), key=lambda line: " flow " in line)
    assert title.split() == ["run", "begun", "(UTC)", "objective", "gens", "best", "seconds", "state"]
    assert loss.split()[3:5] == ["loss", "3"]
    assert 0 < float(loss.split()[5]) < 3
    assert loss.endswith(" finished")
    assert flow.split()[3:6] == ["flow", "2", "0.5000"]
    assert flow.endswith("unfinished")


def test_a_report_tells_the_course_the_genes_the_line_and_the_compute():
    happened = told(generations=10)
    report = "\n".join(show_lines(Story.of(happened, "a-run")))
    ends = [event for event in happened if isinstance(event, events.GenerationEnd)]
    for end in ends:
        assert f"{-end.best:>9.4f} {-end.mean:>9.4f} {-end.worst:>9.4f} {end.species:>7}" in report
    assert "genes of the best 10 and the worst 10" in report
    width = next(line for line in report.splitlines() if line.startswith("  n_embd "))
    assert width.endswith("the better have more"), "the landscape rewards it"
    trained = sum(isinstance(event, events.Judged) and not event.inherited for event in happened)
    assert f"compute: {trained} trainings" in report
    champion = happened[-2]
    line = report.partition("the champion's line\n")[2].partition("\n\n")[0].splitlines()
    assert any(origin in line[0] for origin in ("genome", "random", "immigrant"))
    assert f"width {champion.genes.n_embd}," in line[-1]
    assert "it dreams: anna" in report
    assert "honest loss" in report


def test_a_report_of_a_run_that_has_hardly_begun_is_short_but_there():
    report = list(show_lines(Story.of([run_line()], "a-run")))
    assert "no generation was finished" in report
    assert "unfinished" in report[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("objective", "said"), [("pareto", "(the knee)"), ("hydra", "trajectory of the Weaver (flow)")]
)
def test_a_report_tells_of_fronts_and_heads(objective, said):
    assert any(said in line for line in show_lines(Story.of(told(objective, cycles=2), "a-run")))


def test_text_and_page_of_a_run_say_the_same():
    happened = told(generations=10)
    text, page = "\n".join(show_lines(Story.of(happened, "a-run"))), report(Story.of(happened, "a-run"))
    _, found = contrasts(Story.of(happened, "a-run"))
    assert len(found) == 8
    for contrast in found:
        line = next(line for line in text.splitlines() if line.startswith(f"  {contrast.gene} "))
        assert line.endswith(contrast.reading)
        assert re.search(rf"{contrast.gene}</th>(<td.*?</td>){{3}}<td>{contrast.reading}", page)


@pytest.mark.slow
def test_a_hydra_has_no_champion_before_its_end():
    happened = told("hydra", cycles=2)[:-2]
    story = Story.of(happened, "a-run")
    assert (story.champion, story.winner) == (None, None)
    assert "s line</h3>" not in report(story)
    assert "the champion's line" not in list(show_lines(Story.of(happened, "a-run")))


def test_a_run_in_which_nothing_lived_has_no_champion_and_is_not_called_unfinished():
    story = Story.of([*told(generations=2)[:-2], events.Extinct(generation=2)], "a-run")
    assert story.champion is None
    assert "Nothing lived to be confirmed" in report(story)


def test_the_genome_that_a_run_began_with_may_lead_it():
    happened = told(generations=2)[:-2]
    last = next(event for event in reversed(happened) if isinstance(event, events.GenerationEnd))
    happened.append(msgspec.structs.replace(last, generation=3, champion=0, genes=PRIMORDIAL))
    assert Story.of(happened, "a-run").winner == PRIMORDIAL
    assert [organism.id for organism in Story.of(happened, "a-run").lineage()] == [0]


@pytest.mark.parametrize("objective", ["loss", "hydra"])
def test_barred_species_are_those_that_the_search_counted(objective):
    poor = Course(plan(objective, generations=3, cycles=1), lambda genes, replicate: {"validation_loss": 2.6}).finish()
    story = Story.of([run_line(objective), *poor.events], "a-run")
    assert len(story.blacklist) == story.generations[-1].blacklist > 0


def test_a_finished_run_that_is_extended_is_unfinished_until_its_new_end():
    act = events.Act(verb="extend", generation=3, generations=5)
    assert not Story.of([*WHOLE, act]).finished
    assert Story.of([*WHOLE, act, *WHOLE[-2:]]).finished
