"""A report tells its run in full, needs nothing beside itself, and says how to bring that run again."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree

import msgspec
import pytest
from processes import canonical_journal, organism

from organism import events
from organism.errors import BadInput
from organism.genes import PRIMORDIAL, Genes
from organism.home import Home
from organism.instruments.findings import contrasts
from organism.instruments.report.report import command, report, write_report
from organism.instruments.report.svg import Curve, Dot, chart, thinned
from organism.life.genomes import genome_in_force
from organism.life.journal import journals, read_events, read_story
from organism.story import Story
from organism.view.body import portrait

VOID = {"meta", "link", "br"}


@pytest.fixture(scope="module")
def home(tiny, tmp_path_factory):
    """The home of a whole life."""
    home = tmp_path_factory.mktemp("reported")
    arguments = ("--data", tiny / "tiny.txt", "--space", tiny / "tiny.toml", "--seed", 1)
    ran = organism("--headless", "--home", home, *arguments, "--generations", 3, "--population", 6)
    assert ran.returncode == 0, ran.stderr
    return home


@pytest.fixture(scope="module")
def told(home) -> list[events.Event]:
    return read_events(journals(Home(home))[0])


@pytest.fixture(scope="module")
def story(told) -> Story:
    return Story.of(told, "20260101T000000-loss")


class Reader(HTMLParser):
    """What a browser would see: the tags, balanced, and the text."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.slow
def test_the_page_tells_the_run(story, told, home):
    page = Reader(report(story))
    end = next(event for event in told if isinstance(event, events.EvolutionEnd))
    for heading in (
        "Its life",
        "Loss and beauty, generation by generation",
        "Its genes, generation by generation",
        "Who came of whom",
        "How it rewrote its genome",
        "What it dreamt, before and after",
        "Figures",
        "The command that repeats it",
    ):
        assert heading in page.text
    for saying in ("I am unformed", "I am searching", "I have become"):
        assert saying in page.text
    assert f"{end.test_loss:.4f}" in page.text
    before, after = (event.names for event in told if isinstance(event, events.Dream))
    assert all(name in page.text for name in (*before, *after))
    genes = genome_in_force(Home(home)).genes
    for gene in ("n_embd", "num_steps"):
        old, new = getattr(PRIMORDIAL, gene), getattr(genes, gene)
        assert old == new or (f"- {gene} = {old}" in page.text and f"+ {gene} = {new}" in page.text)
    portraits = [held for tag, held in page.tags if tag == "svg" and held.get("class") == "portrait"]
    assert len(portraits) == 3


@pytest.mark.slow
def test_the_page_needs_nothing_and_runs_nothing(story):
    text = report(story)
    page = Reader(text)
    assert len(text.encode()) < 1_000_000
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "iframe", "object", "video", "source", "base"})
    assert re.findall(r"(?:https?:)?//[\w.]+", text) == []
    assert "@import" not in text
    assert "default-src 'none'" in text
    for tag, held in page.tags:
        assert not any(name.startswith("on") for name in held), tag
        assert held.get("href", "data:,") == "data:,"
    assert re.findall(r"url\((?!#)", text) == []


