"""The scalar graph, drawn: each `Val` with its data and its gradient, as SVG or as DOT (Graphviz).

A `Val` doesn't say which operation made it, but its slopes do: `operation` reads it off the numbers. What's drawn is a
tiny expression that a person types, or how a small creature comes to expect one letter.
"""

import ast
import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path

import msgspec

from ...corpus import Corpus
from ...errors import BadInput
from ...files import check_output, write_atomically
from ...genes import PRIMORDIAL, Genes
from ...mind.training import Creature, Training
from ...mind.val import Val
from .explain import BOUNDARY, Reading, predicted

MOST_NODES = 1_000
SHOWN = 80  # Letters of an expression that a complaint repeats.
SEED = 42
ENDINGS = (".svg", ".dot")

SEEDLING: Genes = msgspec.structs.replace(PRIMORDIAL, n_embd=2, n_head=1, mlp_ratio=1, num_steps=500)


class Scalar(msgspec.Struct, frozen=True):
    """A node of a graph. `parents` are places in the list that it stands in, all of them before it."""

    name: str
    operation: str
    data: float
    grad: float
    parents: tuple[int, ...]


def trace(root: Val, names: dict[int, str]) -> list[Scalar]:
    """All that `root` was made from, parents before children. `names` is keyed by `id`. `backward` has been called."""
    order: list[Val] = []
    places: dict[int, int] = {}
    stack: list[tuple[Val, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if id(node) in places:
            continue
        if ready:
            places[id(node)] = len(order)
            order.append(node)
        else:
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.parents))
    return [
        Scalar(
            name=names.get(id(node), ""),
            operation=operation(node),
            data=node.data,
            grad=node.grad,
            parents=tuple(places[id(parent)] for parent in node.parents),
        )
        for node in order
    ]


def operation(node: Val) -> str:
    """What made `node`, by its value and its slopes: '+', '×', 'exp', 'dot' and so on; empty for a leaf."""
    held, slopes, y = [parent.data for parent in node.parents], list(node.slopes), node.data
    if not held:
        return ""
    if len(held) == 1:
        return _of_one(held[0], slopes[0], y)
    if all(slope == 1.0 for slope in slopes) and y == sum(held):
        return "+" if len(held) == 2 else "sum"
    if len(held) == 2:
        a, b = held
        if slopes == [1.0, -1.0] and y == a - b:
            return "-"
        if slopes == [b, a] and y == a * b:
            return "×"
        if b and slopes[0] == 1.0 / b and y == a / b:
            return "/"
    half = len(held) // 2
    if len(held) % 2 == 0 and slopes == held[half:] + held[:half]:
        return "dot"
    return "^"


def _of_one(x: float, slope: float, y: float) -> str:
    """The operation of one variable that has this value and slope at `x`."""
    if slope == y and x < 700.0 and y == math.exp(x):
        return "exp"
    if x > 0.0 and slope == 1.0 / x and y == math.log(x):
        return "log"
    if slope in (0.0, 1.0) and y == max(0.0, x):
        return "relu"
    if slope == 1.0:
        return f"+ {y - x:.4g}"
    if slope == -1.0:
        return "negated" if y == -x else f"{y + x:.4g} - it"
    if y == x * slope:
        return f"× {slope:.4g}"
    if x and y and slope:
        power = slope * x / y  # For x ** n this is n, for n ** x it's x log n.
        if math.isclose(y, abs(x) ** power, rel_tol=1e-9) or power == round(power):
            return f"^ {power:.4g}"
        return f"{math.exp(slope / y):.4g} ^ it"
    return f"× {slope:.4g}"


# --- what is drawn


def of_expression(text: str) -> list[Scalar]:
    """The graph of assignments such as 'a=2; b=-3; d=a*b+10; relu(d)', of which the last is differentiated.

    Allowed are numbers, names, + - * / **, and exp, log and relu. Raises BadInput.
    """
    where = f"--expression {text if len(text) <= SHOWN else f'{text[:SHOWN]}…'}: "
    known: dict[str, Val] = {}
    result: Val | float = 0.0
    try:
        for statement in _statements(text):
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    made = _value(value, known)
                    result = known[name] = made if isinstance(made, Val) else Val(made)
                case ast.Expr(value=value):
                    result = _value(value, known)
                case _:
                    raise BadInput(f"must be assignments: '{ast.unparse(statement)}' isn't one")
    except BadInput as error:
        raise BadInput(f"{where}{error}") from None
    except (ArithmeticError, ValueError, TypeError) as error:
        raise BadInput(f"{where}can't be computed: {error}") from None
    except (RecursionError, MemoryError):
        raise BadInput(f"{where}is nested too deeply: must be spread over more assignments") from None
    if not isinstance(result, Val):
        raise BadInput(f"{where}must hold a name, such as a=2, to be differentiated by")
    result.backward()
    return trace(result, {id(val): name for name, val in known.items()})


