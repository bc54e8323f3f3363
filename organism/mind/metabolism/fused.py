"""The third metabolism: the gradient of the whole creature derived by hand, over SIMD lanes. No graph at all.

What `gpt.py` says in scalars is done here to matrices of [feature, column]. A column is one position of one document,
and the documents of a batch lie one behind the other with no gap, however long each is. Columns stand in the lanes of
vectors, so that a weight is one number that multiplies a vector, a norm or a softmax is a loop over rows, and no
weight is ever transposed. Every product, attention included, is one loop, `matmul`, and whatever a gradient needs the
other way round, activations with features in lanes, is transposed just before.

All sizes are run-time values: a kernel is compiled for a number type and a lane count (see `simd.py`), never for an
architecture. `Fused(..., lanes=n)` overrides the lane count of the processor, which tests use; 1 gives plain loops.
A batch is worked through in groups of columns that stay in the cache, so the memory doesn't grow with the batch.

What it is not: scalar autograd, or a place to try a new layer. The architecture is `gpt.py`; this must agree with it.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numba import from_dtype
from numba.core import types
from numba.extending import register_jitable

from ..gpt import Architecture
from .compiled import fragment, kernel, name_of, plain
from .loops import ADD, ONE, SET, matmul, step_in_lanes, transpose
from .machine import INTEGERS, STEPS, Machine, spread
from .simd import exp, from_lane, host_lanes, load, pointer, splat, sqrt, store, transpose_tile, up, where, width

# How many columns a group holds at least: few enough for the activations of a small creature to stay in the cache.
GROUP = 256


@register_jitable
def row_length(columns: int, lanes: int) -> int:
    """How far apart rows of so many columns shall lie: an odd number of vectors spreads them over the cache."""
    return (up(columns, lanes) // lanes | 1) * lanes


def lay_out(shape: Architecture, lanes: int, itemsize: int) -> np.ndarray:
    """A record, as kernels read it, of a creature's sizes, and of where things lie.

    That is matrices in the parameter vector and activations in the workspace; those of a layer lie `layer_weights` and
    `layer_space` apart. Room is only claimed from the system where documents are long enough to reach it.
    """
    vocab, wide, hidden = shape.vocab_size, shape.n_embd, shape.mlp_ratio * shape.n_embd
    longest = up(shape.block_size, lanes)
    columns = max(GROUP, longest)
    row = row_length(columns, lanes)
    layout = {
        "vocab": vocab,
        "wide": wide,
        "heads": shape.n_head,
        "layers": shape.n_layer,
        "hidden": hidden,
        "squared": int(shape.activation == "squared_relu"),
        "columns": columns,
        # In the parameter vector, which is `weights` long in whole vectors.
        "weights": up(shape.parameters, lanes),
        "wpe": vocab * wide,
        "head": (vocab + shape.block_size) * wide,
        "first_layer": (2 * vocab + shape.block_size) * wide,
        "layer_weights": (4 * wide + 2 * hidden) * wide,
        "output": 3 * wide * wide,
        "fc1": 4 * wide * wide,
        "fc2": (4 * wide + hidden) * wide,
    }
    sizes = {
        **dict.fromkeys(("stream", "embedded", "d_stream", "d_normed", "d_attended"), wide * row),
        **dict.fromkeys(("logits", "slopes"), vocab * row),
        **dict.fromkeys(("embedded_scale", "share", "peak", "total"), row),
        "d_inner": max(hidden, 3 * wide) * row,
        "spare": lanes * lanes + up(max(hidden, wide), lanes) * (columns + lanes),
        "squares": 3 * longest * longest,
    }
    layer_sizes = {
        **dict.fromkeys(("normed1", "attended", "normed2"), wide * row),
        **dict.fromkeys(("scale1", "scale2"), row),
        **dict.fromkeys(("active", "active_slope"), hidden * row),
        "qkv": 3 * wide * row,
        "scores": shape.n_head * columns * longest,
    }

    def place(sizes: dict[str, int]) -> int:
        end = 0
        for name, size in sizes.items():
            layout[name] = end
            end += up(size + 2 * lanes, 64 // itemsize)
        return end

    layout["first_space"], layout["layer_space"] = place(sizes), place(layer_sizes)
    layout["size"] = layout["first_space"] + layout["layer_space"] * shape.n_layer
    return np.array([tuple(layout.values())], [(name, np.int64) for name in layout])


RECORD = lay_out(Architecture(1, 1, 1, 1, 1, 1), 1, 8).dtype


@fragment
def linear_backward(d_inputs, gradient, matrix, slopes, inputs, spare, ld, rows, wide, columns):
    """The way back through outputs = W inputs, W having `rows` rows and `wide` columns, `slopes` those of the outputs:

    dW[i, j] += sum over columns of slopes[i, column] inputs[j, column];  d_inputs = W^T slopes
    """
    turned = spare + width(spare) * width(spare)
    tall = transpose(turned, spare, inputs, ld, wide, columns)
    matmul(gradient, wide, slopes, ld, ONE, turned, tall, rows, wide, columns, ADD)
    matmul(d_inputs, ld, matrix, ONE, wide, slopes, ld, wide, columns, rows, SET)


@fragment
def rmsnorm(x, y, scale, ld, rows, columns):
    """y = x s with s = (mean over rows of x^2 + 1e-5)^-1/2, which is kept in `scale`."""
    for j in range(0, columns, width(x)):
        total = splat(x, 0.0)
        for i in range(rows):
            v = load(x, i * ld + j)
            total = total + v * v
        s = 1.0 / sqrt(total * (1.0 / rows) + 1e-5)
        store(scale, j, s)
        for i in range(rows):
            store(y, i * ld + j, load(x, i * ld + j) * s)


@fragment
def rmsnorm_backward(dx, dy, y, scale, ld, rows, columns, accumulate):
    """dx = (dx if accumulate) + s (dy - y mean over rows of (dy y))."""
    for j in range(0, columns, width(dx)):
        total = splat(dx, 0.0)
        for i in range(rows):
            total = total + load(dy, i * ld + j) * load(y, i * ld + j)
        mean = total * (1.0 / rows)
        s = load(scale, j)
        for i in range(rows):
            d = s * (load(dy, i * ld + j) - load(y, i * ld + j) * mean)
            if accumulate:
                d = d + load(dx, i * ld + j)
            store(dx, i * ld + j, d)


@fragment
def attention(qkv, attended, scores, ld, wide, heads, start, first, n):
    """One document of n columns from `start` on, queries from its column `first` on; for each head of d = wide / heads:

        S[t, p] = k[:, t] . q[:, p] / sqrt(d) for t <= p, else -inf;  A = softmax over t;  attended = v A

    Queries p stand in lanes, so that softmax goes down the rows t. A vector of queries needs only the keys up to its
    last one. `scores` keeps A, a square of whole vectors per head. Lanes past the document hold whatever comes out;
    what they write belongs to the next document, which comes later, or to nobody.
    """
    lanes, d = width(qkv), wide // heads
    square = up(n, lanes)
    scale = 1.0 / math.sqrt(d)
    for head in range(heads):
        q = qkv + (head * d * ld + start)
        k = q + wide * ld
        v = k + wide * ld
        for p in range(first, n, lanes):
            keys = min(n, p + lanes)
            matmul(scores + p, square, k, ONE, ld, q + p, ld, keys, lanes, d, SET)
            peak = splat(q, -np.inf)
            for t in range(keys):
                s = where(from_lane(q, t - p), load(scores, t * square + p) * scale, splat(q, -np.inf))
                store(scores, t * square + p, s)
                peak = where(s > peak, s, peak)
            total = splat(q, 0.0)
            for t in range(keys):
                s = exp(load(scores, t * square + p) - peak)
                store(scores, t * square + p, s)
                total = total + s
            share = 1.0 / total
            for t in range(keys):
                store(scores, t * square + p, load(scores, t * square + p) * share)
            matmul(attended + (head * d * ld + start + p), ld, v, ld, ONE, scores + p, square, d, lanes, keys, SET)
        scores = scores + square * square


@fragment
def attention_backward(qkv, d_qkv, d_attended, scores, squares, ld, wide, heads, start, n):
    """The way back through `attention`, with A in `scores`:

        dA = v^T d_attended;  dS = A (dA - sum over t of A dA) / sqrt(d)
        dq = k dS;  dk[:, t] = sum over p >= t of q[:, p] dS[t, p];  dv[:, t] = the same of d_attended and A

    For dk and dv the keys t stand in lanes, which takes A and dS transposed, square by square. `squares` has room for
    dS and these two.
    """
    lanes, d = width(qkv), wide // heads
    square = up(n, lanes)
    d_scores, turned, d_turned = squares, squares + square * square, squares + 2 * square * square
    scale = 1.0 / math.sqrt(d)
    for head in range(heads):
        corner = head * d * ld + start
        q = qkv + corner
        k = q + wide * ld
        v = k + wide * ld
        dq = d_qkv + corner
        dk = dq + wide * ld
        dv = dk + wide * ld
        da = d_attended + corner
        for p in range(0, n, lanes):
            keys = min(n, p + lanes)
            matmul(d_scores + p, square, v, ONE, ld, da + p, ld, keys, lanes, d, SET)
            total = splat(q, 0.0)
            for t in range(keys):
                total = total + load(scores, t * square + p) * load(d_scores, t * square + p)
            for t in range(keys):
                at = t * square + p
                store(d_scores, at, load(scores, at) * (load(d_scores, at) - total) * scale)
            matmul(dq + p, ld, k, ld, ONE, d_scores + p, square, d, lanes, keys, SET)
            for t in range(0, keys, lanes):
                there, here = p * square + t, t * square + p
                transpose_tile(turned + there, square, scores + here, square)
                transpose_tile(d_turned + there, square, d_scores + here, square)
        for t in range(0, n, lanes):
            here = t * square + t
            matmul(dk + t, ld, q + t, ld, ONE, d_turned + here, square, d, lanes, n - t, SET)
            matmul(dv + t, ld, da + t, ld, ONE, turned + here, square, d, lanes, n - t, SET)
        scores = scores + square * square


@fragment
def relu(x, slope, ld, rows, columns, squared):
    """x = max(x, 0), or its square, in place; `slope` keeps the derivative. What is no number stays none."""
    zero = splat(x, 0.0)
    for i in range(rows):
        for j in range(i * ld, i * ld + columns, width(x)):
            v = load(x, j)
            if squared:
                v = where(zero > v, zero, v)
                store(slope, j, v + v)
                store(x, j, v * v)
            else:
                store(slope, j, where(v > zero, splat(x, 1.0), zero))
                store(x, j, where(zero > v, zero, v))


@fragment
def cross_entropy(logits, slopes, target, share, peak, total, ld, rows, columns):
    """sum over columns of share (log sum over rows of e^logit - logit of the target); `slopes` its derivative,

    share (softmax over rows of logits - [row is the target])
    """
    for j in range(0, columns, width(logits)):
        top = load(logits, j)
        for i in range(1, rows):
            z = load(logits, i * ld + j)
            top = where(z > top, z, top)
        powers = splat(logits, 0.0)
        for i in range(rows):
            z = exp(load(logits, i * ld + j) - top)
            store(slopes, i * ld + j, z)
            powers = powers + z
        factor = load(share, j) / powers
        for i in range(rows):
            store(slopes, i * ld + j, load(slopes, i * ld + j) * factor)
        store(peak, j, top)
        store(total, j, powers)
    loss = 0.0
    for j in range(columns):
        at = target[j] * ld + j
        loss += share[j] * (math.log(total[j]) - (logits[at] - peak[j]))
        slopes[at] = slopes[at] - share[j]
    return loss


@fragment
def pack(work, places, layout, tokens, segments, shares, begin, end, row):
    """Fill one group of columns with documents from number `begin` on: as many as fit, at least one.

    `places` gets each column's token, position and target, and `work` its share in the loss. Returns the number of the
    first document that didn't fit, the number of columns, and how far apart rows shall lie, which is at least `row`,
    and far enough for the last document's vectors.
    """
    lanes, columns, reach, room = width(work), 0, 0, layout.columns
    i = begin
    while i < end:
        start, n, counted = segments[4 * i], segments[4 * i + 1], segments[4 * i + 2]
        whole = up(n, lanes)
        if whole > room:
            break
        room -= whole
        reach = columns + whole
        for position in range(n):
            token = tokens[start + position]
            places[columns] = token
            places[layout.columns + columns] = position
            places[2 * layout.columns + columns] = tokens[start + position + 1]
            work[layout.share + columns] = shares[i] if position >= counted else 0.0
            columns += 1
        i += 1
    return i, columns, max(row, row_length(reach, lanes))


@fragment
def forward(w, work, places, layout, segments, begin, end, known, columns, ld):
    """The activations of the documents of one group, kept in the workspace, and their share of the loss.

    Of a single document the first `known` columns (whole vectors) may be there already. Then the work is shifted beyond
    them, and only attention looks back.
    """
    wide, hidden = layout.wide, layout.hidden
    work, places, columns = work + known, places + known, columns - known
    x, embedded = work + layout.stream, work + layout.embedded
    for j in range(columns):
        token, position = w + places[j] * wide, w + (layout.wpe + places[layout.columns + j] * wide)
        for i in range(wide):
            x[i * ld + j] = token[i] + position[i]
    rmsnorm(x, embedded, work + layout.embedded_scale, ld, wide, columns)
    for i in range(wide):
        for j in range(i * ld, i * ld + columns, width(x)):
            store(x, j, load(embedded, j))
    for layer in range(layout.layers):
        matrix = w + (layout.first_layer + layer * layout.layer_weights)
        space = work + (layout.first_space + layer * layout.layer_space)
        normed1, qkv, attended = space + layout.normed1, space + layout.qkv, space + layout.attended
        rmsnorm(x, normed1, space + layout.scale1, ld, wide, columns)
        # q, k and v at once: their matrices lie one behind the other.
        matmul(qkv, ld, matrix, wide, ONE, normed1, ld, 3 * wide, columns, wide, SET)
        start, scores = -known, space + (layout.scores - known)
        for i in range(begin, end):
            n = segments[4 * i + 1]
            square = up(n, width(x))
            attention(qkv, attended, scores, ld, wide, layout.heads, start, known, n)
            start += n
            scores = scores + layout.heads * square * square
        matmul(x, ld, matrix + layout.output, wide, ONE, attended, ld, wide, columns, wide, ADD)
        normed2, active = space + layout.normed2, space + layout.active
        rmsnorm(x, normed2, space + layout.scale2, ld, wide, columns)
        matmul(active, ld, matrix + layout.fc1, wide, ONE, normed2, ld, hidden, columns, wide, SET)
        relu(active, space + layout.active_slope, ld, hidden, columns, layout.squared)
        matmul(x, ld, matrix + layout.fc2, hidden, ONE, active, ld, wide, columns, hidden, ADD)
    logits, slopes, share = work + layout.logits, work + layout.slopes, work + layout.share
    matmul(logits, ld, w + layout.head, wide, ONE, x, ld, layout.vocab, columns, wide, SET)
    target, peak, total = places + 2 * layout.columns, work + layout.peak, work + layout.total
    return cross_entropy(logits, slopes, target, share, peak, total, ld, layout.vocab, columns)


@fragment
def backward(w, gradient, work, places, layout, segments, begin, end, columns, ld):
    """Add the gradient of what `forward` returned, for the same group, to `gradient`.

    `dx` is the gradient of the residual stream; each block adds to it what comes back through its norm.
    """
    wide, hidden = layout.wide, layout.hidden
    dx, d_inner, d_normed = work + layout.d_stream, work + layout.d_inner, work + layout.d_normed
    slopes, spare, d_attended = work + layout.slopes, work + layout.spare, work + layout.d_attended
    head, d_head, stream = w + layout.head, gradient + layout.head, work + layout.stream
    linear_backward(dx, d_head, head, slopes, stream, spare, ld, layout.vocab, wide, columns)
    for layer in range(layout.layers - 1, -1, -1):
        matrix = w + (layout.first_layer + layer * layout.layer_weights)
        d_matrix = gradient + (layout.first_layer + layer * layout.layer_weights)
        space = work + (layout.first_space + layer * layout.layer_space)
        fc1, d_fc1, fc2, d_fc2 = matrix + layout.fc1, d_matrix + layout.fc1, matrix + layout.fc2, d_matrix + layout.fc2
        linear_backward(d_inner, d_fc2, fc2, dx, space + layout.active, spare, ld, wide, hidden, columns)
        for i in range(hidden):
            for j in range(i * ld, i * ld + columns, width(dx)):
                store(d_inner, j, load(d_inner, j) * load(space + layout.active_slope, j))
        linear_backward(d_normed, d_fc1, fc1, d_inner, space + layout.normed2, spare, ld, hidden, wide, columns)
        rmsnorm_backward(dx, d_normed, space + layout.normed2, space + layout.scale2, ld, wide, columns, ADD)

        output, d_output = matrix + layout.output, d_matrix + layout.output
        linear_backward(d_attended, d_output, output, dx, space + layout.attended, spare, ld, wide, wide, columns)
        start, scores = 0, space + layout.scores
        for i in range(begin, end):
            n = segments[4 * i + 1]
            square = up(n, width(dx))
            qkv, squares = space + layout.qkv, work + layout.squares
            attention_backward(qkv, d_inner, d_attended, scores, squares, ld, wide, layout.heads, start, n)
            start += n
            scores = scores + layout.heads * square * square
        linear_backward(d_normed, d_matrix, matrix, d_inner, space + layout.normed1, spare, ld, 3 * wide, wide, columns)
        rmsnorm_backward(dx, d_normed, space + layout.normed1, space + layout.scale1, ld, wide, columns, ADD)
    rmsnorm_backward(dx, dx, work + layout.embedded, work + layout.embedded_scale, ld, wide, columns, SET)
    turned = spare + width(dx) * width(dx)
    tall = transpose(turned, spare, dx, ld, wide, columns)
    for j in range(columns):
        token = gradient + places[j] * wide
        position = gradient + (layout.wpe + places[layout.columns + j] * wide)
        for i in range(0, wide, width(dx)):
            d = load(turned, j * tall + i)
            store(token, i, load(token, i) + d)
            store(position, i, load(position, i) + d)


@cache
def entry(dtype: str, lanes: int) -> Callable:
    """The one entry point, for vectors of `lanes` numbers of a type."""
    number = from_dtype(np.dtype(dtype))
    program = types.Tuple((from_dtype(RECORD)[::1], types.int64))
    memory = types.Tuple((*[number[::1]] * 5, INTEGERS))

    @kernel(name_of("fused", dtype, lanes), program, memory, *STEPS)
    def run(program, memory, documents, rates, constants, step, losses):
        """See `machine.py`. The program is a layout, and how far apart rows of the workspace shall lie at least.

        Beside the weights the memory has Adam's two means and the gradient, which is zero before and after; where
        something is learnt, all are whole vectors.
        """
        layouts, row = program
        weights, first, second, gradient, work, places = memory
        tokens, segments, shares = documents
        w, space = pointer(weights, lanes), pointer(work, lanes)
        place, token, segment, share = pointer(places, 1), pointer(tokens, 1), pointer(segments, 1), pointer(shares, 1)
        m, v, d = pointer(first, lanes), pointer(second, lanes), pointer(gradient, lanes)
        layout = layouts[0]
        steps = max(1, rates.size)
        batch = shares.size // steps
        for i in range(steps):
            loss, begin, end = 0.0, i * batch, (i + 1) * batch
            while begin < end:
                known = segment[4 * begin + 3]
                stop, columns, ld = pack(space, place, layout, token, segment, share, begin, end, row)
                loss += forward(w, space, place, layout, segment, begin, stop, known, columns, ld)
                if rates.size:
                    backward(w, d, space, place, layout, segment, begin, stop, columns, ld)
                begin = stop
            losses[i] = loss
            if not math.isfinite(loss):
                gradient[:] = 0.0
                return i
            if rates.size:
                step_in_lanes(w, m, v, d, layout.weights, rates[i], constants, step + i + 1)
        return steps

    return run


class Fused(Machine):
    """One architecture ready to train, judge and speak: the buffers are allocated once, here.

    `positions` is how many predictions are learnt of a document at most: min(block_size, longest document + 1).
    `dtype` is that of all weights it is given; `lanes` overrides the processor's.
    """

    def __init__(
        self, architecture: Architecture, positions: int, dtype: str = "float64", lanes: int | None = None
    ) -> None:
        self.dtype = np.dtype(dtype)
        lanes = lanes or host_lanes(self.dtype.itemsize)
        super().__init__(architecture, min(positions, architecture.block_size), architecture.block_size, lanes)
        layouts, row = lay_out(architecture, lanes, self.dtype.itemsize), row_length(architecture.block_size, lanes)
        layout = layouts[0]
        self._run = entry(dtype, lanes)
        self._program, self._speaking = (layouts, 0), (layouts, row)
        weights = architecture.parameters + lanes
        self._work, *self._state = spread(self.dtype, layout["size"], weights, weights, weights, weights)
        self._places = np.zeros(3 * layout["columns"], np.int64)
        self._own = tuple(self._state[:3])
        self._logits = self._work[layout["logits"] :][: architecture.vocab_size * row].reshape(-1, row)

    def _memory(self, weights: np.ndarray) -> tuple[np.ndarray, ...]:
        return plain(weights, self.dtype), *self._state[1:], self._work, self._places
