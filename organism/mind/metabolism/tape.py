"""The second metabolism, `tape`: the scalar program of gpt.py, recorded once into arrays and replayed by loops.

It is scalar autograd still. Recording calls the very same architecture as `Val`s do, with nodes that only know their
place in an array and write down what was done to them. What the recorder adds is to notice repetition, of two kinds:

  - Every position of a document goes through the same program. So it is recorded once for all of them: a node is a row
    of numbers, one a position, and an operation is replayed for as many neighbouring positions as a vector has lanes.
  - The same operation is done again to operands that have moved on by the same steps. That is one more round of the
    last instruction. A matrix-vector product thereby becomes one instruction, found, not told.

    instruction   op  count  out  a  a_step  a_stride  b  b_step  b_stride  length  first  grows  unfolds  (a constant)
    means         for each position p and i < count:  row[out + i][p] = op(row[a + i a_step][p], row[b + i b_step][p])
                  where an operand of a dot, sum or maximum is `length` nodes that lie a_stride (b_stride) apart

What positions leave behind for later ones, keys and values, `Cache` hands out as nodes that are the same for all: the
number that a row holds at position t. Such a node exists from position t on, and so does what is made of it: round i
from `first` (+ i if the instruction `grows`) on, and term k of a sum from k on if it `unfolds`. Before that a node
holds 0 and gets no gradient. What changes from document to document, tokens and targets, is looked up by `PICK`.

Replaying forward computes the losses, sweeping the instructions backward applies each operation's own derivative. No
gradient of anything larger than one operation is written here.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partialmethod

import numpy as np
from numba.core import types

from ...errors import BadInput
from ..gpt import GPT, Architecture, cross_entropy
from .compiled import fragment, kernel, name_of
from .loops import ADD as ACCUMULATE
from .loops import ONE, SET, matmul, step_in_lanes, transpose
from .machine import FLOATS, INTEGERS, STEPS, Machine, spread
from .simd import exp, from_lane, host_lanes, load, pointer, splat, sqrt, store, up, where, width

MAX_BYTES = 1 << 30

ADD, SUB, MUL, DIV, ADD_NUMBER, MUL_NUMBER, POW_NUMBER, INVERSE_ROOT, EXP, LOG, RELU = range(11)
SUM, MAX, DOT, PRODUCT, PICK = range(11, 16)
OP, COUNT, OUT, A, A_STEP, A_STRIDE, B, B_STEP, B_STRIDE, LENGTH, FIRST, GROWS, UNFOLDS, FIELDS = range(14)


def operation(op: int, with_number: int, changed: Callable[[float], float] = lambda number: number) -> Callable:
    """An operator: `op` between nodes, and `with_number` where the second is a number, `changed` for it."""

    def record(self: "Node", other: "Node | float") -> "Node":
        if isinstance(other, Node):
            return self.tape.binary(op, self, other)
        return self.unary(with_number, changed(other))

    return record


@dataclass(slots=True, eq=False)
class Node:
    """A scalar on a tape: no value, only the place where its value will be.

    At position p of a document that is `place` + p `lane`, and there's nothing before position `first`.
    """

    tape: "Recorder"
    place: int
    lane: int = 1
    first: int = 0

    def unary(self, op: int, constant: float = 0.0) -> "Node":
        return self.tape.record(op, self.tape.own(self).place, first=self.first, constant=constant)

    __add__ = __radd__ = operation(ADD, ADD_NUMBER)
    __sub__ = operation(SUB, ADD_NUMBER, lambda number: -number)
    __mul__ = __rmul__ = operation(MUL, MUL_NUMBER)
    __truediv__ = operation(DIV, MUL_NUMBER, lambda number: 1.0 / number)

    def __pow__(self, number):
        if number == -0.5:
            return self.unary(INVERSE_ROOT)
        return self.unary(POW_NUMBER, number)

    def __neg__(self):
        return self * -1.0

    def __rsub__(self, number):
        return -self + number

    def __rtruediv__(self, number):
        return self**-1.0 * number

    exp = partialmethod(unary, EXP)
    log = partialmethod(unary, LOG)
    relu = partialmethod(unary, RELU)

    @staticmethod
    def dot(xs, ys):
        tape = ys[0].tape
        return tape.product(tape.spaced(xs), tape.spaced(ys))

    @staticmethod
    def sum(xs):
        return xs[0].tape.reduction(SUM, xs)

    @staticmethod
    def maximum(xs):
        return xs[0].tape.reduction(MAX, xs)

    @staticmethod
    def pick(xs, index):
        """The one of `xs` that the document's token names which stands `index` further than the position."""
        tape = xs[0].tape
        a = tape.spaced(xs)
        return tape.record(PICK, a.place, a.stride, a.lane, 0, index, a.first)


