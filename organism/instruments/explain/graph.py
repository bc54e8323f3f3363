"""The scalar graph: each `Val` with its data and its gradient, and what made it.

A `Val` doesn't say which operation made it, but its slopes do: `operation` reads it off the numbers. What's drawn is a
tiny expression that a person types, or how a small creature comes to expect one letter.
"""

import ast
import math
import operator
from collections.abc import Callable

import msgspec

from ...corpus import Corpus
from ...errors import BadInput
from ...genes import PRIMORDIAL, Genes
from ...mind.training import Creature, Training
from ...mind.val import Val
from ...view.words import describe
from .explain import BOUNDARY, Pass

MOST_NODES = 1_000
SHOWN = 80  # Letters of an expression that a complaint repeats.
SEED = 42

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
    inputs, slopes, y = [parent.data for parent in node.parents], list(node.slopes), node.data
    if not inputs:
        return ""
    if len(inputs) == 1:
        return _of_one(inputs[0], slopes[0], y)
    if all(slope == 1.0 for slope in slopes) and y == sum(inputs):
        return "+" if len(inputs) == 2 else "sum"
    if len(inputs) == 2:
        a, b = inputs
        if slopes == [1.0, -1.0] and y == a - b:
            return "-"
        if slopes == [b, a] and y == a * b:
            return "×"
        if b and slopes[0] == 1.0 / b and y == a / b:
            return "/"
    half = len(inputs) // 2
    if len(inputs) % 2 == 0 and slopes == inputs[half:] + inputs[:half]:
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
        for statement in ast.parse(text.strip()).body:
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
    except (SyntaxError, UnicodeError):
        raise BadInput(f"{where}must be assignments such as 'a=2; b=-3; c=relu(a*b+10)'") from None
    except (ArithmeticError, ValueError, TypeError) as error:
        raise BadInput(f"{where}can't be computed: {error}") from None
    except (RecursionError, MemoryError):
        raise BadInput(f"{where}is nested too deeply: must be spread over more assignments") from None
    if not isinstance(result, Val):
        raise BadInput(f"{where}must hold a name, such as a=2, to be differentiated by")
    result.backward()
    return trace(result, {id(val): name for name, val in known.items()})


FUNCTIONS: dict[str, Callable[[Val], Val]] = {"exp": Val.exp, "log": Val.log, "relu": Val.relu}
OPERATORS: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
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


def of_letter(creature: Creature, name: str, letter: int) -> tuple[list[Scalar], str]:
    """The graph of the logit by which letter number `letter` (from 1) of `name` is expected, and what it's called.

    It's the logit of `creature` if so much can be drawn, else of a seedling of width 2, trained here on the same
    corpus. Letter, name and creature are such as `check` lets pass.
    """
    graph = _of_letter(creature, name, letter)
    if len(graph) > MOST_NODES:
        creature = seedling(creature.corpus, letter)
        graph = _of_letter(creature, name, letter)
    return graph, f"How letter {letter} of {name} is expected, in a creature of {describe(creature.genes)}"


def seedling(corpus: Corpus, context: int) -> Creature:
    """The smallest creature worth looking at, with a context of at least so many letters, after 500 steps."""
    genes = msgspec.structs.replace(SEEDLING, block_size=max(2, context))
    training = Training(genes, corpus, SEED)
    training.advance(genes.num_steps)
    return training.creature()


def _of_letter(creature: Creature, name: str, letter: int) -> list[Scalar]:
    corpus = creature.corpus
    tokens = corpus.encode([name])[0].tolist()
    forward, target = Pass(creature, tokens, letter), tokens[letter]
    logit = forward.logits[letter - 1][target]
    logit.backward()
    shown = (*corpus.letters, BOUNDARY)
    names = {id(logit): f"logit[{shown[target]!r}]"}
    for matrix, rows in forward.matrices.items():
        for i, row in enumerate(rows):
            place = repr(shown[i]) if matrix in ("wte", "lm_head") else str(i)
            names |= {id(scalar): f"{matrix}[{place}][{j}]" for j, scalar in enumerate(row)}
    for kind, cache in (("key", forward.keys), ("value", forward.values)):
        for layer, positions in enumerate(cache):
            for p, row in enumerate(positions):
                names |= {id(scalar): f"layer{layer}.{kind}[{p}][{j}]" for j, scalar in enumerate(row)}
    return trace(logit, names)
