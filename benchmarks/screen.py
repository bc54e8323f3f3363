"""How the screen behaves while two workers train flat out: first paint, the event loop's delay, the interface's CPU.

    python benchmarks/screen.py [--seconds 8] [--sizes 80x24,200x60] [--json]

Each size gets a pseudo-terminal of its own with the real command in it. First paint is the time from the start of the
process until the creature's vital signs have reached the terminal. The delay is how late a callback is that asked to be
woken in 5 ms; the CPU share is that of the whole process of the screen, its threads included, on one core. The workers
aren't in it: they are processes of their own.
"""

import argparse
import asyncio
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

SPACE = """\
n_embd = [32]
n_head = [1, 2, 4]
n_layer = [1, 2, 3]
block_size = [16]
mlp_ratio = [1, 2, 3, 4]
learning_rate = { min = 0.001, max = 0.05 }
num_steps = { min = 1900, max = 2000 }
batch_size = [4]
"""
TABS = ("Life", "Loss", "Beauty", "Genome", "Population", "Runs")
TICK = 0.005


def inside(folder: Path, seconds: float, report: Path) -> None:
    """Open the screen on an evolution, look at each tab for some seconds, and write down how it went."""
    from organism.home import Home
    from organism.life.plan import Plan
    from tui import app as application
    from tui import main

    found: dict[str, dict[str, float]] = {}

    class Measured(application.OrganismApp):
        def on_ready(self) -> None:
            self.run_worker(self.measure())

        async def measure(self) -> None:
            while not self.controller.snapshot.evaluations:
                await asyncio.sleep(0.05)
            for number, name in enumerate(TABS, start=1):
                await self.action_tab(number)
                await asyncio.sleep(0.5)
                found[name] = await self.one_tab()
            report.write_text(json.dumps(found))
            self.exit()

        async def one_tab(self) -> dict[str, float]:
            delays: list[float] = []
            began, cpu = time.perf_counter(), time.process_time()
            while time.perf_counter() - began < seconds:
                due = time.perf_counter() + TICK
                await asyncio.sleep(TICK)
                delays.append(1000 * (time.perf_counter() - due))
            share = (time.process_time() - cpu) / (time.perf_counter() - began)
            delays.sort()
            at = lambda q: delays[min(len(delays) - 1, int(q * len(delays)))]  # noqa: E731
            return {"p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": delays[-1], "cpu": share}

    main.OrganismApp = Measured
    plan = Plan(seed=1, generations=10_000, population=8, space=str(folder / "space.toml"))
    main.evolve(Home(folder / "home"), plan, workers=2)


def outside(size: tuple[int, int], seconds: float) -> dict:
    """Give the screen a terminal of that size, and time what comes out of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "space.toml").write_text(SPACE)
        report = folder / "report.json"
        began = time.perf_counter()
        child, terminal = pty.fork()
        if not child:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            arguments = ["--inside", name, "--seconds", str(seconds), "--report", str(report)]
            os.execv(sys.executable, [sys.executable, __file__, *arguments])
        first_paint = _read_to_the_end(child, terminal, began, len(TABS) * (seconds + 1) + 60)
        if not report.exists():
            raise SystemExit("the screen ended before it was measured")
        return {"size": f"{size[0]}x{size[1]}", "first_paint_s": first_paint, "tabs": json.loads(report.read_text())}


def _read_to_the_end(child: int, terminal: int, began: float, patience: float) -> float | None:
    """Drain the terminal as a real one would; the second at which the vital signs came."""
    seen, first_paint = b"", None
    while time.perf_counter() - began < patience:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            content = os.read(terminal, 1 << 16)
        except OSError:
            break
        if first_paint is None:
            seen += content
            if b"Vital signs" in seen:
                first_paint = time.perf_counter() - began
    else:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    return first_paint


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="for each tab")
    parser.add_argument("--sizes", default="80x24,200x60")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--report", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(Path(options.inside), options.seconds, Path(options.report))
        return
    results = []
    for size in options.sizes.split(","):
        width, _, height = size.partition("x")
        results.append(outside((int(width), int(height)), options.seconds))
        if not options.json:
            print(f"{size}: first paint {results[-1]['first_paint_s']:.2f} s")
            for tab, figures in results[-1]["tabs"].items():
                delay = "  ".join(f"{q} {figures[f'{q}_ms']:5.1f}" for q in ("p50", "p99", "max"))
                print(f"  {tab:<11} loop delay (ms) {delay}   interface {figures['cpu']:4.0%} of a core", flush=True)
    if options.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
