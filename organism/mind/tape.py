"""The tape: the scalar program of gpt.py, recorded once into flat arrays and replayed by compiled loops.

It is scalar autograd still. Recording calls the very same architecture as `Val`s do, with nodes that only know their
place in an array and write down what was done to them. The one thing that the recorder adds is to notice repetition:
when the same operation is done again to operands that have moved on by the same steps, the last instruction's count
goes up instead of a new one being written. A matrix-vector product thereby becomes one instruction, found, not told.

    instruction   op  count  out  a  a_step  b  b_step  length  a_stride  b_stride  (and one constant)
    means         for i < count:  node[out + i] = op(node[a + i a_step], node[b + i b_step])
                  where an operand of a dot, sum or maximum is `length` nodes that lie a_stride (b_stride) apart

Nodes are numbered so that the parameters come first and each position of the document has a segment of the same size
after them: a document of n predictions replays the first n segments, and a key or value is equally far from the same
one of the next position. What changes from document to document, tokens and targets, is looked up by `PICK`. Replaying
forward computes the losses, sweeping the instructions backward applies each operation's own derivative. No gradient
of anything larger than one operation is written here.
"""

from collections.abc import Callable

import numpy as np

from ..errors import BadInput
from .adam import Adam, AdamConstants, adam_step
from .compiled import kernel
from .gpt import GPT, Architecture, cross_entropy

MAX_BYTES = 1 << 30

ADD, SUB, MUL, DIV, ADD_NUMBER, MUL_NUMBER, POW_NUMBER, EXP, LOG, RELU, DOT, SUM, MAX, PICK = range(14)


class Node:
    """A scalar on a tape: no value, only the place where its value will be."""

    __slots__ = ("index", "tape")

    def __init__(self, tape: "Recorder", index: int):
        self.tape = tape
        self.index = index

    def __add__(self, other):
        if isinstance(other, Node):
            return self.tape.record(ADD, self.index, other.index)
        return self.tape.record(ADD_NUMBER, self.index, constant=other)

    def __sub__(self, other):
        if isinstance(other, Node):
            return self.tape.record(SUB, self.index, other.index)
        return self.tape.record(ADD_NUMBER, self.index, constant=-other)

    def __mul__(self, other):
        if isinstance(other, Node):
            return self.tape.record(MUL, self.index, other.index)
        return self.tape.record(MUL_NUMBER, self.index, constant=other)

    def __truediv__(self, other):
        if isinstance(other, Node):
            return self.tape.record(DIV, self.index, other.index)
        return self.tape.record(MUL_NUMBER, self.index, constant=1.0 / other)

    def __pow__(self, number):
        return self.tape.record(POW_NUMBER, self.index, constant=number)

    def __neg__(self):
        return self.tape.record(MUL_NUMBER, self.index, constant=-1.0)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, number):
        return -self + number

    def __rtruediv__(self, number):
        return self**-1.0 * number

    def exp(self):
        return self.tape.record(EXP, self.index)

    def log(self):
        return self.tape.record(LOG, self.index)

    def relu(self):
        return self.tape.record(RELU, self.index)

    @staticmethod
    def dot(xs, ys):
        tape = ys[0].tape
        (a, a_stride), (b, b_stride) = tape.spacing(xs), tape.spacing(ys)
        return tape.record(DOT, a, b, len(ys), a_stride, b_stride)

    @staticmethod
    def sum(xs):
        tape = xs[0].tape
        a, a_stride = tape.spacing(xs)
        return tape.record(SUM, a, 0, len(xs), a_stride)

    @staticmethod
    def maximum(xs):
        tape = xs[0].tape
        a, a_stride = tape.spacing(xs)
        return tape.record(MAX, a, 0, len(xs), a_stride)

    @staticmethod
    def pick(xs, index):
        """The one of `xs` that the document's token number `index` names when the tape is replayed."""
        tape = xs[0].tape
        a, a_stride = tape.spacing(xs)
        return tape.record(PICK, a, 0, index, a_stride)


