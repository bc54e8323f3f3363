"""A fair comparison of searches: the engine, random search, Optuna's TPE and Nevergrad's NGOpt.

All look for the lowest validation loss in the same space with the same training function, one training at a time, and
stop when they have spent the same compute: parameters x tokens, as much as 80 trainings of a random genome of the space
cost on average. Whom a search would name as its best is confirmed at several points on the way by three trainings
under seeds that the search never saw; these cost it nothing, and their mean test loss is what counts.

Then a whole evolution as `organism evolve` runs it, ten generations of eight, against random search that may spend as
much: of each, the best three are confirmed and the best mean validation loss wins, as at the end of every evolution.

    pip install 'organism[compare]'
    python benchmarks/search.py --data names --seeds 10 --out docs/comparison.md --plot docs/comparison.svg

Results are kept in --cache as they come, so that an interrupted comparison goes on. Some ten minutes on one core.
"""

import argparse
import math
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from statistics import fmean, stdev

import msgspec

from organism.corpus import Corpus, read_corpus
from organism.events import Config, Run
from organism.evolution import variation
from organism.evolution.engine import CONFIRMED, Engine
from organism.fitness.loss import bigram_loss, test_loss, validation_loss
from organism.genes import GENES, PRIMORDIAL, Genes, Range
from organism.mind.metabolism.build import prepare
from organism.mind.training import Diverged, Training, architecture_of
from organism.space import SPACES, choices
from organism.trial import CONFIRMATIONS, Measurement, training_seed

SPACE = SPACES["default"]
TRAININGS = 80
POINTS = (5, 10, 20, 40, 60, 80)
GENERATIONS = 10
WHOLE, AS_MUCH = "a whole evolution", "as much random search"
WORST = 10.0  # The loss that a diverged training is reported with to searches that need a number.


class Spent(Exception):
    """The budget is used up."""


class Purse:
    """What one search may spend, what it has spent, and whom it named as its best on the way."""

    def __init__(self, corpus: Corpus, seed: int, budget: float):
        self.corpus, self.seed, self.budget = corpus, seed, budget
        self.spent, self.trainings = 0.0, 0
        self.judged: list[tuple[float, Genes]] = []
        self.named: list[tuple[float, Genes]] = []

    def train(self, genes: Genes, replicate: int) -> Measurement | None:
        """One training, paid for; None if it diverged. Raises Spent where it can't be afforded."""
        if self.spent >= self.budget:
            raise Spent
        training = Training(genes, self.corpus, training_seed(self.seed, genes, replicate), "fused")
        self.spent += float(training.architecture.parameters) * training.trained_tokens
        if self.spent > self.budget:
            raise Spent
        self.trainings += 1
        try:
            training.advance(genes.num_steps)
        except Diverged:
            return None
        measured = measurement(training, validation_loss(training.creature()))
        self.judged.append((measured.validation_loss, genes))
        return measured

    def name(self, genes: Genes) -> None:
        """From here on `genes` are the best that the search knows."""
        if not self.named or self.named[-1][1] != genes:
            self.named.append((self.spent, genes))

    def named_by(self, spent: float) -> Genes | None:
        """Whom it named when it had spent so much."""
        return next((genes for when, genes in reversed(self.named) if when <= spent), None)


def measurement(training: Training, loss: float) -> Measurement:
    """What a search for loss needs of a training."""
    return Measurement(
        validation_loss=loss,
        test_loss=None,
        classic_loss=training.last_loss,
        flow=0.0,
        symmetry=0.0,
        creativity=0.0,
        beauty=0.0,
        classic=0.0,
        params=training.architecture.parameters,
        tokens=training.trained_tokens,
        names=(),
        seconds=0.0,
    )


def confirmed(corpus: Corpus, genes: Genes, seed: int) -> tuple[float, float]:
    """Mean validation loss and mean test loss of three trainings that no search saw."""
    losses = []
    for replicate in CONFIRMATIONS:
        training = Training(genes, corpus, training_seed(seed, genes, replicate), "fused")
        training.advance(genes.num_steps)
        creature = training.creature()
        losses.append((validation_loss(creature), test_loss(creature)))
    held_out, tested = zip(*losses, strict=True)
    return fmean(held_out), fmean(tested)


# --- the searches


