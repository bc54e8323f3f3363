"""The `organism` command: it parses, calls, and prints what comes back. No logic of its own.

What goes wrong is raised, and told at the door, `__main__`. Everything heavy is imported by the command that needs it.
"""

import math
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, make_dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError
from cyclopts.validators import Number

from .corpus import fetch_makemore, read_corpus
from .errors import BadInput, Failure
from .files import check_output
from .genes import GENES, Gene, check_genes
from .genome import PRIMORDIAL_GENOME
from .home import Home
from .life.genomes import genome_in_force, read_genome, read_preset, write_genome
from .signals import Signalled
from .view.progress import progress

app = App(
    name="organism",
    help="A tiny GPT that evolves itself, alive in a terminal.",
    version=lambda: f"organism {metadata.version('organism')}",
    version_flags=["--version"],
    help_format="plaintext",
    exit_on_error=False,
    print_error=False,
    result_action="return_value",
)
genome_app = App(name="genome", help="The creature's DNA.")
runs_app = App(name="runs", help="Past and interrupted runs.")
corpus_app = App(name="corpus", help="What a creature can learn from.")
for group in (genome_app, runs_app, corpus_app):
    app.command(group)

Objective = Literal[
    "loss", "beauty", "flow", "symmetry", "creativity", "classic-loss", "classic-beauty", "hydra", "pareto"
]
Metabolism = Literal["val", "tape", "fused"]
Dtype = Literal["float64", "float32"]
Preset = Literal["microgpt", "microgpt-first"]
Part = Literal["ladder", "shapes", "workers", "startup", "evolution", "benchmarks"]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# --- flags: how their values are read, and what several commands say of them


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


def about(text: str, **more: Any) -> Parameter:
    """What `--help` says of a flag, and what else there is to know of it."""
    return Parameter(help=text, **more)


def number(text: str | None = None, *, gte: Any = None, lte: Any = None, **more: Any) -> Parameter:
    """The same of a flag with a number, from `gte` to `lte`."""
    return Parameter(help=text, converter=_number, validator=Number(gte=gte, lte=lte), **more)


Count = Annotated[int, number(gte=1)]
Finite = Annotated[float, number()]
Positive = Annotated[float, Parameter(converter=_number, validator=Number(gt=0))]
Seed = Annotated[int, number(gte=0, lte=(1 << 63) - 1)]
Switch = Annotated[bool, Parameter(negative=(), show_default=False)]

