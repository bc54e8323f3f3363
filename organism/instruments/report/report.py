"""A report of a run that is worth keeping: one HTML page from its journal, and from nothing else.

`report` is a pure function from the story to the page; `write_report` puts it into a file.
"""

import difflib
import math
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

import msgspec
import tomli_w

from ...errors import BadInput
from ...events import SAYINGS, GenerationEnd, sign
from ...files import check_output, write_atomically
from ...genes import GENES, Genes, named, ordinal, spelt, told
from ...life.journal import read_story
from ...space import SPACES
from ...story import Learning, Organism, Story, genome_before, genome_of
from ...view.body import LEGEND, mood, portrait
from ...view.sentences import sentence
from ...view.words import STAGE_SIGNS, describe, duration
from ..findings import contrasts
from . import svg as charts
from .page import card, grid, names, page, paragraph, section, table, tiles
from .svg import Curve, Dot, chart, legend

SMALL = (260, 160)
MEDIUM = (340, 230)
STYLES = ("a", "b", "c", "d")
ANCESTORS = 60  # More of them than this aren't told one by one.


def write_report(journal: Path, path: Path) -> None:
    """Write the report of the run in `journal` to `path`. Raises BadInput where either can't be."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise BadInput(f"-o {path}: must end in .html")
    check_output("-o", path)
    write_atomically(path, report(read_story(journal)).encode())


def report(story: Story) -> str:
    """The whole page."""
    parts = (_hero, _lifecycle, _by_generation, _genes, _lineage, _rewriting, _dreams, _findings, _figures, _again)
    footer = (
        f"<footer>Written by organism {escape(story.first.versions.get('organism', ''))} from the journal "
        f"{escape(story.name)}. Losses are in nats per token, on names that the creature never saw.</footer>"
    )
    return page(f"Organism: {story.name}", (*(part(story) for part in parts), footer))


def _hero(story: Story) -> str:
    run, end, winner = story.first, story.end, story.winner
    stage = "evolved" if end else "evolving"
    shown = winner or run.genome
    told = f"A run for {run.objective} on the corpus {Path(run.corpus).stem}, seed {run.seed}. "
    if end and winner:
        kept = "kept the genes that it began with" if winner == run.genome else "rewrote its own genes"
        trained = f"After {story.evaluations:,} trainings in {duration(story.elapsed)}"
        told += f"{trained} the creature {kept}: {describe(winner)}."
        figures = [
            ("test loss", f"{end.test_loss:.4f}"),
            ("validation loss", f"{end.validation_loss:.4f}"),
            ("parameters", f"{next((c.params for c in story.confirmed if c.id == end.champion), 0):,}"),
            ("trainings", f"{story.evaluations:,}"),
        ]
    else:
        told += f"{_unended(story)} {story.completed:,} generations are told of here."
        figures = [("generations", f"{story.completed:,}"), ("trainings", f"{story.evaluations:,}")]
        figures += [] if story.best is None else [("best so far", f"{story.best:.4f}")]
    return (
        f'<header class="hero"><div><p class="over">Organism · {escape(story.name)}</p>'
        f"<h1>{escape(SAYINGS[stage])}</h1>{paragraph(told)}{tiles(figures)}</div>"
        f"<figure>{_face(shown, stage)}<figcaption>{'; '.join(LEGEND)}</figcaption></figure></header>"
    )


def _unended(story: Story) -> str:
    """Why there's no champion that was confirmed."""
    return "Nothing lived to be confirmed." if story.finished else "It isn't finished."


def _face(genes: Genes, stage: str) -> str:
    return portrait(genes, escape(f"A creature of {describe(genes)}"), mood(stage))


def _lifecycle(story: Story) -> str:
    run, end, winner = story.first, story.end, story.winner
    heads = f" of {len(story.heads)} heads" if len(story.heads) > 1 else ""
    searched = [f"{len(story.organisms):,} organisms in {story.completed:,} generations{heads}"]
    searched += [f"{len(story.gatherings):,} gatherings"] if story.gatherings else []
    searched += [f"interrupted and resumed {story.resumed} times"] if story.resumed else []
    searched += [f"a person stepped in {len(story.acts)} times"] if story.acts else []
    searched += [f"{story.deaths:,} died"] if story.deaths else []
    best = [_fitness_line(story.generations, "best", "a", sign(run.objective))] if len(story.heads) == 1 else []
    cards = [
        _creature(run.genome, run.stage, story.lives[0] if _began(story) else None),
        _stage(
            "evolving",
            chart("The best so far", best, across="best by generation", size=MEDIUM),
            *(paragraph(line + ".", "soft") for line in searched),
            paragraph(f"Ended by: {end.reason}." if end else _unended(story), "soft"),
        ),
    ]
    if end and winner:
        cards.append(_creature(winner, "evolved", story.learning("evolved") if len(story.lives) > 1 else None))
    return section("Its life", grid(cards))


