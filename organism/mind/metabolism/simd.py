"""Vectors of numbers in compiled loops: numba types for a pointer, a SIMD vector and a mask, and what they can do.

A `Pointer` remembers how many lanes a load from it fills. That is the only place where the width is chosen, so that one
source gives kernels of any width: eight doubles on AVX-512, four on AVX2, two elsewhere, or one, which are plain loops.

Written in kernels as

    p = pointer(array, lanes)    pointer to an array's first element; `p + n` is n elements further; p[i] and
                                 p[i] = x are single elements
    v = load(p, i)               the `lanes` elements from p[i] on, aligned or not; store(p, i, v) puts them back
    splat(p, x)                  a vector full of x
    + - * /  v > w               lane by lane; a number beside a vector is splat
    where(mask, v, w)            lane by lane v or w; `from_lane(p, k)` is the mask of lanes k, k + 1, ...
    sqrt(v), exp(v)              lane by lane
    tile(...), transpose_tile    the insides of a matrix product and of a transposition

A product and a sum may be contracted to one rounding; nothing else is relaxed, so that NaN and infinity survive.
There are no bounds checks and no ownership: whoever takes a pointer keeps the array alive and stays inside of it.
"""

import math
import operator
import platform
from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import extending
from numba.core import cgutils, codegen, config, types
from numba.core.typing import templates
from numba.core.typing.templates import AbstractTemplate
from numba.extending import lower_builtin, lower_cast, models, register_model

# Decorators that change what they decorate in ways that annotations don't tell.
intrinsic: Any = extending.intrinsic
infer_global: Any = templates.infer_global

INT32 = ir.IntType(32)
INT64 = ir.IntType(64)
CONTRACT = ("contract",)
ARM = platform.machine() in ("arm64", "aarch64")  # always has vectors of 16 bytes, and 32 registers of them


@cache
def features() -> frozenset[str]:
    """What the processor that numba compiles for can do, by LLVM's names."""
    chosen = getattr(config, "CPU_FEATURES", None)
    names = codegen.get_host_cpu_features() if chosen is None else chosen
    return frozenset(name[1:] for name in names.split(",") if name.startswith("+"))


def host_lanes(itemsize: int) -> int:
    """How many numbers of `itemsize` bytes a vector of this processor holds; 1 where it is known to have none."""
    if "avx512f" in features():
        return 64 // itemsize
    if "avx2" in features():
        return 32 // itemsize
    return 16 // itemsize if "sse2" in features() or ARM else 1


def tile_rows() -> int:
    """Rows of a full tile of a matrix product: with two vectors each, half of the processor's vector registers."""
    return 8 if "avx512vl" in features() or ARM else 4


@extending.register_jitable
def up(n: int, step: int) -> int:
    """n rounded up to a multiple of `step`; here and in kernels, to whole vectors mostly."""
    return -(-n // step) * step


class Vector(types.Type):
    """`lanes` numbers of a numba float type, held in a SIMD register."""

    def __init__(self, dtype: types.Float, lanes: int):
        self.dtype, self.lanes = dtype, lanes
        super().__init__(f"vector({dtype} x {lanes})")


class Mask(types.Type):
    """A truth value for each lane."""

    def __init__(self, lanes: int):
        self.lanes = lanes
        super().__init__(f"mask({lanes})")


class Pointer(types.Type):
    """The address of a float (or an int64); loads from it fill a `Vector` of `lanes` lanes."""

    def __init__(self, dtype: types.Number, lanes: int):
        self.dtype, self.vector = dtype, Vector(dtype, lanes)
        super().__init__(f"pointer({dtype} x {lanes})")


def llvm(kind: types.Type) -> Any:
    """The LLVM type of a number, a vector, a mask or a pointer."""
    match kind:
        case Vector():
            return ir.VectorType(llvm(kind.dtype), kind.lanes)
        case Mask():
            return ir.VectorType(ir.IntType(1), kind.lanes)
        case Pointer():
            return llvm(kind.dtype).as_pointer()
    return {types.float64: ir.DoubleType(), types.float32: ir.FloatType(), types.int64: INT64}[kind]


@register_model(Vector)
@register_model(Mask)
@register_model(Pointer)
class LaneModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, llvm(kind))


# What the emitters below are made of.


def full(kind: Any, values) -> ir.Constant:
    """A constant vector: the number `values` in all lanes, or one number for each."""
    return ir.Constant(kind, list(values) if hasattr(values, "__iter__") else [values] * kind.count)


def splatted(builder, scalar, lanes: int):
    """`scalar` in every lane."""
    empty = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
    first = builder.insert_element(empty, scalar, ir.Constant(INT32, 0))
    return builder.shuffle_vector(first, empty, full(ir.VectorType(INT32, lanes), 0))


