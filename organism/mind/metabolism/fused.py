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
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from ..adam import Adam, AdamConstants, gradient_of, step_in_lanes
from ..gpt import Architecture
from .compiled import fragment, kernel
from .matmul import ADD, ONE, SET, matmul
from .simd import (
    exp,
    from_lane,
    host_lanes,
    load,
    pointer,
    splat,
    sqrt,
    store,
    transpose_tile,
    up,
    where,
    width,
)
from .windows import windows

# How many columns a group holds at least: few enough for the activations of a small creature to stay in the cache.
GROUP = 256


class Plan(NamedTuple):
    """The sizes of a creature, where its matrices lie in the parameter vector, and its activations in the workspace.

    Matrices of a layer lie `layer_weights` apart, activations of a layer `layer_space`.
    """

    vocab: int
    wide: int
    heads: int
    layers: int
    hidden: int
    squared: int
    columns: int
    # in the parameter vector, which is `weights` long in whole vectors
    weights: int
    wpe: int
    head: int
    first_layer: int
    layer_weights: int
    output: int
    fc1: int
    fc2: int
    # in the workspace: of the whole creature ...
    stream: int
    embedded: int
    embedded_scale: int
    logits: int
    slopes: int
    share: int
    peak: int
    total: int
    d_stream: int
    d_inner: int
    d_normed: int
    d_attended: int
    turned: int
    d_scores: int
    turned_scores: int
    turned_d_scores: int
    # ... and of each layer
    first_space: int
    layer_space: int
    normed1: int
    scale1: int
    qkv: int
    scores: int
    attended: int
    normed2: int
    scale2: int
    active: int
    active_slope: int
    size: int


