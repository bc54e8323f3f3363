"""What is told of a run is the same wherever it's told: its figures, and the genome that it wrote."""

import json
import re
from html import unescape

import pytest
from processes import command
from recorded import NAMES, Recording

from organism import events
from organism.home import Home
from organism.instruments.report.report import report
from organism.life.journal import read_story
from organism.story import Story


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Home:
    """A home with every recorded journal in it."""
    home = Home(tmp_path_factory.mktemp("archive"))
    home.experiments.mkdir()
    for name in NAMES:
        (home.experiments / f"{name}.jsonl").write_bytes(Recording(name).content)
    return home


def row(page: str, name: str) -> str:
    """A figure of the page's last table."""
    found = re.search(rf"<th[^>]*>{name}</th><td[^>]*>(.*?)</td>", page)
    assert found, name
    return unescape(found[1])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_list_show_and_page_give_equal_figures(name, archive, capsys):
    assert command("runs", "list", "--json", "--home", archive.folder) == 0
    listed = next(run for line in capsys.readouterr().out.splitlines() if (run := json.loads(line))["run"] == name)
    assert command("runs", "show", name, "--home", archive.folder) == 0
    shown = capsys.readouterr().out
    page = report(read_story(archive.experiments / f"{name}.jsonl"))
    best, generations, deaths = f"{listed['best']:.4f}", listed["generations"], listed.get("deaths", 0)
    assert f"compute: {listed['evaluations']} trainings ({deaths} organisms died)" in shown
    assert f"{listed['seconds']:.1f} s of search" in shown
    champion = next(line for line in shown.splitlines() if line.endswith("(champion)"))
    assert champion.split()[:2] == [str(listed["champion"]), best]
    numbers = {line.split()[0] for line in shown.splitlines() if re.match(r"  +\d+ .*[█░]", line)}
    assert len(numbers) == generations
    assert row(page, "best") == best
    assert row(page, "champion") == str(listed["champion"])
    assert row(page, "generations").startswith(f"{generations} of ")
    assert row(page, "organisms").endswith(f"of which {deaths} died")
    assert row(page, "trainings").startswith(f"{listed['evaluations']} in ")
    assert listed["state"] == "finished"


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
