"""What is told of a run is the same wherever it's told: its figures, and the genome that it wrote."""

import io
import json
import re
from contextlib import redirect_stdout
from html import unescape

import pytest
from processes import command
from recorded import NAMES, Recording
from screen import drive, quiet, until

from organism import events
from organism.home import Home
from organism.instruments.report.report import report
from organism.life.journal import read_events, read_story
from organism.life.plan import Plan
from organism.story import Story
from organism.view.words import duration
from tui.tabs.runs import COLUMNS, Runs, RunsTab
from tui.widgets.text import Text


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Home:
    """A home with every recorded journal in it."""
    home = Home(tmp_path_factory.mktemp("archive"))
    home.experiments.mkdir()
    for name in NAMES:
        (home.experiments / f"{name}.jsonl").write_bytes(Recording(name).content)
    return home


@pytest.fixture(scope="module")
def listed(archive) -> dict[str, dict]:
    """What `runs list --json` says of each run."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert command("runs", "list", "--json", "--home", archive.folder) == 0
    return {run["run"]: run for run in map(json.loads, printed.getvalue().splitlines())}


@pytest.fixture(scope="module")
def tab(archive) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """What the Runs tab says of each run: in the columns of its row, and beside the labels of its card."""
    told: dict[str, tuple[dict[str, str], dict[str, str]]] = {}

    async def steps(app, pilot):
        await pilot.press("6")
        await until(app, lambda: app.query_one(RunsTab).chosen)
        table, card = app.query_one(Runs), app.query_one("#run-card", Text)
        for i, key in enumerate(list(table.rows)):
            table.move_cursor(row=i)
            await until(app, lambda key=key: card.border_title == key.value)
            cells = {column.title: cell.plain for column, cell in zip(COLUMNS, table.get_row(key), strict=True)}
            lines = (line.split(maxsplit=1) for line in card.content.plain.splitlines())
            told[key.value] = cells, dict(lines)

    journal = archive.experiments / "loss.jsonl"
    drive(quiet(archive, Plan(seed=1), lambda controller: controller.replay("loss", read_events(journal))), steps)
    return told


def row(page: str, name: str) -> str:
    """A figure of the page's last table."""
    found = re.search(rf"<th[^>]*>{name}</th><td[^>]*>(.*?)</td>", page)
    assert found, name
    return unescape(found[1])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_list_show_page_and_tab_give_equal_figures(name, archive, listed, tab, capsys):
    listed, (cells, told) = listed[name], tab[name]
    assert command("runs", "show", name, "--home", archive.folder) == 0
    shown = capsys.readouterr().out
    page = report(read_story(archive.experiments / f"{name}.jsonl"))
    best, generations, deaths = f"{listed['best']:.4f}", listed["generations"], listed.get("deaths", 0)
    assert f"compute: {listed['evaluations']} trainings ({deaths} organisms died)" in shown
    assert f"{listed['seconds']:.1f} s of search" in shown
    champion = next(line for line in shown.splitlines() if line.endswith("(champion)"))
    loss = f"{listed['end']['validation_loss']:.4f}"
    assert champion.split()[:2] == [str(listed["champion"]), best]
    assert f"validation {loss} ±" in champion
    numbers = {line.split()[0] for line in shown.splitlines() if re.match(r"  +\d+ .*[█░]", line)}
    assert len(numbers) == generations
    assert row(page, "best") == best
    assert row(page, "champion") == str(listed["champion"])
    assert row(page, "generations").startswith(f"{generations} of ")
    assert row(page, "organisms").endswith(f"of which {deaths} died")
    assert row(page, "trainings").startswith(f"{listed['evaluations']} in ")
    assert loss in page.partition("validation loss")[2][:100]
    assert (cells["best"], cells["gens"], cells["objective"]) == (best, str(generations), listed["objective"])
    assert told["champion"] == f"#{listed['champion']}"
    assert told["validation"] == loss
    assert told["test"] == cells["test"] == f"{listed['end']['test_loss']:.4f}"
    assert told["evaluations"] == f"{listed['evaluations']} in {duration(listed['seconds'])}"
    assert cells["state"] == listed["state"] == "finished"


def page_genome(page: str) -> str:
    """The text of genome.toml as the page has it, with what was before left out."""
    (diff,) = re.findall(r'<pre class="diff">(.*?)</pre>', page, re.DOTALL)
    lines = re.findall(r"<(?:ins|span)>(.*?)</(?:ins|span)>", diff)
    return "".join(unescape(line).replace("\xa0", "")[2 * (line != "&nbsp;") :] + "\n" for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_the_genome_that_was_written_to_the_letter(name):
    """As it would be had the journal said when that was, as those of this version do."""
    recording = Recording(name)
    created = recording.genome.provenance.created
    story = Story(recording.stem)
    for event in recording.events:
        if isinstance(event, events.GenomeWritten):
            event = events.GenomeWritten(path=event.path, stage=event.stage, genes=event.genes, written_at=created)
        story.tell(event)
    assert page_genome(report(story)) == story.genome.toml() == recording.genome_path.read_text()
