"""The `organism` command: it parses, calls, and prints what comes back. No logic of its own.

What goes wrong is raised, and told at the door, `__main__`. Everything heavy is imported by the command that needs it.
"""

import math
import os
import random
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError
from cyclopts.validators import Number

from .errors import BadInput, Failure
from .genes import GENES, Gene
from .home import Home
from .signals import Signalled

app = App(
    name="organism",
    help="A tiny GPT that evolves itself, alive in a terminal.",
    version=lambda: _version(),
    version_flags=["--version"],
    help_format="plaintext",
    exit_on_error=False,
    print_error=False,
    result_action="return_value",
)

Objective = Literal[
    "loss", "beauty", "flow", "symmetry", "creativity", "classic-loss", "classic-beauty", "hydra", "pareto"
]
Metabolism = Literal["val", "tape", "fused"]
Dtype = Literal["float64", "float32"]


def _number(kind: Any, tokens: Sequence[Any]) -> float:
    """A whole number as it's written, or a finite one; nothing is rounded."""
    text = tokens[0].value
    if kind is int:
        if not re.fullmatch(r"[+-]?[0-9]+", text):
            raise BadInput(f"{tokens[0].keyword or ''} {text}: must be a whole number".strip())
        return int(text)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(f"{tokens[0].keyword or ''} {text}: must be a finite number".strip())
    return number


def _folder(kind: Any, tokens: Sequence[Any]) -> Path:
    """A folder that has a name: an empty one is a slip, and would mean the current folder."""
    if not tokens[0].value:
        raise BadInput(f"{tokens[0].keyword}: is empty: must be a folder")
    return Path(tokens[0].value)


