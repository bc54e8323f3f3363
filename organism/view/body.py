"""What a creature looks like, decided once for the page and the screen: its genes say it, and nothing else.

n_embd         cilia around the body, and how large it is
n_head         eyes
n_layer        membranes, one in the other
block_size     beads on the arc around it: how far it looks back
mlp_ratio      lobes of the body, two more than the ratio
learning_rate  colour: blue is slow, red is hot
num_steps      the glow: how long it learns
batch_size     spores in the body
traits         feelers, one for each that isn't as creatures begin

The same genes have the same face, and a change can be seen. `body` gives the shapes of one moment, `portrait` the SVG
of them; tui/body.py turns them into cells. A creature breathes, its cilia wave, its eyes look about and blink, all of
it a function of the moment.
"""

import math
import random
from functools import lru_cache
from typing import NamedTuple

import msgspec

from ..genes import GENES, TRAITS, Genes

MOST = 96  # Of anything that is counted.
GOLDEN = math.pi * (3 - math.sqrt(5))
REACH = 86.0  # Units from the middle to the beads of all but the widest; the glow may go further.
ANGLES = tuple(2 * math.pi * k / 90 for k in range(90))
SPECK = 6.0  # Units of grain beyond which a body has skin, cilia and eyes, and nothing else.
BREATH, GLANCE, WINK = 4.2, 2.3, 3.4  # Seconds from one to the next.
LEGEND = tuple(gene.drawn for gene in GENES.values() if gene.drawn)
"""What shows what, in the order of the genes."""

Point = tuple[float, float]


class Mood(msgspec.Struct, frozen=True):
    """How a creature is: how much of its form it has, how far its eyes are open, both from 0 to 1; whether it lives."""

    form: float = 1.0
    awake: float = 1.0
    alive: bool = True


def mood(stage: str, share: float = 1.0) -> Mood:
    """The creature in a stage of its life, of which `share` is over: drowsy and loose until it has evolved."""
    return Mood(0.25 + 0.3 * share, 0.3 + 0.35 * share) if stage == "primordial" else Mood()


class Disc(NamedTuple):
    """A disc, of which nothing above `top` is seen: a lid may have come down over it."""

    x: float
    y: float
    radius: float
    top: float = -math.inf


class Part(msgspec.Struct, frozen=True):
    """Shapes that are painted alike: discs, and lines through points.

    Lines of a part that is filled are closed, and any ray from the middle of the body crosses them once, at ANGLES.
    """

    name: str
    discs: tuple[Disc, ...] = ()
    lines: tuple[tuple[Point, ...], ...] = ()


class Tone(msgspec.Struct, frozen=True):
    """A colour: the creature's own hue unless it has one, saturation and lightness in percent, and its opacity."""

    saturation: int
    lightness: int
    opacity: float = 1.0
    hue: int | None = None

    def css(self) -> str:
        hue = "var(--hue)" if self.hue is None else self.hue
        return f"hsl({hue} {self.saturation}% {self.lightness}% / {self.opacity:g})"


class Paint(msgspec.Struct, frozen=True):
    """How a part is painted: filled, and drawn around in a line of that many units."""

    fill: Tone | None = None
    line: Tone | None = None
    width: float = 0.0