def _began(story: Story) -> bool:
    """Whether the journal tells of the creature's own training before the search."""
    return bool(story.lives) and story.lives[0].stage == story.first.stage


def _stage(stage: str, *parts: str) -> str:
    """A stage of its life, under what it says then."""
    return card(f'<p class="saying">"{SAYINGS[stage]}"</p>', *parts, title=f"{STAGE_SIGNS[stage]} {stage}")


def _creature(genes: Genes, stage: str, life: Learning | None) -> str:
    """What it looked like in a stage of its life, and how its own training went, if that came to its end."""
    parts = [_face(genes, stage), paragraph(describe(genes), "soft")]
    if life and life.end:
        line = Curve("training loss", "a", tuple((float(step), loss) for step, loss in life.curve))
        losses = f"validation loss {life.end.validation_loss:.4f}" if life.end.validation_loss is not None else ""
        losses += f", test loss {life.end.test_loss:.4f}" if life.end.test_loss is not None else ""
        parts.append(chart("Training loss by step", [line], across="training loss by step", size=(320, 150)))
        parts.append(paragraph(f"{life.end.params:,} parameters, {losses}", "soft"))
    return _stage(stage, *parts)


def _by_generation(story: Story) -> str:
    """Loss and beauty of every organism and of each champion, then what was selected for."""
    if not story.generations:
        return ""
    keys = [("dot", "an organism"), *_keys(story, "the generation's champion")]
    floor = (story.floor, "counting letter pairs") if math.isfinite(story.floor) else None
    cards = []
    for field, name, rule, title in (
        ("validation_loss", "Validation loss", floor, "Loss: validation loss, lower is better"),
        ("beauty", "Beauty", None, "Beauty: of 200 dreams, higher is better"),
    ):
        judged = {id: organism.judged for id, organism in story.organisms.items() if organism.judged}
        values = {id: float(getattr(event, field)) for id, event in judged.items()}
        dots = [
            Dot(float(story.organisms[id].generation), values[id], "dot", f"organism {id}: {values[id]:.4f}")
            for id, event in judged.items()
            if not event.inherited
        ]
        champions = _champions(story, lambda end, values=values: values.get(end.champion))
        drawn = chart(f"{name} by generation", champions, dots, rule=rule, size=MEDIUM)
        cards.append(card(drawn, legend(keys), title=title))
    styles = {"best": "a", "mean": "b", "worst": "c"}
    for head in story.heads:
        aim = story.aim(head)
        own = [generation for generation in story.generations if generation.head == head]
        lines = [_fitness_line(own, field, style, sign(aim)) for field, style in styles.items()]
        kinds = ", ".join(str(generation.species) for generation in charts.thinned(own, 30))
        cards.append(
            card(
                chart(f"{aim} by generation", lines, size=MEDIUM),
                legend((style, field) for field, style in styles.items()),
                paragraph(f"Species by generation: {kinds}", "soft"),
                title=f"{head or 'Best, mean, worst'}: selected for {aim}",
            )
        )
    return section("Loss and beauty, generation by generation", grid(cards))


def _fitness_line(own: Sequence[GenerationEnd], field: str, style: str, unit: int) -> Curve:
    return Curve(field, style, tuple((float(g.generation), unit * getattr(g, field)) for g in own))


def _keys(story: Story, champion: str) -> list[tuple[str, str]]:
    """The style of each head, and its name; of any other run, what its `champion` is called."""
    return [(style, head or champion) for head, style in zip(story.heads, STYLES, strict=False)]


def _champions(story: Story, value: Callable[[GenerationEnd], float | None]) -> list[Curve]:
    """The champions' line of each head: the `value` that each of its generations has."""
    lines = []
    for head, (style, label) in zip(story.heads, _keys(story, "champion"), strict=False):
        points = ((float(end.generation), value(end)) for end in story.generations if end.head == head)
        known = tuple((x, y) for x, y in points if y is not None)
        lines.append(Curve(label, f"{style} only" if len(story.heads) == 1 else style, known))
    return lines