def engine_for(purse: Purse, generations: int, widens: bool) -> Engine:
    """The engine with its defaults."""
    corpus = purse.corpus
    config = Config(
        generations=generations,
        population=8,
        elitism=1,
        cycles=1,
        target=None,
        patience=None,
        minutes=None,
        space="default" if widens else "the default space alone",
        metabolism="fused",
        dtype="float64",
        whole_life=False,
        genes=SPACE,
        bigram_loss=bigram_loss(corpus),
        documents=len(set(corpus.documents)),
    )
    run = Run(
        objective="loss",
        config=config,
        seed=purse.seed,
        genome=PRIMORDIAL,
        ancestors=(),
        corpus=corpus.name,
        corpus_sha256=corpus.sha256,
        versions={},
        workers=1,
        stage="primordial",
        created_at="",
    )
    return Engine(run, lambda genes: architecture_of(genes, corpus.vocab_size).parameters, corpus.vocab_size)


def serve(engine: Engine, purse: Purse) -> Iterator[None]:
    """Train what the engine asks for, one at a time, until its search is over."""
    while not engine.confirming:
        for trial in engine.ask():
            measured = purse.train(trial.genes, trial.key.replicate)
            if measured is None:
                engine.fail(trial.key, "diverged")
            else:
                engine.tell(trial.key, measured)
            yield


def evolve(purse: Purse) -> None:
    """The engine for as many generations as the purse allows, in the space that the others have."""
    engine = engine_for(purse, generations=1_000_000, widens=False)
    for _ in serve(engine, purse):
        champion = engine.heads[0].champion()
        if champion is not None:
            purse.name(champion.genes)


def ask_and_tell(purse: Purse, ask: Callable[[], tuple[object, Genes]], tell: Callable[[object, float], None]) -> None:
    """The loop of every search that knows one number a training; its best is the lowest that it saw."""
    best, times = math.inf, dict[Genes, int]()
    while True:
        token, genes = ask()
        times[genes] = times.get(genes, -1) + 1
        measured = purse.train(genes, times[genes])
        loss = measured.validation_loss if measured else WORST
        tell(token, loss)
        if loss < best:
            best = loss
            purse.name(genes)


def draw(purse: Purse) -> None:
    """Random search (Bergstra and Bengio, 2012), by the engine's own distribution."""
    rng = random.Random(f"random search {purse.seed}")
    ask_and_tell(purse, lambda: (None, variation.random_genes(SPACE, rng)), lambda token, loss: None)


def tpe(purse: Purse) -> None:
    """Optuna's tree-structured Parzen estimator with its defaults; ordered choices are integers to it."""
    import optuna  # pyright: ignore[reportMissingImports]

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=purse.seed))

    def ask() -> tuple[object, Genes]:
        trial, wanted = study.ask(), {}
        for gene, values in SPACE.items():
            if not isinstance(values, Range) or GENES[gene].moves == "near":
                listed = choices(SPACE, gene)
                wanted[gene] = listed[trial.suggest_int(gene, 0, len(listed) - 1)]
            elif GENES[gene].is_whole:
                wanted[gene] = trial.suggest_int(gene, int(values.min), int(values.max))
            else:
                wanted[gene] = trial.suggest_float(gene, values.min, values.max, log=True)
        return trial, variation.fit(wanted, SPACE)

    ask_and_tell(purse, ask, study.tell)


def ngopt(purse: Purse) -> None:
    """Nevergrad's NGOpt, told of a budget of 80 trainings and one worker; ordered choices are transitions to it."""
    import nevergrad  # pyright: ignore[reportMissingImports]

    parameters = {}
    for gene, values in SPACE.items():
        if not isinstance(values, Range) or GENES[gene].moves == "near":
            parameters[gene] = nevergrad.p.TransitionChoice(list(choices(SPACE, gene)))
        elif GENES[gene].is_whole:
            parameters[gene] = nevergrad.p.Scalar(lower=values.min, upper=values.max).set_integer_casting()
        else:
            parameters[gene] = nevergrad.p.Log(lower=values.min, upper=values.max)
    space = nevergrad.p.Dict(**parameters)
    space.random_state.seed(purse.seed)
    optimizer = nevergrad.optimizers.NGOpt(space, budget=TRAININGS, num_workers=1)

    def ask() -> tuple[object, Genes]:
        candidate = optimizer.ask()
        return candidate, variation.fit(dict(candidate.value), SPACE)

    ask_and_tell(purse, ask, optimizer.tell)


SEARCHES = {"organism": evolve, "random search": draw, "Optuna TPE": tpe, "Nevergrad NGOpt": ngopt}


# --- the comparison


class Outcome(msgspec.Struct, frozen=True):
    """One search under one seed: the confirmed test loss of its best at each of POINTS (None: it had none yet)."""

    search: str
    seed: int
    trainings: int
    losses: list[float | None]
    genes: Genes