def loaded(builder, address, kind: Vector):
    """The vector at an element's address, which needs no alignment beyond the element's."""
    return builder.load(builder.bitcast(address, llvm(kind).as_pointer()), align=kind.dtype.bitwidth // 8)


def stored(builder, value, address, kind: Vector):
    """Put a vector at an element's address."""
    builder.store(value, builder.bitcast(address, llvm(kind).as_pointer()), align=kind.dtype.bitwidth // 8)


def multiply_add(builder, a, b, c):
    """a b + c, with one rounding where the processor can."""
    return builder.fadd(builder.fmul(a, b, flags=CONTRACT), c, flags=CONTRACT)


def call(builder, name: str, kind: ir.Type, *args):
    """Call the LLVM intrinsic `name`, which returns a `kind`."""
    function = ir.FunctionType(kind, [value.type for value in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, function, name), args)


def opaque(builder, address):
    """The same address, about which the optimiser can't reason."""
    identity = ir.InlineAsm(ir.FunctionType(address.type, [address.type]), "", "=r,0")
    return builder.call(identity, [address])


# Pointers, loads and stores.


@intrinsic
def pointer(typing, array, lanes):
    """pointer(array, lanes): the address of the array's first element, loading `lanes` (a constant) at a time."""
    if not isinstance(lanes, types.IntegerLiteral):
        return None
    kind = Pointer(array.dtype, lanes.literal_value)

    def emit(context, builder, sig, args):
        return context.make_array(array)(context, builder, args[0]).data

    return kind(array, lanes), emit


@intrinsic
def width(typing, p):
    """How many lanes a load from `p` fills."""
    return types.int64(p), lambda context, builder, sig, args: ir.Constant(INT64, p.vector.lanes)


@intrinsic
def load(typing, p, i):
    """The vector that starts at element i."""

    def emit(context, builder, sig, args):
        return loaded(builder, builder.gep(args[0], [args[1]]), sig.return_type)

    return p.vector(p, types.int64), emit


@intrinsic
def store(typing, p, i, v):
    """Put a vector at element i and behind."""

    def emit(context, builder, sig, args):
        stored(builder, args[2], builder.gep(args[0], [args[1]]), sig.args[2])
        return context.get_dummy_value()

    return types.void(p, types.int64, p.vector), emit


@intrinsic
def splat(typing, p, x):
    """A vector of the width of `p` with x in every lane."""
    return p.vector(p, p.vector), lambda context, builder, sig, args: args[1]


@lower_cast(types.Number, Vector)
def number_to_vector(context, builder, source, target, value):
    return splatted(builder, context.cast(builder, value, source, target.dtype), target.lanes)


# Operators.


def implement(operation: Any, kinds: tuple, typed: Callable) -> Callable:
    """Decorator: what an operator emits on operands of these kinds, the first of which is its own.

    `typed` gives its signature for the types of the operands in Python, one of which is of that first kind.
    """

    @infer_global(operation)
    class Operator(AbstractTemplate):
        def generic(self, args, kws):
            return typed(*args) if any(isinstance(kind, kinds[0]) for kind in args) else None

    return lower_builtin(operation, *kinds)


@implement(operator.getitem, (Pointer, types.int64), lambda p, i: p.dtype(p, types.int64))
def get_item(context, builder, sig, args):
    return builder.load(builder.gep(args[0], [args[1]]))


@implement(operator.setitem, (Pointer, types.int64, types.Number), lambda p, i, _: types.none(p, types.int64, p.dtype))
def set_item(context, builder, sig, args):
    builder.store(args[2], builder.gep(args[0], [args[1]]))
    return context.get_dummy_value()


@implement(operator.add, (Pointer, types.int64), lambda p, i: p(p, types.int64))
def pointer_add(context, builder, sig, args):
    return builder.gep(args[0], [args[1]])


def lane_by_lane(operation: Any, instruction: str, *first: Any, result: Callable = lambda v: v, **options: Any) -> None:
    """Have an operator with a vector on either side become the method of that name of LLVM's builder.

    `result` is the type of what comes of a vector's type.
    """

    def typed(v, w):
        vector = v if isinstance(v, Vector) else w
        return result(vector)(vector, vector)

    @implement(operation, (Vector, Vector), typed)
    def lowered(context, builder, sig, args):
        return getattr(builder, instruction)(*first, *args, **options)


lane_by_lane(operator.add, "fadd", flags=CONTRACT)
lane_by_lane(operator.sub, "fsub", flags=CONTRACT)
lane_by_lane(operator.mul, "fmul", flags=CONTRACT)
lane_by_lane(operator.truediv, "fdiv")
lane_by_lane(operator.gt, "fcmp_ordered", ">", result=lambda v: Mask(v.lanes))


@intrinsic
def where(typing, mask, v, w):
    """Lane by lane v where the mask holds, else w."""
    vector = v if isinstance(v, Vector) else w
    return vector(mask, vector, vector), lambda context, builder, sig, args: builder.select(*args)


@intrinsic
def from_lane(typing, p, k):
    """The mask that holds in lanes k, k + 1, ... of vectors of the width of `p`."""

    def emit(context, builder, sig, args):
        kind = ir.VectorType(INT32, sig.return_type.lanes)
        least = splatted(builder, builder.trunc(args[1], INT32), kind.count)
        return builder.icmp_signed(">=", full(kind, range(kind.count)), least)

    return Mask(p.vector.lanes)(p, types.int64), emit


@intrinsic
def sqrt(typing, v):
    """Square roots; of infinity and of negative numbers, NaN.

    What is infinite here is a sum of squares that were too large. The root of it would be divided by and leave zeros, a
    creature that goes on guessing in silence.

    AVX-512 has an estimate of x^-1/2 that is right to 14 bits and takes a fraction of the time of a root. With it as y
    and e = 1 - x y^2, the root is x y (1 - e)^-1/2 = x y (1 + e/2 + 3/8 e^2 + 5/16 e^3 + ...), of which float32 needs
    one term and float64 three. For infinity y is 0 and x y NaN. Numbers nearer to 0 than 1e-300 (1e-37) get no estimate
    of their own: what comes out is within 1e-149 (1e-18) of 0. Other processors take the root.
    """

    def emit(context, builder, sig, args):
        x, kind, double = args[0], llvm(v), v.dtype.bitwidth == 64
        if v.lanes * v.dtype.bitwidth < 512 or "avx512f" not in features():
            root = call(builder, f"llvm.sqrt.v{v.lanes}f{v.dtype.bitwidth}", kind, x)
            infinite = builder.fcmp_ordered("==", x, full(kind, math.inf))
            return builder.select(infinite, full(kind, math.nan), root)
        name, lanes = ("llvm.x86.avx512.rsqrt14.pd.512", 8) if double else ("llvm.x86.avx512.rsqrt14.ps.512", 16)
        least = full(kind, 1e-300 if double else 1e-37)  # the estimate for 0 is infinite
        size = call(builder, f"llvm.fabs.v{v.lanes}f{v.dtype.bitwidth}", kind, x)
        least = builder.select(builder.fcmp_ordered(">", size, least), x, least)
        y = call(builder, name, kind, least, full(kind, 0.0), ir.Constant(ir.IntType(lanes), -1))
        root = builder.fmul(x, y)
        e = multiply_add(builder, builder.fneg(root), y, full(kind, 1.0))
        series = full(kind, 1 / 2)
        if double:
            series = multiply_add(builder, full(kind, 5 / 16), e, full(kind, 3 / 8))
            series = multiply_add(builder, series, e, full(kind, 1 / 2))
        return multiply_add(builder, builder.fmul(root, e), series, root)

    return v(v), emit


@intrinsic
def exp(typing, v):
    """e to each lane: x = n ln 2 + r, then a Taylor polynomial in r <= ln 2 / 2, then n added to the exponent.

    Adding 1.5 * 2^(mantissa bits) rounds x / ln 2 to the integer n, which then stands in the low bits of the sum, from
    where a shift takes it to the exponent. Relative error about 2e-16 and 1e-7. A result too small for a normal number
    becomes 0, one too large infinity, and NaN stays NaN.
    """
    double = v.dtype.bitwidth == 64
    mantissa, degree, least, most = (52, 12, -708.0, 709.0) if double else (23, 7, -87.0, 88.0)
    # ln 2 in two parts, of which the first has enough zero bits for n times it to be exact.
    high = 0.693147180369123816490 if double else 0.693359375
    low = 1.90821492927058770002e-10 if double else -2.12194440054690583e-4

    def emit(context, builder, sig, args):
        x, kind = args[0], llvm(v)
        bits = ir.VectorType(INT64 if double else INT32, v.lanes)
        magic = full(kind, 1.5 * 2.0**mantissa)
        shifted = multiply_add(builder, x, full(kind, 1 / math.log(2)), magic)
        n = builder.fsub(shifted, magic)
        r = multiply_add(builder, n, full(kind, -high), x)
        r = multiply_add(builder, n, full(kind, -low), r)
        power = full(kind, 1 / math.factorial(degree))
        for k in range(degree - 1, -1, -1):
            power = multiply_add(builder, power, r, full(kind, 1 / math.factorial(k)))
        exponent = builder.shl(builder.bitcast(shifted, bits), full(bits, mantissa))
        power = builder.bitcast(builder.add(builder.bitcast(power, bits), exponent), kind)
        power = builder.select(builder.fcmp_ordered("<", x, full(kind, least)), full(kind, 0.0), power)
        # "Not <=" holds for NaN too, and NaN times infinity is NaN.
        beyond = builder.fcmp_unordered(">", x, full(kind, most))
        return builder.select(beyond, builder.fmul(x, full(kind, math.inf)), power)

    return v(v), emit


# The insides of matrix kernels.


@intrinsic
def height(typing, p):
    """How many rows a full tile has."""
    return types.int64(p), lambda context, builder, sig, args: ir.Constant(INT64, tile_rows())


@intrinsic
def tile(typing, halves, vectors, c, ldc, a, row, step, b, ldb, rows, depth, accumulate):
    """A part of a matrix product, summed in registers:

        c[m, :] = (c[m, :] if accumulate else 0) + sum over k < depth of a[m row + k step] b[k, :]

    for m < rows and `vectors` vectors side by side; row m of `c` starts at m ldc and row k of `b` at k ldb. The tile is
    as high as `halves` (a constant: 1, 2 or 4) times half of a full one. Where it has more than `rows` rows it does the
    last row again, which costs time but needs no mask; a tile of twice the full height must have all its rows.
    Rows are stored in ascending order. Returns how high the tile is.
    """
    if not isinstance(halves, types.IntegerLiteral):
        return None
    vectors_, vector, integer = vectors.literal_value, c.vector, types.int64
    full_height = tile_rows()
    high = halves.literal_value * full_height // 2

    def emit(context, builder, sig, args):
        c_, ldc_, a_, row_, step_, b_, ldb_, rows_, depth_, accumulate_ = args[2:]
        lanes = vector.lanes
        zero = ir.Constant(INT64, 0)
        a_rows, c_rows = [zero], [c_]
        for m in range(1, high):
            inside = builder.icmp_signed("<", ir.Constant(INT64, m), rows_)
            a_rows.append(builder.add(a_rows[-1], builder.select(inside, row_, zero)))
            c_rows.append(builder.gep(c_rows[-1], [builder.select(inside, ldc_, zero)]))
        full_tile = builder.mul(row_, ir.Constant(INT64, full_height))
        beside = [ir.Constant(INT64, j * lanes) for j in range(vectors_)]
        targets = [builder.gep(start, [further]) for start in c_rows for further in beside]

        sums = [cgutils.alloca_once_value(builder, full(llvm(vector), 0.0)) for _ in targets]
        with builder.if_then(accumulate_):
            for total, target in zip(sums, targets, strict=True):
                builder.store(loaded(builder, target, vector), total)
        left, right = (cgutils.alloca_once_value(builder, start) for start in (a_, b_))
        with cgutils.for_range(builder, depth_):
            below, across = builder.load(left), builder.load(right)
            builder.store(builder.gep(below, [step_]), left)
            builder.store(builder.gep(across, [ldb_]), right)
            columns = [loaded(builder, builder.gep(across, [further]), vector) for further in beside]
            for m in range(high):
                # Few registers hold the rows' offsets if a second full tile's are those of the first from further
                # down. The optimiser, if it could see through this, would replace them by a pointer for each row.
                if m % full_height == 0:
                    below = opaque(builder, builder.gep(below, [full_tile]) if m else below)
                factor = splatted(builder, builder.load(builder.gep(below, [a_rows[m % full_height]])), lanes)
                for total, column in zip(sums[m * vectors_ :], columns, strict=False):
                    builder.store(multiply_add(builder, factor, column, builder.load(total)), total)
        for total, target in zip(sums, targets, strict=True):
            stored(builder, builder.load(total), target, vector)
        return ir.Constant(INT64, high)

    kinds = (halves, vectors, c, integer, c, integer, integer, c, integer, integer, integer, types.boolean)
    return integer(*kinds), emit


@intrinsic
def transpose_tile(typing, target, ldt, source, lds):
    """A square of lanes x lanes: target[j ldt + i] = source[i lds + j].

    Each of log2(lanes) rounds interleaves row i with row i + lanes/2, which moves one bit of the row number into the
    lane number and one back.
    """
    vector = source.vector

    def emit(context, builder, sig, args):
        target_, ldt_, source_, lds_ = args
        lanes = vector.lanes
        half, order = lanes // 2, ir.VectorType(INT32, lanes)
        places = [(i // 2 if i % 2 == 0 else lanes + i // 2) for i in range(lanes)]
        lower, upper = full(order, places), full(order, [p + half for p in places])
        rows = []
        for _ in range(lanes):
            rows.append(loaded(builder, source_, vector))
            source_ = builder.gep(source_, [lds_])
        for _ in range(lanes.bit_length() - 1):
            pairs = list(zip(rows[:half], rows[half:], strict=True))
            rows = [builder.shuffle_vector(a, b, half_) for a, b in pairs for half_ in (lower, upper)]
        for value in rows:
            stored(builder, value, target_, vector)
            target_ = builder.gep(target_, [ldt_])
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64), emit
