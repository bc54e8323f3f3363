"""The one fold: what a story knows of a run, told at once or event by event, and that nobody else folds."""

import ast
from pathlib import Path

import msgspec
import pytest
from processes import command
from recorded import NAMES, Recording

from organism import events
from organism.home import Home
from organism.story import CURVE, Story, genome_of

ROOT = Path(__file__).parents[2]
KINDS = {kind.__name__ for kind in events.KINDS}
MAY_FOLD = {
    "organism/story.py": "the fold itself",
    "organism/events.py": "the encoder, which knows what is canonical",
    "organism/view/sentences.py": "the one sentence for each event",
    "organism/life/search.py": "what comes of a trial, and of what a person does",
    "organism/evolution/engine.py": "the engine",
}


def kinds_in(node: ast.AST, constants: dict[str, set[str]]) -> set[str]:
    """The kinds of events that an expression names, be it by a constant."""
    found = set()
    for part in ast.walk(node):
        name = part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else ""
        found |= {name} & KINDS | constants.get(name, set())
    return found


def matched_in(function: ast.AST, constants: dict[str, set[str]]) -> set[str]:
    """The kinds of events that a function tells apart."""
    found = set()
    for part in ast.walk(function):
        match part:
            case ast.MatchClass(cls=kind):
                found |= kinds_in(kind, constants)
            case ast.Call(func=ast.Name("isinstance"), args=[_, kind]):
                found |= kinds_in(kind, constants)
    return found


@pytest.mark.slow
def test_nobody_else_folds():
    folding = {}
    for path in [*ROOT.glob("organism/**/*.py"), *ROOT.glob("tui/**/*.py")]:
        place = str(path.relative_to(ROOT))
        tree = ast.parse(path.read_text())
        constants = {
            statement.targets[0].id: kinds_in(statement.value, {})
            for statement in tree.body
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        }
        for part in ast.walk(tree):
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and place not in MAY_FOLD:
                matched = matched_in(part, constants)
                if len(matched) > 3:
                    folding[f"{place}: {part.name}"] = sorted(matched)
    assert folding == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_story_counts_as_the_engine_does(name):
    recording = Recording(name)
    story, ends = Story(recording.stem), 0
    for event in recording.events:
        if isinstance(event, events.EvolutionEnd):
            assert story.evaluations == event.evaluations
            ends += 1
        story.tell(event)
        if isinstance(event, events.GenerationEnd):
            assert len(story.blacklist) == event.blacklist
    assert ends
    assert story == Story.of(recording.events, recording.stem)
    assert story.finished
    assert story.champion == story.end.champion
    assert story.best == events.sign(story.objective) * story.end.fitness
    assert story.elapsed >= story.end.seconds


@pytest.mark.parametrize("name", NAMES)
def test_the_genome_that_a_run_ended_in_is_retold_to_the_letter(name):
    """A journal of version 0.1.0 doesn't say when that was."""
    recording = Recording(name)
    written = recording.genome_path.read_text()
    story = Story.of(recording.events, recording.stem)
    assert genome_of(story, recording.genome.provenance.created).toml() == written
    assert story.genome.toml() == "".join(
        line for line in written.splitlines(keepends=True) if not line.startswith("created = ")
    )


def test_a_story_remembers_a_training_as_it_was_told():
    recording = Recording("life")
    told = [e for e in recording.events if isinstance(e, events.TrainStart | events.TrainStep | events.TrainEnd)]
    dreams = [e for e in recording.events if isinstance(e, events.Dream)]
    story = Story.of(recording.events)
    assert len(story.lives) == len(dreams) == 2
    retold = [event for learning in story.lives for event in learning.events()]
    assert [event for event in retold if not isinstance(event, events.Dream)] == told
    assert [event for event in retold if isinstance(event, events.Dream)] == dreams


def test_a_long_training_keeps_a_bounded_curve():
    recording = Recording("life")
    story = Story()
    story.tell(next(event for event in recording.events if isinstance(event, events.TrainStart)))
    for step in range(1, 20_001):
        story.tell(events.TrainStep(step=step, loss=1 / step))
    curve = story.lives[0].curve
    assert len(curve) <= CURVE
    assert curve[0][0] <= 2
    assert curve[-1][0] > 19_000


@pytest.mark.timeout(5)
def test_a_journal_in_which_somebody_is_their_own_parent_is_told_to_its_end(tmp_path, capsys):
    recording = Recording("loss")
    champion = next(event.champion for event in recording.events if isinstance(event, events.EvolutionEnd))
    told = [
        msgspec.structs.replace(event, parents=(event.id,), origin="elite")
        if isinstance(event, events.Born) and event.id == champion
        else event
        for event in recording.events
    ]
    recording.put(Home(tmp_path), [events.encode(event) + b"\n" for event in told])
    assert command("runs", "show", "--home", tmp_path) == 0
    assert f"{champion} elite" in capsys.readouterr().out
    story = Story.of(told)
    assert [organism.id for organism in story.lineage()] == [champion]
    assert story.original(story.organisms[champion]).id == champion
