"""What may import what, and what stays unloaded until it's needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def loaded_after(code: str) -> set[str]:
    """The top-level modules in memory of a fresh interpreter that ran `code`."""
    listing = f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_organism_loads_nothing_heavy():
    assert loaded_after("import organism").isdisjoint({"textual", "tui", "numba", "numpy", "multiprocess", "cyclopts"})


def test_the_atom_needs_nothing_but_math():
    before = loaded_after("import math, organism.mind")
    assert loaded_after("from organism.mind.val import Val; Val(2.0).exp().backward()") <= before


@pytest.mark.slow
def test_the_command_without_a_screen_never_loads_one(tmp_path):
    code = (
        "from organism.__main__ import main\n"
        f"main(['--headless', '--home', {str(tmp_path)!r}, '--seed', 'x'])\n"
        f"main(['genome', 'show', '--home', {str(tmp_path)!r}])\n"
        "import organism.life.life, organism.view.printer"
    )
    assert loaded_after(code).isdisjoint({"textual", "tui"})


def test_evolution_is_thought_out_without_files_processes_or_compiled_code():
    listing = "import organism.evolution.engine, sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    impure = "files", "home", "corpus", "workers", "life"
    assert set(ran.stdout.split()).isdisjoint({f"organism.{room}" for room in impure})
    assert {name.partition(".")[0] for name in ran.stdout.split()}.isdisjoint({"numba", "llvmlite", "multiprocess"})


def test_every_module_says_what_it_is():
    for path in [*ROOT.glob("organism/**/*.py"), *ROOT.glob("tui/**/*.py")]:
        assert path.read_text().startswith('"""'), path
        assert path.stat().st_size < 40_000, path


def test_the_public_face_is_what_it_promises():
    import organism

    assert set(organism.__all__) <= set(dir(organism))
    for name in organism.__all__:
        assert getattr(organism, name) is not None
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = organism.nothing_such


def test_the_floors_of_the_house_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter isn't installed")
    checked = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