Count = Annotated[int, Parameter(converter=_number, validator=Number(gte=1))]
Seed = Annotated[int, Parameter(converter=_number, validator=Number(gte=0, lt=1 << 63))]
Finite = Annotated[float, Parameter(converter=_number)]
Positive = Annotated[float, Parameter(converter=_number, validator=Number(gt=0))]
Workers = Annotated[int, Parameter(converter=_number, validator=Number(gte=1, lte=1024))]
Folder = Annotated[Path, Parameter(converter=_folder)]
Flag = Annotated[bool, Parameter(negative=(), show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True)
class Shared:
    """Flags of every command that trains."""

    home: Folder | None = None
    "Where genome.toml and experiments/ live; default: here if there's a genome.toml, else the user's data folder."
    data: str = "names"
    "A corpus by name (see 'organism corpus list') or a text file, a document a line."
    seed: Seed | None = None
    "One seed explains the whole run: drawn and told if left out; 42 for train and sweep."
    metabolism: Metabolism = "tape"
    "val: a graph of objects; tape: recorded scalars; fused: gradients by hand."
    dtype: Dtype = "float64"
    "Precision; float32 needs --metabolism fused."


@Parameter(name="*")
@dataclass(frozen=True)
class Evolving:
    """Flags of an evolution."""

    objective: Objective = "loss"
    "What is selected for."
    generations: Count | None = None
    "Generations (per cycle, with hydra)."
    population: Annotated[int, Parameter(converter=_number, validator=Number(gte=2, lte=10_000))] | None = None
    "Organisms in a generation (per head, with hydra)."
    cycles: Count = 5
    "Gatherings of the hydra."
    target: Finite | None = None
    "End when the best reaches this, in the objective's own unit."
    patience: Count | None = None
    "End after so many generations without progress."
    minutes: Positive | None = None
    "End the search after so many minutes."
    space: str = "default"
    "Where to look: default, wide, or a TOML file with the genes as keys."
    workers: Workers | None = None
    "Worker processes; default: the cores."


@app.default
def life(*, shared: Shared = Shared(), evolving: Evolving = Evolving(), headless: Flag = False, json: Flag = False):
    """Live: as a primordial creature, through evolution, as what it became. The screen, or text with --headless.

    Parameters
    ----------
    headless
        Print text instead of opening the screen.
    json
        Print the events as JSON Lines, without the screen.
    """
    return _live(shared, evolving, headless, json, whole_life=True)


@app.command
def evolve(*, shared: Shared = Shared(), evolving: Evolving = Evolving(), headless: Flag = False, json: Flag = False):
    """Evolution alone, from the genome in force.

    Parameters
    ----------
    headless
        Print text instead of opening the screen.
    json
        Print the events as JSON Lines, without the screen.
    """
    return _live(shared, evolving, headless, json, whole_life=False)


def _live(shared: Shared, evolving: Evolving, headless: bool, json: bool, whole_life: bool) -> int | None:
    on_screen = not (headless or json)
    if on_screen:
        _need_terminal("organism" if whole_life else "organism evolve")
    from .life.life import Life
    from .life.plan import Plan, data_name, usual_scale

    usual = usual_scale(evolving.objective)
    plan = Plan(
        seed=random.SystemRandom().randrange(1 << 31) if shared.seed is None else shared.seed,
        objective=evolving.objective,
        generations=evolving.generations or usual.generations,
        population=evolving.population or usual.population,
        elitism=usual.elitism,
        cycles=evolving.cycles,
        target=evolving.target,
        patience=evolving.patience,
        minutes=evolving.minutes,
        space=evolving.space,
        metabolism=_checked(shared),
        dtype=shared.dtype,
        data=data_name(shared.data),
        whole_life=whole_life,
    )
    home, workers = Home.find(shared.home), evolving.workers or _cores()
    if on_screen:
        from tui import main as screen

        return screen.live(home, plan, workers) if whole_life else screen.evolve(home, plan, workers)
    return _run(Life.begin(home, plan, workers), home, json)


def _run(life, home: Home, json: bool) -> None:
    """Print a life to its end, of a resumed one what's new; say how to go on if it's interrupted."""
    try:
        _print_events(life.events(), json, life.past)
    except Signalled:
        life.close()
        if life.journal:
            how = f"--home {shlex.quote(str(home.folder))} {'--json' if json else '--headless'}"
            print(f"interrupted; go on with: organism runs resume {life.journal.story.name} {how}", file=sys.stderr)
        raise


def _print_events(events: Iterable, json: bool, story=None) -> None:
    if json:
        from .events import encode

        for event in events:
            print(encode(event).decode(), flush=True)
    else:
        from .view.printer import print_life

        print_life(events, story)


def _gene(row: Gene) -> Any:
    """How the value of a gene is read from its flag."""

    def read(kind: Any, tokens: Sequence[Any]) -> Any:
        value = None
        with suppress(BadInput):
            value = tokens[0].value if row.is_word else _number(row.kind, tokens)
        if value is None or not row.allows(value):
            raise BadInput(f"{row.flag} {tokens[0].value}: {row.allowed}")
        return value

    about = f"{row.about}: {row.allowed.removeprefix('must be ')}."
    return Annotated[row.kind | None, Parameter(name=row.flag, help=about, converter=read, show_choices=False)]


@Parameter(name="*")
@dataclass(frozen=True)
class GeneFlags(make_dataclass("Rows", [(name, _gene(row), None) for name, row in GENES.items()], frozen=True)):
    """A flag for each row of the gene table; None where it isn't given."""


@app.command
def train(
    *,
    shared: Shared = Shared(),
    preset: Literal["microgpt", "microgpt-first"] | None = None,
    genome: Path | None = None,
    every: Annotated[bool, Parameter(name="--all", negative=(), show_default=False)] = False,
    flags: GeneFlags = GeneFlags(),
    samples: Annotated[int, Parameter(converter=_number, validator=Number(gte=0, lte=100_000))] = 20,
    temperature: Positive = 0.5,
    json: Flag = False,
):
    """Train the creature of genome.toml, or of the flags, and let it dream.

    Parameters
    ----------
    preset
        A published run: its genome, trained with --all. Flags override its genes.
    genome
        Train the creature of this genome file instead. Flags override its genes.
    every
        Learn every document, in the published order; there's no held-out loss then.
    samples
        How many names to dream.
    temperature
        Of the dreams: lower is safer, higher wilder.
    json
        Print the events as JSON Lines.
    """
    import msgspec

    from .corpus import read_corpus
    from .genes import check_genes
    from .life.creature import SEED, Lesson
    from .life.creature import train as train_creature
    from .life.genomes import genome_in_force, read_genome, read_preset
    from .mind.training import Diverged
    from .view.printer import print_training

    if preset and genome:
        raise BadInput(f"--genome {genome}: --preset {preset} is a genome already: only one can be trained")
    home = Home.find(shared.home)
    base = (read_preset(preset) if preset else read_genome(genome) if genome else genome_in_force(home)).genes
    given = {gene: value for gene, value in vars(flags).items() if value is not None}
    genes = check_genes(msgspec.structs.replace(base, **given), "--emb / --head: ")
    corpus = read_corpus(shared.data)
    seed = SEED if shared.seed is None else shared.seed
    lesson = Lesson(genes, seed, _checked(shared), shared.dtype, every or bool(preset), samples, temperature)
    _compile_once(shared.metabolism, shared.dtype)
    is_in_force = genes == base and not (genome or lesson.every)
    try:
        events = train_creature(lesson, corpus, home if is_in_force else None, _say)
        if json:
            _print_events(events, json=True)
        else:
            print_training(events)
    except Diverged as error:
        raise Failure(f"the creature died: {error}; a lower --lr may help") from None


@app.command
def dream(
    *,
    n: Annotated[int, Parameter(name=["-n", "--number"], converter=_number, validator=Number(gte=1, lte=100_000))] = 20,
    temperature: Positive = 0.5,
    prompt: str = "",
    home: Folder | None = None,
    data: str | None = None,
    seed: Seed | None = None,
):
    """Let the creature of genome.toml dream, from the weights that it was last trained to.

    Parameters
    ----------
    n
        How many names.
    temperature
        Lower is safer, higher wilder.
    prompt
        Letters that every dream opens with.
    home
        Folder of genome.toml and weights.npz.
    data
        The corpus that it learns from if it must be trained; default: the one that its genome names.
    seed
        Repeat the same dreams; drawn if left out.
    """
    from .life.creature import dream as let_dream

    for name in let_dream(Home.find(home), n, temperature, prompt, data, seed, _say):
        print(name)


# --- genome

genome_app = App(name="genome", help="The creature's DNA.")
app.command(genome_app)


@genome_app.command(name="show")
def genome_show(*, home: Folder | None = None):
    """Print the genome in force as TOML."""
    from .life.genomes import genome_in_force

    print(genome_in_force(Home.find(home)).toml(), end="")


@genome_app.command(name="history")
def genome_history(*, home: Folder | None = None):
    """The creature's ancestors, oldest first, and the genomes that were replaced."""
    from .life.genomes import genome_in_force
    from .view.words import describe

    place = Home.find(home)
    genome = genome_in_force(place)
    for ancestor in genome.ancestors:
        measured = _measured(ancestor.objective, ancestor.fitness)
        print(f"{ancestor.origin or 'unknown':<12} {measured}{describe(ancestor.genes)}")
    provenance = genome.provenance
    fitness = provenance.fitness.mean if provenance and provenance.fitness else None
    measured = _measured(provenance.objective if provenance else None, fitness)
    print(f"{genome.stage:<12} {measured}{describe(genome.genes)}  (in force)")
    for path in sorted(place.history.glob("*.toml")):
        print(f"kept: {path}")


def _measured(objective: str | None, fitness: float | None) -> str:
    """A fitness in the unit of what it was selected for."""
    from .events import sign

    return "" if objective is None or fitness is None else f"{objective} {sign(objective) * fitness:.4f}  "


@genome_app.command(name="reset")
def genome_reset(*, home: Folder | None = None):
    """Make the creature primordial again; the genome that it had is kept in the history."""
    from .genome import PRIMORDIAL_GENOME
    from .life.genomes import write_genome

    place = Home.find(home)
    with place.lock():
        write_genome(place, PRIMORDIAL_GENOME)
    print(f"{place.genome} is primordial")


@genome_app.command(name="submit")
def genome_submit(*, author: str | None = None, notes: str | None = None, home: Folder | None = None):
    """File the genome in force in the registry, genomes/<objective>/, under an id made of what it is.

    Parameters
    ----------
    author
        Whose it is.
    notes
        What is to be said of it.
    home
        The creature's folder.
    """
    from .life.genomes import genome_in_force
    from .life.registry import submit

    place = Home.find(home)
    with place.lock():
        entry = submit(place, genome_in_force(place), author, notes)
    print(f"{entry.id}  {entry.path}")


@genome_app.command(name="list")
def genome_list(*, home: Folder | None = None):
    """The registry: genomes that were filed, by objective, the fittest first."""
    from .life.registry import entries
    from .view.words import describe

    filed, complaints = entries(Home.find(home))
    for entry in filed:
        provenance = entry.provenance
        fitness = f"fitness {provenance.fitness.mean:.4f}" if provenance.fitness else "unmeasured"
        author, notes = provenance.author, provenance.notes
        said = " ".join([*(["by", f"{author}:"] if author else []), *(notes or "").split()])
        print(f"{entry.id}  {entry.objective:<14} {fitness:<16} {describe(entry.genome.genes)}  {said}".rstrip())
    for complaint in complaints:
        print(f"unreadable: {complaint}")


@genome_app.command(name="use")
def genome_use(genome: str, *, home: Folder | None = None):
    """Make a genome of the registry, or of a file, the one in force; the genome that it replaces is kept.

    Parameters
    ----------
    genome
        An id of 'organism genome list' (its first letters will do) or a TOML file.
    """
    from .life.genomes import write_genome
    from .life.registry import find
    from .view.words import describe

    place = Home.find(home)
    with place.lock():
        found = find(place, genome)
        write_genome(place, found)
    print(f"{place.genome} is {describe(found.genes)}")


# --- runs

runs_app = App(name="runs", help="Past and interrupted runs.")
app.command(runs_app)


@runs_app.command(name="list")
def runs_list(*, home: Folder | None = None, json: Flag = False):
    """Every run of this home, oldest first.

    Parameters
    ----------
    home
        Folder of experiments/.
    json
        Print a line of JSON for each.
    """
    import msgspec

    from .instruments.runs import list_lines, summary
    from .life.journal import journals

    summaries = [summary(path) for path in journals(Home.find(home))]
    for line in [msgspec.json.encode(run).decode() for run in summaries] if json else list_lines(summaries):
        print(line)


@runs_app.command(name="show")
def runs_show(run: str | None = None, *, home: Folder | None = None):
    """What a run came to: trajectory, species, genes, lineage, compute, names; the last one if none is named.

    Parameters
    ----------
    run
        The journal's name, without its ending.
    """
    from .instruments.runs import show_lines
    from .life.journal import find_run, read_story

    for line in show_lines(read_story(find_run(Home.find(home), run))):
        print(line)


@runs_app.command(name="replay")
def runs_replay(run: str | None = None, *, home: Folder | None = None, headless: Flag = False, json: Flag = False):
    """Tell a run again from its journal; the last one if none is named.

    Parameters
    ----------
    run
        The journal's name, without its ending.
    """
    from .life.journal import find_run, read_events

    place = Home.find(home)
    path = find_run(place, run)
    if headless or json:
        return _print_events(read_events(path), json)
    _need_terminal("organism runs replay")
    from tui import main as screen

    return screen.replay(place, path, _cores())


@runs_app.command(name="resume")
def runs_resume(
    run: str | None = None,
    *,
    generations: Count | None = None,
    home: Folder | None = None,
    workers: Workers | None = None,
    headless: Flag = False,
    json: Flag = False,
):
    """Go on with a run: if none is named the last unfinished one, or with --generations the last one.

    Parameters
    ----------
    run
        The journal's name, without its ending.
    generations
        Go on to so many generations in all, also with a run that is finished.
    home
        Where the run was lived.
    workers
        Worker processes; default: the cores.
    headless
        Print text instead of opening the screen.
    json
        Print the events as JSON Lines, without the screen.
    """
    from .life.journal import find_run, last_unfinished
    from .life.life import Life

    place = Home.find(home)
    path = find_run(place, run) if run or generations else last_unfinished(place)
    if headless or json:
        life = Life.resume(place, path, workers or _cores(), generations)
        return _run(life, place, json)
    _need_terminal("organism runs resume")
    from tui import main as screen

    return screen.resume(place, path, workers or _cores(), generations)


# --- corpora

corpus_app = App(name="corpus", help="What a creature can learn from.")
app.command(corpus_app)


@corpus_app.command(name="list")
def corpus_list():
    """The embedded corpora, and makemore once it's fetched."""
    from .corpus import embedded, makemore_path, read_corpus

    for name in [*embedded(), *(["makemore"] if makemore_path().exists() else [])]:
        corpus = read_corpus(name)
        print(f"{name:<12} {len(corpus.documents):>6,} documents  {len(corpus.letters):>3} letters")
    if not makemore_path().exists():
        print("makemore     not fetched yet: organism corpus fetch makemore")


@corpus_app.command(name="show")
def corpus_show(
    name: str = "names",
    *,
    n: Annotated[int, Parameter(name=["-n", "--number"], converter=_number, validator=Number(gte=0))] = 20,
):
    """What is in a corpus: its figures and its first documents.

    Parameters
    ----------
    name
        A corpus by name, or a text file.
    n
        How many documents.
    """
    from .corpus import read_corpus

    corpus = read_corpus(name)
    print(f"{corpus.name}: {len(corpus.documents):,} documents, {len(set(corpus.documents)):,} distinct")
    print(f"letters ({len(corpus.letters)}): {corpus.letters}")
    print(f"longest: {corpus.longest}, sha256: {corpus.sha256}")
    try:
        split = corpus.split
        print(f"split: {len(split.train):,} train, {len(split.validation):,} validation, {len(split.test):,} test")
    except BadInput as error:
        print(f"split: none, so that it's only for --all: {error}")
    for document in corpus.documents[:n]:
        print(document)


@corpus_app.command(name="fetch")
def corpus_fetch(name: Literal["makemore"] = "makemore"):
    """Download the names that the published runs used (Karpathy's makemore, 228 kB) into the cache.

    Parameters
    ----------
    name
        Only makemore can be fetched.
    """
    from .corpus import fetch_makemore
    from .view.progress import progress

    with progress() as show:
        show(f"fetching {name}", None)
        path = fetch_makemore()
    print(f"{path}: use it as --data {name}")


# --- instruments


@app.command
def judge(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)] = "-",
    *,
    data: str | None = None,
    home: Folder | None = None,
    json: Flag = False,
):
    """How beautiful a list of names is, one a line, beside real names: flow, symmetry, creativity, beauty, classic.

    Parameters
    ----------
    file
        A text file, or - for standard input.
    data
        The corpus that it's judged by; default: the one that the genome in force names.
    json
        Print the scores as JSON.
    """
    from .instruments.judge import judge as judge_names
    from .instruments.judge import lines, read_names
    from .life.creature import corpus_of
    from .life.genomes import genome_in_force

    if file.startswith("-") and file != "-":
        raise BadInput(f"{file}: isn't a flag of judge: 'organism judge --help' lists them")
    corpus = corpus_of(genome_in_force(Home.find(home)), data)
    _print_record(judge_names(read_names(file), corpus), lines, json)


