"""A creature's portrait, drawn from its genes alone: the same genes give the same face, and a change can be seen.

n_embd         cilia around the body, and how large it is
n_head         eyes
n_layer        membranes, one in the other
block_size     beads on the arc around it: how far it looks back
mlp_ratio      lobes of the body, two more than the ratio
learning_rate  colour: blue is slow, red is hot
num_steps      the glow: how long it learns
batch_size     spores in the body
"""

import math
import random

from ..genes import GENES, Genes

MOST = 96  # Of anything that is counted.
GOLDEN = math.pi * (3 - math.sqrt(5))
LEGEND = "; ".join(gene.drawn for gene in GENES.values() if gene.drawn)


def portrait(genes: Genes, label: str) -> str:
    """`genes` as an SVG element of 240 x 240 units, `label` read to those who can't see it. Escaped it must be."""
    rng = random.Random(genes.canonical())
    hue = round(220 - 215 * _share(genes.learning_rate, 3e-4, 0.1))
    radius = 34 + 24 * _share(genes.n_embd, 4, 128)
    lobes, turn = genes.mlp_ratio + 2, rng.uniform(0, 2 * math.pi)
    key = f"glow-{rng.randrange(1 << 40):x}"
    parts = [
        f'<svg class="portrait" viewBox="-120 -120 240 240" role="img" aria-label="{label}" style="--hue:{hue}">',
        f'<defs><radialGradient id="{key}"><stop offset=".3" stop-color="hsl({hue} 80% 60%)" stop-opacity=".5"/>'
        f'<stop offset="1" stop-color="hsl({hue} 80% 60%)" stop-opacity="0"/></radialGradient></defs>',
        f'<circle r="{_n(radius + 12 + 46 * _share(genes.num_steps, 100, 10_000))}" fill="url(#{key})"/>',
    ]

    def outline(angle: float, scale: float = 1.0) -> tuple[float, float]:
        """The point of the body's edge in direction `angle`, or of a membrane of that scale."""
        r = radius * scale * (1 + 0.09 * math.sin(lobes * angle + turn))
        return r * math.cos(angle), r * math.sin(angle)

    cilia = min(genes.n_embd, MOST)
    strokes = []
    for i in range(cilia):
        angle = 2 * math.pi * i / cilia
        (x, y), length = outline(angle), 9 + 6 * rng.random()
        lean = angle + 0.5 * math.sin(3 * angle + turn)
        strokes.append(f"M{_n(x)} {_n(y)}l{_n(length * math.cos(lean))} {_n(length * math.sin(lean))}")
    parts.append(f'<path class="cilia" d="{"".join(strokes)}"/>')
    for i in range(genes.n_layer):
        scale = 1 - 0.62 * i / genes.n_layer
        points = [outline(2 * math.pi * k / 90, scale) for k in range(90)]
        path = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        parts.append(f'<path class="{"membrane" if i else "body"}" d="M{path}Z"/>')
    for i in range(min(genes.batch_size, MOST)):
        far, angle = radius * 0.8 * math.sqrt((i + 0.7) / (genes.batch_size + 1)), i * GOLDEN + turn
        parts.append(
            f'<circle class="spore" cx="{_n(far * math.cos(angle))}" cy="{_n(far * math.sin(angle))}" r="1.8"/>'
        )
    parts += _eyes(genes.n_head, radius, rng)
    beads = min(genes.block_size, MOST)
    for i in range(beads):
        angle = -math.pi / 2 + 2 * math.pi * i / max(beads, 32)
        far = radius + 34
        size = 2.6 - 1.4 * i / beads
        parts.append(
            f'<circle class="bead" cx="{_n(far * math.cos(angle))}" cy="{_n(far * math.sin(angle))}" r="{_n(size)}"/>'
        )
    return "".join([*parts, "</svg>"])


def _eyes(count: int, radius: float, rng: random.Random) -> list[str]:
    """Eyes on a ring within the body, all looking the same way; one alone is in the middle."""
    size = min(radius * 0.24, radius * 1.3 / max(2, count))
    ring, look = (0.0 if count == 1 else radius * 0.42), rng.uniform(-math.pi, 0)
    parts = []
    for i in range(count):
        angle = 2 * math.pi * i / count - math.pi / 2
        x, y = ring * math.cos(angle), ring * math.sin(angle)
        px, py = x + 0.35 * size * math.cos(look), y + 0.35 * size * math.sin(look)
        parts.append(f'<circle class="eye" cx="{_n(x)}" cy="{_n(y)}" r="{_n(size)}"/>')
        parts.append(f'<circle class="pupil" cx="{_n(px)}" cy="{_n(py)}" r="{_n(size * 0.5)}"/>')
    return parts


def _share(value: float, low: float, high: float) -> float:
    """How far `value` lies from `low` to `high`, in logarithms, from 0 to 1."""
    return min(1.0, max(0.0, math.log(value / low) / math.log(high / low)))


def _n(x: float) -> str:
    """A coordinate, as short as it can be."""
    return f"{x:.1f}".removesuffix(".0").replace("-0.", "-.") if x else "0"
