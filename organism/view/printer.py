"""A life in lines of text: what `--headless` prints for people. It reads the one event stream, and nothing else.

Results go to standard output; a bar that shows how far the work has come goes to standard error, on a terminal only.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from statistics import fmean

from ..events import Dream, Event, EvolutionEnd, GenerationEnd, GenerationStart, Judged, TrainEnd, TrainStart, TrainStep
from ..story import Learning, Story
from .progress import progress
from .sentences import DETAIL, sentence
from .table import table
from .words import STAGE_SIGNS, bar, describe, figure

FORM = "    >3 <7>9 >9 >9 >7  <20  <"
NAMES = 8  # that are set beside each other


def print_life(events: Iterable[Event], story: Story | None = None) -> None:
    """Print a life as it happens; `story` is what was told before an interruption, and was printed then."""
    story = story or Story()
    with progress() as show:
        for event in events:
            story.tell(event)
            for line in lines(event, story):
                print(line, flush=True)
            show(*doing(story))


def lines(event: Event, story: Story) -> Iterator[str]:
    """What to print of one event, which `story` was told last: its sentence, unless a table says it."""
    text, kind = sentence(event, story)
    if kind in STAGE_SIGNS:
        yield ""
        yield f"{STAGE_SIGNS[kind]} {text}"
    elif kind != DETAIL and not isinstance(event, GenerationStart | Judged | GenerationEnd):
        yield f"    {text}"
    yield from _tables(event, story)


def _tables(event: Event, story: Story) -> Iterator[str]:
    """What a table says of one event, or the table that it completes."""
    match event:
        case GenerationEnd():
            yield from _generation(event, story)
        case EvolutionEnd():
            yield from front(story, "    ")
        case Dream():
            yield f"    dreams: {' '.join(event.names)}"
            if len(story.lives) == 2:
                yield from _compared(*story.lives)


def _generation(event: GenerationEnd, story: Story) -> Iterator[str]:
    """A line with best, mean and worst in the objective's own unit, and a bar of what was gained since the first.

    It's as long as what the best has gained on the first mean, of that and what the first best had gained.
    """
    first = next(end for end in story.generations if end.head == event.head)
    gain, first_gain = event.best - first.mean, first.best - first.mean
    figures = [figure(story.figure(value, event.head)) for value in (event.best, event.mean, event.worst)]
    notes = (["monoculture"] if event.species == 1 else []) + ([event.regime] if event.regime != "normal" else [])
    row = (str(event.generation), event.head or "", *figures, str(event.species))
    row += bar(gain / (gain + first_gain or 1.0)), ", ".join([describe(event.genes), *notes])
    titles = ("", "head" if event.head else "", "best", "mean", "worst", "species")
    head, line = table([titles, row], FORM)
    if len(story.generations) == 1:
        yield head
    yield line


def front(story: Story, indent: str = "") -> Iterator[str]:
    """Whom no other surpasses in a Pareto search, the cheapest first."""
    if story.front is None:
        return
    rows = [["front", "validation loss", "beauty", "compute"]]
    for standing in sorted(story.front.standings, key=lambda standing: standing.compute):
        knee = "  (the knee)" if standing.id == story.front.knee else ""
        losses = figure(standing.validation_loss), figure(standing.beauty), f"{standing.compute:.1e}"
        rows.append([str(standing.id), *losses, describe(standing.genes) + knee])
    yield from table(rows, f"{indent}>8 >16 >8 >9  <")


def _compared(was: Learning, now: Learning) -> Iterator[str]:
    """Two lives of one creature side by side."""
    rows = [
        ["", f"was {was.stage}", f"is {now.stage}"],
        ["parameters", f"{was.start.params:,}", f"{now.start.params:,}"],
    ]
    for label, field in (("validation loss", "validation_loss"), ("test loss", "test_loss")):
        rows.append([label, *(figure(getattr(life.end, field)) for life in (was, now))])
    for label, *names in zip(["names", *[""] * (NAMES - 1)], was.names, now.names, strict=False):
        rows.append([label, *names])
    yield ""
    yield from table(rows, "    <16 >16 >16")


def print_training(events: Iterable[Event]) -> None:
    """Print a training as microgpt.py does; a bar says how far it is where nobody sees the lines that do."""
    story = Story()
    with progress() as show:
        for event in events:
            story.tell(event)
            if isinstance(event, TrainStart):
                print(
                    f"num docs: {event.documents}\nvocab size: {event.vocab_size}\nnum params: {event.params}",
                    flush=True,
                )
            else:
                _print_learnt(event, story.lives[-1].start.genes.num_steps)
            if not sys.stdout.isatty():
                show(*doing(story))


def _print_learnt(event: Event, num_steps: int) -> None:
    match event:
        case TrainStep(step, loss):
            print(f"step {step:4d} / {num_steps:4d} | loss {loss:.4f}")
        case TrainEnd(_, validation_loss, test_loss) if validation_loss is not None:
            print(f"validation loss {validation_loss:.4f}, test loss {test_loss:.4f}", flush=True)
        case Dream(names):
            for i, name in enumerate(names, start=1):
                print(f"sample {i:2d}: {name}")


def doing(story: Story) -> tuple[str, float | None]:
    """What is being done, in a few words, and which share of it is done; nothing while nobody is in training."""
    if story.lives and not story.lives[-1].end:
        step, loss = story.lives[-1].curve[-1] if story.lives[-1].curve else (0, None)
        return f"step {step}, loss {figure(loss)}", story.lives[-1].share
    if story.stage == "evolving" and story.members and not story.end:
        return f"generation {story.generation}", fmean(organism.share for organism in story.population)
    return "", None


@contextmanager
def compiling(what: str):
    """Say on standard error that `what` is being compiled; on a terminal, for how long already."""
    said = f"compiling {what} (a few seconds)"
    if not sys.stderr.isatty():
        print(f"{said} ...", file=sys.stderr, flush=True)
    with progress() as show:
        show(said, None)
        yield