class Row:
    """A row of a matrix of parameters, whose nodes lie side by side. They're only made when asked for one by one."""

    __slots__ = ("size", "start", "tape")

    def __init__(self, tape: "Recorder", start: int, size: int):
        self.tape, self.start, self.size = tape, start, size

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return Node(self.tape, range(self.start, self.start + self.size)[i])


class Embedding:
    """A matrix of which the document chooses the row: row `index` is that of its token number `index`."""

    def __init__(self, tape: "Recorder", start: int, size: int):
        self.tape, self.start, self.size = tape, start, size

    def __getitem__(self, index):
        return [self.tape.record(PICK, self.start + i, 0, index, self.size) for i in range(self.size)]


class Recorder:
    """Writes down what a `GPT` does to nodes, one position of a document after the other."""

    def __init__(self, architecture: Architecture, span: int):
        self.span = span
        self.code: list[list[int]] = []
        self.constants: list[float] = []
        self.starts = [0]
        self.losses: list[int] = []
        self.logits: list[int] = []
        self.next = 0
        self._spacing_of: tuple[object, tuple[int, int]] = (None, (0, 0))
        matrices: dict = {}
        place = 0
        for name, (rows, columns) in architecture.shapes().items():
            if name == "wte":
                matrices[name] = Embedding(self, place, columns)
            else:
                matrices[name] = [Row(self, place + r * columns, columns) for r in range(rows)]
            place += rows * columns
        self.parameters = place
        self.gpt = GPT(architecture, matrices)
        self.keys, self.values = self.gpt.cache(), self.gpt.cache()

    def position(self) -> int:
        """Record the next position: its logits and the loss of predicting what follows. Returns the nodes it took."""
        position = len(self.losses)
        first = self.next = self.parameters + position * self.span
        logits = self.gpt(position, position, self.keys, self.values)
        loss = cross_entropy(logits, position + 1)
        self.logits.append(self.spacing(logits)[0])
        self.losses.append(loss.index)
        self.starts.append(len(self.code))
        return self.next - first

    def record(self, op, a, b=0, length=0, a_stride=0, b_stride=0, constant=0.0) -> Node:
        """Append one operation: as another round of the last instruction if it continues that one, else as a new one."""
        out = self.next
        self.next = out + 1
        code = self.code
        if len(code) > self.starts[-1]:
            last = code[-1]
            count, first = last[1], last[2]
            if (
                last[0] == op
                and last[7] == length
                and last[8] == a_stride
                and last[9] == b_stride
                and self.constants[-1] == constant
                # A round may not use what an earlier round of the same instruction makes.
                and (
                    op == PICK
                    or (a + max(length - 1, 0) * a_stride < first and b + max(length - 1, 0) * b_stride < first)
                )
            ):
                if count == 1 and a >= last[3] and b >= last[5]:
                    last[4], last[6], last[1] = a - last[3], b - last[5], 2
                    return Node(self, out)
                if a == last[3] + count * last[4] and b == last[5] + count * last[6]:
                    last[1] = count + 1
                    return Node(self, out)
        code.append([op, 1, out, a, 0, b, 0, length, a_stride, b_stride])
        self.constants.append(constant)
        return Node(self, out)

    def spacing(self, xs) -> tuple[int, int]:
        """(first node, distance) of evenly spaced nodes; others are copied side by side to make them so."""
        if isinstance(xs, Row):
            return xs.start, 1
        known, answer = self._spacing_of
        if known is xs:
            return answer
        indices = [x.index for x in xs]
        stride = indices[1] - indices[0] if len(indices) > 1 else 1
        if stride <= 0 or indices != list(range(indices[0], indices[0] + stride * len(indices), stride)):
            return self.spacing([x * 1.0 for x in xs])
        self._spacing_of = xs, (indices[0], stride)
        return indices[0], stride


