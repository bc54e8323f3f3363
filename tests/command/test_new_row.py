"""A made-up trait is a row of the gene table and nothing else: it evolves, is printed, drawn and swept, and resumes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import organism

ROWS = {
    "gloss": """    gloss: Annotated[float, Gene(
        ", gloss {:g}", "gl {:g}", "How it shines", (0.0, 1.0), drawn="sheen: gloss")] = 0.0
""",
    "coat": """    coat: Annotated[Literal["bald", "woolly", "furry"], Gene(
        ", {} coat", "{}", "What it wears")] = "bald"
""",
}
LISTED = {"gloss": "gloss = { min = 0.25, max = 0.5 }", "coat": 'coat = ["woolly", "furry"]'}
GRID = {"gloss": "gloss = [0.0, 0.5]", "coat": 'coat = ["bald", "furry"]'}
START = {"gloss": "gloss = 0.5", "coat": 'coat = "furry"'}
SAID = {"gloss": ", gloss 0.", "coat": " coat"}

PARTS = ("train", "use", "evolve", "genome", "show", "resume", "report", "sweep", "history", "screen")
SMALL = "n_embd = 4\nn_head = 1\nn_layer = 1\nblock_size = 4\nmlp_ratio = 1\nnum_steps = 40\nbatch_size = 1\n"
SCRIPT = """
import sys
from pathlib import Path

from organism.__main__ import main
from organism.home import Home
from organism.life.journal import read_events
from organism.life.plan import Plan


def run(*arguments):
    print("$", *arguments, flush=True)
    assert main([*arguments, "--home", "home"]) == 0


def look(path):
    from screen import drive, quiet, screen_text

    async def steps(app, pilot):
        await pilot.press("4")
        await pilot.pause()
        print("$ screen", screen_text(app), sep="\\n")

    drive(quiet(Home(Path("home")), Plan(seed=1), lambda screen: screen.replay(path.stem, read_events(path))), steps)


if __name__ == "__main__":
    data = ("--data", sys.argv[1])
    run("train", *data, *sys.argv[2:], "--steps", "2", "--samples", "1", "--json")
    run("genome", "use", "start.toml")
    evolving = ("--space", "space.toml", "--seed", "1", "--generations", "2", "--population", "5", "--workers", "1")
    run("evolve", "--headless", *data, *evolving)
    run("genome", "show")
    run("runs", "show")
    run("runs", "resume", "--headless", "--generations", "3", "--workers", "1")
    run("report", "-o", "page.html")
    run("sweep", "sweep.toml", *data, "--seeds", "1", "--workers", "1", "--out", "table.csv")
    run("genome", "history")
    look(next(Path("home/experiments").glob("*.jsonl")))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("trait", "value"), [("gloss", "0.5"), ("coat", "furry")])
def test_a_trait_is_one_row(tmp_path, tiny, trait, value):
    package = Path(organism.__file__).parent
    copy = tmp_path / "organism"
    copy.mkdir()
    # The rest of the package is taken as it is, from where it is: kernels needn't be compiled anew.
    (copy / "__init__.py").write_text((package / "__init__.py").read_text() + f"\n__path__.append({str(package)!r})\n")
    table = (package / "genes.py").read_text()
    assert table.count("    # fmt: on\n") == 1
    (copy / "genes.py").write_text(table.replace("    # fmt: on\n", ROWS[trait] + "    # fmt: on\n"))
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "space.toml").write_text((tiny / "tiny.toml").read_text() + LISTED[trait] + "\n")
    (tmp_path / "sweep.toml").write_text(f"[genes]\n{SMALL}[grid]\n{GRID[trait]}\n")
    start = f'stage = "evolved"\n[genes]\n{SMALL}learning_rate = 0.01\n{START[trait]}\n'
    (tmp_path / "start.toml").write_text(start)
    paths = (tmp_path, Path(__file__).parents[1], package.parent)
    ran = subprocess.run(
        [sys.executable, tmp_path / "script.py", tiny / "tiny.txt", f"--{trait}", value],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    parts = dict(zip(PARTS, ran.stdout.split("$ ")[1:], strict=True))
    assert f'"{trait}":' in parts["train"]
    for part in ("use", "evolve", "show", "resume", "history"):
        assert SAID[trait] in parts[part], part
    assert f"\n{trait} = " in parts["genome"]
    assert f"  {trait} " in parts["show"]
    page = (tmp_path / "page.html").read_text()
    assert f"{trait} by generation" in page
    assert ("sheen: gloss" in page) == (trait == "gloss")
    assert f" {trait} " in parts["sweep"]
    assert f" {value} " in parts["sweep"]
    assert f",{trait}," in (tmp_path / "table.csv").read_text().splitlines()[0]
    assert f"│ {trait} " in parts["screen"]