LIGHT = {
    "glow": Paint(Tone(80, 60, 0.45)),
    "bead": Paint(Tone(55, 50)),
    "feeler": Paint(None, Tone(55, 40), 2.0),
    "knob": Paint(Tone(65, 45)),
    "cilia": Paint(None, Tone(55, 45), 1.4),
    "body": Paint(Tone(62, 60, 0.5), Tone(60, 42), 2.2),
    "membrane": Paint(Tone(62, 60, 0.3), Tone(60, 42, 0.8), 1.2),
    "spore": Paint(Tone(75, 30, 0.8)),
    "eye": Paint(Tone(60, 98, hue=50), Tone(60, 28), 1.2),
    "pupil": Paint(Tone(20, 11, hue=224)),
    "glint": Paint(Tone(0, 100)),
    "lid": Paint(None, Tone(60, 25), 2.0),
}
DARK = LIGHT | {
    "glow": Paint(Tone(80, 60, 0.3)),
    "bead": Paint(Tone(70, 66)),
    "feeler": Paint(None, Tone(65, 66), 2.0),
    "knob": Paint(Tone(85, 72)),
    "cilia": Paint(None, Tone(60, 62), 1.4),
    "body": Paint(Tone(66, 50, 0.65), Tone(72, 66), 2.2),
    "membrane": Paint(Tone(62, 60, 0.25), Tone(70, 72, 0.8), 1.2),
    "spore": Paint(Tone(80, 80, 0.85)),
    "eye": Paint(Tone(40, 93, hue=47), Tone(60, 18), 1.2),
    "lid": Paint(None, Tone(65, 16), 2.0),
}
"""How each part is painted on a light and on a dark ground, in the order in which they cover each other."""

FACE = ("eye", "pupil", "glint", "lid")


def hue(genes: Genes) -> int:
    """The colour of a creature in degrees."""
    return round(220 - 215 * _share(genes.learning_rate, 3e-4, 0.1))


def body(genes: Genes, moment: float = 0.0, how: Mood = Mood(), grain: float = 0.0) -> tuple[Part, ...]:  # noqa: B008
    """The shapes of a creature at `moment` seconds, in units from its middle, x to the right and y downwards.

    `grain` is the least that can be told apart where they are drawn: eyes are larger than that, and of what would run
    together there's less.
    """
    seed, turn, lengths = _own(genes)
    radius = 40 + 24 * _share(genes.n_embd, 4, 128)
    breath = 1 + 0.022 * how.form * math.sin(2 * math.pi * moment / BREATH)
    lobes, sway = genes.mlp_ratio + 2, turn + 0.2 * math.sin(0.8 * moment)
    loose = 1 - how.form

    def far(angle: float) -> float:
        """How far the edge of the body is from the middle."""
        stray = 0.16 * math.sin(2 * angle + turn + 0.7 * moment) + 0.1 * math.sin(3 * angle - turn - 0.9 * moment)
        return radius * breath * (1 + 0.09 * math.sin(lobes * angle + sway) + loose * stray)

    edge = [_away(far(angle), angle) for angle in ANGLES]
    parts = [Part("glow", (Disc(0, 0, (radius + 12 + 40 * _share(genes.num_steps, 100, 10_000)) * breath),))]

    beads = _told(genes.block_size, 2 * math.pi * (radius + 25), 3 * grain)
    orbit = radius + 25 + 6 * loose * math.sin(moment)
    around = [_away(orbit, -math.pi / 2 + 2 * math.pi * i / max(beads, 32)) for i in range(beads)]
    parts.append(Part("bead", tuple(Disc(x, y, 2.9 - 1.5 * i / beads) for i, (x, y) in enumerate(around))))

    shown = [trait for trait in TRAITS if getattr(genes, trait) != GENES[trait].primordial]
    feelers: list[tuple[Point, Point, Point]] = []
    for i, trait in enumerate(shown):
        angle = -math.pi / 2 + 0.5 * (i - (len(shown) - 1) / 2)
        bend = angle + 0.25 * math.sin(0.9 * moment + TRAITS.index(trait))
        middle = _away(far(angle) + 6.5, angle)
        feelers.append((_away(far(angle), angle), middle, _away(6.5, bend, middle)))
    if feelers:
        knobs = tuple(Disc(*tip, 3.0) for _, _, tip in feelers)
        parts += [Part("feeler", lines=tuple(feelers)), Part("knob", knobs)]

    cilia = _told(genes.n_embd, 2 * math.pi * radius, 3.5 * grain)
    hairs = []
    for i in range(cilia):
        angle = 2 * math.pi * i / cilia
        lean = angle + 0.5 * math.sin(3 * angle + turn) + 0.22 * math.sin(2.1 * moment + 4 * angle)
        root = _away(far(angle), angle)
        hairs.append((root, _away((9 + 6 * lengths[i]) * (1 - 0.4 * loose), lean, root)))
    parts.append(Part("cilia", lines=tuple(hairs)))

    parts.append(Part("body", lines=(tuple(edge),)))
    layers = _told(genes.n_layer, 0.62 * radius, 3 * grain)
    scales = [1 - 0.62 * i / layers for i in range(1, layers)]
    parts.append(Part("membrane", lines=tuple(tuple((x * s, y * s) for x, y in edge) for s in scales)))

    spores = []
    for i in range(min(genes.batch_size, MOST)):
        place = radius * 0.8 * math.sqrt((i + 0.7) / (genes.batch_size + 1))
        spores.append(Disc(*_away(place, i * GOLDEN + turn + 0.06 * moment), 2.2))
    parts.append(Part("spore", tuple(spores)))
    if grain > SPECK:
        parts = [part for part in parts if part.name in ("cilia", "body")]
    return (*parts, *_eyes(genes.n_head, radius, seed, moment, how, grain))