@dataclass(slots=True, eq=False)
class Row:
    """`size` evenly spaced nodes, made only when asked for one by one: node k at `place` + k `stride`.

    They exist from position `first` on, or from k on if they unfold.
    """

    tape: "Recorder"
    place: int
    size: int
    stride: int = 1
    lane: int = 0
    first: int = 0
    unfolds: bool = False

    def __iter__(self) -> Iterator[Node]:
        return (Node(self.tape, self.place + i * self.stride, self.lane, self.first) for i in range(self.size))

    def __getitem__(self, key):
        places = range(self.place, self.place + self.size * self.stride, self.stride)[key]
        if isinstance(places, range):
            return Row(self.tape, places.start, len(places), places.step, self.lane, self.first)
        return Node(self.tape, places, self.lane, self.first)


class Matrix:
    """A matrix of parameters of which each position of the document chooses a row: by its token, or by its number."""

    def __init__(self, tape: "Recorder", place: int, size: int, by_token: bool):
        self.tape, self.place, self.size = tape, place, size
        self.stride, self.lane = (size, 0) if by_token else (0, size)

    def __getitem__(self, index: int) -> list[Node]:
        record = self.tape.record
        return [record(PICK, self.place + i, self.stride, self.lane, 0, index) for i in range(self.size)]


class Cache:
    """The keys or values of one layer: what each position appends, and what all later ones find in their list."""

    def __init__(self, tape: "Recorder"):
        self.tape = tape

    def append(self, row: list[Node]) -> None:
        self.tape.tick()
        self.row = self.tape.spaced(row)

    def __iter__(self) -> Iterator[Row]:
        row = self.row
        return (Row(self.tape, row.place + t, row.size, row.stride, first=t) for t in range(self.tape.positions))


class Full(Exception):
    """There's no place left on the tape."""


