"""The command in a real terminal: it opens, evolves, leaves the terminal as it was, and leaves no process behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux"), pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PATIENCE = 40.0


class Terminal:
    """A terminal with a shell in it, on a tmux server of its own."""

    def __init__(self, width: int = 100, height: int = 30):
        self.server = ["tmux", "-L", f"organism-{uuid.uuid4().hex[:8]}", "-f", os.devnull]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TMUX")} | {"PS1": "$ ", "TERM": "xterm"}
        start = ["new-session", "-d", "-s", "it", "-x", str(width), "-y", str(height), "sh"]
        subprocess.run([*self.server, *start], env=environment, check=True, cwd=ROOT)

    def tmux(self, *arguments: str) -> str:
        return subprocess.run([*self.server, *arguments], capture_output=True, text=True, check=True).stdout

    def type(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "it", *keys)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "it")

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait until `condition` holds; tmux tells nobody when its screen changes, so it is asked."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{what} never came:\n{self.screen()}"
            time.sleep(0.05)

    def until(self, text: str) -> None:
        self.wait(lambda: text in self.screen(), text)

    def close(self) -> None:
        subprocess.run([*self.server, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def terminal():
    opened = Terminal()
    yield opened
    opened.close()


def family(home: Path) -> list[int]:
    """The processes that have to do with `home`, and all that descend from them or carry its mark."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                marked = f"ORGANISM_TEST={home}".encode() in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if marked and state != "Z":
                found.append(int(entry.name))
    return found


class Opened:
    """The screen, opened in a terminal over a home of its own."""

    def __init__(self, terminal: Terminal, home: Path, tiny: Path, *arguments: str, before: str = ""):
        self.terminal, self.home = terminal, home
        options = [
            "--home",
            home,
            "--data",
            tiny / "tiny.txt",
            "--space",
            tiny / "slow.toml",
            "--seed",
            "1",
            "--workers",
            "2",
        ]
        command = [sys.executable, "-m", "organism", *arguments, *map(str, options)]
        (tiny / "slow.toml").write_text(
            "n_embd = [8]\nn_head = [1, 2]\nn_layer = [1]\nblock_size = [8]\nmlp_ratio = [1, 2]\n"
            "learning_rate = { min = 0.005, max = 0.05 }\nnum_steps = { min = 4000, max = 9000 }\nbatch_size = [1, 2]\n"
        )
        # The mark is for this command alone, not for the shell that outlives it.
        terminal.type(f"{before}ORGANISM_TEST={home} {' '.join(command)}; echo status=$?", "Enter")

    def leader(self) -> int:
        """The process of the screen itself."""
        return min(family(self.home))

    def gone(self) -> bool:
        return not family(self.home)


def journal(home: Path) -> str:
    return "".join(path.read_text() for path in (home / "experiments").glob("*.jsonl"))


def test_start_evolve_switch_tabs_quit(terminal, tmp_path, tiny):
    opened = Opened(terminal, tmp_path, tiny)
    terminal.until("I am unformed")
    terminal.until("it has learnt")
    terminal.type("e")
    terminal.until("I am searching")
    for key, title in zip("23456", ("nats per token", "champion by", "genome.toml", "Lineage", "Best by"), strict=True):
        terminal.type(key)
        terminal.until(title)
    terminal.wait(lambda: '"event":"progress"' in journal(tmp_path), "training")
    assert len(family(tmp_path)) >= 4
    terminal.type("q")
    terminal.until("Leave it now?")
    terminal.type("y")
    terminal.until("status=0")
    assert "runs resume" in terminal.screen()
    assert "Best by" not in terminal.screen()
    terminal.wait(opened.gone, "the end of all processes")
    terminal.type("echo a''live", "Enter")
    terminal.until("alive")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly(terminal, tmp_path, tiny, number, status):
    opened = Opened(terminal, tmp_path, tiny, "evolve")
    terminal.wait(lambda: '"event":"progress"' in journal(tmp_path), "training")
    terminal.until("I am searching")
    os.kill(opened.leader(), number)
    terminal.until(f"status={status}")
    assert "I am searching" not in terminal.screen()
    assert "runs resume" in terminal.screen()
    terminal.wait(opened.gone, "the end of all processes")
    assert journal(tmp_path).endswith("\n")


def test_no_process_outlives_a_kill(terminal, tmp_path, tiny):
    opened = Opened(terminal, tmp_path, tiny, "evolve")
    terminal.wait(lambda: '"event":"progress"' in journal(tmp_path), "training")
    os.kill(opened.leader(), signal.SIGKILL)
    terminal.until("status=137")
    terminal.wait(opened.gone, "the end of all processes")


@pytest.mark.parametrize("before", ["", "setsid -w env "], ids=["told", "untold"])
def test_no_process_outlives_its_terminal(terminal, tmp_path, tiny, before):
    opened = Opened(terminal, tmp_path, tiny, "evolve", before=before)
    terminal.wait(lambda: '"event":"progress"' in journal(tmp_path), "training")
    terminal.close()
    deadline = time.monotonic() + PATIENCE
    while not opened.gone():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_goes_into_the_background_and_comes_back(terminal, tmp_path, tiny):
    Opened(terminal, tmp_path, tiny)
    terminal.until("I am unformed")
    terminal.type("C-z")
    terminal.wait(lambda: "I am unformed" not in terminal.screen(), "the shell")
    terminal.type("fg", "Enter")
    terminal.until("I am unformed")
    terminal.type("q")
    terminal.wait(lambda: "I am unformed" not in terminal.screen(), "the shell")
    terminal.type("echo st''ill here", "Enter")
    terminal.until("still here")


def test_without_a_terminal_it_says_so(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "organism", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        cwd=ROOT,
    )
    assert run.returncode == 2
    assert "needs a terminal" in run.stderr
    assert len(run.stderr.splitlines()) == 1
