"""A report of a run that is worth keeping: one HTML page from its journal, and from nothing else.

`report` is a pure function from the story to the page; `write_report` puts it into a file.
"""

import difflib
import math
import shlex
from collections.abc import Iterable
from html import escape
from pathlib import Path

import msgspec
import tomli_w

from ...errors import BadInput
from ...events import SAYINGS, GenerationEnd, sign
from ...files import check_output, write_atomically
from ...genes import GENES, Genes, named, ordinal, spelt, told
from ...genome import Genome, Provenance
from ...life.journal import read_events
from ...space import SPACES
from ...story import Lived, Organism, Story, aim_of, contrasts, tell
from ...view.body import LEGEND, mood, portrait
from ...view.printer import deed
from ...view.words import STAGE_SIGNS, describe
from . import svg as charts
from .page import card, grid, names, page, paragraph, section, table, tiles
from .svg import Dot, Line, chart, legend

SMALL = (260, 160)
MEDIUM = (340, 230)
STYLES = ("a", "b", "c", "d")
ANCESTORS = 60  # More of them than this aren't told one by one.


def write_report(journal: Path, path: Path) -> None:
    """Write the report of the run in `journal` to `path`. Raises BadInput where either can't be."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise BadInput(f"-o {path}: must end in .html")
    check_output("-o", path)
    write_atomically(path, report(tell(read_events(journal), journal.stem)).encode())


def report(story: Story) -> str:
    """The whole page."""
    return page(
        f"Organism: {story.stem}",
        (
            _hero(story),
            _lifecycle(story),
            _by_generation(story),
            _genes(story),
            _lineage(story),
            _rewriting(story),
            _dreams(story),
            _findings(story),
            _figures(story),
            _again(story),
            f"<footer>Written by organism {escape(story.run.versions.get('organism', ''))} from the journal "
            f"{escape(story.stem)}. Losses are in nats per token, on names that the creature never saw.</footer>",
        ),
    )


def _hero(story: Story) -> str:
    run, end, winner = story.run, story.end, story.winner
    stage = "evolved" if end else "evolving"
    shown = winner or run.genome
    told = f"A run for {run.objective} on the corpus {Path(run.corpus).stem}, seed {run.seed}. "
    if end and winner:
        kept = "kept the genes that it began with" if winner == run.genome else "rewrote its own genes"
        told += (
            f"After {end.evaluations:,} trainings in {_duration(end.seconds)} the creature {kept}: {describe(winner)}."
        )
        figures = [
            ("test loss", f"{end.test_loss:.4f}"),
            ("validation loss", f"{end.validation_loss:.4f}"),
            ("parameters", f"{next((c.params for c in story.confirmed if c.id == end.champion), 0):,}"),
            ("trainings", f"{end.evaluations:,}"),
        ]
    else:
        told += f"{_unended(story)} {story.completed:,} generations are told of here."
        losses = [event.validation_loss for event in story.trainings]
        figures = [("generations", f"{story.completed:,}"), ("trainings", f"{len(losses):,}")]
        figures += [("lowest loss", f"{min(losses):.4f}")] if losses else []
    return (
        f'<header class="hero"><div><p class="over">Organism · {escape(story.stem)}</p>'
        f"<h1>{escape(SAYINGS[stage])}</h1>{paragraph(told)}{tiles(figures)}</div>"
        f"<figure>{_face(shown, stage)}<figcaption>{'; '.join(LEGEND)}</figcaption></figure></header>"
    )


def _unended(story: Story) -> str:
    """Why there's no champion that was confirmed."""
    return "Nothing lived to be confirmed." if story.finished else "It isn't finished."


def _face(genes: Genes, stage: str) -> str:
    return portrait(genes, escape(f"A creature of {describe(genes)}"), mood(stage))


