"""Student's t and Fisher's F: how likely chance alone is to bring a figure as large as the one that was seen.

Both are readings of one function, the regularised incomplete beta function, so that no statistics library is needed.
"""

import math

TINY = 1e-300
PRECISION = 1e-14


def beta_share(x: float, a: float, b: float) -> float:
    """I_x(a, b), the regularised incomplete beta function: how much of a Beta(a, b) lies under `x`, from 0 to 1.

    The continued fraction of DLMF 8.17.22, evaluated by Lentz's method (Numerical Recipes, section 6.4), to 12 digits.
    """
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_share(1.0 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    fraction = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            fraction *= c * d
        if abs(c * d - 1.0) < PRECISION:
            break
    return front * fraction


def _away_from_zero(x: float) -> float:
    return x if abs(x) > TINY else TINY


def t_chance(t: float, freedom: float) -> float:
    """P(|T| >= |t|) for Student's t with `freedom` degrees of freedom."""
    return beta_share(freedom / (freedom + t * t), freedom / 2, 0.5) if math.isfinite(t) else 0.0


def f_chance(f: float, above: float, below: float) -> float:
    """P(F >= f) for Fisher's F with `above` and `below` degrees of freedom, of numerator and denominator."""
    return beta_share(below / (below + above * f), below / 2, above / 2) if math.isfinite(f) else 0.0


def t_limit(chance: float, freedom: float) -> float:
    """The t that `t_chance` gives `chance` to, by bisection."""
    low, high = 0.0, 1.0
    while t_chance(high, freedom) > chance:
        high *= 2.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_chance(middle, freedom) > chance else (low, middle)
    return high
