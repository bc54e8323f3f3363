"""The atom: a scalar that remembers how it was made.

Every number in the creature is a `Val`. It holds its value, the gradient of some final value with respect to it, the
values that it was computed from, and beside each of those the local derivative, the slope. `backward()` multiplies the
slopes along every path from the result to the leaves: the chain rule, and nothing else. A dot product and a sum are
one node each, with as many parents as they have terms.

Pure Python, and nothing imported but `math`. The idea is that of Karpathy's micrograd and microgpt.py. What differs is
how `backward` orders its work: no set and no sorted list of nodes, only a count on each node of the gradients that it
still waits for.
"""

import math


class Val:
    """A scalar with a gradient.

    `data` is its value, `grad` the derivative that `backward` leaves, `parents` what it was made from, and `slopes[i]`
    the derivative of this value with respect to `parents[i]`.
    """

    __slots__ = ("data", "grad", "parents", "slopes", "waiting")

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes
        self.waiting = 0  # during `backward`: how many users of this value haven't passed their gradient on yet

    def __repr__(self):
        return f"Val({self.data:.6g}, grad={self.grad:.6g})"

    # Each operator shows its value and, in the last tuple, its derivatives.

    def __add__(self, other):
        if isinstance(other, Val):
            return Val(self.data + other.data, (self, other), (1.0, 1.0))
        return Val(self.data + other, (self,), (1.0,))

    def __sub__(self, other):
        if isinstance(other, Val):
            return Val(self.data - other.data, (self, other), (1.0, -1.0))
        return Val(self.data - other, (self,), (1.0,))

    def __mul__(self, other):
        if isinstance(other, Val):
            return Val(self.data * other.data, (self, other), (other.data, self.data))
        return Val(self.data * other, (self,), (other,))

    def __truediv__(self, other):
        if isinstance(other, Val):
            quotient = self.data / other.data
            return Val(quotient, (self, other), (1.0 / other.data, -quotient / other.data))
        return Val(self.data / other, (self,), (1.0 / other,))

    def __pow__(self, other):
        if isinstance(other, Val):
            power = real_power(self.data, other.data)
            slopes = power_slope(self.data, other.data), power * log_of_base(self.data)
            return Val(power, (self, other), slopes)
        return Val(real_power(self.data, other), (self,), (power_slope(self.data, other),))

    def __neg__(self):
        return Val(-self.data, (self,), (-1.0,))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, number):
        return Val(number - self.data, (self,), (-1.0,))

    def __rtruediv__(self, number):
        quotient = number / self.data
        return Val(quotient, (self,), (-quotient / self.data,))

    def __rpow__(self, number):
        power = real_power(number, self.data)
        return Val(power, (self,), (power * log_of_base(number),))

    def exp(self):
        power = math.exp(self.data)
        return Val(power, (self,), (power,))

    def log(self):
        return Val(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self):
        alive = not self.data <= 0  # what is no number stays none
        return Val(self.data if alive else 0.0, (self,), (1.0 if alive else 0.0,))

    @staticmethod
    def dot(xs, ys):
        """Sum of products of two sequences of `Val`s of one length, as one node."""
        us = [x.data for x in xs]
        vs = [y.data for y in ys]
        return Val(sum(u * v for u, v in zip(us, vs, strict=True)), (*xs, *ys), (*vs, *us))

    @staticmethod
    def sum(xs):
        """Sum of a sequence of `Val`s, as one node."""
        return Val(sum([x.data for x in xs]), tuple(xs), (1.0,) * len(xs))

    @staticmethod
    def maximum(xs):
        """The largest of a sequence of `Val`s, as a constant: no gradient flows into it."""
        return Val(max([x.data for x in xs]))

    @staticmethod
    def pick(xs, index):
        """`xs[index]`. (On the tape the index may change from document to document, so that picking is a node.)"""
        return xs[index]

    def backward(self):
        """Set the gradient of this value on everything that it was made from.

        Leaves add to the `grad` that they hold, as parameters in a minibatch must; inner nodes start from zero. A node
        passes its gradient on when all who used it have passed theirs, so each edge of the graph is walked twice, once
        to count and once to multiply, and neither recursion nor hashing is needed.
        """
        stack = [self]
        while stack:
            for parent in stack.pop().parents:
                if parent.parents:
                    if not parent.waiting:
                        parent.grad = 0.0
                        stack.append(parent)
                    parent.waiting += 1
        self.grad = 1.0
        stack = [self]
        while stack:
            node = stack.pop()
            grad = node.grad
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * grad
                if parent.parents:
                    parent.waiting -= 1
                    if not parent.waiting:
                        stack.append(parent)


def real_power(base, exponent):
    """base ** exponent. Raises ValueError where that's no real number, and OverflowError for an infinite base: Python
    raises where a power grows too large, and what is too large already mustn't pass in silence."""
    if math.isinf(base):
        raise OverflowError("a power of an infinite number")
    if base < 0 and not float(exponent).is_integer():
        raise ValueError(f"{base} ** {exponent} is no real number")
    return base**exponent


def power_slope(base, exponent):
    """The derivative of base ** exponent by the base: infinite at 0 for exponents between 0 and 1."""
    if not exponent:
        return 0.0
    return math.inf if not base and exponent < 1 else exponent * base ** (exponent - 1)


def log_of_base(base):
    """What base ** b is multiplied by in its derivative by b: 0 at a base of 0, and undefined (NaN) below."""
    if base < 0:
        return math.nan
    return math.log(base) if base else 0.0