def _lifecycle(story: Story) -> str:
    run, end, winner = story.run, story.end, story.winner
    lived = {stage: life for life in story.lives for stage in [life.stage]}
    first = story.lives[0] if story.lives and story.lives[0].stage == run.stage else None
    cards = [
        card(
            f'<p class="saying">"{SAYINGS[run.stage]}"</p>',
            _face(run.genome, run.stage),
            paragraph(describe(run.genome), "soft"),
            _learning(first),
            title=f"{STAGE_SIGNS[run.stage]} {run.stage}",
        )
    ]
    heads = f" of {len(story.heads)} heads" if len(story.heads) > 1 else ""
    searched = [f"{len(story.organisms):,} organisms in {story.completed:,} generations{heads}"]
    searched += [f"{len(story.gatherings):,} gatherings"] if story.gatherings else []
    searched += [f"interrupted and resumed {story.resumed} times"] if story.resumed else []
    searched += [f"a person stepped in {len(story.acts)} times"] if story.acts else []
    searched += [f"{story.deaths:,} died"] if story.deaths else []
    best = []
    if story.generations and len(story.heads) == 1:
        best = [_fitness_line(list(story.generations), "best", "a", sign(story.run.objective))]
    cards.append(
        card(
            f'<p class="saying">"{SAYINGS["evolving"]}"</p>',
            chart("The best so far", best, across="best by generation", size=MEDIUM) if best else "",
            "".join(paragraph(line + ".", "soft") for line in searched),
            paragraph(f"Ended by: {end.reason}." if end else _unended(story), "soft"),
            title=f"{STAGE_SIGNS['evolving']} evolving",
        )
    )
    if end and winner:
        cards.append(
            card(
                f'<p class="saying">"{SAYINGS["evolved"]}"</p>',
                _face(winner, "evolved"),
                paragraph(describe(winner), "soft"),
                _learning(lived.get("evolved") if len(story.lives) > 1 else None),
                title=f"{STAGE_SIGNS['evolved']} evolved",
            )
        )
    return section("Its life", grid(cards))


def _learning(life: Lived | None) -> str:
    """How a creature's own training went, if there was one."""
    if life is None:
        return ""
    curve = tuple((float(step.step), step.loss) for step in life.steps)
    losses = f"validation loss {life.end.validation_loss:.4f}" if life.end.validation_loss is not None else ""
    losses += f", test loss {life.end.test_loss:.4f}" if life.end.test_loss is not None else ""
    return chart(
        "Training loss by step", [Line("training loss", "a", curve)], across="training loss by step", size=(320, 150)
    ) + paragraph(f"{life.end.params:,} parameters, {losses}", "soft")


def _by_generation(story: Story) -> str:
    """Loss and beauty of every organism and of each champion, then what was selected for."""
    if not story.generations:
        return ""
    loss = _cloud(story, "validation_loss")
    beauty = _cloud(story, "beauty")
    champions = [("dot", "an organism")] + [
        (style, head or "the generation's champion") for head, style in zip(story.heads, STYLES, strict=False)
    ]
    rule = (story.floor, "counting letter pairs") if math.isfinite(story.floor) else None
    cards = [
        card(
            chart("Validation loss by generation", _champions(story, "validation_loss"), loss, rule=rule, size=MEDIUM),
            legend(champions),
            title="Loss: validation loss, lower is better",
        ),
        card(
            chart("Beauty by generation", _champions(story, "beauty"), beauty, size=MEDIUM),
            legend(champions),
            title="Beauty: of 200 dreams, higher is better",
        ),
    ]
    for head in story.heads:
        aim = aim_of(story, head)
        own = [generation for generation in story.generations if generation.head == head]
        lines = [
            _fitness_line(own, label, style, sign(aim))
            for label, style in (("best", "a"), ("mean", "b"), ("worst", "c"))
        ]
        kinds = ", ".join(str(generation.species) for generation in charts.thinned(own, 30))
        cards.append(
            card(
                chart(f"{aim} by generation", lines, size=MEDIUM),
                legend([("a", "best"), ("b", "mean"), ("c", "worst")]),
                paragraph(f"Species by generation: {kinds}", "soft"),
                title=f"{head or 'Best, mean, worst'}: selected for {aim}",
            )
        )
    return section("Loss and beauty, generation by generation", grid(cards))


def _fitness_line(own: list[GenerationEnd], field: str, style: str, unit: int) -> Line:
    return Line(field, style, tuple((float(g.generation), unit * getattr(g, field)) for g in own))