def _eyes(count: int, radius: float, seed: int, moment: float, how: Mood, grain: float) -> list[Part]:
    """Eyes on a ring within the body, all looking the same way; one alone is in the middle, a pair side by side."""
    # Many stand further out, where each has more room.
    ring = radius * (0.0 if count == 1 else 0.48 if count < 5 else 0.62)
    first = math.pi if count == 2 else -math.pi / 2
    size = min(radius * (0.38 if count == 1 else 0.29), radius * 1.3 / max(2, count))
    # As large as can be seen, but with some flesh between one and the next.
    size = max(size, min(3.2 * grain, radius * 0.5, ring * math.sin(math.pi / count) - 0.6 * grain if ring else radius))
    places = [_away(ring, first + 2 * math.pi * i / count) for i in range(count)]
    if grain:  # so that all eyes of a body come out alike
        places = [(round(x / grain) * grain, round(y / grain / 2) * grain * 2) for x, y in places]
    if not how.alive:
        d = size * 0.6
        crosses = [((x - d, y - s * d), (x + d, y + s * d)) for x, y in places for s in (1, -1)]
        return [Part("lid", lines=tuple(crosses))]
    opened = how.awake * (1 - _blink(seed, moment))
    if opened < 0.15:
        bow = [(size * t, size * 0.4 * (1 - t * t)) for t in (-0.9, -0.45, 0, 0.45, 0.9)]
        return [Part("lid", lines=tuple(tuple((x + dx, y + dy) for dx, dy in bow) for x, y in places))]
    to_x, to_y = _look(seed, moment)
    # A small eye must show white around its pupil.
    far = 0.38 * size * (min(1.0, size / (6 * grain)) if grain else 1.0)
    eyes, pupils, glints = [], [], []
    for x, y in places:
        top = y + size * (1 - 2 * opened) if opened < 1 else -math.inf
        eyes.append(Disc(x, y, size, top))
        x, y = x + far * to_x, y + far * to_y + 0.4 * (1 - how.awake) * size
        pupils.append(Disc(x, y, size * 0.53, top))
        glints.append(Disc(x - size * 0.17, y - size * 0.2, size * 0.17, top))
    return [Part("eye", tuple(eyes)), Part("pupil", tuple(pupils)), Part("glint", tuple(glints))]


def _look(seed: int, moment: float) -> Point:
    """Where eyes look, as a step of at most 1: mostly up or to a side, for a while, then quickly elsewhere."""
    glance = math.floor(moment / GLANCE)
    gone = min(1.0, (moment / GLANCE - glance) * GLANCE / 0.2)
    (x0, y0), (x1, y1) = _glance(seed, glance - 1), _glance(seed, glance)
    return x0 + (x1 - x0) * gone, y0 + (y1 - y0) * gone


@lru_cache(1024)
def _glance(seed: int, which: int) -> Point:
    rng = random.Random(seed + which)
    angle = rng.uniform(-math.pi, 0.5)
    return _away(rng.uniform(0.55, 1.0), angle)