def record(architecture: Architecture, positions: int, tick: Callable[[], None] = lambda: None) -> Recorder:
    """The tape of `positions` positions; `tick` is called after each. Raises BadInput if it would pass 1 GiB."""
    trial = Recorder(architecture, span=0)
    trial.span = trial.position()
    # Only attention grows along the document, by as many nodes at each position.
    span = trial.span + (positions - 1) * (trial.position() - trial.span) if positions > 1 else trial.span
    size = 16 * (trial.parameters + positions * span)
    if size > MAX_BYTES:
        raise BadInput(
            f"the tape of this genome would take {size / MAX_BYTES:.1f} GiB: at most 1 GiB is allowed; "
            f"'--metabolism fused' needs no tape"
        )
    recorder = Recorder(architecture, span)
    for _ in range(positions):
        recorder.position()
        tick()
    return recorder


class Tape:
    """A creature on a recorded tape, in float64, for documents of up to `positions` predictions."""

    def __init__(
        self,
        architecture: Architecture,
        positions: int,
        dtype: str = "float64",
        tick: Callable[[], None] = lambda: None,
    ):
        if dtype != "float64":
            raise BadInput(f"--dtype {dtype}: the tape computes in float64; '--metabolism fused' has float32")
        recorder = record(architecture, positions, tick)
        self.code = np.array(recorder.code, np.uint64)
        self.constants = np.array(recorder.constants, np.float64)
        self.starts = np.array(recorder.starts, np.int64)
        self.losses = np.array(recorder.losses, np.int64)
        self.layout = np.array([recorder.parameters, recorder.span, positions], np.int64)
        self.data = np.zeros(recorder.parameters + positions * recorder.span)
        self.grad = np.zeros_like(self.data)
        self._logits = recorder.logits
        self._vocab_size = architecture.vocab_size
        self._parameters = recorder.parameters
        self._token = np.zeros(positions + 1, np.int64)

    def _program(self):
        return self.code, self.constants, self.starts, self.losses, self.layout, self.data, self.grad

    def train(
        self,
        weights: np.ndarray,
        adam: Adam,
        tokens: np.ndarray,
        starts: np.ndarray,
        order: np.ndarray,
        learning_rates: np.ndarray,
        constants: AdamConstants,
    ) -> np.ndarray:
        """Take as many steps as `order` (steps, batch) has rows of document numbers; float64 loss of each.

        `weights` and `adam` change in place. A loss that isn't finite is the last: the entries after it are NaN.
        """
        losses = np.full(len(order), np.nan)
        self.data[: weights.size] = weights
        _train(
            self._program(),
            (adam.first, adam.second, adam.step),
            (tokens, starts, order),
            learning_rates,
            (constants.beta1, constants.beta2, constants.eps),
            losses,
        )
        adam.step += len(order)
        weights[:] = self.data[: weights.size]
        return losses

    def gradient(
        self, weights: np.ndarray, tokens: np.ndarray, starts: np.ndarray, batch: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """(loss, its gradient in the order of `weights`) of one batch of document numbers."""
        self.data[: weights.size] = weights
        loss = _gradient(self._program(), tokens, starts, np.asarray(batch, np.int64))
        return loss, self.grad[: weights.size].copy()

    def evaluate(self, weights: np.ndarray, tokens: np.ndarray, starts: np.ndarray) -> float:
        """Mean nats per token over every token of the documents, ends included.

        Past block_size a token is predicted from the last block_size tokens, embedded at positions 0 and up.
        """
        self.data[: weights.size] = weights
        return _evaluate(self._program(), tokens, starts)

    def logits(self, weights: np.ndarray, token: int, position: int) -> np.ndarray:
        """Logits for what follows `token` at `position`, after those given for the positions before it."""
        if position == 0:
            self.data[: self._parameters] = weights
        self._token[position] = token
        _position(self._program(), self._token, position)
        start = self._logits[position]
        return self.data[start : start + self._vocab_size]


# --- replay
#
# Indices are unsigned, because a signed one would be checked for wrapping and keep LLVM from vectorising the loop.
# Sums of products may be taken in any order; nothing is assumed of NaN or infinity.

_UNORDERED = {"reassoc", "contract", "nsz"}


@kernel(fastmath=_UNORDERED)
def _dot(data, a, a_stride, b, b_stride, length):
    """The sum over k of data[a + k a_stride] data[b + k b_stride]."""
    total = 0.0
    if a_stride == 1 and b_stride == 1:
        for k in range(length):
            total += data[a + k] * data[b + k]
    else:
        for k in range(length):
            total += data[a + k * a_stride] * data[b + k * b_stride]
    return total


@kernel(fastmath=_UNORDERED)
def _dot_back(data, grad, g, a, a_stride, b, b_stride, length):
    """Of y = u . v, with g the gradient of y: that of u_k grows by g v_k, that of v_k by g u_k."""
    if a_stride == 1 and b_stride == 1:
        for k in range(length):
            grad[a + k] += g * data[b + k]
        for k in range(length):
            grad[b + k] += g * data[a + k]
    else:
        for k in range(length):
            grad[a + k * a_stride] += g * data[b + k * b_stride]
        for k in range(length):
            grad[b + k * b_stride] += g * data[a + k * a_stride]


@kernel()
def _forward(code, constants, first, last, data, tokens):
    """Replay instructions first..last-1 for the document `tokens`."""
    for j in range(first, last):
        op, count, out = code[j, 0], code[j, 1], code[j, 2]
        a, a_step, b, b_step = code[j, 3], code[j, 4], code[j, 5], code[j, 6]
        length, a_stride, b_stride = code[j, 7], code[j, 8], code[j, 9]
        c = constants[j]
        if op == DOT:
            for i in range(count):
                data[out + i] = _dot(data, a + i * a_step, a_stride, b + i * b_step, b_stride, length)
        elif op == MUL:
            for i in range(count):
                data[out + i] = data[a + i * a_step] * data[b + i * b_step]
        elif op == ADD:
            for i in range(count):
                data[out + i] = data[a + i * a_step] + data[b + i * b_step]
        elif op == SUB:
            for i in range(count):
                data[out + i] = data[a + i * a_step] - data[b + i * b_step]
        elif op == DIV:
            for i in range(count):
                data[out + i] = data[a + i * a_step] / data[b + i * b_step]
        elif op == MUL_NUMBER:
            for i in range(count):
                data[out + i] = data[a + i * a_step] * c
        elif op == ADD_NUMBER:
            for i in range(count):
                data[out + i] = data[a + i * a_step] + c
        elif op == POW_NUMBER:
            for i in range(count):
                data[out + i] = data[a + i * a_step] ** c
        elif op == EXP:
            for i in range(count):
                data[out + i] = np.exp(data[a + i * a_step])
        elif op == LOG:
            for i in range(count):
                data[out + i] = np.log(data[a + i * a_step])
        elif op == RELU:
            for i in range(count):
                data[out + i] = max(data[a + i * a_step], 0.0)
        elif op == SUM:
            for i in range(count):
                total = 0.0
                for k in range(length):
                    total += data[a + i * a_step + k * a_stride]
                data[out + i] = total
        elif op == MAX:
            for i in range(count):
                peak = data[a + i * a_step]
                for k in range(length):
                    peak = max(peak, data[a + i * a_step + k * a_stride])
                data[out + i] = peak
        else:
            place = a + np.uint64(tokens[length]) * a_stride
            for i in range(count):
                data[out + i] = data[place + i * a_step]


@kernel()
def _backward(code, constants, first, last, data, grad, tokens):
    """Sweep instructions last-1..first: each hands the gradient of its outputs on to its operands. MAX hands on none."""
    for r in range(last - first):
        j = last - 1 - r
        op, count, out = code[j, 0], code[j, 1], code[j, 2]
        a, a_step, b, b_step = code[j, 3], code[j, 4], code[j, 5], code[j, 6]
        length, a_stride, b_stride = code[j, 7], code[j, 8], code[j, 9]
        c = constants[j]
        if op == DOT:
            for i in range(count):
                _dot_back(data, grad, grad[out + i], a + i * a_step, a_stride, b + i * b_step, b_stride, length)
        elif op == MUL:
            for i in range(count):
                g = grad[out + i]
                grad[a + i * a_step] += g * data[b + i * b_step]
                grad[b + i * b_step] += g * data[a + i * a_step]
        elif op == ADD:
            for i in range(count):
                grad[a + i * a_step] += grad[out + i]
                grad[b + i * b_step] += grad[out + i]
        elif op == SUB:
            for i in range(count):
                grad[a + i * a_step] += grad[out + i]
                grad[b + i * b_step] -= grad[out + i]
        elif op == DIV:
            for i in range(count):
                g = grad[out + i] / data[b + i * b_step]
                grad[a + i * a_step] += g
                grad[b + i * b_step] -= g * data[out + i]
        elif op == MUL_NUMBER:
            for i in range(count):
                grad[a + i * a_step] += grad[out + i] * c
        elif op == ADD_NUMBER:
            for i in range(count):
                grad[a + i * a_step] += grad[out + i]
        elif op == POW_NUMBER:
            for i in range(count):
                grad[a + i * a_step] += grad[out + i] * c * data[a + i * a_step] ** (c - 1.0)
        elif op == EXP:
            for i in range(count):
                grad[a + i * a_step] += grad[out + i] * data[out + i]
        elif op == LOG:
            for i in range(count):
                grad[a + i * a_step] += grad[out + i] / data[a + i * a_step]
        elif op == RELU:
            for i in range(count):
                grad[a + i * a_step] += grad[out + i] if data[out + i] > 0.0 else 0.0
        elif op == SUM:
            for i in range(count):
                for k in range(length):
                    grad[a + i * a_step + k * a_stride] += grad[out + i]
        elif op == PICK:
            place = a + np.uint64(tokens[length]) * a_stride
            for i in range(count):
                grad[place + i * a_step] += grad[out + i]


@kernel()
def _batch(program, tokens, starts, batch):
    """Mean over documents of their mean loss; its gradient stays in the parameters' part of grad."""
    code, constants, segments, losses, layout, data, grad = program
    parameters, span, positions = layout
    grad[:parameters] = 0.0
    total = 0.0
    for document in batch:
        text = tokens[starts[document] : starts[document + 1]]
        n = min(positions, text.size - 1)
        _forward(code, constants, 0, segments[n], data, text)
        share = 1.0 / n
        grad[parameters : parameters + n * span] = 0.0
        loss = 0.0
        for p in range(n):
            loss += data[losses[p]]
            grad[losses[p]] = share / batch.size
        total += loss * share
        _backward(code, constants, 0, segments[n], data, grad, text)
    return total / batch.size


@kernel()
def _train(program, adam, documents, learning_rates, adam_constants, losses):
    data, grad, parameters = program[5], program[6], program[4][0]
    first, second, step = adam
    tokens, starts, order = documents
    beta1, beta2, eps = adam_constants
    for s in range(order.shape[0]):
        losses[s] = _batch(program, tokens, starts, order[s])
        if not np.isfinite(losses[s]):
            return
        adam_step(
            data[:parameters], grad[:parameters], first, second, learning_rates[s], beta1, beta2, eps, step + s + 1
        )


@kernel()
def _gradient(program, tokens, starts, batch):
    return _batch(program, tokens, starts, batch)


@kernel()
def _evaluate(program, tokens, starts):
    code, constants, segments, losses, layout, data, _ = program
    positions = layout[2]
    total, count = 0.0, 0
    for document in range(starts.size - 1):
        text = tokens[starts[document] : starts[document + 1]]
        n = min(positions, text.size - 1)
        _forward(code, constants, 0, segments[n], data, text)
        for p in range(n):
            total += data[losses[p]]
        for end in range(positions + 1, text.size):
            _forward(code, constants, 0, segments[positions], data, text[end - positions :])
            total += data[losses[positions - 1]]
        count += text.size - 1
    return total / count


@kernel()
def _position(program, tokens, position):
    code, constants, segments, _, _, data, _ = program
    _forward(code, constants, segments[position], segments[position + 1], data, tokens)