HOME = "Where genome.toml and experiments/ live; default: here if genome.toml is here, else the user's data folder."
HomeFlag = Annotated[Path | None, about(HOME, name="--home", converter=_folder)]
Data = Annotated[str, about("A corpus by name (see 'organism corpus list') or a text file, a document a line.")]
OwnData = Annotated[str | None, about("A corpus, by name or a text file; default: the one that the genome names.")]
WORKERS = "Worker processes, at most; default: the cores."
Workers = Annotated[int, number(WORKERS, show_default=False, gte=1, lte=1024)]
Headless = Annotated[Switch, about("Print text instead of opening the screen.")]
JsonLines = Annotated[Switch, about("Print the events as JSON Lines, without the screen.")]
Json = Annotated[Switch, about("Print everything as JSON.")]
RunName = Annotated[str | None, about("The journal's name, without its ending; default: the last one.")]
Temperature = Annotated[Positive, about("Of the dreams: lower is safer, higher wilder.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Shared:
    """Flags of every command that trains."""

    home: HomeFlag = None
    data: Data = "names"
    seed: Annotated[Seed | None, about("It explains the whole run: drawn and told, but 42 to train and sweep.")] = None
    metabolism: Annotated[Metabolism, about("val: objects; tape: recorded scalars; fused: gradients by hand.")] = "tape"
    dtype: Annotated[Dtype, about("Precision; float32 needs --metabolism fused.")] = "float64"

    def __post_init__(self):
        if self.dtype == "float32" and self.metabolism != "fused":
            raise BadInput(f"--dtype float32: {self.metabolism} computes in float64; '--metabolism fused' has float32")


@Parameter(name="*")
@dataclass(frozen=True)
class Evolving:
    """Flags of an evolution."""

    objective: Annotated[Objective, about("What is selected for.")] = "loss"
    generations: Annotated[Count | None, about("Generations (per cycle, with hydra).")] = None
    population: Annotated[int | None, number("Of a generation (with hydra: of each head).", gte=2, lte=10_000)] = None
    cycles: Annotated[Count, about("Gatherings of the hydra.")] = 5
    target: Annotated[Finite | None, about("End when the best reaches this, in the objective's own unit.")] = None
    patience: Annotated[Count | None, about("End after so many generations without progress.")] = None
    minutes: Annotated[Positive | None, about("End the search after so many minutes.")] = None
    space: Annotated[str, about("Where to look: default, wide, or a TOML file with the genes as keys.")] = "default"
    workers: Workers = CORES


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


# --- living, learning, dreaming


@app.default
def life(
    *, shared: Shared = Shared(), evolving: Evolving = Evolving(), headless: Headless = False, json: JsonLines = False
):
    """Live: as a primordial creature, through evolution, as what it became. The screen, or text with --headless."""
    return _live(shared, evolving, headless, json, whole_life=True)


@app.command
def evolve(
    *, shared: Shared = Shared(), evolving: Evolving = Evolving(), headless: Headless = False, json: JsonLines = False
):
    """Evolution alone, from the genome in force."""
    return _live(shared, evolving, headless, json, whole_life=False)


def _live(shared: Shared, evolving: Evolving, headless: bool, json: bool, whole_life: bool) -> int | None:
    screen = None if headless or json else _screen("organism" if whole_life else "organism evolve")
    from .life.life import Life
    from .life.plan import plan_of

    wishes = {**vars(shared), **vars(evolving), "whole_life": whole_life}
    home, workers = Home.find(wishes.pop("home")), wishes.pop("workers")
    plan = plan_of(**wishes)
    if screen:
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
            _say(f"interrupted; go on with: organism runs resume {life.journal.story.name} {how}")
        raise


def _print_events(events: Iterable, json: bool, story=None) -> None:
    if json:
        from .events import encode

        for event in events:
            print(encode(event).decode(), flush=True)
    else:
        from .view.printer import print_life

        print_life(events, story)


@app.command
def train(
    *,
    shared: Shared = Shared(),
    preset: Annotated[Preset | None, about("A published run: its genome, trained with --all.")] = None,
    genome: Annotated[Path | None, about("Train the creature of this genome file instead.")] = None,
    every: Annotated[
        Switch, about("Learn every document, in published order; nothing is held out.", name="--all")
    ] = False,
    flags: GeneFlags = GeneFlags(),
    samples: Annotated[int, number("How many names to dream.", gte=0, lte=100_000)] = 20,
    temperature: Temperature = 0.5,
    json: JsonLines = False,
):
    """Train the creature of genome.toml, and let it dream; flags override the genes of whatever genome is trained."""
    from .life import creature
    from .mind.training import Diverged
    from .view.printer import print_training

    if preset and genome:
        raise BadInput(f"--genome {genome}: --preset {preset} is a genome already: only one can be trained")
    home = Home.find(shared.home)
    base = (read_preset(preset) if preset else read_genome(genome) if genome else genome_in_force(home)).genes
    given = {gene: value for gene, value in vars(flags).items() if value is not None}
    genes = check_genes(msgspec.structs.replace(base, **given), "--emb / --head: ")
    corpus = read_corpus(shared.data)
    seed = creature.SEED if shared.seed is None else shared.seed
    lesson = creature.Lesson(genes, seed, shared.metabolism, shared.dtype, every or bool(preset), samples, temperature)
    _compile((shared.metabolism, shared.dtype))
    is_in_force = genes == base and not (genome or lesson.every)
    try:
        events = creature.train(lesson, corpus, home if is_in_force else None, _say)
        if json:
            _print_events(events, json=True)
        else:
            print_training(events)
    except Diverged as error:
        raise Failure(f"the creature died: {error}; a lower --lr may help") from None


@app.command
def dream(
    *,
    n: Annotated[int, number("How many names.", name=["-n", "--number"], gte=1, lte=100_000)] = 20,
    temperature: Temperature = 0.5,
    prompt: Annotated[str, about("Letters that every dream opens with.")] = "",
    home: HomeFlag = None,
    data: OwnData = None,
    seed: Annotated[Seed | None, about("Repeat the same dreams; drawn if left out.")] = None,
):
    """Let the creature of genome.toml dream, from the weights that it was last trained to; it's trained if need be."""
    from .life.creature import dream as let_dream

    _print(let_dream(Home.find(home), n, temperature, prompt, data, seed, _say))


# --- genome


@genome_app.command(name="show")
def genome_show(*, home: HomeFlag = None):
    """Print the genome in force as TOML."""
    print(genome_in_force(Home.find(home)).toml(), end="")


@genome_app.command(name="history")
def genome_history(*, home: HomeFlag = None):
    """The creature's ancestors, oldest first, and the genomes that were replaced."""
    from .instruments.listings import ancestry

    _print(ancestry(Home.find(home)))


@genome_app.command(name="reset")
def genome_reset(*, home: HomeFlag = None):
    """Make the creature primordial again; the genome that it had is kept in the history."""
    place = Home.find(home)
    with place.lock():
        write_genome(place, PRIMORDIAL_GENOME)
    print(f"{place.genome} is primordial")


@genome_app.command(name="submit")
def genome_submit(
    *,
    author: Annotated[str | None, about("Whose it is.")] = None,
    notes: Annotated[str | None, about("What is to be said of it.")] = None,
    home: HomeFlag = None,
):
    """File the genome in force in the registry, genomes/<objective>/, under an id made of what it is."""
    from .life.registry import submit

    place = Home.find(home)
    with place.lock():
        entry = submit(place, genome_in_force(place), author, notes)
    print(f"{entry.id}  {entry.path}")


@genome_app.command(name="list")
def genome_list(*, home: HomeFlag = None):
    """The registry: genomes that were filed, by objective, the fittest first."""
    from .instruments.listings import registry

    _print(registry(Home.find(home)))


@genome_app.command(name="use")
def genome_use(
    genome: Annotated[str, about("An id of 'organism genome list' (its first letters will do) or a TOML file.")],
    *,
    home: HomeFlag = None,
):
    """Make a genome of the registry, or of a file, the one in force; the genome that it replaces is kept."""
    from .life.registry import find
    from .view.words import describe

    place = Home.find(home)
    with place.lock():
        found = find(place, genome)
        write_genome(place, found)
    print(f"{place.genome} is {describe(found.genes)}")


# --- runs


@runs_app.command(name="list")
def runs_list(*, home: HomeFlag = None, json: Annotated[Switch, about("Print a line of JSON for each.")] = False):
    """Every run of this home, oldest first."""
    from .instruments.runs import list_lines, summary
    from .life.journal import journals

    summaries = [summary(path) for path in journals(Home.find(home))]
    _print([msgspec.json.encode(run).decode() for run in summaries] if json else list_lines(summaries))


@runs_app.command(name="show")
def runs_show(run: RunName = None, *, home: HomeFlag = None):
    """What a run came to: trajectory, species, genes, lineage, compute, names."""
    from .instruments.runs import show_lines
    from .life.journal import find_run, read_story

    _print(show_lines(read_story(find_run(Home.find(home), run))))


@runs_app.command(name="replay")
def runs_replay(run: RunName = None, *, home: HomeFlag = None, headless: Headless = False, json: JsonLines = False):
    """Tell a run again from its journal."""
    from .life.journal import find_run, read_events

    place = Home.find(home)
    path = find_run(place, run)
    if headless or json:
        return _print_events(read_events(path), json)
    return _screen("organism runs replay").replay(place, path, CORES)


@runs_app.command(name="resume")
def runs_resume(
    run: Annotated[str | None, about("The journal's name, without its ending.")] = None,
    *,
    generations: Annotated[Count | None, about("Go on to so many in all, also with a run that is finished.")] = None,
    home: HomeFlag = None,
    workers: Workers = CORES,
    headless: Headless = False,
    json: JsonLines = False,
):
    """Go on with a run: if none is named the last unfinished one, or with --generations the last one."""
    from .life.journal import find_run, last_unfinished
    from .life.life import Life

    place = Home.find(home)
    path = find_run(place, run) if run or generations else last_unfinished(place)
    if headless or json:
        return _run(Life.resume(place, path, workers, generations), place, json)
    return _screen("organism runs resume").resume(place, path, workers, generations)


# --- corpora


@corpus_app.command(name="list")
def corpus_list():
    """The embedded corpora, and makemore once it's fetched."""
    from .instruments.listings import corpora

    _print(corpora())


@corpus_app.command(name="show")
def corpus_show(
    name: Data = "names",
    *,
    n: Annotated[int, number("How many documents.", name=["-n", "--number"], gte=0)] = 20,
):
    """What is in a corpus: its figures and its first documents."""
    from .instruments.listings import contents

    _print(contents(read_corpus(name), n))


@corpus_app.command(name="fetch")
def corpus_fetch(name: Annotated[Literal["makemore"], about("Only makemore can be fetched.")] = "makemore"):
    """Download the names that the published runs used (Karpathy's makemore, 228 kB) into the cache."""
    with progress() as show:
        show(f"fetching {name}", None)
        path = fetch_makemore()
    print(f"{path}: use it as --data {name}")


# --- instruments


@app.command
def judge(
    file: Annotated[str, about("A text file, or - for standard input.", allow_leading_hyphen=True)] = "-",
    *,
    data: OwnData = None,
    home: HomeFlag = None,
    json: Json = False,
):
    """How beautiful a list of names is, one a line, beside real names: flow, symmetry, creativity, beauty, classic."""
    from .instruments import judge as judging
    from .life.creature import corpus_of

    if file.startswith("-") and file != "-":
        raise BadInput(f"{file}: isn't a flag of judge: 'organism judge --help' lists them")
    corpus = corpus_of(genome_in_force(Home.find(home)), data)
    _print_record(judging.judge(judging.read_names(file), corpus), judging.lines, json)


@app.command
def sweep(
    what: Annotated[str, about("steps, params, a .toml with [grid] or [[points]], or a sweep's .jsonl to look at.")],
    *,
    shared: Shared = Shared(),
    values: Annotated[
        str | None, about("Of steps: '1k,2k,500'; of params, width/heads/layers: '16/4/1,32/4/2'.")
    ] = None,
    seeds: Annotated[
        int | None, number("Trainings a point, by --seed and those after it; default: 3.", gte=1, lte=1000)
    ] = None,
    workers: Workers = CORES,
    out: Annotated[Path | None, about("Write all results to this file, .json or .csv.")] = None,
    plot: Annotated[Path | None, about("Draw them in this file, .svg or .png (pip install 'organism[plots]').")] = None,
):
    """Train the creature of genome.toml under several genes and seeds, and say what more of each returns.

    The same command again goes on with a sweep that was interrupted, and only reads one that is complete.
    """
    from .instruments.sweep import files, scaling
    from .instruments.sweep import sweep as sweeping
    from .instruments.sweep.show import lines
    from .life.creature import SEED

    if out:
        check_output("--out", out, *files.ENDINGS)
    if plot:
        files.check_plot(plot)
    home = Home.find(shared.home)
    if what.endswith(".jsonl"):
        results = sweeping.read_again(Path(what), values=values, seeds=seeds, seed=shared.seed)
    else:
        corpus, genes = read_corpus(shared.data), genome_in_force(home).genes
        first = SEED if shared.seed is None else shared.seed
        wanted = sweeping.sweep_of(what, genes, corpus, first, seeds or 3, shared.metabolism, shared.dtype, values)
        _compile((shared.metabolism, shared.dtype))
        try:
            with progress() as show:
                results = sweeping.run(wanted, corpus, home, workers, show)
        except Signalled:
            _say("interrupted; the same command goes on with the sweep")
            raise
    analysis = scaling.analyse(results.points())
    if out:
        files.write_table(out, results, analysis)
    if plot:
        files.write_plot(plot, results, analysis)
    _print(lines(results, analysis))


GRAPH = "Draw the scalars of the expression, or of a letter's logit, with data and gradients, as .svg or .dot."


@app.command
def explain(
    name: Annotated[str | None, about("The name, in letters of the corpus.")] = None,
    *,
    expression: Annotated[str | None, about("Instead: a tiny expression: 'a=2; b=-3; d=a*b+10; relu(d)'.")] = None,
    graph: Annotated[Path | None, about(GRAPH)] = None,
    letter: Annotated[Count | None, about("Which letter --graph draws, from 1; one more is the name's end.")] = None,
    json: Json = False,
    home: HomeFlag = None,
    data: OwnData = None,
):
    """One name through the creature, step by step: tokens, embeddings, attention, expectations, losses, gradients."""
    from .instruments.explain import explain as explaining
    from .instruments.explain.graph import of_expression, of_letter
    from .instruments.explain.show import ENDINGS, name_lines, scalar_lines, write_graph

    if graph:
        check_output("--graph", graph, *ENDINGS)
    elif letter:
        raise BadInput(f"--letter {letter}: is for --graph, which draws it")
    if expression is not None and name is None:
        if letter:
            raise BadInput(f"--letter {letter}: an --expression has none")
        scalars, title = of_expression(expression), expression
        found, lines = scalars, scalar_lines
    elif name is not None and expression is None:
        creature = explaining.creature_that_reads(Home.find(home), name, letter or 1, data, _say)
        found, lines = explaining.explain(creature, name), name_lines
        scalars, title = of_letter(creature, name, letter or 1) if graph else ([], "")
    else:
        raise BadInput("explain: must be given a NAME or an --expression")
    if graph:
        write_graph(graph, scalars, title)
    _print_record(found, lines, json)


@app.command
def report(
    run: RunName = None,
    *,
    out: Annotated[Path | None, about("The file to write; default: beside the journal.", name=["-o", "--out"])] = None,
    home: HomeFlag = None,
):
    """Write one self-contained HTML page about a run."""
    from .instruments.report.report import write_report
    from .life.journal import find_run

    journal = find_run(Home.find(home), run)
    path = out or journal.with_suffix(".html")
    write_report(journal, path)
    print(path)


@app.command
def bench(
    *,
    only: Annotated[Part | None, about("Measure this part alone.")] = None,
    json: Json = False,
    data: Data = "names",
    workers: Workers = CORES,
):
    """How fast it is on this machine: metabolisms, shapes, workers, start-up, evolution, micro-benchmarks.

    Learnt are the first 1,000 documents of the corpus.
    """
    from .instruments.bench.bench import PARTS, measure
    from .instruments.bench.show import bench_lines

    corpus = read_corpus(data)
    _compile(*COMPILED)
    with progress() as show:
        report = measure(corpus, [only] if only else PARTS, workers, show)
    _print_record(report, bench_lines, json)


PEER = "NAME=COMMAND of an outside program, to be run as it is; may be given again for another."


@app.command
def compare(
    *,
    peer: Annotated[tuple[str, ...], about(PEER, negative=(), show_default=False)] = (),
    repeats: Annotated[int, number("How often each is run; medians count.", gte=1, lte=1_000)] = 7,
    json: Json = False,
    data: Data = "names",
):
    """Preset microgpt by every metabolism and by any outside program, in turns, in one table.

    'makemore' is the corpus that the published programs learn.
    """
    from .instruments.bench.compare import compare, parse_peers
    from .instruments.bench.show import compare_lines

    peers = parse_peers(peer)
    corpus = read_corpus(data)
    _compile(*COMPILED)
    with progress() as show:
        compared = compare(corpus, peers, repeats, show)
    _print_record(compared, compare_lines, json)


# --- what every command shares


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _print_record(record: Any, lines: Callable[[Any], Iterable[str]], json: bool) -> None:
    """Print what an instrument found, as one line of JSON or as the `lines` that it makes of it."""
    _print([msgspec.json.encode(record).decode()] if json else lines(record))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _screen(command: str) -> Any:
    """The doors to the screen. Raises BadInput where there's no terminal to open it on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput(f"the screen needs a terminal: '{command} --headless' prints text")
    from tui import main

    return main


COMPILED = (("tape", "float64"), ("fused", "float64"), ("fused", "float32"))


def _compile(*kinds: tuple[str, str]) -> None:
    """Have compiled loops at hand, and say so where that takes a while: the first time on a machine."""
    from .mind.metabolism.build import prepare, to_compile
    from .view.printer import compiling

    for metabolism, dtype in kinds:
        if what := to_compile(metabolism, dtype):
            with compiling(what):
                prepare(metabolism, dtype)


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