@app.command
def sweep(
    what: str,
    *,
    shared: Shared = Shared(),
    values: str | None = None,
    seeds: Annotated[int, Parameter(converter=_number, validator=Number(gte=1, lte=1000))] | None = None,
    workers: Workers | None = None,
    out: Path | None = None,
    plot: Path | None = None,
):
    """Train the creature of genome.toml under several genes and seeds, and say what more of each returns.

    The same command again goes on with a sweep that was interrupted, and only reads one that is complete.

    Parameters
    ----------
    what
        steps, params, a TOML file with [grid] or [[points]], or the .jsonl journal of a sweep, to look at it again.
    values
        Instead of the usual ones: for steps '1k,2k,500', for params width/heads/layers '16/4/1,32/4/2'.
    seeds
        Trainings a point, 3 if left out: under --seed (42 if left out) and those that follow it.
    workers
        Worker processes; default: the cores.
    out
        Write all results to this file, .json or .csv.
    plot
        Draw them in this file, .svg or .png (needs matplotlib: pip install 'organism[plots]').
    """
    from contextlib import closing

    from .corpus import read_corpus
    from .instruments.sweep import sweep as sweeping
    from .instruments.sweep.files import check_table, write_table
    from .instruments.sweep.plots import check_plot, write_plot
    from .instruments.sweep.scaling import analyse
    from .instruments.sweep.show import lines, sweep_bar
    from .life.creature import SEED
    from .life.genomes import genome_in_force

    for path, check in ((out, check_table), (plot, check_plot)):
        if path:
            check(path)
    home = Home.find(shared.home)
    if what.endswith(".jsonl"):
        for flag, given in (("--values", values), ("--seeds", seeds), ("--seed", shared.seed)):
            if given is not None:
                raise BadInput(f"{flag} {given}: {what} is the journal of a sweep that has its own")
        results = sweeping.read(Path(what))
    else:
        corpus = read_corpus(shared.data)
        first = SEED if shared.seed is None else shared.seed
        genes = genome_in_force(home).genes
        plan = sweeping.plan(what, genes, corpus, first, seeds or 3, _checked(shared), shared.dtype, values)
        _compile_once(shared.metabolism, shared.dtype)
        try:
            with sweep_bar() as show, closing(sweeping.run(plan, corpus, home, workers or _cores())) as work:
                for working in work:
                    show(working)
        except Signalled:
            print("interrupted; the same command goes on with the sweep", file=sys.stderr)
            raise
        results = sweeping.read(plan.journal(home))
    analysis = analyse(results.points())
    if out:
        write_table(out, results, analysis)
    if plot:
        write_plot(plot, results, analysis)
    for line in lines(results, analysis):
        print(line)