class Recorder:
    """Writes down what a `GPT` does to nodes. `tick` is called now and then.

    Places are numbered as if every row had room for `room` positions: the parameters first, then row after row.
    Raises Full when there are more than `limit`.
    """

    def __init__(
        self, architecture: Architecture, positions: int, room: int, tick: Callable[[], None], limit: float = math.inf
    ):
        self.positions = positions
        self.limit = limit
        self.room = room
        self.tick = tick
        self.code: list[list[int]] = []
        self.constants: list[float] = []
        self._kind: tuple | None = None
        self._spaced: tuple[object, Row] | None = None
        matrices: dict = {}
        place = 0
        for name, (rows, columns) in architecture.shapes().items():
            if name in ("wte", "wpe"):
                matrices[name] = Matrix(self, place, columns, by_token=name == "wte")
            else:
                matrices[name] = [Row(self, place + r * columns, columns) for r in range(rows)]
            place += rows * columns
        # Rows start at a cache line.
        self.next = self.start = up(place, 8)
        gpt = GPT(architecture, matrices)
        keys, values = ([Cache(self) for _ in range(architecture.n_layer)] for _ in range(2))
        logits = gpt(0, 0, keys, values)
        self.logits = self.spaced(logits).place
        self.loss = cross_entropy(logits, 1).place

    def binary(self, op: int, a: Node, b: Node) -> Node:
        return self.record(op, self.own(a).place, 0, self.own(b).place, first=max(a.first, b.first))

    def own(self, node: Node) -> Node:
        """The node, or a copy of it, as a row: with a number for every position."""
        return node if node.lane == 1 else self.record(PICK, node.place, 0, node.lane, first=node.first)

    def reduction(self, op: int, xs) -> Node:
        a = self.spaced(xs)
        if a.lane != 1:
            a = self.spaced([self.own(x) for x in xs])
        return self.record(op, a.place, a.stride, 0, 0, a.size, a.first, a.unfolds)

    def product(self, x: Row, y: Row) -> Node:
        """The dot product of two rows.

        A `PRODUCT` has factors that are the same at all positions on its left, which it shares among the lanes.
        """
        if x.unfolds != y.unfolds:
            raise TypeError("a dot product of the past with nodes that exist at once can't be recorded")
        if y.lane == 0:
            x, y = y, x
        if y.lane == 0:
            y = self.spaced([self.own(node) for node in y])
        op = DOT if x.lane == 1 else PRODUCT
        first = max(x.first, y.first)
        return self.record(op, x.place, x.stride, y.place, y.stride, x.size, first, x.unfolds)

    def record(
        self, op, a, a_stride=0, b=0, b_stride=0, length=0, first=0, unfolds=False, constant: float = 0.0
    ) -> Node:
        """Append one operation: as one more round of the last instruction if it continues that, else as a new one."""
        out = self.next
        self.next = out + self.room
        if self.next > self.limit:
            raise Full
        kind = op, length, a_stride, b_stride, unfolds, constant
        if kind != self._kind or not self._continues(self.code[-1], a, b, first):
            self._kind = kind
            self.code.append([op, 1, out, a, 0, a_stride, b, 0, b_stride, length, first, 0, unfolds])
            self.constants.append(constant)
        return Node(self, out, 1, first)

    def _continues(self, last: list[int], a: int, b: int, first: int) -> bool:
        """Count an operation of its kind as a round of the instruction `last`, if it is one."""
        op, count, out, length = last[OP], last[COUNT], last[OUT], last[LENGTH]
        steps = a - last[A], b - last[B], first - last[FIRST]
        a_step, b_step, grows = steps if count == 1 else (last[A_STEP], last[B_STEP], last[GROWS])
        if steps != (count * a_step, count * b_step, count * grows) or grows not in (0, 1):
            return False
        # A round may not use what an earlier round of the same instruction makes.
        reach = max(length - 1, 0)
        if op != PICK and (a + reach * last[A_STRIDE] >= out or b + reach * last[B_STRIDE] >= out):
            return False
        if op == PRODUCT:
            # One factor on the right, and on the left a matrix, none of whose elements is used twice.
            unit, other = (a_step, last[A_STRIDE]) if last[A_STRIDE] != 1 else (1, a_step)
            if b_step or unit != 1 or other < (length if last[A_STRIDE] == 1 else count + 1):
                return False
        if op == PICK and b_step:
            return False
        last[COUNT], last[A_STEP], last[B_STEP], last[GROWS] = count + 1, a_step, b_step, grows
        return True

    def spaced(self, xs) -> Row:
        """Nodes as a row; what isn't evenly spaced is copied side by side to make it so."""
        if isinstance(xs, Row):
            return xs
        if isinstance(xs, tuple):
            return self._space(xs)
        # A list is asked for again and again: each row of a matrix is multiplied by it.
        if self._spaced is None or self._spaced[0] is not xs:
            self._spaced = xs, self._space(xs)
        return self._spaced[1]

    def _space(self, xs) -> Row:
        places, size = [x.place for x in xs], len(xs)
        start, lane, first, last = places[0], xs[0].lane, xs[0].first, xs[-1].first
        stride = places[1] - start if size > 1 else 1
        even = stride > 0 and places == list(range(start, start + stride * size, stride))
        if not even or any(x.lane != lane for x in xs):
            return self._space([x * 1.0 for x in xs])
        unfolds = size > 1 and first != last
        if [x.first for x in xs] != (list(range(size)) if unfolds else [first] * size):
            raise TypeError("nodes that come into being neither at once nor one a position can't be recorded")
        return Row(self, start, size, stride, lane, first, unfolds)


def record(architecture: Architecture, positions: int, room: int, tick: Callable[[], None]) -> Recorder:
    """The tape for documents of up to `positions` predictions. Raises BadInput if it would pass 1 GiB."""
    try:
        return Recorder(architecture, positions, room, tick, limit=MAX_BYTES / 16)
    except Full:
        # Only attention makes more nodes of more positions, as many of each.
        one, two = (Recorder(architecture, few, room, tick).next for few in (1, 2))
        size = 16 * (one + (positions - 1) * (two - one))
        raise BadInput(
            f"the tape of this genome would take {size / MAX_BYTES:.1f} GiB: at most 1 GiB is allowed; "
            f"'--metabolism fused' needs no tape"
        ) from None


def with_room(code: np.ndarray, start: int, room: int, less: int) -> np.ndarray:
    """The same instructions for rows with room for `less` positions instead of `room`, the first of them at `start`."""

    def moved(distance):
        return distance // room * less + distance % room

    code = code.copy()
    for place, *distances in ((OUT,), (A, A_STEP, A_STRIDE), (B, B_STEP, B_STRIDE)):
        node = code[:, place] >= start
        code[node, place] = start + moved(code[node, place] - start)
        for distance in distances:
            code[node, distance] = moved(code[node, distance])
    return code


