"""The story of a run in text: the ancestor's report (`organism runs show`), and all runs of a home, a line each.

Trajectory, species, the genes of the ten best beside those of the ten worst and what that suggests, blacklist, the
champion's line of descent, compute spent, and the champion's names.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from ..errors import BadInput
from ..events import AnyEvent, GenerationEnd, sign
from ..genes import Genes
from ..life.journal import read_events
from ..story import aim_of, contrasts, tell
from ..view.printer import deed
from ..view.words import bar, describe, describe_species


class Summary(msgspec.Struct, frozen=True):
    """A run in one line. `best` is in the objective's own unit; of a hydra, a mean rank, once it's confirmed."""

    run: str
    created: str
    objective: str
    generations: int
    best: float | None
    seconds: float
    state: str


def summary(path: Path) -> Summary | str:
    """A run in short, or why it can't be read."""
    try:
        story = tell(read_events(path), path.stem)
    except BadInput as error:
        return str(error)
    best = [story.end.fitness] if story.end else [end.best for end in story.generations if not story.is_hydra]
    return Summary(
        run=story.stem,
        created=story.run.created_at,
        objective=story.run.objective,
        generations=story.completed,
        best=sign(story.run.objective) * max(best) if best else None,
        seconds=story.elapsed,
        state="finished" if story.finished else "unfinished",
    )


def list_lines(paths: Sequence[Path]) -> Iterator[str]:
    """The runs of a home as a table; nothing if there's none."""
    if not paths:
        return
    width = max([3, *(len(path.stem) for path in paths)])
    yield f"{'run':<{width}} {'begun (UTC)':<19} {'objective':<14} {'gens':>4} {'best':>9} {'seconds':>8}  state"
    for path in paths:
        held = summary(path)
        if isinstance(held, str):
            yield f"{path.stem:<{width}} unreadable: {held}"
            continue
        best = "-" if held.best is None else f"{held.best:.4f}"
        yield (
            f"{held.run:<{width}} {held.created[:19].replace('T', ' '):<19} {held.objective:<14} "
            f"{held.generations:>4} {best:>9} {held.seconds:>8.1f}  {held.state}"
        )


