"""The one progress bar: of a training, an evolution, a compilation, a benchmark, a sweep and a download."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress() -> Iterator[Callable[[str, float | None], None]]:
    """A function to be told what is being done and which share of it is done, None where nobody can know.

    It keeps a bar on standard error if that is a terminal, and does nothing otherwise; told nothing, it hides the bar.
    """
    if not sys.stderr.isatty():
        yield lambda said, share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("  "), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    # Where results go to the same terminal, they must pass by way of the bar; elsewhere they mustn't.
    shared = sys.stdout.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=shared) as bars:
        task = bars.add_task("", total=None, visible=False)

        def show(said: str, share: float | None) -> None:
            total = None if share is None else 1.0
            bars.update(task, description=said, completed=share or 0.0, total=total, visible=bool(said))

        yield show
