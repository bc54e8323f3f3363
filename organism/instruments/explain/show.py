"""What is explained, on the terminal and as a drawing: pure, from records to lines, SVG or DOT (Graphviz)."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from ...errors import BadInput
from ...files import write_atomically
from ...view.table import table
from ...view.words import describe
from .explain import BOUNDARY, Explanation
from .graph import MOST_NODES, Scalar

SHOWN = 5
SHADES = ((0.05, " "), (0.2, "░"), (0.4, "▒"), (0.7, "▓"), (1.0, "█"))  # Each up to so large a weight.
LEVELS = "▁▂▃▄▅▆▇█"
ENDINGS = (".svg", ".dot")


def name_lines(explanation: Explanation) -> Iterator[str]:
    """The explanation as it's printed."""
    e = explanation
    shown = [e.vocabulary[token] for token in e.tokens]
    yield f"'{e.name}' through a creature of {describe(e.genes)}: {e.parameters:,} parameters"
    yield ""
    yield f"1. Tokens ({BOUNDARY} opens and ends every document)"
    yield "   " + " ".join(f"{letter:>3}" for letter in shown)
    yield "   " + " ".join(f"{token:>3}" for token in e.tokens)
    if e.unread:
        yield f"   read up to position {len(e.predictions) - 1}, as in training; what follows is past its context"
    yield ""
    peak = max(abs(x) for prediction in e.predictions for x in prediction.embedding)
    yield f"2. Embeddings, token + position, a column a dimension: {LEVELS[0]} is {-peak:.2f}, {LEVELS[-1]} {peak:.2f}"
    for prediction in e.predictions:
        bars = "".join(LEVELS[min(7, int((x / peak + 1) * 4))] for x in prediction.embedding)
        yield f"   {prediction.position:>3} {prediction.letter}  {bars}"
    yield ""
    key = ", ".join(f"'{shade}' to {limit:g}" for limit, shade in SHADES)
    yield f"3. Attention: how much each letter (down) looks at those so far (across): {key}"
    for layer in range(e.genes.n_layer):
        yield from _heat(e, layer)
    yield ""
    yield "4. What comes next: the most expected, what came, its probability p and its loss -log p, in nats"
    for prediction in e.predictions:
        ranked = sorted(zip(prediction.probabilities, e.vocabulary, strict=True), reverse=True)
        expected = "  ".join(f"{letter} {p:.2f}" for p, letter in ranked[:SHOWN])
        p = prediction.probabilities[e.vocabulary.index(prediction.target)]
        yield f"   after {prediction.letter}   {expected}   {prediction.target}  p {p:.4f}  loss {prediction.loss:.4f}"
    yield f"   mean loss {e.loss:.4f} over {len(e.predictions)} predictions"
    yield ""
    yield "5. Gradients: the slope of the mean loss along each matrix (root of the summed squares)"
    norms = {matrix: sum(x * x for row in rows for x in row) ** 0.5 for matrix, rows in e.gradients.items()}
    for matrix, norm in norms.items():
        yield f"   {matrix:<16} {norm:9.4f}  {'█' * round(30 * norm / max(norms.values()))}".rstrip()


def _heat(e: Explanation, layer: int) -> Iterator[str]:
    """The attention of all heads of a layer side by side, two characters a weight."""
    width = 2 * len(e.predictions)
    yield f"   layer {layer + 1}  " + "  ".join(f"{f'head {h + 1}':<{width}}" for h in range(e.genes.n_head)).rstrip()
    across = "".join(f"{prediction.letter:<2}" for prediction in e.predictions)
    yield "            " + "  ".join([across] * e.genes.n_head).rstrip()
    for prediction in e.predictions:
        cells = ("".join(2 * _shade(weight) for weight in head) for head in prediction.attention[layer])
        yield f"         {prediction.letter}  " + "  ".join(f"{row:<{width}}" for row in cells).rstrip()


def _shade(weight: float) -> str:
    return next((shade for limit, shade in SHADES if weight < limit), SHADES[-1][1])


def scalar_lines(graph: Sequence[Scalar]) -> Iterator[str]:
    """A line for each node: its name, how it was made and of what, its data and its gradient."""
    rows = [
        (str(i), node.name, node.operation, " ".join(map(str, node.parents)), f"{node.data:.6g}", f"{node.grad:.6g}")
        for i, node in enumerate(graph)
    ]
    return table([("", "name", "made by", "of", "data", "gradient"), *rows], ">4  <10 <12 <14 >12 >12")


# --- drawn


