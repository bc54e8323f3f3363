"""What a creature looks like: its genes, drawn as a body of points that moves.

    n_layer         membranes, one inside the other
    n_head          lobes of every membrane, with an eye at the tip of each
    n_embd          how large the body is
    mlp_ratio       how thick the flesh under each membrane is
    block_size      cilia around it
    learning_rate   how ragged the membranes are, how fast they ripple, and how warm their colour is
    batch_size      nuclei in the middle
    num_steps       grains around the nuclei, one for each hundred steps

Whatever is left of the genes' identity turns the body and shifts its ripples, so that no two genomes look alike. A body
is made once (`grow`) and posed at a moment (`pose`); both are pure functions, and a pose of a few thousand points
takes about a millisecond. How much of its form a body has is a number: 0 is a drifting cloud, 1 the settled creature.
"""

import hashlib
import math

import msgspec
import numpy as np

from organism.genes import Genes

# Inks, in the order in which they cover each other.
FLESH, INNER_FLESH, CILIUM, MEMBRANE, INNER_MEMBRANE, GRAIN, NUCLEUS, EYE = 1, 2, 3, 4, 5, 6, 7, 8
INKS = 8

BREATH = 4.2  # seconds
GOLDEN = math.pi * (3 - math.sqrt(5))


class Body(msgspec.Struct, frozen=True):
    """Points in polar form around the middle of a body whose outermost membrane has radius 1 before it ripples."""

    angle: np.ndarray
    radius: np.ndarray
    inks: np.ndarray
    drift: np.ndarray  # [2, points]: where each is driven while there's no form, in radii
    sway: np.ndarray  # how far each follows the current, in radii
    size: float  # in (0, 1]: of the room that the largest creature needs
    lobes: int
    depth: float  # of the lobes
    ripple: float  # of the membranes
    waves: int
    turn: float
    tempo: float


def grow(genes: Genes, detail: float) -> Body:
    """The body that `genes` mean, with as many points as a radius of `detail` dots asks for."""
    digest = hashlib.blake2b(genes.canonical().encode(), digest_size=8).digest()
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
    heat = warmth(genes)
    parts = [_membranes(genes, detail), _cilia(genes, detail), _core(genes, detail), _eyes(genes, detail)]
    angle, radius, inks, sway = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(inks, kind="stable")
    depth = 0.22 if genes.n_head > 1 else 0.1
    return Body(
        angle=angle[order],
        radius=radius[order],
        inks=inks[order],
        drift=_cloud(len(angle), rng),
        sway=sway[order],
        size=0.7 + 0.3 * min(1.0, max(0.0, math.log2(genes.n_embd / 8) / 3)),
        lobes=genes.n_head,
        depth=depth / (1 + genes.n_head / 12),
        ripple=0.012 + 0.075 * heat,
        waves=int(9 + 14 * heat) + digest[0] % 5,
        turn=digest[1] / 256 * 2 * math.pi,
        tempo=0.5 + 1.5 * heat,
    )


def warmth(genes: Genes) -> float:
    """The learning rate on a scale from .0005 (0, cool) to .05 (1, hot)."""
    return min(1.0, max(0.0, math.log10(genes.learning_rate / 5e-4) / 2))


