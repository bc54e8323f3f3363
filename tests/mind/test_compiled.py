"""Compiled code: kept where it may be, made anew when anything that it depends on changes, made once for all."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba import types

from organism.mind.metabolism import compiled

pytestmark = pytest.mark.kernels

PACKAGE = Path(compiled.__file__).parents[2]
# Prepare a metabolism, then say whether that was known beforehand, where the code lies, and how much was compiled.
PROGRAM = """
import json
from organism.mind.metabolism import compiled
from organism.mind.metabolism.build import prepare, to_compile
known = not to_compile("tape")
prepare("tape")
from organism.mind.metabolism.simd import host_lanes
from organism.mind.metabolism.tape import entry
misses = entry(host_lanes(8)).stats.cache_misses
print(json.dumps([known, str(compiled.cache_folder()), sum(misses.values())]))
"""


@pytest.fixture
def copy(tmp_path):
    """A copy of the package that may be changed, and the environment to run it in with a cache of its own."""
    shutil.copytree(PACKAGE, tmp_path / "organism", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PACKAGE.parent / "data", tmp_path / "data")
    for folder in ("cache", "temporary"):
        (tmp_path / folder).mkdir()
    environment = dict(os.environ, PYTHONPATH=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "temporary")}
    return tmp_path, environment


def begin(copy, program=PROGRAM):
    folder, environment = copy
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE
    )


def end(process):
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(said)


def folder_of(copy):
    program = (
        "import json; from organism.mind.metabolism import compiled; print(json.dumps(str(compiled.cache_folder())))"
    )
    return Path(end(begin(copy, program)))


@pytest.mark.slow
def test_two_processes_at_once_compile_once_and_later_ones_not_at_all(copy):
    folder, _ = copy
    before = {path: path.stat().st_mtime_ns for path in (folder / "organism").rglob("*")}
    first, second = [end(process) for process in [begin(copy), begin(copy)]]
    assert first[1] == second[1] == str(folder_of(copy))
    assert first[2] + second[2] == 1, "both compiled, or none"
    known, where, compilations = end(begin(copy))
    assert (known, compilations) == (True, 0)
    assert Path(where).is_relative_to(folder / "cache")
    # The package itself may be read-only: nothing is written into it.
    assert {path: path.stat().st_mtime_ns for path in (folder / "organism").rglob("*")} == before


@pytest.mark.slow
def test_a_change_of_any_kernel_source_finds_an_empty_folder(copy):
    folder, _ = copy
    seen = {folder_of(copy)}
    for name in compiled.SOURCES:
        path = folder / "organism" / "mind" / "metabolism" / name
        path.write_text(path.read_text() + "\n# changed\n")
        changed = folder_of(copy)
        assert changed not in seen
        assert not list(changed.iterdir())
        seen.add(changed)
    other = folder / "organism" / "life" / "life.py"
    other.write_text(other.read_text() + "\n# changed\n")
    assert folder_of(copy) in seen


def test_the_sources_of_all_kernels_are_watched():
    folder = Path(compiled.__file__).parent
    compiling = {
        path
        for path in PACKAGE.rglob("mind/**/*.py")
        if "@kernel" in path.read_text() or "@fragment" in path.read_text()
    }
    assert compiling <= {(folder / name).resolve() for name in compiled.SOURCES}


@pytest.mark.parametrize("change", ["get_host_cpu_name", "version", "CPU_FEATURES"])
def test_another_processor_or_compiler_finds_another_folder(monkeypatch, change):
    compiled.cache_folder.cache_clear()
    here = compiled.cache_folder()
    if change == "version":
        monkeypatch.setattr(compiled.numba, "__version__", "999")
    elif change == "CPU_FEATURES":
        monkeypatch.setattr(compiled.settings, "CPU_FEATURES", "+sse2")
    else:
        monkeypatch.setattr(compiled.binding, change, lambda: "another")
    compiled.cache_folder.cache_clear()
    there = compiled.cache_folder()
    assert there != here
    assert not list(there.iterdir())
    there.rmdir()
    compiled.cache_folder.cache_clear()


@pytest.mark.slow
def test_where_the_users_cache_cannot_be_written_a_temporary_one_serves(copy):
    folder, environment = copy
    environment["XDG_CACHE_HOME"] = str(folder / "data" / "names.txt")
    found = folder_of(copy)
    assert found == folder_of(copy)
    own = found.parents[1]
    assert own.parent == folder / "temporary"
    assert own.stat().st_mode & 0o777 == 0o700
    # Where others could have put code into it, it's left alone.
    own.chmod(0o777)
    assert not folder_of(copy).is_relative_to(own)
    own.rename(folder / "elsewhere")
    (folder / "elsewhere").chmod(0o700)
    own.symlink_to(folder / "elsewhere")
    assert not folder_of(copy).is_relative_to(own)


@pytest.mark.slow
def test_the_first_compilation_is_announced_and_the_second_run_has_nothing_to_announce(copy):
    folder, environment = copy
    command = [
        sys.executable,
        "-m",
        "organism",
        "train",
        "--steps",
        "1",
        "--samples",
        "1",
        "--home",
        folder / "home",
    ]
    options = {"cwd": folder, "env": environment, "text": True, "timeout": 120}

    def run():
        return subprocess.run(command, capture_output=True, check=True, **options)

    first, second = run(), run()
    assert first.stderr.startswith("compiling the tape metabolism")
    assert first.stderr.count("\n") == 1
    assert second.stderr == ""
    assert first.stdout == second.stdout
    for index in (folder / "cache").rglob("*.nbi"):
        index.write_bytes(b"")
    third, fourth = run(), run()
    assert third.stderr.startswith("compiling the tape metabolism in float64 anew, because what was kept")
    assert third.stderr.count("\n") == 1
    assert fourth.stderr == ""
    assert fourth.stdout == third.stdout == first.stdout


def emptied(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def garbled(path):
    path.write_bytes(os.urandom(path.stat().st_size))


def scratched(path):
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])


@pytest.mark.slow
@pytest.mark.parametrize("damage", [emptied, cut, garbled, scratched, Path.unlink])
@pytest.mark.parametrize("kind", ["*/*.nbi", "*/*.nbc"])
def test_a_kernel_that_was_damaged_on_disk_is_compiled_anew(tmp_path, monkeypatch, kind, damage):
    monkeypatch.setattr(compiled, "cache_folder", lambda: tmp_path)
    assert (compiled.state("twice"), compilations_of_twice()) == ("absent", 1)
    assert (compiled.state("twice"), compilations_of_twice()) == ("kept", 0)
    (path,) = (tmp_path / "twice").glob(kind)
    damage(path)
    assert (compiled.state("twice"), compilations_of_twice()) == ("damaged", 1)
    assert (compiled.state("twice"), compilations_of_twice()) == ("kept", 0)


def test_a_kernel_that_was_not_stored_to_the_end_is_compiled_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "cache_folder", lambda: tmp_path)
    compilations_of_twice()
    (tmp_path / "twice.sha256").unlink()
    assert (compiled.state("twice"), compilations_of_twice()) == ("absent", 1)
    assert (compiled.state("twice"), compilations_of_twice()) == ("kept", 0)


def compilations_of_twice():
    """How often a small kernel had to be compiled to be there and right."""

    @compiled.kernel("twice", types.int64)
    def twice(n):
        return 2 * n

    assert twice(21) == 42
    return sum(twice.stats.cache_misses.values())


CALLS = """
import inspect
import numpy
from numba.core.dispatcher import Dispatcher
from organism.mind.metabolism import build, fused, loops, simd, tape
build.prepare("tape")
for module in (loops, fused, tape):
    for part in vars(module).values():
        for argument in (1, 1.5, True, None, numpy.zeros(64), numpy.zeros(64, numpy.int64)):
            if isinstance(part, Dispatcher):
                try:
                    part(*[argument] * len(inspect.signature(part.py_func).parameters))
                except Exception:
                    pass
    print(sum(isinstance(part, Dispatcher) for part in vars(module).values()))
"""


@pytest.mark.slow
def test_what_kernels_call_can_be_called_from_python_and_gives_a_result_or_an_error(tmp_path):
    options = {"env": os.environ | {"XDG_CACHE_HOME": str(tmp_path)}, "text": True, "timeout": 120}
    ran = subprocess.run([sys.executable, "-c", CALLS], capture_output=True, check=False, **options)
    assert ran.returncode == 0, ran.stderr
    assert all(int(count) >= 2 for count in ran.stdout.split())


def test_lessons_load_no_compiler():
    code = "import sys, organism.mind.training, organism.mind.weights, organism.mind.sampling, organism.mind.microgpt\n"
    code += "print([name for name in sys.modules if name.partition('.')[0] in ('numba', 'llvmlite')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ran.stdout == "[]\n"