@app.command
def explain(
    name: str | None = None,
    *,
    expression: str | None = None,
    graph: Path | None = None,
    letter: Count | None = None,
    json: Flag = False,
    home: Folder | None = None,
    data: str | None = None,
):
    """One name through the creature, step by step: tokens, embeddings, attention, expectations, losses, gradients.

    Parameters
    ----------
    name
        The name, in letters of the corpus.
    expression
        Instead of a name, a tiny expression: 'a=2; b=-3; d=a*b+10; relu(d)'.
    graph
        Draw the scalars, each with data and gradient, in this file, .svg or .dot: those of the expression, or of one
        letter's logit (of a small creature, where this one has too many to draw).
    letter
        Which letter of the name --graph draws, from 1 (the default); the one after the last is its end.
    json
        Print everything as JSON.
    home
        Folder of genome.toml and weights.npz.
    data
        The corpus that it learnt from; default: the one that its genome names.
    """
    from .files import check_output
    from .instruments.explain.explain import creature_that_reads
    from .instruments.explain.explain import explain as explain_name
    from .instruments.explain.graph import of_expression, of_letter
    from .instruments.explain.show import ENDINGS, lines, scalar_lines, write_graph

    if graph:
        check_output("--graph", graph, *ENDINGS)
    elif letter:
        raise BadInput(f"--letter {letter}: is for --graph, which draws it")
    if expression is not None and name is None:
        if letter:
            raise BadInput(f"--letter {letter}: an --expression has none")
        scalars, title = of_expression(expression), expression
        _print_record(scalars, scalar_lines, json)
    elif name is not None and expression is None:
        creature = creature_that_reads(Home.find(home), name, letter or 1, data, _say)
        _print_record(explain_name(creature, name), lines, json)
        scalars, title = of_letter(creature, name, letter or 1) if graph else ([], "")
    else:
        raise BadInput("explain: must be given a NAME or an --expression")
    if graph:
        write_graph(graph, scalars, title)