def _blink(seed: int, moment: float) -> float:
    """How far lids are down, from 0 to 1; at moment 0 they aren't."""
    which = math.floor(moment / WINK)
    after = moment - WINK * (which + random.Random(seed - which).uniform(0.2, 0.9))
    return 1.0 if 0 <= after < 0.18 else 0.0


@lru_cache(1024)
def _own(genes: Genes) -> tuple[int, float, tuple[float, ...]]:
    """What makes it that creature and no other: a seed, how it's turned, and how long its cilia are."""
    rng = random.Random(genes.canonical())
    return rng.randrange(1 << 40), rng.uniform(0, 2 * math.pi), tuple(rng.random() for _ in range(MOST))


def _away(far: float, angle: float, start: Point = (0.0, 0.0)) -> Point:
    """The point that lies so far from `start` in that direction."""
    return start[0] + far * math.cos(angle), start[1] + far * math.sin(angle)


def _told(count: int, room: float, each: float) -> int:
    """How many of `count` there's room for, where each takes so much."""
    return min(count, MOST, max(1, int(room / each)) if each else MOST)


def _share(value: float, low: float, high: float) -> float:
    """How far `value` lies from `low` to `high`, in logarithms, from 0 to 1."""
    return min(1.0, max(0.0, math.log(value / low) / math.log(high / low)))


def portrait(genes: Genes, label: str, how: Mood = Mood()) -> str:  # noqa: B008
    """The creature as an SVG element of 240 x 240 units, `label` read to those who can't see it. Escaped it must be.

    The colours of its parts are left to `stylesheet`.
    """
    parts = body(genes, how=how)
    glow, *flesh = [part for part in parts if part.name not in FACE]
    key = f"glow-{_own(genes)[0]:x}"
    stops = "".join(
        f'<stop offset="{at}" stop-color="hsl({hue(genes)} 80% 60%)" stop-opacity="{opacity}"/>'
        for at, opacity in ((0.3, 0.5), (1, 0))
    )
    return "".join(
        [
            f'<svg class="portrait" viewBox="-120 -120 240 240" role="img" aria-label="{label}" '
            f'style="--hue:{hue(genes)}"><defs><radialGradient id="{key}">{stops}</radialGradient></defs>',
            f'<g opacity="{solid(how):.2g}"><circle r="{_n(glow.discs[0].radius)}" fill="url(#{key})"/>',
            *map(_svg, flesh),
            "</g>",
            *(_svg(part) for part in parts if part.name in FACE),
            "</svg>",
        ]
    )


def solid(how: Mood) -> float:
    """The opacity of all but the eyes."""
    return 0.45 + 0.55 * how.form


def stylesheet(paints: dict[str, Paint]) -> str:
    """How the page paints the parts of a portrait."""
    return " ".join(
        f".{name} {{ fill: {paint.fill.css() if paint.fill else 'none'}"
        + (f"; stroke: {paint.line.css()}; stroke-width: {paint.width:g}; stroke-linecap: round" if paint.line else "")
        + " }"
        for name, paint in paints.items()
    )


def _svg(part: Part) -> str:
    """A part as one path, or as a group of ellipses."""
    closed = "Z" if LIGHT[part.name].fill else ""
    path = "".join("M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in line) + closed for line in part.lines)
    drawn = f'<path class="{part.name}" d="{path}"/>' if path else ""
    discs = "".join(map(_round, part.discs))
    return drawn + (f'<g class="{part.name}">{discs}</g>' if discs else "")


def _round(disc: Disc) -> str:
    """A circle, or what of one is below its top."""
    x, y, radius, top = disc
    if top <= y - radius:
        return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>'
    if top >= y + radius:
        return ""
    half = math.sqrt(radius**2 - (top - y) ** 2)
    arc = f"A{_n(radius)} {_n(radius)} 0 {int(top < y)} 0 {_n(x + half)} {_n(top)}"
    return f'<path d="M{_n(x - half)} {_n(top)}{arc}Z"/>'


def _n(x: float) -> str:
    """A coordinate, as short as it can be."""
    return f"{x:.1f}".removesuffix(".0").replace("-0.", "-.") if x else "0"
