"""What is told of runs in text: one of them at length (`organism runs show`), and all of a home, a line each.

Trajectory, species, the genes of the ten best beside those of the ten worst and what that suggests, blacklist, the
champion's line of descent, compute spent, and the champion's names.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ..errors import BadInput
from ..events import EvolutionEnd
from ..genes import Genes
from ..life.journal import read_story
from ..story import Organism, Story
from ..view.printer import front
from ..view.sentences import sentence
from ..view.table import table
from ..view.words import bar, describe
from .findings import contrasts


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run in short, or in `complaint` why its journal can't be read.

    best: see `Story.best`. course: the best of each generation, in the same unit. seconds: of the search.
    """

    run: str
    created: str = ""
    objective: str = ""
    corpus: str = ""
    generations: int = 0
    best: float | None = None
    course: tuple[float, ...] = ()
    evaluations: int = 0
    deaths: int = 0
    seconds: float = 0.0
    champion: int | None = None
    end: EvolutionEnd | None = None
    state: str = "unreadable"
    complaint: str = ""


def summary(path: Path) -> Summary:
    """The run in the journal at `path`, in short."""
    try:
        story = read_story(path)
    except BadInput as error:
        return Summary(path.stem, complaint=str(error))
    return Summary(
        run=story.name,
        created=story.first.created_at,
        objective=story.objective,
        corpus=story.first.corpus,
        generations=story.completed,
        best=story.best,
        course=tuple(best for _, best in story.course),
        evaluations=story.evaluations,
        deaths=story.deaths,
        seconds=story.elapsed,
        champion=story.champion,
        end=story.end,
        state="finished" if story.finished else "unfinished",
    )


def list_lines(summaries: Iterable[Summary]) -> Iterator[str]:
    """Runs as a table; nothing if there's none."""
    rows = [
        (run.run, f"unreadable: {run.complaint}")
        if run.complaint
        else (
            run.run,
            run.created[:19].replace("T", " "),
            run.objective,
            str(run.generations),
            "-" if run.best is None else f"{run.best:.4f}",
            f"{run.seconds:.1f}",
            run.state,
        )
        for run in summaries
    ]
    if rows:
        titles = ("run", "begun (UTC)", "objective", "gens", "best", "seconds", "state")
        yield from table([titles, *rows], "<3 <19 <14 >4 >9 >8  <")


def show_lines(story: Story) -> Iterator[str]:
    """The lines that tell of one run."""
    parts = (_title, _trajectory, _interventions, _genes, _blacklist, front, _confirmed, _lineage, _compute, _names)
    for part in parts:
        lines = list(part(story))
        yield from [""] * bool(lines and part is not _title)
        yield from lines


def _title(story: Story) -> Iterator[str]:
    run, config = story.first, story.first.config
    state = "finished" if story.finished else "unfinished: 'organism runs resume' goes on"
    yield f"{story.name}  ({state})"
    yield (
        f"  objective {run.objective}, seed {run.seed}, corpus {run.corpus}, space {config.space}, "
        f"{config.metabolism} {config.dtype}, begun {run.created_at}"
    )
    yield f"  organism {run.versions.get('organism')}, from {describe(run.genome)}"


def _trajectory(story: Story) -> Iterator[str]:
    """A line a generation, with a bar from the worst mean to the best of its head."""
    if not story.generations:
        yield "no generation was finished"
    for head in story.heads if story.generations else ():
        ends = [end for end in story.generations if end.head == head]
        if head != story.heads[0]:
            yield ""
        yield f"trajectory{f' of the {head}' if head else ''} ({story.aim(head)})"
        low, high = min(end.mean for end in ends), max(end.best for end in ends)
        rows = [["", "best", "mean", "worst", "species", "", "regime", "champion"]]
        for end in ends:
            share = (end.best - low) / (high - low) if high > low else 1.0
            figures = (f"{story.figure(fitness, head):.4f}" for fitness in (end.best, end.mean, end.worst))
            alone = " (monoculture)" if end.species == 1 else ""
            last = str(end.species), bar(share), end.regime, f"{end.champion}{alone}"
            rows.append([str(end.generation), *figures, *last])
        yield from table(rows, "  >3 >9 >9 >9 >7 <20  <13 <")