class Chronicle:
    """The lines that tell of one run."""

    def __init__(self, name: str, events: Sequence[AnyEvent]):
        self.story = tell(events, name)

    def lines(self) -> Iterator[str]:
        """The whole report."""
        yield from self.title()
        yield from self.trajectory()
        yield from self.acts()
        yield from self.genes_of_extremes()
        yield from self.blacklist()
        yield from self.front()
        yield from self.confirmations()
        yield from self.lineage()
        yield from self.compute()
        yield from self.demonstration()

    def title(self) -> Iterator[str]:
        run, config = self.story.run, self.story.run.config
        state = "finished" if self.story.finished else "unfinished: 'organism runs resume' goes on"
        yield f"{self.story.stem}  ({state})"
        yield (
            f"  objective {run.objective}, seed {run.seed}, corpus {run.corpus}, space {config.space}, "
            f"{config.metabolism} {config.dtype}, begun {run.created_at}"
        )
        yield f"  organism {run.versions.get('organism')}, from {describe(run.genome)}"

    def trajectory(self) -> Iterator[str]:
        """A line a generation, with a bar from the worst mean to the best of its head."""
        if not self.story.generations:
            yield ""
            yield "no generation was finished"
            return
        by_head: dict[str | None, list[GenerationEnd]] = {}
        for end in self.story.generations:
            by_head.setdefault(end.head, []).append(end)
        for head, ends in by_head.items():
            aim = aim_of(self.story, head)
            yield ""
            yield f"trajectory{f' of the {head}' if head else ''} ({aim})"
            yield f"  {'':>3} {'best':>9} {'mean':>9} {'worst':>9} {'species':>7} {'':<20}  {'regime':<13} champion"
            low, high = min(end.mean for end in ends), max(end.best for end in ends)
            unit = sign(aim)
            for end in ends:
                share = (end.best - low) / (high - low) if high > low else 1.0
                alone = " (monoculture)" if end.species == 1 else ""
                yield (
                    f"  {end.generation:>3} {unit * end.best:>9.4f} {unit * end.mean:>9.4f} {unit * end.worst:>9.4f} "
                    f"{end.species:>7} {bar(share)}  {end.regime:<13} {end.champion}{alone}"
                )

    def acts(self) -> Iterator[str]:
        if self.story.meddling:
            yield ""
            yield "what a person, or the clock, did"
        for event in self.story.meddling:
            yield f"  generation {event.generation}: {deed(event)}"

    def genes_of_extremes(self) -> Iterator[str]:
        """The genes of the best and of the worst, and what that suggests."""
        n, found = contrasts(self.story)
        if not found:
            return
        by = " by validation loss" if self.story.is_hydra else ""
        yield ""
        yield f"genes of the best {n} and the worst {n}{by}, medians, and how often one of the best has more"
        for contrast in found:
            yield (
                f"  {contrast.gene:<14} {contrast.best:>10.4g} {contrast.worst:>10.4g} {contrast.share:>6.0%}  "
                f"{contrast.reading}"
            )

    def blacklist(self) -> Iterator[str]:
        """Species judged twice above the bigram floor."""
        barred = self.story.blacklist
        if barred:
            yield ""
            yield f"blacklist: twice worse than bigram counts ({self.story.floor:.4f})"
            for species in barred:
                yield f"  {describe_species(species)}"

    def front(self) -> Iterator[str]:
        last = self.story.front
        if last is None:
            return
        yield ""
        yield f"front{'':>5}{'validation loss':>16} {'beauty':>8} {'compute':>9}"
        for standing in sorted(last.standings, key=lambda standing: standing.compute):
            knee = "  (the knee)" if standing.id == last.knee else ""
            yield (
                f"  {standing.id:>8}{standing.validation_loss:>16.4f} {standing.beauty:>8.4f} "
                f"{standing.compute:>9.1e}  {describe(standing.genes)}{knee}"
            )

    def confirmations(self) -> Iterator[str]:
        """The confirmed, with their honest loss whatever was selected for."""
        end, objective = self.story.end, self.story.run.objective
        if not self.story.confirmed:
            return
        yield ""
        unit = sign(objective)
        yield f"confirmed on three seeds of their own ({objective}; honest loss beside it)"
        for event in self.story.confirmed:
            crown = "  (champion)" if end and event.id == end.champion else ""
            yield (
                f"  {event.id:>4}  {unit * event.fitness.mean:.4f} ± {event.fitness.sd:.4f}  validation "
                f"{event.validation_loss.mean:.4f} ± {event.validation_loss.sd:.4f}, test {event.test_loss:.4f}{crown}"
            )
        if end:
            yield f"  ended by: {end.reason}"

    def lineage(self) -> Iterator[str]:
        """The champion's line, from mother to mother, back to one that had none."""
        organisms, champion = self.story.organisms, self.story.champion
        if champion is None or champion not in organisms:
            return
        yield ""
        yield "the champion's line"
        line = [organisms[champion].born]
        while line[-1].parents and line[-1].parents[0] in organisms:
            line.append(organisms[line[-1].parents[0]].born)
        told: Genes | None = None
        for event in reversed(line):
            if event.genes != told:
                father = f" x {event.parents[1]}" if len(event.parents) > 1 else ""
                yield (
                    f"  generation {event.generation:>3}  {event.id:>4} {event.origin:<10}{father:<7} "
                    f"{describe(event.genes)}"
                )
            told = event.genes

    def compute(self) -> Iterator[str]:
        story, trained = self.story, self.story.trainings
        compute = math.fsum(float(event.params) * event.tokens for event in trained)
        seconds = math.fsum(event.seconds for event in trained)
        yield ""
        yield (
            f"compute: {len(trained)} trainings ({story.deaths} organisms died), {compute:.2e} parameters x tokens, "
            f"{seconds:.1f} s of workers, {story.elapsed:.1f} s of search, resumed {story.resumed} times"
        )

    def demonstration(self) -> Iterator[str]:
        """What the champion dreamt when it was last judged."""
        organisms, winner = self.story.organisms, self.story.winner
        dreams = [e for e in self.story.trainings if e.id in organisms and organisms[e.id].born.genes == winner]
        if dreams:
            last = dreams[-1]
            yield ""
            yield f"it dreams: {' '.join(last.names)}"
            yield (
                f"  flow {last.flow:.3f}, symmetry {last.symmetry:.3f}, creativity {last.creativity:.3f}, "
                f"beauty {last.beauty:.3f}, classic {last.classic:.2f}, classic loss {last.classic_loss:.4f}, "
                f"honest loss {last.validation_loss:.4f}"
            )