def _statements(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text.strip()).body
    except (SyntaxError, ValueError):
        raise BadInput("must be assignments such as 'a=2; b=-3; c=relu(a*b+10)'") from None


FUNCTIONS: dict[str, Callable[[Val], Val]] = {"exp": Val.exp, "log": Val.log, "relu": Val.relu}
OPERATORS: dict[type, Callable] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


def _value(node: ast.expr, known: dict[str, Val]) -> Val | float:
    """A part of an expression: numbers stay numbers, all that hangs on a name is a `Val`."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Name(id=name):
            raise BadInput(f"{name}: must be given a value first, such as {name}=2")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, known)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            result = OPERATORS[type(op)](_value(left, known), _value(right, known))
            if isinstance(result, complex):
                raise BadInput(f"'{ast.unparse(node)}' isn't a real number")
            return result
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            value = _value(argument, known)
            return FUNCTIONS[name](value if isinstance(value, Val) else Val(value))
    raise BadInput(f"'{ast.unparse(node)}': must be numbers, names, + - * / **, {', '.join(FUNCTIONS)}")


def check_letter(letter: int, name: str, genes: Genes, corpus: Corpus) -> None:
    """Raise BadInput unless a creature of `genes` predicts letter number `letter` (from 1) of `name`."""
    most = predicted(name, genes, corpus)
    if not 1 <= letter <= most:
        why = f"{name!r} and its end" if most == len(name) + 1 else "what follows is past the creature's context"
        raise BadInput(f"--letter {letter}: must be from 1 to {most} ({why})")


def of_letter(creature: Creature, name: str, letter: int) -> tuple[list[Scalar], Genes]:
    """The graph of the logit by which letter number `letter` (from 1) of `name` is expected, and whose genes it has.

    That's `creature` if so much can be drawn, else a seedling of width 2, trained here on the same corpus. Letter, name
    and creature are such as the checks of this and of the `explain` module let pass.
    """
    corpus = creature.corpus
    graph = _of_letter(creature, name, letter)
    if len(graph) <= MOST_NODES:
        return graph, creature.genes
    small = seedling(corpus, letter)
    return _of_letter(small, name, letter), small.genes


def seedling(corpus: Corpus, context: int) -> Creature:
    """The smallest creature worth looking at, with a context of at least so many letters, after 500 steps."""
    genes = msgspec.structs.replace(SEEDLING, block_size=max(2, context))
    training = Training(genes, corpus, SEED)
    training.advance(genes.num_steps)
    return training.creature()


def _of_letter(creature: Creature, name: str, letter: int) -> list[Scalar]:
    corpus = creature.corpus
    reading = Reading(creature, corpus.encode([name])[0].tolist(), letter)
    target = corpus.encode([name])[0].tolist()[letter]
    logit = reading.logits[letter - 1][target]
    logit.backward()
    shown = (*corpus.letters, BOUNDARY)
    names = {id(logit): f"logit[{shown[target]!r}]"}
    for matrix, rows in reading.matrices.items():
        for i, row in enumerate(rows):
            place = repr(shown[i]) if matrix in ("wte", "lm_head") else str(i)
            names |= {id(scalar): f"{matrix}[{place}][{j}]" for j, scalar in enumerate(row)}
    for kind, cache in (("key", reading.keys), ("value", reading.values)):
        for layer, positions in enumerate(cache):
            for p, row in enumerate(positions):
                names |= {id(scalar): f"layer{layer}.{kind}[{p}][{j}]" for j, scalar in enumerate(row)}
    return trace(logit, names)


# --- how it's drawn


def table(graph: Sequence[Scalar]) -> Iterator[str]:
    """A line for each node: its name, how it was made and of what, its data and its gradient."""
    yield f"{'':>4}  {'name':<10} {'made by':<12} {'of':<14} {'data':>12} {'gradient':>12}"
    for i, node in enumerate(graph):
        parents = " ".join(str(parent) for parent in node.parents)
        yield f"{i:>4}  {node.name:<10} {node.operation:<12} {parents:<14} {node.data:>12.6g} {node.grad:>12.6g}"


def check_graph(path: Path) -> None:
    """Raise BadInput if no graph can be written to `path`."""
    check_output("--graph", path, *ENDINGS)


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