def _cloud(story: Story, field: str) -> list[Dot]:
    """A dot for each organism that was trained."""
    found = []
    for organism in story.organisms.values():
        judged = organism.judged
        if judged and not judged.inherited:
            value = getattr(judged, field)
            found.append(Dot(float(organism.born.generation), value, "dot", f"organism {judged.id}: {value:.4f}"))
    return found


def _champions(story: Story, field: str) -> list[Line]:
    """The champions' line of each head."""
    lines = []
    for head, style in zip(story.heads, STYLES, strict=False):
        points = []
        for generation in story.generations:
            champion = story.organisms.get(generation.champion)
            if generation.head == head and champion and champion.judged:
                points.append((float(generation.generation), float(getattr(champion.judged, field))))
        lines.append(Line(head or "champion", f"{style} only" if len(story.heads) == 1 else style, tuple(points)))
    return lines


def _genes(story: Story) -> str:
    """For each gene the values that lived in a generation, and the champion's."""
    if not story.generations:
        return ""
    cards = []
    for gene in told(organism.born.genes for organism in story.organisms.values()):
        counts: dict[tuple[int, float], int] = {}
        for organism in story.organisms.values():
            place = organism.born.generation, ordinal(gene, getattr(organism.born.genes, gene))
            counts[place] = counts.get(place, 0) + 1
        dots = [
            Dot(float(generation), value, "dot", f"{named(gene, value)}: {count} organisms", min(7.0, 1.6 * count**0.5))
            for (generation, value), count in counts.items()
        ]
        lines = [
            Line(
                head or "champion",
                f"{style} only" if len(story.heads) == 1 else style,
                tuple(
                    (float(g.generation), ordinal(gene, getattr(g.genes, gene)))
                    for g in story.generations
                    if g.head == head
                ),
            )
            for head, style in zip(story.heads, STYLES, strict=False)
        ]
        dots = charts.thinned(dots, charts.DOTS // 3)
        logarithmic = GENES[gene].logarithmic
        cards.append(card(chart(f"{gene} by generation", lines, dots, size=SMALL, logarithmic=logarithmic), title=gene))
    keys = [(style, head or "the champion's") for head, style in zip(story.heads, STYLES, strict=False)]
    return section(
        "Its genes, generation by generation", legend([("dot", "organisms"), *keys]), grid(cards, small=True)
    )


def _lineage(story: Story) -> str:
    """The picture of who came of whom, and the champion's line."""
    if not story.organisms:
        return ""
    ancestors = story.lineage()
    own = {organism.born.id for organism in ancestors}
    lanes = {head: i for i, head in enumerate(dict.fromkeys(o.born.head for o in story.organisms.values()))}
    populations: dict[tuple, list[Organism]] = {}
    for organism in story.organisms.values():
        populations.setdefault((organism.born.generation, organism.born.head), []).append(organism)
    drawn = []
    for population in populations.values():
        ranked = sorted(population, key=lambda o: (-o.judged.mean_fitness if o.judged else float("inf"), o.born.id))
        for rank, organism in enumerate(ranked):
            born, judged = organism.born, organism.judged
            came = f"loss {judged.validation_loss:.4f}" if judged else organism.died or "not judged"
            style = "dead" if not judged else "a" if born.id in own else "dot"
            text = f"{born.id}, {born.origin}: {came}, {describe(born.genes)}"
            lane = lanes[born.head]
            drawn.append(charts.Born(born.id, born.generation, lane, rank, born.parents, style, text, born.id in own))
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
    born, judged = organism.born, organism.judged
    parent = story.organisms.get(born.parents[0]) if born.parents else None
    changed = "the genome in force" if born.origin == "genome" else "drawn at random"
    if parent:
        changed = ", ".join(
            f"{gene} {spelt(getattr(parent.born.genes, gene))} → {spelt(getattr(born.genes, gene))}"
            for gene in GENES
            if getattr(parent.born.genes, gene) != getattr(born.genes, gene)
        )
    return [
        str(born.id),
        f"{born.generation}{f', {born.head}' if born.head else ''}",
        born.origin,
        changed or "nothing",
        f"{judged.validation_loss:.4f}" if judged else "",
        judged.names[0] if judged and judged.names else "",
    ]


def _rewriting(story: Story) -> str:
    """genome.toml before and after, as far as the journal knows it."""
    end, run = story.end, story.run
    if not end:
        return ""
    confirmed = next((c for c in story.confirmed if c.id == end.champion), None)
    provenance = Provenance(
        objective=run.objective,
        fitness=confirmed.fitness if confirmed else None,
        validation_loss=confirmed.validation_loss if confirmed else None,
        test_loss=end.test_loss,
        run=story.stem,
        seed=run.seed,
        corpus=run.corpus,
    )
    before = Genome(run.stage, run.genome).toml().splitlines()
    after = Genome("evolved", end.genes, provenance).toml().splitlines()
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
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    if story.lives and story.lives[0].stage == story.run.stage:
        before = story.lives[0].names
    if len(story.lives) > 1:
        after = story.lives[-1].names
    born = {organism.born.genes: organism.judged.names for organism in story.organisms.values() if organism.judged}
    before = before or born.get(story.run.genome, ())
    after = after or (born.get(story.winner, ()) if story.winner else ())
    cards = [
        card(names(held), title=title)
        for title, held in ((f"As {story.run.stage}", before), ("As what it became", after))
        if held
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
                f"{sign(story.run.objective) * c.fitness.mean:.4f}",
                f"{c.validation_loss.mean:.4f} ± {c.validation_loss.sd:.4f}",
                f"{c.test_loss:.4f}",
                describe(c.genes),
            ]
            for c in story.confirmed
        ]
        champion = next((i for i, c in enumerate(story.confirmed) if story.end and c.id == story.end.champion), None)
        header = ("organism", story.run.objective, "validation loss", "test loss", "genes")
        note = paragraph("Each trained again on seeds that the search never saw; the best mean wins.", "soft")
        parts.append(card(table(header, rows, champion), note, title="Confirmed at the end"))
    if story.blacklist:
        parts.append(paragraph(f"{len(story.blacklist)} species were found poor twice, and not drawn again.", "soft"))
    return section("What the search found", *parts)


