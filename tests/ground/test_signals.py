"""Being told to end, at the worst moments: nothing swallows a signal, and nobody has to say it a third time."""

import subprocess
import sys

import pytest

WAITING = "import signal, time, os, threading\nfrom organism.signals import Signalled, heed\nheed()\n"


def told(script: str) -> int:
    """The status with which a process ends that runs `script` and then waits, unless a signal is heard."""
    ending = "    time.sleep(30)\nexcept Signalled as signalled:\n    os._exit(128 + signalled.number)\n"
    lines = "".join(f"    {line}\n" for line in script.splitlines())
    return subprocess.run([sys.executable, "-c", f"{WAITING}try:\n{lines}{ending}"], timeout=20).returncode


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_in_a_destructor_is_heard_afterwards(name):
    dying = f"class Dying:\n    def __del__(self):\n        signal.raise_signal(signal.{name})\nDying()"
    assert told(dying) == {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}[name]


def test_a_signal_during_an_import_that_catches_everything_is_heard_afterwards(tmp_path):
    (tmp_path / "greedy.py").write_text(
        "import signal, time\ntry:\n    signal.raise_signal(signal.SIGINT)\n    time.sleep(0.2)\nexcept:\n    pass\n"
    )
    assert told(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport greedy") == 130


def test_a_second_signal_does_not_cut_the_clearing_up_short():
    clearing = "try:\n    signal.raise_signal(signal.SIGINT)\nfinally:\n    signal.raise_signal(signal.SIGTERM)"
    assert told(clearing) == 130


@pytest.mark.slow
def test_told_with_its_whole_group_it_ends_without_a_traceback(tmp_path, tiny):
    """As a terminal sends Ctrl-C: the fork server, which is being started, hears it as well."""
    flags = ["--home", str(tmp_path), "--data", str(tiny / "tiny.txt"), "--space", str(tiny / "tiny.toml")]
    script = f"""
import os, signal, sys
from multiprocess import forkserver
started = forkserver.ensure_running
def ensure_running():
    started()
    os.killpg(0, signal.SIGINT)
forkserver.ensure_running = ensure_running
sys.argv = ["organism", "evolve", "--headless", *{flags!r}]
from organism.__main__ import main
sys.exit(main())
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, start_new_session=True)
    assert ran.returncode == 130
    assert "Traceback" not in ran.stderr


@pytest.mark.slow
def test_a_signal_while_the_command_is_still_being_imported_ends_it():
    script = """
import signal, sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "cyclopts":
            signal.raise_signal(signal.SIGTERM)
            time.sleep(0.2)
sys.meta_path.insert(0, Slow())
sys.argv = ["organism", "--version"]
from organism.__main__ import main
sys.exit(main())
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (143, "")