def _interventions(story: Story) -> Iterator[str]:
    if story.interventions:
        yield "what a person, or the clock, did"
    for event in story.interventions:
        yield f"  generation {event.generation}: {sentence(event, story)[0]}"


def _genes(story: Story) -> Iterator[str]:
    """The genes of the best and of the worst, and what that suggests."""
    n, found = contrasts(story)
    if not found:
        return
    by = " by validation loss" if story.is_hydra else ""
    yield f"genes of the best {n} and the worst {n}{by}, medians, and how often one of the best has more"
    rows = ((c.gene, f"{c.best:.4g}", f"{c.worst:.4g}", f"{c.share:.0%}", c.reading) for c in found)
    yield from table(rows, "  <14 >10 >10 >6  <")


def _blacklist(story: Story) -> Iterator[str]:
    """Species judged twice above the bigram floor."""
    if story.blacklist:
        yield f"blacklist: twice worse than bigram counts ({story.floor:.4f})"
    for species in story.blacklist:
        yield f"  {describe(species)}"


def _confirmed(story: Story) -> Iterator[str]:
    """The confirmed, with their honest loss whatever was selected for."""
    if story.confirmed:
        yield f"confirmed on three seeds of their own ({story.objective}; honest loss beside it)"
    for event in story.confirmed:
        fitness, loss = event.fitness, event.validation_loss
        crown = "  (champion)" if story.end and event.id == story.end.champion else ""
        yield (
            f"  {event.id:>4}  {story.figure(fitness.mean):.4f} ± {fitness.sd:.4f}  validation "
            f"{loss.mean:.4f} ± {loss.sd:.4f}, test {event.test_loss:.4f}{crown}"
        )
    if story.end and story.confirmed:
        yield f"  ended by: {story.end.reason}"


def _lineage(story: Story) -> Iterator[str]:
    """The champion's line, from mother to mother, back to one that had none."""
    line: list[Organism] = []
    id = story.champion
    while id in story.organisms:
        line.append(story.organisms[id])
        id = line[-1].parents[0] if line[-1].parents else None
    if line:
        yield "the champion's line"
    told: Genes | None = None
    for organism in reversed(line):
        if organism.genes != told:
            father = f" x {organism.parents[1]}" if len(organism.parents) > 1 else ""
            yield (
                f"  generation {organism.generation:>3}  {organism.id:>4} {organism.origin:<10}{father:<7} "
                f"{describe(organism.genes)}"
            )
        told = organism.genes


def _compute(story: Story) -> Iterator[str]:
    compute = math.fsum(event.compute for event in story.trainings)
    seconds = math.fsum(event.seconds for event in story.trainings)
    yield (
        f"compute: {story.evaluations} trainings ({story.deaths} organisms died), {compute:.2e} parameters x tokens, "
        f"{seconds:.1f} s of workers, {story.elapsed:.1f} s of search, resumed {story.resumed} times"
    )


def _names(story: Story) -> Iterator[str]:
    """What the champion dreamt when it was last judged."""
    organisms = story.organisms
    dreams = [e for e in story.trainings if e.id in organisms and organisms[e.id].genes == story.winner]
    if dreams:
        last = dreams[-1]
        yield f"it dreams: {' '.join(last.names)}"
        yield (
            f"  flow {last.flow:.3f}, symmetry {last.symmetry:.3f}, creativity {last.creativity:.3f}, "
            f"beauty {last.beauty:.3f}, classic {last.classic:.2f}, classic loss {last.classic_loss:.4f}, "
            f"honest loss {last.validation_loss:.4f}"
        )
