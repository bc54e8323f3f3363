"""Round figures along an axis, and how they're written."""

import math
from collections.abc import Sequence


def ticks(low: float, high: float, count: int) -> list[float]:
    """Some `count` figures between `low` and `high`, 1, 2, 2.5 or 5 times a power of ten apart."""
    if high <= low or count < 1:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * k for k in (1, 2, 2.5, 5, 10) if power * k >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def decades(low: float, high: float) -> list[float]:
    """1, 2 or 5 times powers of ten between `low` and `high`, both above 0: the ticks of a logarithmic axis."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [k * 10.0**power for power in powers for k in (1, 2, 5) if low <= k * 10.0**power <= high]


def labels(values: Sequence[float]) -> list[str]:
    """Ticks as text, each with as many decimals as tell it from its neighbours."""
    step = values[1] - values[0] if len(values) > 1 else values[0] if values else 1.0
    decimals = next((n for n in range(6) if abs(step * 10**n - round(step * 10**n)) < 1e-6), 6)
    return [f"{value:,.{decimals}f}" for value in values]
