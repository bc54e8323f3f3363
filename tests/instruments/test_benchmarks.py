"""The scripts beside the program: that they still fit it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_readmes_picture_can_be_taken_of_any_run(tmp_path):
    script, journal = ROOT / "benchmarks/picture.py", ROOT / "tests/fixtures/journals/loss.jsonl"
    out = tmp_path / "screen.svg"
    ran = subprocess.run([sys.executable, script, journal, "--out", out], cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    for shown in ("primordial", "Loss", "learning_rate"):
        assert shown in out.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "benchmarks").glob("*.py")))
def test_every_script_says_what_it_does(script):
    ran = subprocess.run([sys.executable, ROOT / "benchmarks" / script, "--help"], capture_output=True, text=True)
    assert ran.returncode == 0
    assert ran.stdout.startswith("usage: ")