def _figures(story: Story) -> str:
    run, end = story.run, story.end
    rows = [
        ("objective", run.objective),
        ("seed", str(run.seed)),
        ("corpus", f"{run.corpus} (sha256 {run.corpus_sha256[:16]}…)"),
        ("metabolism", f"{run.config.metabolism} {run.config.dtype}"),
        ("generations", f"{story.completed:,} of {_planned(story)}"),
        ("organisms", f"{len(story.organisms):,}"),
        ("begun", run.created_at),
        ("workers", str(run.workers)),
        ("versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())),
    ]
    if end:
        rows.insert(6, ("trainings", f"{end.evaluations:,} in {_duration(end.seconds)}"))
        rows.insert(7, ("ended by", end.reason))
    rows += [(f"generation {event.generation}", deed(event)) for event in story.meddling]
    return section("Figures", card(table(("", ""), rows)))


def _planned(story: Story) -> str:
    """How many generations the run was to have: when it began, or since a person extended it."""
    config = story.run.config
    begun = config.generations * (config.cycles if story.is_hydra else 1)
    return f"{max([begun, *(act.generations for act in story.acts if act.generations)]):,}"


def _again(story: Story) -> str:
    said = "Run this in an empty folder. "
    said += (
        "What a person did in between isn't repeated by it."
        if story.acts
        else "It takes the same course, whatever the workers."
    )
    return section("The command that repeats it", paragraph(said, "soft"), card(f"<pre>{escape(command(story))}</pre>"))


def command(story: Story) -> str:
    """Shell lines that bring this run again: the genome that it began with, its space if it had one, the command."""
    run, config = story.run, story.run.config
    genome = Genome(run.stage, run.genome, None, run.ancestors).toml()
    lines = [*_file("genome.toml", genome)]
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


def _duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes, hours = seconds / 60, seconds / 3600
    return f"{minutes:.0f} min" if minutes < 90 else f"{hours:.1f} h"