def pose(body: Body, moment: float, form: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """(x, y) of all points at `moment` seconds, the middle at 0 and the largest creature's membrane about at 1."""
    breath = 1 + 0.035 * math.sin(2 * math.pi * moment / BREATH)
    turn = body.turn + 0.05 * moment * body.tempo
    angle = body.angle + 0.16 * body.sway * np.sin(1.1 * moment * body.tempo + 3 * body.angle)
    lobed = 1 + body.depth * np.cos(body.lobes * angle)
    rippled = 1 + body.ripple * np.sin(body.waves * angle + body.turn + 1.7 * moment * body.tempo)
    radius = body.size * breath * body.radius * lobed * rippled * (0.92 - body.depth)
    x, y = radius * np.cos(angle + turn), radius * np.sin(angle + turn)
    if form < 1:
        loose = (1 - form) ** 1.5
        slow = 0.22 * moment
        phase = body.drift[0] * 7 + body.drift[1] * 5
        x = x * (1 - 0.45 * loose) + loose * (body.drift[0] + 0.16 * np.sin(slow * 2.3 + phase))
        y = y * (1 - 0.45 * loose) + loose * (body.drift[1] + 0.16 * np.cos(slow * 1.9 + phase * 1.3))
    return x, y


def _membranes(genes: Genes, detail: float) -> tuple[np.ndarray, ...]:
    """The outline of each layer, and a sunflower of points under it that is the thicker the larger its MLP is."""
    angles, radii, inks = [], [], []
    gap = 0.8 / genes.n_layer
    thickness = gap * min(0.9, 0.1 + 0.13 * genes.mlp_ratio)
    for layer in range(genes.n_layer):
        outer = 1 - layer * gap
        count = max(12, int(2 * math.pi * outer * detail * 1.15))
        angles.append(np.arange(count) * (2 * math.pi / count))
        radii.append(np.full(count, outer))
        inks.append(np.full(count, INNER_MEMBRANE if layer % 2 else MEMBRANE))
        area = math.pi * (outer**2 - (outer - thickness) ** 2) * detail**2
        grains = max(4, int(area * 0.24))
        k = np.arange(grains)
        angles.append(k * GOLDEN)
        radii.append(np.sqrt((outer - thickness) ** 2 + (k + 0.5) / grains * (outer**2 - (outer - thickness) ** 2)))
        inks.append(np.full(grains, INNER_FLESH if layer % 2 else FLESH))
    angle = np.concatenate(angles)
    return angle, np.concatenate(radii), np.concatenate(inks), np.zeros(len(angle))


def _cilia(genes: Genes, detail: float) -> tuple[np.ndarray, ...]:
    """`block_size` hairs around the outermost membrane."""
    count, length = min(genes.block_size, 72), max(3, int(0.24 * detail))
    along = np.tile(np.linspace(0.03, 0.26, length), count)
    angle = np.repeat(np.arange(count) * (2 * math.pi / count) + 0.5 / count, length)
    return angle, 1 + along, np.full(len(angle), CILIUM), along * 6


def _core(genes: Genes, detail: float) -> tuple[np.ndarray, ...]:
    """Nuclei on a small circle, one a document of the batch, in a sunflower of grains, one a hundred steps."""
    grains = min(160, max(1, genes.num_steps // 100))
    k = np.arange(grains)
    angle, radius = [k * GOLDEN], [0.17 * np.sqrt((k + 1) / 20).clip(0, 1.05)]
    inks = [np.full(grains, GRAIN)]
    nuclei = min(genes.batch_size, 16)
    dots = max(1, int((0.045 * detail) ** 2 * 3))
    j = np.arange(dots)
    for n in range(nuclei):
        around = 0.085 if nuclei > 1 else 0.0
        middle = around * np.exp(2j * math.pi * n / nuclei)
        point = middle + 0.05 * np.sqrt((j + 0.5) / dots) * np.exp(1j * j * GOLDEN)
        angle.append(np.angle(point))
        radius.append(np.abs(point))
        inks.append(np.full(dots, NUCLEUS))
    angle = np.concatenate(angle)
    return angle, np.concatenate(radius), np.concatenate(inks), np.zeros(len(angle))


def _eyes(genes: Genes, detail: float) -> tuple[np.ndarray, ...]:
    """A ring with a pupil at the tip of each lobe."""
    wide = max(0.05, min(0.1, 0.55 / genes.n_head))
    count = max(5, int(2 * math.pi * wide * detail))
    ring = wide * np.exp(2j * math.pi * np.arange(count) / count)
    pupil = 0.35 * wide * np.exp(2j * math.pi * np.arange(3) / 3)
    eye = np.concatenate([ring, pupil]) + 0.86
    turns = 2 * math.pi * np.arange(genes.n_head) / genes.n_head
    point = (eye[None, :] * np.exp(1j * turns)[:, None]).ravel()
    return np.angle(point), np.abs(point), np.full(len(point), EYE), np.zeros(len(point))


def _cloud(count: int, rng: np.random.Generator) -> np.ndarray:
    """Where points drift that have no form: a few overlapping clouds, none with an edge."""
    centres = rng.uniform(-0.5, 0.5, (2, 5))
    which = rng.integers(0, 5, count)
    return centres[:, which] + rng.normal(0, 0.2, (2, count))