def mean_cost(corpus: Corpus, draws: int = 4000) -> float:
    """Parameters x tokens of a random genome, on average. Tokens: by the mean over the corpus, up to the context."""
    rng, total = random.Random(0), 0.0
    lengths = [len(document) + 1 for document in corpus.split.train]
    mean_length = {block: fmean(min(length, block) for length in lengths) for block in choices(SPACE, "block_size")}
    for _ in range(draws):
        genes = variation.random_genes(SPACE, rng)
        params = architecture_of(genes, corpus.vocab_size).parameters
        total += params * genes.num_steps * genes.batch_size * mean_length[genes.block_size]
    return total / draws


def outcome(name: str, corpus: Corpus, seed: int, unit: float) -> Outcome:
    """Run one search until its purse is empty, and confirm whom it named."""
    purse = Purse(corpus, seed, TRAININGS * unit)
    with suppress(Spent):
        SEARCHES[name](purse)
    known: dict[Genes, float] = {}
    losses: list[float | None] = []
    for point in POINTS:
        genes = purse.named_by(point * unit)
        if genes is not None and genes not in known:
            _, known[genes] = confirmed(corpus, genes, seed)
        losses.append(None if genes is None else known[genes])
    return Outcome(name, seed, purse.trainings, losses, purse.named[-1][1])


def crowned(name: str, purse: Purse, finalists: list[Genes]) -> Outcome:
    """Confirm the best three of a search, and crown the one with the best mean validation loss."""
    results = [(*confirmed(purse.corpus, genes, purse.seed), genes) for genes in finalists]
    _, tested, genes = min(results, key=lambda result: result[0])
    return Outcome(name, purse.seed, purse.trainings, [tested], genes)


def whole(corpus: Corpus, seed: int) -> Iterator[Outcome]:
    """A default evolution to its end, then random search with what that spent."""
    purse = Purse(corpus, seed, math.inf)
    engine = engine_for(purse, GENERATIONS, widens=True)
    for _ in serve(engine, purse):
        pass
    yield crowned(WHOLE, purse, list(dict.fromkeys(trial.genes for trial in engine.ask())))
    purse = Purse(corpus, seed, purse.spent)
    with suppress(Spent):
        draw(purse)
    best = sorted(purse.judged, key=lambda judged: judged[0])[:CONFIRMED]
    yield crowned(AS_MUCH, purse, [genes for _, genes in best])


def compare(corpus: Corpus, seeds: int, cache: Path, unit: float) -> Iterator[Outcome]:
    """Every search under every seed; those in the cache are read."""
    held = {}
    if cache.exists():
        for line in cache.read_bytes().splitlines():
            done = msgspec.json.decode(line, type=Outcome)
            held[done.search, done.seed] = done

    def missing(seed: int) -> Iterator[Outcome]:
        for name in SEARCHES:
            if (name, seed) not in held:
                yield outcome(name, corpus, seed, unit)
        if (AS_MUCH, seed) not in held:
            yield from whole(corpus, seed)

    for seed in range(seeds):
        for done in missing(seed):
            held[done.search, seed] = done
            with cache.open("ab") as file:
                file.write(msgspec.json.encode(done) + b"\n")
        for name in (*SEARCHES, WHOLE, AS_MUCH):
            done = held[name, seed]
            shown = " ".join("-" if loss is None else f"{loss:.4f}" for loss in done.losses)
            print(f"seed {seed} {name:<24} {done.trainings:>4} trainings  {shown}", flush=True)
            yield done


# Two-sided 90 % quantiles of Student's t by degrees of freedom.
T90 = {1: 6.314, 2: 2.920, 3: 2.353, 4: 2.132, 5: 2.015, 6: 1.943, 7: 1.895, 8: 1.860, 9: 1.833, 19: 1.729, 29: 1.699}


def half_width(values: list[float]) -> float:
    """Half of the 90 % interval of a mean."""
    if len(values) < 2:
        return math.inf
    quantile = next(t for freedom, t in sorted(T90.items(), reverse=True) if freedom <= len(values) - 1)
    return quantile * stdev(values) / math.sqrt(len(values))


def at(outcomes: list[Outcome], name: str, point: int) -> dict[int, float]:
    """By seed, the losses of a search at the i-th point, where it had named anybody."""
    return {o.seed: loss for o in outcomes if o.search == name and (loss := o.losses[point]) is not None}