@app.command
def report(
    run: str | None = None,
    *,
    out: Annotated[Path | None, Parameter(name=["-o", "--out"])] = None,
    home: Folder | None = None,
):
    """Write one self-contained HTML page about a run; the last one if none is named.

    Parameters
    ----------
    run
        The journal's name, without its ending.
    out
        The file to write; default: beside the journal.
    home
        Folder of experiments/.
    """
    from .instruments.report.report import write_report
    from .life.journal import find_run

    journal = find_run(Home.find(home), run)
    path = out or journal.with_suffix(".html")
    write_report(journal, path)
    print(path)


@app.command
def bench(
    *,
    only: Literal["ladder", "shapes", "workers", "startup", "evolution", "benchmarks"] | None = None,
    json: Flag = False,
    data: str = "names",
    workers: Workers | None = None,
):
    """How fast it is on this machine: metabolisms, shapes, workers, start-up, evolution, micro-benchmarks.

    Parameters
    ----------
    only
        Measure this part alone.
    json
        Print everything as JSON.
    data
        The corpus whose first 1,000 documents are learnt.
    workers
        The most worker processes to try; default: the cores.
    """
    from .corpus import read_corpus
    from .instruments.bench.bench import PARTS, measure
    from .instruments.bench.show import bench_lines
    from .view.progress import progress

    corpus = read_corpus(data)
    _compile_all()
    with progress() as show:
        report = measure(corpus, [only] if only else PARTS, workers or _cores(), show)
    _print_record(report, bench_lines, json)