def write_graph(path: Path, graph: Sequence[Scalar], title: str) -> None:
    """Write `graph` to `path`, as SVG or DOT by its ending. Raises BadInput if it's too large to be looked at."""
    if len(graph) > MOST_NODES:
        raise BadInput(f"--graph {path}: would hold {len(graph):,} nodes: at most {MOST_NODES:,} can be looked at")
    text = as_dot(graph, title) if path.suffix.lower() == ".dot" else as_svg(graph, title)
    write_atomically(path, text.encode())


def as_dot(graph: Sequence[Scalar], title: str) -> str:
    """The graph in the language of Graphviz: `dot -Tsvg`."""
    lines = ["digraph scalars {", "  rankdir=LR;", f"  label={_quoted(title)};", "  node [shape=record, fontsize=10];"]
    for i, node in enumerate(graph):
        what = "  ".join(part for part in (node.name, node.operation) if part) or "constant"
        for character in "\\{}|<>":
            what = what.replace(character, "\\" + character)
        lines.append(f"  n{i} [label={_quoted(f'{what} | data {node.data:.6g} | grad {node.grad:.6g}')}];")
    lines += [f"  n{parent} -> n{i};" for i, node in enumerate(graph) for parent in node.parents]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


BOX, ROW, COLUMN, MARGIN = (152, 30), 38, 180, 24
STYLE = """
svg { background: #fbfaf7; color: #1d2433; font: 10px ui-monospace, Menlo, Consolas, monospace }
rect { fill: #fff; stroke: #b9b3a5 } .leaf rect { fill: #eef4ff; stroke: #8aa5d6 } .end rect { fill: #fff0e2 }
text { fill: currentColor } .data { fill: #4c566a } .title { font-size: 14px }
path { fill: none; stroke: #9aa0ac; stroke-width: .8; opacity: .55 }
@media (prefers-color-scheme: dark) {
  svg { background: #12151c; color: #e7e9ee } .data { fill: #aab2c0 }
  rect { fill: #1b202b; stroke: #47505f } .leaf rect { fill: #16233c; stroke: #3f639f } .end rect { fill: #3a2411 }
}
"""


def as_svg(graph: Sequence[Scalar], title: str) -> str:
    """The graph from left to right: leaves in blue, the result at the right, data and gradient in every box."""
    places = _layout(graph)
    wide = max(x for x, _ in places) + BOX[0] + MARGIN
    high = max(y for _, y in places) + BOX[1] + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
        f'<text class="title" x="{MARGIN}" y="{MARGIN}">{escape(title)}</text>'
    ]
    for (x, y), node in zip(places, graph, strict=True):
        for parent in node.parents:
            px, py = places[parent][0] + BOX[0], places[parent][1] + BOX[1] / 2
            bend = (x - px) / 2
            parts.append(f'<path d="M{px} {py:g}c{bend:g} 0 {bend:g} {y + 15 - py:g} {x - px} {y + 15 - py:g}"/>')
    for i, ((x, y), node) in enumerate(zip(places, graph, strict=True)):
        kind = "end" if i == len(graph) - 1 else "node" if node.parents else "leaf"
        what = "  ".join(part for part in (node.name, node.operation) if part) or "constant"
        parts.append(
            f'<g class="{kind}" transform="translate({x} {y})"><rect width="{BOX[0]}" height="{BOX[1]}" rx="4"/>'
            f'<text x="6" y="12">{escape(what[:21])}</text>'
            f'<text class="data" x="6" y="24">{node.data:.4g} | grad {node.grad:.3g}</text></g>'
        )
    return "\n".join(parts) + "\n</svg>\n"


def _layout(graph: Sequence[Scalar]) -> list[tuple[int, int]]:
    """A place for each node: as many columns from the right as its longest path to the result, near what uses it."""
    depth = [0] * len(graph)
    users: list[list[int]] = [[] for _ in graph]
    for i in range(len(graph) - 1, -1, -1):
        for parent in graph[i].parents:
            depth[parent] = max(depth[parent], depth[i] + 1)
            users[parent].append(i)
    columns: list[list[int]] = [[] for _ in range(max(depth) + 1)]
    for i, column in enumerate(depth):
        columns[column].append(i)
    tallest = max(map(len, columns))
    height = [0.0] * len(graph)
    for column in columns:
        column.sort(key=lambda i: (sum(height[user] for user in users[i]) / len(users[i]) if users[i] else 0.0, i))
        for row, i in enumerate(column):
            height[i] = row + (tallest - len(column)) / 2
    last = len(columns) - 1
    return [(MARGIN + COLUMN * (last - depth[i]), round(2 * MARGIN + ROW * height[i])) for i in range(len(graph))]