def table(outcomes: list[Outcome], corpus: Corpus, unit: float) -> Iterator[str]:
    """The comparison as a Markdown page."""
    seeds = len({o.seed for o in outcomes})
    yield "# Search against search"
    yield ""
    yield (
        "Which search finds the better creature for the same compute? Space `default`, corpus "
        f"`{Path(corpus.name).name}` ({len(corpus.documents):,} documents), metabolism `fused` in float64, one "
        f"training at a time, {seeds} seeds. "
        f"The budget is parameters x tokens: {TRAININGS} times what a random genome of the space costs on average "
        f"({unit:.2e}). Figures are the test loss (nats per token) of whom a search would name as its best at that "
        "point, the mean of three trainings under seeds that it never saw. All searches run with their defaults."
    )
    yield ""
    yield f"| search | {' | '.join(f'{point} trainings' for point in POINTS)} | trainings done |"
    yield f"|---|{'---:|' * (len(POINTS) + 1)}"
    for name in SEARCHES:
        cells = []
        for i in range(len(POINTS)):
            values = list(at(outcomes, name, i).values())
            cells.append(f"{fmean(values):.4f} ± {half_width(values):.4f}" if len(values) == seeds else "-")
        done = fmean(o.trainings for o in outcomes if o.search == name)
        yield f"| {name} | {' | '.join(cells)} | {done:.0f} |"
    yield ""
    yield (
        "± is half of the 90 % interval of the mean over seeds. Seed by seed, the other search minus organism "
        "(above 0: organism found the better creature), with the 90 % interval of the paired difference:"
    )
    yield ""
    yield f"| against | {' | '.join(f'{point} trainings' for point in POINTS)} |"
    yield f"|---|{'---:|' * len(POINTS)}"
    for name in list(SEARCHES)[1:]:
        cells = []
        for i in range(len(POINTS)):
            ours, theirs = at(outcomes, "organism", i), at(outcomes, name, i)
            paired = [theirs[seed] - ours[seed] for seed in ours if seed in theirs]
            cells.append(f"{fmean(paired):+.4f} ± {half_width(paired):.4f}" if len(paired) == seeds else "-")
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield "![Confirmed test loss against compute](comparison.svg)"
    yield ""
    ours, theirs = at(outcomes, WHOLE, 0), at(outcomes, AS_MUCH, 0)
    paired = [theirs[seed] - ours[seed] for seed in ours]
    trainings = [fmean(o.trainings for o in outcomes if o.search == name) for name in (WHOLE, AS_MUCH)]
    yield (
        f"A whole evolution as `organism evolve` runs it ({GENERATIONS} generations, {trainings[0]:.0f} trainings) "
        f"ends at {fmean(ours.values()):.4f} ± {half_width(list(ours.values())):.4f}. Random search with as much "
        f"compute ({trainings[1]:.0f} trainings) ends at {fmean(theirs.values()):.4f} ± "
        f"{half_width(list(theirs.values())):.4f}: {fmean(paired):+.4f} ± {half_width(paired):.4f}, seed by seed. Of "
        "each search the best three are confirmed and the best mean validation loss wins."
    )
    yield ""
    yield "`python benchmarks/search.py` repeats it; see the file for the rules."


def plot(outcomes: list[Outcome], path: Path) -> None:
    """Anytime curves with their 90 % intervals."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "organism"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for name, marker in zip(SEARCHES, "osD^", strict=True):
        points = [(x, list(at(outcomes, name, i).values())) for i, x in enumerate(POINTS)]
        points = [(x, values) for x, values in points if values]
        xs, means = [x for x, _ in points], [fmean(values) for _, values in points]
        widths = [half_width(values) if len(values) > 1 else 0.0 for _, values in points]
        axes.errorbar(xs, means, widths, label=name, marker=marker, capsize=3)
    axes.set_xscale("log")
    axes.set_xticks(POINTS, [str(point) for point in POINTS])
    axes.minorticks_off()
    axes.set_xlabel("compute spent, in trainings of an average random genome")
    axes.set_ylabel("confirmed test loss (nats per token)")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", default="names", help="a corpus by name, or a text file")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cache", type=Path, default=Path("comparison.jsonl"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    corpus = read_corpus(options.data)
    prepare("fused")
    unit = mean_cost(corpus)
    outcomes = list(compare(corpus, options.seeds, options.cache, unit))
    text = "\n".join(table(outcomes, corpus, unit)) + "\n"
    if options.out:
        options.out.write_text(text)
    else:
        print(text)
    if options.plot:
        plot(outcomes, options.plot)


if __name__ == "__main__":
    main()