@pytest.mark.slow
def test_every_drawing_is_well_formed_and_holds_no_stray_text(story):
    drawings = [ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", report(story), re.DOTALL)]
    assert [drawing.get("class") for drawing in drawings].count("lineage") == 1
    assert not any(drawing.text for drawing in drawings)


@pytest.mark.slow
def test_a_run_that_was_extended_is_told_by_its_new_end(told):
    ends = next(i for i, event in enumerate(told) if isinstance(event, events.Confirmed))
    act = events.Act(verb="extend", generation=3, generations=7)
    assert "It isn't finished" in Reader(report(Story.of([*told, act], "goes on"))).text
    later = []
    for event in told[ends:]:
        if isinstance(event, events.EvolutionEnd | events.Confirmed):
            event = msgspec.structs.replace(event, test_loss=1.2345)
        later.append(event)
    story = Story.of([*told, act, *later], "went on")
    assert [confirmed.test_loss for confirmed in story.confirmed] == [1.2345] * len(story.confirmed)
    page = Reader(report(story)).text
    assert "test loss1.2345" in page
    assert "3 of 7" in page


@pytest.mark.slow
def test_every_beginning_of_a_run_has_a_report(told):
    for length in {*range(1, 40), *range(40, len(told), 25), len(told) - 1}:
        text = report(Story.of(told[:length], "cut"))
        assert "The command that repeats it" in text
        Reader(text)


@pytest.mark.slow
def test_nothing_in_a_journal_is_taken_for_markup(told):
    evil = "<script>alert('&')</script>\""
    altered = []
    for event in told:
        match event:
            case events.Run():
                event = msgspec.structs.replace(event, corpus=evil)
            case events.Dream() | events.Judged():
                event = msgspec.structs.replace(event, names=(evil,) * 3)
            case events.Born():
                event = msgspec.structs.replace(event, origin=evil)
        altered.append(event)
    page = Reader(report(Story.of(altered, evil)))
    assert "script" not in {tag for tag, _ in page.tags}
    assert evil in page.text


@pytest.mark.slow
def test_a_long_run_stays_under_a_megabyte(told):
    """400 generations of 40, made of one that was."""
    born = next(event for event in told if isinstance(event, events.Born))
    judged = next(event for event in told if isinstance(event, events.Judged))
    ended = next(event for event in told if isinstance(event, events.GenerationEnd))
    long: list[events.Event] = [told[0]]
    for generation in range(1, 401):
        for k in range(40):
            id = generation * 40 + k
            genes = msgspec.structs.replace(born.genes, num_steps=100 + (7 * id) % 1900)
            parents = (id - 40 - k % 3,) if generation > 1 else ()
            long.append(msgspec.structs.replace(born, id=id, generation=generation, parents=parents, genes=genes))
            long.append(msgspec.structs.replace(judged, id=id, generation=generation, fitness=-2.5 - id % 97 / 97))
        long.append(msgspec.structs.replace(ended, generation=generation, champion=generation * 40))
    assert 50_000 < len(report(Story.of(long, "long")).encode()) < 1_000_000


def run_first(home) -> list:
    """A canonical journal, its run first."""
    held = [event for _, event in canonical_journal(home)]
    return sorted(held, key=lambda event: event["event"] != "run")


@pytest.mark.slow
def test_the_command_brings_the_same_run_again(home, story, tmp_path):
    script = f'organism() {{ "{sys.executable}" -m organism "$@"; }}\ncd "{tmp_path}"\n{command(story)}\n'
    subprocess.run(["bash", "-c", f"PYTHONPATH=$PWD; export PYTHONPATH\n{script}"], check=True, capture_output=True)
    (run, *course), (first_run, *first_course) = (run_first(place) for place in (tmp_path, home))
    assert course == first_course
    # The space was a file elsewhere, and is one of the new folder now.
    assert run["config"].pop("space") == "space.toml"
    assert first_run["config"].pop("space").endswith("tiny.toml")
    assert run == first_run
    assert genome_in_force(Home(tmp_path)).genes == genome_in_force(Home(home)).genes


@pytest.mark.slow
def test_a_lineage_leads_from_the_champion_to_the_first(story):
    line = story.lineage()
    ids = [organism.id for organism in line]
    assert ids == sorted(set(ids))
    assert story.champion == ids[-1]
    assert all(parent in ids for organism in line for parent in organism.parents)
    assert any(not organism.parents for organism in line)


@pytest.mark.slow
def test_contrasts_find_the_gene_that_matters_and_no_other(told):
    born = next(event for event in told if isinstance(event, events.Born))
    judged = next(event for event in told if isinstance(event, events.Judged))
    ended = next(event for event in told if isinstance(event, events.GenerationEnd))
    made: list[events.Event] = [told[0]]
    for id in range(40):
        genes = msgspec.structs.replace(born.genes, num_steps=100 + 10 * id, n_layer=1 + id % 2, batch_size=41 - id)
        made.append(msgspec.structs.replace(born, id=id, genes=genes))
        made.append(msgspec.structs.replace(judged, id=id, fitness=float(id), inherited=False))
    n, found = contrasts(Story.of([*made, ended], "made"))
    assert n == 10
    readings = {contrast.gene: contrast.reading for contrast in found}
    assert readings["num_steps"] == "the better have more"
    assert readings["batch_size"] == "the better have less"
    assert {readings[gene] for gene in ("n_layer", "n_embd", "learning_rate")} == {"no clear difference"}


@pytest.mark.parametrize(
    "change",
    [
        {"n_embd": 24},
        {"n_head": 2},
        {"n_layer": 2},
        {"block_size": 8},
        {"mlp_ratio": 2},
        {"learning_rate": 0.02},
        {"num_steps": 3000},
        {"batch_size": 8},
    ],
)
def test_every_gene_shows_in_the_portrait(change):
    other = portrait(msgspec.structs.replace(PRIMORDIAL, **change), "it")
    without_chance = re.compile(r"glow-\w+|[\d.-]+")
    first = portrait(PRIMORDIAL, "it")
    assert first == portrait(PRIMORDIAL, "it")
    counted = ("n_head", "n_layer", "block_size", "batch_size", "n_embd")
    if next(iter(change)) in counted:
        assert without_chance.sub("", first) != without_chance.sub("", other)
    else:
        assert first != other
    Reader(other)


def test_the_largest_and_the_smallest_creature_have_a_portrait():
    for genes in (Genes(1, 1, 1, 2, 1, 1e-6, 1, 1), Genes(256, 16, 12, 256, 8, 1.0, 1_000_000, 256)):
        drawn = portrait(genes, "it")
        assert "nan" not in drawn
        assert len(drawn) < 40_000


def test_a_chart_keeps_its_reach_when_one_value_is_far_off():
    line = Curve("a", "a", tuple((float(x), 2.0 + x / 100) for x in range(20)))
    heights = re.findall(
        r"[ML][\d.]+ ([\d.]+)", chart("t", [line], [Dot(3.0, 1e6, "dot", "lost")]).split('class="line')[1]
    )
    assert max(map(float, heights)) - min(map(float, heights)) > 20
    assert chart("t", [Curve("a", "a", ())]) == ""
    assert "<svg" in chart("t", [Curve("a", "a", ((1.0, 2.0),))])
    assert thinned(range(100), 5) == [0, 25, 50, 74, 99]


@pytest.mark.slow
def test_the_command_writes_beside_the_journal_or_where_it_is_told(home, tmp_path):
    ran = organism("report", "--home", home)
    journal = journals(Home(home))[0]
    assert ran.stdout.strip() == str(journal.with_suffix(".html"))
    assert journal.with_suffix(".html").read_text() == report(read_story(journal))
    refused = organism("report", "--home", home, "-o", tmp_path / "r.pdf")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"organism: -o {tmp_path / 'r.pdf'}: must end in .html\n"
    with pytest.raises(BadInput, match="must exist"):
        write_report(journal, tmp_path / "no" / "r.html")
    (tmp_path / "r.html").mkdir()
    with pytest.raises(BadInput, match="is a folder"):
        write_report(tmp_path / "unread", tmp_path / "r.html")


@pytest.mark.slow
def test_a_browser_opens_it_without_a_complaint(home, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("no browser is installed")
    write_report(journals(Home(home))[0], tmp_path / "r.html")
    flags = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path}/profile",
    )
    opened = subprocess.run(
        [browser, *flags, "--dump-dom", (tmp_path / "r.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "I have become" in opened.stdout
    assert "CONSOLE" not in opened.stderr
