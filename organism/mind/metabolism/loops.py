"""Loops over SIMD lanes that compiled metabolisms share: a matrix product, a transposition, and Adam."""

import numpy as np

from .compiled import fragment
from .simd import height, load, splat, sqrt, store, tile, transpose_tile, up, width

# What to do with sums, and the stride of neighbours. For plain constants as arguments numba would compile a function
# once for each value.
ADD, SET = np.bool_(True), np.bool_(False)
ONE = np.int64(1)


@fragment
def matmul(c, ldc, a, row, step, b, ldb, rows, columns, depth, accumulate):
    """c[i, j] = (c[i, j] if accumulate) + sum over k of a[i row + k step] b[k, j], rows of c and b ldc and ldb apart.

    `columns` is rounded up to whole vectors. The two strides of `a` let it be a matrix or its transpose. A tile of
    8 rows x 2 vectors is summed in registers: per step 8 factors and 2 vectors are loaded for 16 fused multiply-adds.
    A single column of vectors is done 16 rows at a time. Processors with half the registers do half the rows.
    """
    lanes, full = width(c), height(c)
    for j in range(0, columns, 2 * lanes):
        i = 0
        while i < rows:
            left, corner, below, right = rows - i, c + i * ldc + j, a + i * row, b + j
            if columns - j > lanes:
                if left > full // 2:
                    i += tile(2, 2, corner, ldc, below, row, step, right, ldb, left, depth, accumulate)
                else:
                    i += tile(1, 2, corner, ldc, below, row, step, right, ldb, left, depth, accumulate)
            elif left >= 2 * full:
                i += tile(4, 1, corner, ldc, below, row, step, right, ldb, left, depth, accumulate)
            elif left > full // 2:
                i += tile(2, 1, corner, ldc, below, row, step, right, ldb, left, depth, accumulate)
            else:
                i += tile(1, 1, corner, ldc, below, row, step, right, ldb, left, depth, accumulate)


@fragment
def transpose(target, spare, source, ld, rows, columns):
    """target[column, row] = source[row, column], rows of the target being whole vectors, filled up with zeros.

    The zeros let a gradient be added to a matrix of any width in whole vectors: they add nothing to what lies behind
    the end of a row. Rows of the source lie `ld` apart, `spare` has room for a square of vectors. Returns how far apart
    rows of the target lie; it has no more than `columns` of them, in whole vectors.
    """
    lanes = width(source)
    tall = up(rows, lanes)
    for i in range(0, tall, lanes):
        for j in range(0, columns, lanes):
            corner, apart = source + (i * ld + j), ld
            if rows - i < lanes:
                for k in range(lanes):
                    store(spare, k * lanes, load(corner, k * ld) if i + k < rows else splat(source, 0.0))
                corner, apart = spare, lanes
            transpose_tile(target + (j * tall + i), tall, corner, apart)
    return tall


@fragment
def step_in_lanes(w, first, second, gradient, size, learning_rate, constants, step):
    """`adam_step` for `size` weights, whole vectors, behind pointers. Leaves the gradient at zero.

    `constants` are beta1, beta2 and eps; `step` is counted from 1.
    """
    beta1, beta2, eps = constants
    rate, unbias = learning_rate / (1.0 - beta1**step), 1.0 / (1.0 - beta2**step)
    for i in range(0, size, width(w)):
        g = load(gradient, i)
        m = load(first, i) * beta1 + g * (1.0 - beta1)
        v = load(second, i) * beta2 + g * g * (1.0 - beta2)
        store(first, i, m)
        store(second, i, v)
        store(w, i, load(w, i) - m * rate / (sqrt(v * unbias) + eps))
        store(gradient, i, splat(w, 0.0))