@app.command(name="compare")
def compare_command(
    *,
    peer: Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)] = (),
    repeats: Annotated[int, Parameter(converter=_number, validator=Number(gte=1, lte=1_000))] = 7,
    json: Flag = False,
    data: str = "names",
):
    """Preset microgpt by every metabolism and by any outside program, in turns, in one table.

    Parameters
    ----------
    peer
        NAME=COMMAND of an outside program, to be run as it is; may be given again for another.
    repeats
        How often each is run; medians count.
    json
        Print the table as JSON.
    data
        The corpus to learn; 'makemore' is what the published programs learn.
    """
    from .corpus import read_corpus
    from .instruments.bench.compare import compare, parse_peers
    from .instruments.bench.show import compare_lines
    from .view.progress import progress

    peers = parse_peers(peer)
    corpus = read_corpus(data)
    _compile_all()
    with progress() as show:
        compared = compare(corpus, peers, repeats, show)
    _print_record(compared, compare_lines, json)


# --- what every command shares


def _print_record(record: Any, lines: Callable[[Any], Iterable[str]], json: bool) -> None:
    """Print what an instrument found, as one line of JSON or as the `lines` that it makes of it."""
    import msgspec

    for line in [msgspec.json.encode(record).decode()] if json else lines(record):
        print(line)