def _genes(story: Story) -> str:
    """For each gene the values that lived in a generation, and the champion's."""
    if not story.generations:
        return ""
    cards, organisms = [], story.organisms.values()
    for gene in told(organism.genes for organism in organisms):
        counts = Counter((o.generation, ordinal(gene, getattr(o.genes, gene))) for o in organisms)
        dots = [
            Dot(float(generation), value, "dot", f"{named(gene, value)}: {count} organisms", min(7.0, 1.6 * count**0.5))
            for (generation, value), count in counts.items()
        ]
        lines = _champions(story, lambda end, gene=gene: ordinal(gene, getattr(end.genes, gene)))
        dots = charts.thinned(dots, charts.DOTS // 3)
        logarithmic = GENES[gene].logarithmic
        cards.append(card(chart(f"{gene} by generation", lines, dots, size=SMALL, logarithmic=logarithmic), title=gene))
    keys = legend([("dot", "organisms"), *_keys(story, "the champion's")])
    return section("Its genes, generation by generation", keys, grid(cards, small=True))


def _lineage(story: Story) -> str:
    """The picture of who came of whom, and the champion's line."""
    if not story.organisms:
        return ""
    ancestors = story.lineage()
    own = {organism.id for organism in ancestors}
    lanes = {head: i for i, head in enumerate(dict.fromkeys(o.head for o in story.organisms.values()))}
    populations: dict[tuple, list[Organism]] = {}
    for organism in story.organisms.values():
        populations.setdefault((organism.generation, organism.head), []).append(organism)
    drawn = []
    for population in populations.values():
        ranked = sorted(population, key=lambda o: (-o.judged.mean_fitness if o.judged else float("inf"), o.id))
        for rank, organism in enumerate(ranked):
            judged = organism.judged
            came = f"loss {judged.validation_loss:.4f}" if judged else organism.reason or "not judged"
            id, lane, mine = organism.id, lanes[organism.head], organism.id in own
            style = "dead" if not judged else "a" if mine else "dot"
            text = f"{id}, {organism.origin}: {came}, {describe(organism.genes)}"
            drawn.append(charts.Member(id, organism.generation, lane, rank, organism.parents, style, text, mine))
    picture = charts.lineage(drawn, [head or "" for head in lanes])
    keys = [("a", "the champion and its ancestors")] if ancestors else []
    keys += [("dot", "others, the best on top" if ancestors else "the best on top"), ("dead", "died")]
    return section(
        "Who came of whom", card(f'<div class="scroll">{picture}</div>', legend(keys)), _line(ancestors, story)
    )


def _line(ancestors: list[Organism], story: Story) -> str:
    """The champion's ancestors one by one, where there's a champion."""
    if not ancestors:
        return ""
    rows = [_ancestor(organism, story) for organism in charts.thinned(ancestors, ANCESTORS)]
    header = ("organism", "generation", "origin", "what changed", "loss", "a dream")
    more = f"{len(ancestors):,} in all, of which some are left out." if len(ancestors) > ANCESTORS else ""
    return card(table(header, rows), paragraph(more, "soft") if more else "", title="The champion's line")


def _ancestor(organism: Organism, story: Story) -> list[str]:
    """A row of the champion's line: what sets it apart from its first parent."""
    judged = organism.judged
    parent = story.organisms.get(organism.parents[0]) if organism.parents else None
    changed = "the genome in force" if organism.origin == "genome" else "drawn at random"
    if parent:
        changed = ", ".join(
            f"{gene} {spelt(getattr(parent.genes, gene))} → {spelt(getattr(organism.genes, gene))}"
            for gene in GENES
            if getattr(parent.genes, gene) != getattr(organism.genes, gene)
        )
    return [
        str(organism.id),
        f"{organism.generation}{f', {organism.head}' if organism.head else ''}",
        organism.origin,
        changed or "nothing",
        f"{judged.validation_loss:.4f}" if judged else "",
        judged.names[0] if judged and judged.names else "",
    ]


def _rewriting(story: Story) -> str:
    """genome.toml before and after, as far as the journal knows it."""
    if not story.end:
        return ""
    before = genome_before(story).toml().splitlines()
    after = genome_of(story, story.written.written_at if story.written else None).toml().splitlines()
    kinds = {"- ": "del", "+ ": "ins", "  ": "span"}
    lines = []
    for line in difflib.Differ().compare(before, after):
        if line[:2] in kinds:
            kind = kinds[line[:2]]
            lines.append(f"<{kind}>{escape(line)}</{kind}>" if line.strip() else "<span>&nbsp;</span>")
    note = "" if story.written else "It wasn't written to genome.toml yet."
    return section("How it rewrote its genome", card(f'<pre class="diff">{"".join(lines)}</pre>', note))


def _dreams(story: Story) -> str:
    """Names before and after: of the creature's own two lives, or else of the search's first and last."""
    born = {organism.genes: organism.judged.names for organism in story.organisms.values() if organism.judged}
    before = story.lives[0].names if _began(story) else ()
    before = before or born.get(story.first.genome, ())
    after = story.lives[-1].names if len(story.lives) > 1 else ()
    after = after or (born.get(story.winner, ()) if story.winner else ())
    cards = [
        card(names(dreamt), title=title)
        for title, dreamt in ((f"As {story.first.stage}", before), ("As what it became", after))
        if dreamt
    ]
    return section("What it dreamt, before and after", grid(cards)) if cards else ""


def _findings(story: Story) -> str:
    """The best against the worst, and what was confirmed."""
    parts = []
    n, found = contrasts(story)
    if found:
        by = " by validation loss" if story.is_hydra else ""
        rows = [[c.gene, f"{c.best:g}", f"{c.worst:g}", f"{c.share:.0%}", c.reading] for c in found]
        header = ("gene", f"best {n}", f"worst {n}", "best has more", "what that suggests")
        note = paragraph(
            "Medians. 'Best has more': how often one of the best has more of a gene than one of the worst.", "soft"
        )
        parts.append(card(table(header, rows), note, title=f"The {n} best creatures against the {n} worst{by}"))
    if story.confirmed:
        rows = [
            [
                str(c.id),
                f"{story.figure(c.fitness.mean):.4f}",
                f"{c.validation_loss.mean:.4f} ± {c.validation_loss.sd:.4f}",
                f"{c.test_loss:.4f}",
                describe(c.genes),
            ]
            for c in story.confirmed
        ]
        champion = next((i for i, c in enumerate(story.confirmed) if story.end and c.id == story.end.champion), None)
        header = ("organism", story.first.objective, "validation loss", "test loss", "genes")
        note = paragraph("Each trained again on seeds that the search never saw; the best mean wins.", "soft")
        parts.append(card(table(header, rows, champion), note, title="Confirmed at the end"))
    if story.blacklist:
        parts.append(paragraph(f"{len(story.blacklist)} species were found poor twice, and not drawn again.", "soft"))
    return section("What the search found", *parts)


def _figures(story: Story) -> str:
    run, end = story.first, story.end
    rows = [
        ("objective", run.objective),
        ("seed", str(run.seed)),
        ("corpus", f"{run.corpus} (sha256 {run.corpus_sha256[:16]}…)"),
        ("metabolism", f"{run.config.metabolism} {run.config.dtype}"),
        ("generations", f"{story.completed:,} of {story.planned:,}"),
        ("organisms", f"{len(story.organisms):,}, of which {story.deaths:,} died"),
        ("trainings", f"{story.evaluations:,} in {duration(story.elapsed)}"),
        *([] if story.champion is None else [("champion", str(story.champion))]),
        *([] if story.best is None else [("best", f"{story.best:.4f}")]),
        *([("ended by", end.reason)] if end else []),
        ("begun", run.created_at),
        ("workers", str(run.workers)),
        ("versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())),
        *((f"generation {event.generation}", sentence(event, story)[0]) for event in story.interventions),
    ]
    return section("Figures", card(table(("", ""), rows)))


def _again(story: Story) -> str:
    course = "It takes the same course, whatever the workers."
    if story.acts:
        course = "What a person did in between isn't repeated by it."
    said = paragraph(f"Run this in an empty folder. {course}", "soft")
    return section("The command that repeats it", said, card(f"<pre>{escape(command(story))}</pre>"))


def command(story: Story) -> str:
    """Shell lines that bring this run again: the genome that it began with, its space if it had one, the command."""
    run, config = story.first, story.first.config
    lines = [*_file("genome.toml", genome_before(story).toml())]
    space = config.space
    if space not in SPACES:
        space = "space.toml"
        lines += _file(space, tomli_w.dumps(msgspec.to_builtins(config.genes)))
    words = ["organism", *([] if config.whole_life else ["evolve"]), "--headless", "--home", "."]
    flags = {"seed": run.seed, "objective": run.objective}
    flags |= {name: getattr(config, name) for name in ("generations", "population")}
    flags |= {"cycles": config.cycles} if run.objective == "hydra" else {}
    flags |= {name: getattr(config, name) for name in ("target", "patience", "minutes")}
    flags |= {"space": space, "metabolism": config.metabolism, "dtype": config.dtype, "data": run.corpus}
    for name, value in flags.items():
        if value is not None:
            words += [f"--{name}", shlex.quote(str(value))]
    return "\n".join([*lines, " ".join(words)])


def _file(name: str, text: str) -> Iterable[str]:
    """Shell lines that write a small file."""
    return [f"cat > {name} <<'END'", *text.strip().splitlines(), "END"]