@register_jitable
def row_length(columns: int, lanes: int) -> int:
    """How far apart rows of so many columns shall lie: an odd number of vectors spreads them over the cache."""
    return (up(columns, lanes) // lanes | 1) * lanes


def make_plan(shape: Architecture, lanes: int, itemsize: int) -> Plan:
    """Lay out the workspace. Room is only claimed from the system where documents are long enough to reach it."""
    vocab, wide, hidden = shape.vocab_size, shape.n_embd, shape.mlp_ratio * shape.n_embd
    longest = up(shape.block_size, lanes)
    columns = max(GROUP, longest)
    row = row_length(columns, lanes)
    line = 64 // itemsize
    cursor = 0

    def take(size: int) -> int:
        nonlocal cursor
        cursor += up(size + 2 * lanes, line)
        return cursor - up(size + 2 * lanes, line)

    square = longest * longest
    tall = up(wide, lanes) * row  # what is transposed has whole vectors of rows
    offsets: dict[str, int] = {
        "wpe": vocab * wide,
        "head": (vocab + shape.block_size) * wide,
        "first_layer": (2 * vocab + shape.block_size) * wide,
        "layer_weights": (4 * wide + 2 * hidden) * wide,
        "output": 3 * wide * wide,
        "fc1": 4 * wide * wide,
        "fc2": (4 * wide + hidden) * wide,
    }
    for name, size in {
        "stream": tall,
        "embedded": tall,
        "embedded_scale": row,
        "logits": vocab * row,
        "slopes": vocab * row,
        "share": row,
        "peak": row,
        "total": row,
        "d_stream": tall,
        "d_inner": max(hidden, 3 * wide) * row,
        "d_normed": tall,
        "d_attended": tall,
        "turned": up(max(hidden, wide), lanes) * (columns + lanes),
        "d_scores": square,
        "turned_scores": square,
        "turned_d_scores": square,
    }.items():
        offsets[name] = take(size)
    first_space = cursor
    for name, size in {
        "normed1": tall,
        "scale1": row,
        "qkv": 3 * wide * row,
        "scores": shape.n_head * columns * longest,
        "attended": tall,
        "normed2": tall,
        "scale2": row,
        "active": up(hidden, lanes) * row,
        "active_slope": hidden * row,
    }.items():
        offsets[name] = take(size) - first_space
    layer_space = cursor - first_space
    return Plan(
        vocab=vocab,
        wide=wide,
        heads=shape.n_head,
        layers=shape.n_layer,
        hidden=hidden,
        squared=int(shape.activation == "squared_relu"),
        columns=columns,
        weights=up(shape.parameters, lanes),
        first_space=first_space,
        layer_space=layer_space,
        size=cursor + layer_space * (shape.n_layer - 1),
        **offsets,
    )


@fragment
def transpose(target, source, ld, rows, columns):
    """target[column, row] = source[row, column], rows of the target being whole vectors, filled up with zeros.

    The zeros let a gradient be added to a matrix of any width in whole vectors: they add nothing to what lies behind
    the end of a row. Needs no more than `columns` rows of the target, in whole vectors.
    """
    lanes = width(source)
    tall = up(rows, lanes)
    for i in range(rows, tall):
        for j in range(0, columns, lanes):
            store(source, i * ld + j, splat(source, 0.0))
    for j in range(0, columns, lanes):
        for i in range(0, tall, lanes):
            transpose_tile(target + (j * tall + i), tall, source + (i * ld + j), ld)
    return tall


@fragment
def weight_gradient(gradient, slopes, inputs, turned, ld, rows, wide, columns):
    """For outputs = W inputs: dW[i, j] += sum over columns of slopes[i, column] inputs[j, column]."""
    tall = transpose(turned, inputs, ld, wide, columns)
    matmul(gradient, wide, slopes, ld, ONE, turned, tall, rows, wide, columns, ADD)


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
def attention_backward(qkv, d_qkv, d_attended, scores, d_scores, turned, d_turned, ld, wide, heads, start, n):
    """The way back through `attention`, with A in `scores`:

        dA = v^T d_attended;  dS = A (dA - sum over t of A dA) / sqrt(d)
        dq = k dS;  dk[:, t] = sum over p >= t of q[:, p] dS[t, p];  dv[:, t] = the same of d_attended and A

    For dk and dv the keys t stand in lanes, which takes A and dS transposed, square by square.
    """
    lanes, d = width(qkv), wide // heads
    square = up(n, lanes)
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
def pack(work, places, plan, tokens, segments, shares, begin, end, row):
    """Fill one group of columns with documents from number `begin` on: as many as fit, at least one.

    A segment is (first token, columns, first column that counts). `places` gets each column's token, position and
    target, and `work` its share in the loss. Returns the number of the first document that didn't fit, the number of
    columns, and how far apart rows shall lie, which is at least `row`, and far enough for the last document's vectors.
    """
    lanes, columns, reach, room = width(work), 0, 0, plan.columns
    i = begin
    while i < end:
        start, n, counted = segments[i * 3], segments[i * 3 + 1], segments[i * 3 + 2]
        whole = up(n, lanes)
        if whole > room:
            break
        room -= whole
        reach = columns + whole
        for position in range(n):
            token = tokens[start + position]
            places[columns] = token
            places[plan.columns + columns] = position
            places[2 * plan.columns + columns] = tokens[start + position + 1]
            work[plan.share + columns] = shares[i] if position >= counted else 0.0
            columns += 1
        i += 1
    return i, columns, max(row, row_length(reach, lanes))


@fragment
def forward(w, work, places, plan, segments, begin, end, known, columns, ld):
    """The activations of the documents of one group, kept in the workspace, and their share of the loss.

    Of a single document the first `known` columns (whole vectors) may be there already. Then the work is shifted beyond
    them, and only attention looks back.
    """
    wide, hidden = plan.wide, plan.hidden
    work, places, columns = work + known, places + known, columns - known
    x, embedded = work + plan.stream, work + plan.embedded
    for j in range(columns):
        token, position = w + places[j] * wide, w + (plan.wpe + places[plan.columns + j] * wide)
        for i in range(wide):
            x[i * ld + j] = token[i] + position[i]
    rmsnorm(x, embedded, work + plan.embedded_scale, ld, wide, columns)
    for i in range(wide):
        for j in range(i * ld, i * ld + columns, width(x)):
            store(x, j, load(embedded, j))
    for layer in range(plan.layers):
        matrix = w + (plan.first_layer + layer * plan.layer_weights)
        space = work + (plan.first_space + layer * plan.layer_space)
        normed1, qkv, attended = space + plan.normed1, space + plan.qkv, space + plan.attended
        rmsnorm(x, normed1, space + plan.scale1, ld, wide, columns)
        # q, k and v at once: their matrices lie one behind the other.
        matmul(qkv, ld, matrix, wide, ONE, normed1, ld, 3 * wide, columns, wide, SET)
        start, scores = -known, space + (plan.scores - known)
        for i in range(begin, end):
            n = segments[i * 3 + 1]
            square = up(n, width(x))
            attention(qkv, attended, scores, ld, wide, plan.heads, start, known, n)
            start += n
            scores = scores + plan.heads * square * square
        matmul(x, ld, matrix + plan.output, wide, ONE, attended, ld, wide, columns, wide, ADD)
        normed2, active = space + plan.normed2, space + plan.active
        rmsnorm(x, normed2, space + plan.scale2, ld, wide, columns)
        matmul(active, ld, matrix + plan.fc1, wide, ONE, normed2, ld, hidden, columns, wide, SET)
        relu(active, space + plan.active_slope, ld, hidden, columns, plan.squared)
        matmul(x, ld, matrix + plan.fc2, hidden, ONE, active, ld, wide, columns, hidden, ADD)
    logits = work + plan.logits
    matmul(logits, ld, w + plan.head, wide, ONE, x, ld, plan.vocab, columns, wide, SET)
    return cross_entropy(
        logits,
        work + plan.slopes,
        places + 2 * plan.columns,
        work + plan.share,
        work + plan.peak,
        work + plan.total,
        ld,
        plan.vocab,
        columns,
    )


@fragment
def backward(w, gradient, work, places, plan, segments, begin, end, columns, ld):
    """Add the gradient of what `forward` returned, for the same group, to `gradient`.

    `dx` is the gradient of the residual stream; each block adds to it what comes back through its norm.
    """
    wide, hidden = plan.wide, plan.hidden
    dx, d_inner, d_normed = work + plan.d_stream, work + plan.d_inner, work + plan.d_normed
    slopes, turned, d_attended = work + plan.slopes, work + plan.turned, work + plan.d_attended
    weight_gradient(gradient + plan.head, slopes, work + plan.stream, turned, ld, plan.vocab, wide, columns)
    matmul(dx, ld, w + plan.head, ONE, wide, slopes, ld, wide, columns, plan.vocab, SET)
    for layer in range(plan.layers - 1, -1, -1):
        matrix = w + (plan.first_layer + layer * plan.layer_weights)
        d_matrix = gradient + (plan.first_layer + layer * plan.layer_weights)
        space = work + (plan.first_space + layer * plan.layer_space)
        weight_gradient(d_matrix + plan.fc2, dx, space + plan.active, turned, ld, wide, hidden, columns)
        matmul(d_inner, ld, matrix + plan.fc2, ONE, hidden, dx, ld, hidden, columns, wide, SET)
        for i in range(hidden):
            for j in range(i * ld, i * ld + columns, width(dx)):
                store(d_inner, j, load(d_inner, j) * load(space + plan.active_slope, j))
        weight_gradient(d_matrix + plan.fc1, d_inner, space + plan.normed2, turned, ld, hidden, wide, columns)
        matmul(d_normed, ld, matrix + plan.fc1, ONE, wide, d_inner, ld, wide, columns, hidden, SET)
        rmsnorm_backward(dx, d_normed, space + plan.normed2, space + plan.scale2, ld, wide, columns, ADD)

        weight_gradient(d_matrix + plan.output, dx, space + plan.attended, turned, ld, wide, wide, columns)
        matmul(d_attended, ld, matrix + plan.output, ONE, wide, dx, ld, wide, columns, wide, SET)
        start, scores = 0, space + plan.scores
        for i in range(begin, end):
            n = segments[i * 3 + 1]
            square = up(n, width(dx))
            attention_backward(
                space + plan.qkv,
                d_inner,
                d_attended,
                scores,
                work + plan.d_scores,
                work + plan.turned_scores,
                work + plan.turned_d_scores,
                ld,
                wide,
                plan.heads,
                start,
                n,
            )
            start += n
            scores = scores + plan.heads * square * square
        weight_gradient(d_matrix, d_inner, space + plan.normed1, turned, ld, 3 * wide, wide, columns)
        matmul(d_normed, ld, matrix, ONE, wide, d_inner, ld, wide, columns, 3 * wide, SET)
        rmsnorm_backward(dx, d_normed, space + plan.normed1, space + plan.scale1, ld, wide, columns, ADD)
    rmsnorm_backward(dx, dx, work + plan.embedded, work + plan.embedded_scale, ld, wide, columns, SET)
    tall = transpose(turned, dx, ld, wide, columns)
    for j in range(columns):
        token = gradient + places[j] * wide
        position = gradient + (plan.wpe + places[plan.columns + j] * wide)
        for i in range(0, wide, width(dx)):
            d = load(turned, j * tall + i)
            store(token, i, load(token, i) + d)
            store(position, i, load(position, i) + d)


@cache
def machine(lanes: int) -> Callable:
    """The one entry point, for vectors of `lanes` numbers; numba compiles it when it is first called with a dtype."""

    @kernel()
    def run(weights, memory, work, places, plans, tokens, segments, shares, known, row, rates, constants, step, losses):
        """One step per rate, on as many segments each as `shares` has for it. Stops at a loss that isn't finite.

        The rows of `memory` are Adam's two and the gradient, which is zero before and after; like the weights they are
        whole vectors. Without any memory (size 0) nothing is learnt and only losses come out. `known` columns are
        in the workspace already, whose rows shall lie at least `row` apart. Returns how many steps were taken.
        """
        w, space = pointer(weights, lanes), pointer(work, lanes)
        place, token, segment, share = pointer(places, 1), pointer(tokens, 1), pointer(segments, 1), pointer(shares, 1)
        learning, batch = memory.size > 0, shares.size // rates.size
        first = pointer(memory, lanes)
        second, gradient = first + memory.shape[1], first + 2 * memory.shape[1]
        beta1, beta2, eps = constants
        plan = plans[0]
        for i in range(rates.size):
            loss, begin, end = 0.0, i * batch, (i + 1) * batch
            while begin < end:
                stop, columns, ld = pack(space, place, plan, token, segment, share, begin, end, row)
                loss += forward(w, space, place, plan, segment, begin, stop, known, columns, ld)
                if learning:
                    backward(w, gradient, space, place, plan, segment, begin, stop, columns, ld)
                begin = stop
            losses[i] = loss
            if not math.isfinite(loss):
                memory[2] = 0.0
                return i
            if learning:
                rate, unbias = rates[i] / (1.0 - beta1 ** (step + i + 1)), 1.0 / (1.0 - beta2 ** (step + i + 1))
                step_in_lanes(w, first, second, gradient, plan.weights, rate, beta1, beta2, unbias, eps)
        return rates.size

    return run


def plain(array: np.ndarray, dtype: np.dtype | type) -> np.ndarray:
    """The array as the kernel was compiled for: for one that is read-only or has strides, numba would compile anew."""
    return np.require(array, dtype, ["C", "W"])


class Fused:
    """One architecture ready to train, judge and speak: the buffers are allocated once, here.

    `positions` is how many predictions are learnt of a document at most: min(block_size, longest document + 1).
    `dtype` is that of all weights it is given; `lanes` overrides the processor's. Weights are flat vectors in the order
    of `Architecture.shapes()`. Document i is tokens[starts[i]:starts[i + 1]] (int64), the end token at both ends.
    """

    def __init__(
        self, architecture: Architecture, positions: int, dtype: str = "float64", lanes: int | None = None
    ) -> None:
        self.architecture = architecture
        self.positions = min(positions, architecture.block_size)
        self.dtype = np.dtype(dtype)
        self.lanes = lanes or host_lanes(self.dtype.itemsize)
        self._run = machine(self.lanes)
        self._plan = make_plan(architecture, self.lanes, self.dtype.itemsize)
        # For kernels, which read a record where it lies but would be handed each field of a tuple.
        self._plans = np.array([self._plan], [(field, np.int64) for field in Plan._fields])
        self._work = self._aligned(self._plan.size)
        self._places = np.zeros(3 * self._plan.columns, np.int64)
        self._said = np.zeros(architecture.block_size + 1, np.int64)
        self._row = row_length(architecture.block_size, self.lanes)  # how far apart rows lie while it speaks
        self._known = 0  # how many columns of what was said are in the workspace
        # Rows of weights, their memory and gradient: aligned, and never at the same place of a page, where the
        # processor would take a load for one that must wait for a store.
        size = up(architecture.parameters + self.lanes, 4096 // self.dtype.itemsize) + 1024 // self.dtype.itemsize
        self._state = self._aligned(4 * size).reshape(4, size)

    def _aligned(self, size: int) -> np.ndarray:
        """Zeros that start at a cache line."""
        buffer = np.zeros(size * self.dtype.itemsize + 64, np.uint8)
        start = -buffer.ctypes.data % 64
        return buffer[start : start + size * self.dtype.itemsize].view(self.dtype)

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
        """Take one step for each row of `order` (documents of a batch), in place; returns the loss of each step.

        Stops at the first loss that isn't finite: the weights keep their last step, the losses behind it are NaN.
        """
        lengths = np.minimum(self.positions, starts[order + 1] - starts[order] - 1)
        segments = np.stack([starts[order], lengths, np.zeros_like(lengths)], axis=-1)
        shares = 1.0 / (lengths * order.shape[1])
        losses = np.full(order.shape[0], np.nan)
        state = self._state[:3, : weights.size]
        state[:] = weights, adam.first, adam.second
        self._known = 0
        taken = self._run(
            self._state[0],
            self._state[1:],
            self._work,
            self._places,
            self._plans,
            plain(tokens, np.int64),
            segments.ravel(),
            shares.ravel(),
            0,
            0,
            plain(learning_rates, np.float64),
            (constants.beta1, constants.beta2, constants.eps),
            adam.step,
            losses,
        )
        weights[:], adam.first[:], adam.second[:] = state
        adam.step += taken
        return losses

    def gradient(
        self, weights: np.ndarray, tokens: np.ndarray, starts: np.ndarray, batch: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """(loss, its gradient in the order of `weights`) of one batch of document numbers."""
        return gradient_of(self.train, weights, tokens, starts, batch)

    def evaluate(
        self, weights: np.ndarray, tokens: np.ndarray, starts: np.ndarray, tick: Callable[[], None] = lambda: None
    ) -> float:
        """Mean loss in nats over every token of every document, end tokens included; calls `tick` every 50 ms or so.

        Past block_size a token is predicted from the block_size tokens before it, at positions 0 .. block_size - 1.
        """
        loss, self._known = 0.0, 0
        for segments, shares in windows(starts, self.architecture.block_size, self.architecture.work):
            tick()
            loss += self._forward(weights, tokens, segments, shares, 0, 0)
        return loss

    def logits(self, weights: np.ndarray, tokens: Sequence[int], position: int) -> np.ndarray:
        """Logits for what follows `tokens`, read from `position` on, after those given for the positions before it.

        Keys and values stay in the workspace, so that only the vectors of columns with these positions are computed.
        """
        last = position + len(tokens) - 1
        for at, token in enumerate(tokens, position):
            self._said[at] = token
        known = min(self._known, position) // self.lanes * self.lanes
        row = self._row
        self._forward(weights, self._said, np.array([0, last + 1, 0]), np.zeros(1), known, row)
        self._known = last + 1
        first = self._plan.logits + last
        return self._work[first : first + self.architecture.vocab_size * row : row].astype(np.float64)

    def _forward(self, weights, tokens, segments, shares, known: int, row: int) -> float:
        """The loss of all segments. See the kernel for `known` and `row`."""
        losses = np.full(1, np.nan)
        self._run(
            plain(weights, self.dtype),
            np.zeros((3, 0), self.dtype),
            self._work,
            self._places,
            self._plans,
            plain(tokens, np.int64),
            segments.ravel(),
            shares,
            known,
            row,
            np.zeros(1),
            (0.0, 0.0, 0.0),
            0,
            losses,
        )
        return float(losses[0])
