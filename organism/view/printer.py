"""A life in lines of text: what `--headless` prints for people. It reads the one event stream, and nothing else.

Results go to standard output; a bar that shows how far the work has come goes to standard error, on a terminal only.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..corpus import FEW
from ..events import (
    HEADS,
    Abandoned,
    Act,
    Born,
    Confirmed,
    Died,
    Dream,
    Event,
    EvolutionEnd,
    Extinct,
    Front,
    Gathering,
    GenerationEnd,
    GenerationStart,
    GenomeWritten,
    Judged,
    Progress,
    Resumed,
    Run,
    Stage,
    TrainEnd,
    TrainStart,
    TrainStep,
    Worker,
    sign,
)
from .words import STAGE_SIGNS, bar, describe


def deed(event: Act | Abandoned) -> str:
    """What a person did, or what became of the generation, in a few words."""
    if isinstance(event, Abandoned):
        return f"abandoned ({event.reason})"
    what = event.id if event.id is not None else event.generations
    return event.verb if what is None else f"{event.verb} {what}"


class Printer:
    """Turns events into lines. It remembers what it needs to set one beside another."""

    def __init__(self):
        self.lives: list[tuple[str, TrainStart, TrainEnd, tuple[str, ...]]] = []
        self.stage = ""
        self.start: TrainStart | None = None
        self.end: TrainEnd | None = None
        self.firsts: dict[str | None, GenerationEnd | None] = {}
        self.objective = "loss"
        self.fronted = 0
        self.evolving = False

    def lines(self, event: Event) -> Iterator[str]:
        """What to print of one event."""
        match event:
            case Run():
                yield from self._run(event)
            case Resumed():
                yield f"  resumed with {event.workers} workers; what was done before isn't done again"
            case Stage(stage, saying):
                self.stage = stage
                yield ""
                yield f'{STAGE_SIGNS.get(stage, "?")} {stage}  "{saying}"'
            case TrainStart(genes, _, _, params):
                self.start = event
                yield f"    {describe(genes)}: {params:,} parameters"
            case TrainEnd():
                self.end = event
                yield f"    {_losses(event)}, {event.seconds:.1f} s"
            case Dream(names):
                yield f"    dreams: {' '.join(names)}"
                yield from self._lived(names)
            case Worker(state="compiling"):
                yield f"  compiling {event.reason} (a few seconds) ..."
            case Worker(state="died" | "stuck"):
                yield f"    worker {event.worker} {event.state} ({event.reason}); another takes its place"
            case GenerationStart(1, head=head):
                if not self.firsts:
                    title = "head" if head else ""
                    yield f"    {'':>3} {title:<7}{'best':>9} {'mean':>9} {'worst':>9} {'species':>7}"
                self.firsts.setdefault(head, None)
            case GenerationStart(regime="championship" | "cataclysm"):
                where = f" of the {event.head}" if event.head else ""
                yield f"    {event.regime}{where}: no progress lately, so the next generation is bred differently"
            case GenerationEnd():
                yield from self._generation(event)
            case Died():
                yield f"    organism {event.id} died: {event.reason}"
            case Gathering(cycle, champions):
                sent = ", ".join(f"{head} sends {id}" for head, id in champions.items())
                yield f"    the Gathering of cycle {cycle}: {sent}"
            case Front():
                yield from self._front(event)
            case Abandoned(generation, reason):
                yield f"    generation {generation} is abandoned ({reason})"
            case Act(_, generation):
                yield f"    act: {deed(event)} in generation {generation}"
            case Confirmed():
                yield self._confirmed(event)
            case EvolutionEnd():
                yield (
                    f"    champion {event.champion} after {event.evaluations} trainings in {event.seconds:.1f} s "
                    f"({event.reason}): {describe(event.genes)}"
                )
            case Extinct(generation):
                yield f"    nothing lives any more in generation {generation}"
            case GenomeWritten(path):
                yield f"    wrote its genes over {path}"

    def _run(self, event: Run) -> Iterator[str]:
        config = event.config
        self.objective = event.objective
        yield (
            f"organism: seed {event.seed}, objective {event.objective}, {config.generations} generations of "
            f"{config.population}, space {config.space}, {config.metabolism} {config.dtype}, "
            f"{event.workers} workers"
        )
        yield f"  corpus {event.corpus}: bigram counts reach a validation loss of {config.bigram_loss:.4f}"
        if config.documents < FEW:
            yield f"  only {config.documents} distinct documents: held-out fitness is mostly noise"

    def _generation(self, event: GenerationEnd) -> Iterator[str]:
        """A line with best, mean and worst in the objective's own unit, and a bar of what was gained since the first.

        It's as long as what the best has gained on the first mean, of that and what the first best had gained.
        """
        unit = sign(HEADS.get(event.head or "", self.objective))
        first = self.firsts[event.head] = self.firsts.get(event.head) or event
        gain, first_gain = event.best - first.mean, first.best - first.mean
        share = gain / (gain + first_gain or 1.0)
        kinds = f"{event.species:>7}" + (" (monoculture)" if event.species == 1 else "")
        yield (
            f"    {event.generation:>3} {event.head or '':<7}{unit * event.best:>9.4f} {unit * event.mean:>9.4f} "
            f"{unit * event.worst:>9.4f} {kinds}  {bar(share)}  {describe(event.genes)}"
        )

    def _confirmed(self, event: Confirmed) -> str:
        """The honest losses, and before them what was selected for, where that is something else."""
        fitness, loss = event.fitness, event.validation_loss
        aim = (
            ""
            if self.objective == "loss"
            else f"{self.objective} {sign(self.objective) * fitness.mean:.4f} ± {fitness.sd:.4f}, "
        )
        return (
            f"    confirmed {event.id}: {aim}validation loss {loss.mean:.4f} ± {loss.sd:.4f} (n = {loss.n}), "
            f"test loss {event.test_loss:.4f}, {describe(event.genes)}"
        )

    def _front(self, event: Front) -> Iterator[str]:
        """One line a generation; after the confirmation, everyone on it."""
        if event.generation > self.fronted:
            self.fronted = event.generation
            yield f"        the front holds {len(event.ids)}, its knee is {event.knee}"
            return
        yield f"    the front{'validation loss':>20} {'beauty':>8} {'compute':>10}"
        for standing in sorted(event.standings, key=lambda standing: standing.compute):
            knee = "  (the knee)" if standing.id == event.knee else ""
            yield (
                f"    {standing.id:>9}{standing.validation_loss:>20.4f} {standing.beauty:>8.4f} "
                f"{standing.compute:>10.1e}  {describe(standing.genes)}{knee}"
            )

    def _lived(self, names: tuple[str, ...]) -> Iterator[str]:
        """After the second of two lives, the two side by side."""
        if self.start is None or self.end is None:
            return
        self.lives.append((self.stage, self.start, self.end, names))
        if len(self.lives) != 2:
            return
        (was, start, end, old), (now, new_start, new_end, new) = self.lives
        yield ""
        yield f"    {'':<16} {'was ' + was:>16} {'is ' + now:>16}"
        yield f"    {'parameters':<16} {start.params:>16,} {new_start.params:>16,}"
        for label, before, after in (
            ("validation loss", end.validation_loss, new_end.validation_loss),
            ("test loss", end.test_loss, new_end.test_loss),
        ):
            yield f"    {label:<16} {before or 0:>16.4f} {after or 0:>16.4f}"
        for label, before, after in zip(["names", *[""] * 7], old, new, strict=False):
            yield f"    {label:<16} {before:>16} {after:>16}"


def _losses(event: TrainEnd) -> str:
    held_out = (
        f", validation loss {event.validation_loss:.4f}, test loss {event.test_loss:.4f}"
        if event.validation_loss is not None and event.test_loss is not None
        else ""
    )
    return f"training loss {event.loss:.4f}{held_out}"


def print_life(events: Iterable[Event], before: Iterable[Event] = ()) -> None:
    """Print a life as it happens; what came `before` an interruption was printed then, and only gives it sense."""
    printer = Printer()
    for event in before:
        for _ in printer.lines(event):
            pass
    with progress_bar() as show:
        for event in events:
            for line in printer.lines(event):
                print(line, flush=True)
            show(event)


@contextmanager
def compiling(what: str):
    """Say on standard error that `what` is being compiled; on a terminal, for how long already."""
    said = f"compiling {what} (a few seconds)"
    if not sys.stderr.isatty():
        print(f"{said} ...", file=sys.stderr, flush=True)
        yield
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True)) as bars:
        bars.add_task(said, total=None)
        yield


@contextmanager
def progress_bar(beside_lines: bool = False):
    """A function to be shown each event, which keeps a bar on standard error up to date.

    It does nothing where that isn't a terminal, or where a line of output for every step shows as much.
    """
    if beside_lines or not sys.stderr.isatty():
        yield lambda event: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("    {task.description}"),
        BarColumn(),
        TextColumn("{task.fields[what]}"),
        TimeElapsedColumn(),
    )
    # Where results go to the same terminal, they must pass by way of the bar; elsewhere they mustn't.
    shared = sys.stdout.isatty()
    with Bar(*columns, console=Console(stderr=True), transient=True, redirect_stdout=shared) as bars:
        task = bars.add_task("", total=None, visible=False, what="")
        shares: dict[int, tuple[int, float]] = {}

        def show(event: Event) -> None:
            match event:
                case TrainStart(genes):
                    bars.reset(task, total=genes.num_steps, visible=True, description="training", what="")
                case TrainStep(step, loss):
                    bars.update(task, completed=step, what=f"step {step}, loss {loss:.4f}")
                case GenerationStart(generation, _, population):
                    shares.clear()
                    bars.reset(task, total=population, visible=True, description=f"generation {generation}", what="")
                case Born(id, genes=genes):
                    shares[id] = genes.num_steps, 0.0
                case Progress(id, _, step, loss) if id in shares:
                    shares[id] = shares[id][0], step / shares[id][0]
                    done = sum(share for _, share in shares.values())
                    bars.update(task, completed=done, what=f"organism {id}, step {step}, loss {loss:.4f}")
                case Judged(id) | Died(id) if id in shares:
                    shares[id] = shares[id][0], 1.0
                    bars.update(task, completed=sum(share for _, share in shares.values()))
                case TrainEnd() | GenerationEnd() | EvolutionEnd():
                    bars.update(task, visible=False)

        yield show
