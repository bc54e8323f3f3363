"""What a run came to, in text, read off its journal alone: the ancestor's report (`organism runs show`).

Trajectory, species, the genes of the ten best beside those of the ten worst and what that suggests, blacklist, the
champion's line of descent, compute spent, and the champion's names.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev

import msgspec

from ..errors import BadInput
from ..events import (
    HEADS,
    Abandoned,
    Act,
    AnyEvent,
    Born,
    Confirmed,
    Died,
    EvolutionEnd,
    Front,
    GenerationEnd,
    Judged,
    Resumed,
    Run,
    sign,
)
from ..evolution.journal import is_finished, read_events
from ..genome import LIMITS, Genes
from ..printer import bar, describe

EXTREMES = 10
STRONG = 0.8  # Cohen's d from which a difference is called large (Cohen, 1988).
GEOMETRIC = ("learning_rate", "num_steps", "batch_size")


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
        events = read_events(path)
    except BadInput as error:
        return str(error)
    run = events[0]
    assert isinstance(run, Run)
    ends = [event for event in events if isinstance(event, GenerationEnd)]
    confirmed = [event for event in events if isinstance(event, EvolutionEnd)]
    best = [confirmed[-1].fitness] if confirmed else [event.best for event in ends if event.head is None]
    return Summary(
        run=path.stem,
        created=run.created_at,
        objective=run.objective,
        generations=max((event.generation for event in ends), default=0),
        best=sign(run.objective) * max(best) if best else None,
        seconds=max((getattr(event, "elapsed_seconds", 0.0) for event in events), default=0.0),
        state="finished" if is_finished(events) else "unfinished",
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
    """The events of one run, sorted for telling."""

    def __init__(self, name: str, events: Sequence[AnyEvent]):
        run = events[0]
        assert isinstance(run, Run)
        self.name, self.run, self.events = name, run, events
        self.finished = is_finished(list(events))
        self.born = {event.id: event for event in events if isinstance(event, Born)}
        self.trained = [event for event in events if isinstance(event, Judged) and not event.inherited]
        self.ends = [event for event in events if isinstance(event, GenerationEnd)]
        self.end = next((event for event in reversed(events) if isinstance(event, EvolutionEnd)), None)

    def aim(self, head: str | None) -> str:
        """What a head selects for."""
        return HEADS.get(head or "", self.run.objective)

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
        run, config = self.run, self.run.config
        state = "finished" if self.finished else "unfinished: 'organism runs resume' goes on"
        yield f"{self.name}  ({state})"
        yield (
            f"  objective {run.objective}, seed {run.seed}, corpus {run.corpus}, space {config.get('space')}, "
            f"{config.get('metabolism')} {config.get('dtype')}, begun {run.created_at}"
        )
        yield f"  organism {run.versions.get('organism')}, from {describe(run.genome)}"

    def trajectory(self) -> Iterator[str]:
        """A line a generation, with a bar from the worst mean to the best of its head."""
        if not self.ends:
            yield ""
            yield "no generation was finished"
            return
        by_head: dict[str | None, list[GenerationEnd]] = {}
        for end in self.ends:
            by_head.setdefault(end.head, []).append(end)
        for head, ends in by_head.items():
            yield ""
            yield f"trajectory{f' of the {head}' if head else ''} ({self.aim(head)})"
            yield f"  {'':>3} {'best':>9} {'mean':>9} {'worst':>9} {'species':>7} {'':<20}  {'regime':<13} champion"
            low, high = min(end.mean for end in ends), max(end.best for end in ends)
            unit = sign(self.aim(head))
            for end in ends:
                share = (end.best - low) / (high - low) if high > low else 1.0
                alone = " (monoculture)" if end.species == 1 else ""
                yield (
                    f"  {end.generation:>3} {unit * end.best:>9.4f} {unit * end.mean:>9.4f} {unit * end.worst:>9.4f} "
                    f"{end.species:>7} {bar(share)}  {end.regime:<13} {end.champion}{alone}"
                )

    def acts(self) -> Iterator[str]:
        done = [event for event in self.events if isinstance(event, Act | Abandoned)]
        if done:
            yield ""
            yield "what a person, or the clock, did"
        for event in done:
            if isinstance(event, Abandoned):
                yield f"  generation {event.generation} abandoned ({event.reason})"
            else:
                what = event.id if event.id is not None else event.generations
                yield f"  generation {event.generation}: {event.verb}{'' if what is None else f' {what}'}"

    def measured(self) -> list[tuple[float, Genes]]:
        """(fitness, genes), best first: the mean over the search's trainings. Of a hydra, by honest loss."""
        known: dict[Genes, list[float]] = {}
        for event in self.trained:
            if event.replicate < 100 and event.id in self.born:
                fitness = -event.validation_loss if self.run.objective == "hydra" else event.fitness
                known.setdefault(self.born[event.id].genes, []).append(fitness)
        return sorted(((fmean(values), genes) for genes, values in known.items()), key=lambda pair: -pair[0])

    def genes_of_extremes(self) -> Iterator[str]:
        """The genes of the ten best and the ten worst, and what stands out between them."""
        ranked = [genes for _, genes in self.measured()]
        n = min(EXTREMES, len(ranked) // 2)
        if n < 2:
            return
        top, bottom = ranked[:n], ranked[-n:]
        by = " by validation loss" if self.run.objective == "hydra" else ""
        yield ""
        yield f"genes of the best {n} and the worst {n} of {len(ranked)}{by}"
        suggestions = []
        for gene in LIMITS:
            high, low, effect = _compare(gene, top, bottom)
            yield f"  {gene:<14} {high:>10.4g} {low:>10.4g}"
            if abs(effect) >= STRONG:
                suggestions.append(f"{'more' if effect > 0 else 'less'} {gene} (d = {effect:+.1f})")
        yield f"  suggests: {', '.join(suggestions) or 'nothing that stands out of the spread'}"

    def blacklist(self) -> Iterator[str]:
        """Species judged twice above the bigram floor."""
        floor = self.run.config.get("bigram_loss", math.inf)
        poor: Counter[tuple] = Counter()
        for event in self.trained:
            if event.replicate == 0 and event.validation_loss > floor and event.id in self.born:
                poor[self.born[event.id].genes.species] += 1
        barred = sorted(species for species, count in poor.items() if count >= 2)
        if barred:
            yield ""
            yield f"blacklist: twice worse than bigram counts ({floor:.4f})"
            for width, heads, layers, context, mlp in barred:
                yield f"  width {width}, heads {heads}, layers {layers}, context {context}, mlp x{mlp}"

    def front(self) -> Iterator[str]:
        last = next((event for event in reversed(self.events) if isinstance(event, Front)), None)
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
        confirmed = [event for event in self.events if isinstance(event, Confirmed)]
        if not confirmed:
            return
        yield ""
        unit = sign(self.run.objective)
        yield f"confirmed on three seeds of their own ({self.run.objective}; honest loss beside it)"
        for event in confirmed:
            crown = "  (champion)" if self.end and event.id == self.end.champion else ""
            yield (
                f"  {event.id:>4}  {unit * event.fitness.mean:.4f} ± {event.fitness.sd:.4f}  validation "
                f"{event.validation_loss.mean:.4f} ± {event.validation_loss.sd:.4f}, test {event.test_loss:.4f}{crown}"
            )
        if self.end:
            yield f"  ended by: {self.end.reason}"

    def lineage(self) -> Iterator[str]:
        """The champion's line, from mother to mother, back to one that had none."""
        champion = self.end.champion if self.end else self.ends[-1].champion if self.ends else None
        if champion is None or champion not in self.born:
            return
        yield ""
        yield "the champion's line"
        line = [self.born[champion]]
        while line[-1].parents and line[-1].parents[0] in self.born:
            line.append(self.born[line[-1].parents[0]])
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
        compute = math.fsum(float(event.params) * event.tokens for event in self.trained)
        seconds = math.fsum(event.seconds for event in self.trained)
        elapsed = max((getattr(event, "elapsed_seconds", 0.0) for event in self.events), default=0.0)
        dead = sum(isinstance(event, Died) for event in self.events)
        resumed = sum(isinstance(event, Resumed) for event in self.events)
        yield ""
        yield (
            f"compute: {len(self.trained)} trainings ({dead} organisms died), {compute:.2e} parameters x tokens, "
            f"{seconds:.1f} s of workers, {elapsed:.1f} s of search, resumed {resumed} times"
        )

    def demonstration(self) -> Iterator[str]:
        """What the champion dreamt when it was last judged."""
        genes = self.end.genes if self.end else self.ends[-1].genes if self.ends else None
        dreams = [e for e in self.trained if e.id in self.born and self.born[e.id].genes == genes]
        if dreams:
            last = dreams[-1]
            yield ""
            yield f"it dreams: {' '.join(last.names)}"
            yield (
                f"  flow {last.flow:.3f}, symmetry {last.symmetry:.3f}, creativity {last.creativity:.3f}, "
                f"beauty {last.beauty:.3f}, classic {last.classic:.2f}, classic loss {last.classic_loss:.4f}, "
                f"honest loss {last.validation_loss:.4f}"
            )


def _compare(gene: str, top: Sequence[Genes], bottom: Sequence[Genes]) -> tuple[float, float, float]:
    """Means of a gene in both groups, and their difference in pooled standard deviations (Cohen's d)."""
    scale = math.log if gene in GEOMETRIC else float
    back = math.exp if gene in GEOMETRIC else float
    groups = [[scale(getattr(genes, gene)) for genes in group] for group in (top, bottom)]
    high, low = map(fmean, groups)
    spread = math.sqrt(fmean(stdev(group) ** 2 for group in groups))
    effect = (high - low) / spread if spread else math.copysign(math.inf, high - low) if high != low else 0.0
    return back(high), back(low), effect