def _need_terminal(command: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput(f"the screen needs a terminal: '{command} --headless' prints text")


def _checked(shared: Shared) -> str:
    if shared.dtype == "float32" and shared.metabolism != "fused":
        raise BadInput(f"--dtype float32: {shared.metabolism} computes in float64; '--metabolism fused' has float32")
    return shared.metabolism


def _compile_once(metabolism: str, dtype: str = "float64") -> None:
    """Have compiled loops at hand, and say so where that takes a while: the first time on a machine."""
    from .mind.metabolism.build import prepare, to_compile
    from .view.printer import compiling

    if what := to_compile(metabolism, dtype):
        with compiling(what):
            prepare(metabolism, dtype)


def _compile_all() -> None:
    for metabolism, dtype in (("tape", "float64"), ("fused", "float64"), ("fused", "float32")):
        _compile_once(metabolism, dtype)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version() -> str:
    from importlib import metadata

    return f"organism {metadata.version('organism')}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status. Raises BadInput for arguments that no command takes."""
    try:
        return app(arguments) or 0
    except UnusedCliTokensError as error:
        unused, known = " ".join(error.unused_tokens or []), " ".join(error.command_chain or [])
        if known:
            raise BadInput(f"{unused}: unexpected; 'organism {known} --help' tells what it takes") from None
        raise BadInput(f"{unused}: isn't a command; 'organism --help' lists them") from None
    except CycloptsError as error:
        raise BadInput(str(error.__cause__ if isinstance(error.__cause__, BadInput) else error)) from None