# --- replay
#
# `data` and `grad` are pointers whose loads fill a vector: the numbers of some row at as many neighbouring positions.
# A document of n positions has lanes to spare in its last vector: computed like the others, and never looked at.


@fragment
def existing(count, unfolding, end):
    """How many of `count` rounds or terms exist before position `end`, if they come one a position."""
    return min(count, end) if unfolding else count


@fragment
def silence(rows, room, rounds, first, grows, p):
    """Zero in those of the rows, from position p on, that don't exist there: row i before position first (+ i)."""
    if first or grows:
        for i in range(rounds):
            start = first + i * grows - p
            if start > 0:
                store(rows, i * room, where(from_lane(rows, start), load(rows, i * room), splat(rows, 0.0)))


@fragment
def forward(code, constants, instructions, room, data, text, begin, n):
    """Replay all instructions for positions begin..n-1 of the document `text`, whole vectors of them."""
    lanes = width(data)
    for j in range(instructions):
        op, count, out = code[OP], code[COUNT], code[OUT]
        a, a_step, a_stride = code[A], code[A_STEP], code[A_STRIDE]
        b, b_step, b_stride = code[B], code[B_STEP], code[B_STRIDE]
        length, first, grows, unfolds = code[LENGTH], code[FIRST], code[GROWS], code[UNFOLDS]
        c = constants[j]
        code = code + FIELDS
        # A product at all positions at once has more to do with each weight that it loads.
        whole = op == PRODUCT and not grows and not unfolds
        stride = -(-(n - begin) // lanes) * lanes if whole else lanes
        for p in range(begin, n, stride):
            end = min(p + stride, n)
            rounds, terms = existing(count, grows, end - first), existing(length, unfolds, end)
            y, u, v = data + (out + p), data + (a + p), data + (b + p)
            if op == ADD:
                for i in range(rounds):
                    store(y, i * room, load(u, i * a_step) + load(v, i * b_step))
            elif op == SUB:
                for i in range(rounds):
                    store(y, i * room, load(u, i * a_step) - load(v, i * b_step))
            elif op == MUL:
                for i in range(rounds):
                    store(y, i * room, load(u, i * a_step) * load(v, i * b_step))
            elif op == DIV:
                for i in range(rounds):
                    store(y, i * room, load(u, i * a_step) / load(v, i * b_step))
            elif op == ADD_NUMBER:
                for i in range(rounds):
                    store(y, i * room, load(u, i * a_step) + c)
            elif op == MUL_NUMBER:
                for i in range(rounds):
                    store(y, i * room, load(u, i * a_step) * c)
            elif op in (POW_NUMBER, LOG):
                for i in range(rounds):
                    for q in range(lanes):
                        x = u[i * a_step + q]
                        y[i * room + q] = x**c if op == POW_NUMBER else np.log(x)
            elif op == INVERSE_ROOT:
                for i in range(rounds):
                    store(y, i * room, 1.0 / sqrt(load(u, i * a_step)))
            elif op == EXP:
                for i in range(rounds):
                    store(y, i * room, exp(load(u, i * a_step)))
            elif op == RELU:
                for i in range(rounds):
                    x, zero = load(u, i * a_step), splat(y, 0.0)
                    store(y, i * room, where(zero > x, zero, x))  # what is no number stays none
            elif op == SUM:
                for i in range(rounds):
                    total = splat(y, 0.0)
                    for k in range(terms):
                        total = total + load(u, i * a_step + k * a_stride)
                    store(y, i * room, total)
            elif op == MAX:
                for i in range(rounds):
                    peak = load(u, i * a_step)
                    for k in range(1, terms):
                        x = load(u, i * a_step + k * a_stride)
                        x = where(from_lane(y, k - p if unfolds else 0), x, peak)
                        peak = where(x > peak, x, peak)
                    store(y, i * room, peak)
            elif op == DOT:
                for i in range(rounds):
                    total = splat(y, 0.0)
                    for k in range(terms):
                        total = total + load(u, i * a_step + k * a_stride) * load(v, i * b_step + k * b_stride)
                    store(y, i * room, total)
            elif op == PRODUCT:
                matmul(y, room, data + a, a_step, a_stride, v, b_stride, rounds, stride, terms, SET)
            else:
                for q in range(end - p):
                    source = a + text[p + q + length] * a_stride + (p + q) * b
                    for i in range(rounds):
                        y[i * room + q] = data[source + i * a_step]
            silence(y, room, rounds, first, grows, p)


@fragment
def add_to(target, i, v):
    """Add a vector to the one at element i."""
    store(target, i, load(target, i) + v)


@fragment
def product_back(a, d_a, a_step, a_stride, b, d_b, b_stride, d_y, room, spare, rounds, terms, columns, existing):
    """Of y[i] = sum over k of a[i, k] b[k], with d_y its gradient:

        d_b[k, p] += sum over i of a[i, k] d_y[i, p];  d_a[i, k] += sum over p of d_y[i, p] b[k, p]

    In the second, positions are summed over, so that lanes must be something else: whatever of i and k has its
    neighbours side by side in `a`. That takes b or d_y turned. Only the `existing` ones of the columns are summed.
    """
    turned = spare + width(spare) * width(spare)
    matmul(d_b, b_stride, a, a_stride, a_step, d_y, room, terms, columns, rounds, ACCUMULATE)
    if a_stride == 1:
        tall = transpose(turned, spare, b, b_stride, terms, columns)
        matmul(d_a, a_step, d_y, room, ONE, turned, tall, rounds, terms, existing, ACCUMULATE)
    else:
        tall = transpose(turned, spare, d_y, room, rounds, columns)
        matmul(d_a, a_stride, b, b_stride, ONE, turned, tall, terms, rounds, existing, ACCUMULATE)


@fragment
def backward(code, constants, instructions, room, data, grad, text, n, spare):
    """Sweep the instructions from last to first: each hands the gradient of its outputs on to its operands.

    MAX hands on none.
    """
    lanes = width(data)
    code = code + instructions * FIELDS
    for j in range(instructions - 1, -1, -1):
        code = code + -FIELDS
        op, count, out = code[OP], code[COUNT], code[OUT]
        a, a_step, a_stride = code[A], code[A_STEP], code[A_STRIDE]
        b, b_step, b_stride = code[B], code[B_STEP], code[B_STRIDE]
        length, first, grows, unfolds = code[LENGTH], code[FIRST], code[GROWS], code[UNFOLDS]
        c = constants[j]
        whole = op == PRODUCT and not grows and not unfolds
        stride = -(-n // lanes) * lanes if whole else lanes
        for p in range(0, n, stride):
            end = min(p + stride, n)
            rounds, terms = existing(count, grows, end - first), existing(length, unfolds, end)
            y, u, v = data + (out + p), data + (a + p), data + (b + p)
            gy, gu, gv = grad + (out + p), grad + (a + p), grad + (b + p)
            silence(gy, room, rounds, first, grows, p)
            if op in (ADD, SUB):
                sign = 1.0 if op == ADD else -1.0
                for i in range(rounds):
                    g = load(gy, i * room)
                    add_to(gu, i * a_step, g)
                    add_to(gv, i * b_step, g * sign)
            elif op == MUL:
                for i in range(rounds):
                    g = load(gy, i * room)
                    add_to(gu, i * a_step, g * load(v, i * b_step))
                    add_to(gv, i * b_step, g * load(u, i * a_step))
            elif op == DIV:
                for i in range(rounds):
                    g = load(gy, i * room) / load(v, i * b_step)
                    add_to(gu, i * a_step, g)
                    add_to(gv, i * b_step, g * load(y, i * room) * -1.0)
            elif op in (ADD_NUMBER, MUL_NUMBER):
                factor = c if op == MUL_NUMBER else 1.0
                for i in range(rounds):
                    add_to(gu, i * a_step, load(gy, i * room) * factor)
            elif op == POW_NUMBER:
                for i in range(rounds):
                    for q in range(lanes):
                        g, at = gy[i * room + q], i * a_step + q
                        gu[at] = gu[at] + g * c * u[at] ** (c - 1.0)
            elif op == INVERSE_ROOT:
                for i in range(rounds):
                    s = load(y, i * room)
                    add_to(gu, i * a_step, load(gy, i * room) * s * s * s * -0.5)
            elif op == EXP:
                for i in range(rounds):
                    add_to(gu, i * a_step, load(gy, i * room) * load(y, i * room))
            elif op == LOG:
                for i in range(rounds):
                    add_to(gu, i * a_step, load(gy, i * room) / load(u, i * a_step))
            elif op == RELU:
                for i in range(rounds):
                    g = load(gy, i * room)
                    add_to(gu, i * a_step, where(load(y, i * room) > 0.0, g, splat(y, 0.0)))
            elif op == SUM:
                for i in range(rounds):
                    g = load(gy, i * room)
                    for k in range(terms):
                        add_to(gu, i * a_step + k * a_stride, g)
            elif op == DOT:
                for i in range(rounds):
                    g = load(gy, i * room)
                    for k in range(terms):
                        s, t = i * a_step + k * a_stride, i * b_step + k * b_stride
                        add_to(gu, s, g * load(v, t))
                        add_to(gv, t, g * load(u, s))
            elif op == PRODUCT:
                x, gx = data + a, grad + a
                product_back(x, gx, a_step, a_stride, v, gv, b_stride, gy, room, spare, rounds, terms, stride, end - p)
            elif op == PICK:
                for q in range(end - p):
                    source = a + text[p + q + length] * a_stride + (p + q) * b
                    for i in range(rounds):
                        at = source + i * a_step
                        grad[at] = grad[at] + gy[i * room + q]


@cache
def entry(lanes: int) -> Callable:
    """The one entry point, for vectors of `lanes` numbers."""
    whole = types.int64
    program = types.Tuple((whole[:, :, ::1], FLOATS, INTEGERS, whole, whole, whole))

    @kernel(name_of("tape", "float64", lanes), program, types.UniTuple(FLOATS, 5), *STEPS)
    def run(program, memory, documents, rates, constants, step, losses):
        """See `machine.py`. A document is replayed with the least of the rooms that it fits into."""
        codes, numbers, rooms, start, rows, loss_row = program
        data, grad, first, second, scratch = memory
        tokens, segments, shares = documents
        code, number = pointer(codes, 1), pointer(numbers, 1)
        w, d, m, v = pointer(data, lanes), pointer(grad, lanes), pointer(first, lanes), pointer(second, lanes)
        spare, token = pointer(scratch, lanes), pointer(tokens, 1)
        instructions = codes.shape[1]
        steps = max(1, rates.size)
        batch = shares.size // steps
        for i in range(steps):
            total = 0.0
            for s in range(i * batch, (i + 1) * batch):
                n, share = segments[4 * s + 1], shares[s]
                k = 0
                while rooms[k] < n:
                    k += 1
                room = rooms[k]
                instruction = code + k * instructions * FIELDS
                text = token + segments[4 * s]
                forward(instruction, number, instructions, room, w, text, segments[4 * s + 3], n)
                loss = start + loss_row * room
                for p in range(segments[4 * s + 2], n):
                    total += share * data[loss + p]
                if rates.size:
                    grad[start : start + rows * room] = 0.0
                    grad[loss : loss + n] = share
                    backward(instruction, number, instructions, room, w, d, text, n, spare)
            losses[i] = total
            if not math.isfinite(total):
                grad[:start] = 0.0
                return i
            if rates.size:
                step_in_lanes(w, m, v, d, start, rates[i], constants, step + i + 1)
        return steps

    return run


class Tape(Machine):
    """A creature on a recorded tape, in float64, for documents of up to `positions` predictions.

    `lanes` overrides the processor's, which tests use; 1 gives plain loops.
    """

    def __init__(
        self, architecture: Architecture, positions: int, tick: Callable = lambda: None, lanes: int | None = None
    ):
        lanes = lanes or host_lanes(8)
        super().__init__(architecture, positions, positions, lanes)
        room = up(positions, lanes)
        recorder = record(architecture, positions, room, tick)
        # A short document is replayed with less room in the rows, so that what it touches stays in the cache.
        rooms = [lanes << i for i in range(room.bit_length()) if lanes << i < room] + [room]
        code = np.array(recorder.code, np.int64)
        codes = np.stack([with_room(code, recorder.start, room, less) for less in rooms])
        tallest = up(int(code[code[:, OP] == PRODUCT][:, [COUNT, LENGTH]].max()), lanes)
        places = recorder.start, (recorder.next - recorder.start) // room, (recorder.loss - recorder.start) // room
        self._run = entry(lanes)
        constants, rooms = np.array(recorder.constants), np.array(rooms, np.int64)
        self._program = codes, constants, rooms, *places
        self._speaking = codes[-1:], constants, rooms[-1:], *places
        # Numbers, their gradients, Adam's two means, and room to turn a matrix.
        size, weights = recorder.next + lanes, recorder.start
        self._buffers = spread(np.float64, size, size, weights, weights, (room + lanes) * tallest)
        data, _, *means, _ = self._buffers
        self._own = data, *means
        self._logits = data[recorder.logits :][: architecture.vocab_size * room].reshape(-1, room)

    def _memory(self, weights: np.ndarray) -> tuple[np.ndarray, ...]:
        self._buffers[0][: weights.size] = weights
        return self._buffers
