"""What a creature looks like: shapes as a pure function of its genes and the moment."""

import math
from itertools import combinations

import msgspec
import pytest

from organism.genes import GENES, PRIMORDIAL, TRAITS
from organism.view.body import DARK, LEGEND, LIGHT, REACH, WINK, Mood, body, hue, mood, portrait, stylesheet

EVOLVED = msgspec.structs.replace(PRIMORDIAL, n_head=2, n_embd=24)


def counts(**changes) -> dict[str, int]:
    """How much there is of each part."""
    parts = body(msgspec.structs.replace(PRIMORDIAL, **changes))
    return {part.name: len(part.discs) + len(part.lines) for part in parts}


def part(name: str, moment: float = 0.0, how: Mood = Mood(), genes=EVOLVED):  # noqa: B008
    return next((part for part in body(genes, moment, how) if part.name == name), None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gene", "shown"),
    [
        ("n_embd", "cilia"),
        ("n_head", "eye"),
        ("block_size", "bead"),
        ("batch_size", "spore"),
    ],
)
def test_what_is_counted_by_a_gene_can_be_counted(gene, shown):
    assert all(counts(**{gene: n})[shown] == n for n in (2, 4, 16))


def test_a_layer_more_is_a_membrane_more():
    assert [counts(n_layer=n)["membrane"] for n in (1, 2, 6)] == [0, 1, 5]


def test_lobes_colour_and_glow_show_what_cannot_be_counted():
    def bulges(ratio):
        (edge,) = part("body", genes=msgspec.structs.replace(EVOLVED, mlp_ratio=ratio)).lines
        away = [math.hypot(*point) for point in edge]
        return sum(a > b and a >= c for a, b, c in zip(away, away[-1:] + away, away[1:] + away[:1], strict=False))

    assert [bulges(ratio) for ratio in (1, 2, 6)] == [3, 4, 8]
    slow, fast = (hue(msgspec.structs.replace(PRIMORDIAL, learning_rate=rate)) for rate in (0.001, 0.05))
    assert slow > 150 > 40 > fast
    short, long = (part("glow", genes=msgspec.structs.replace(EVOLVED, num_steps=n)).discs[0] for n in (100, 5000))
    assert long.radius > short.radius + 10


def test_a_trait_that_is_not_as_creatures_begin_is_a_feeler():
    assert "feeler" not in counts()
    assert counts(activation="squared_relu", beta1=0.9)["feeler"] == 2


def test_the_legend_tells_of_every_gene_that_is_no_trait():
    assert tuple(gene.drawn for name, gene in GENES.items() if name not in TRAITS) == LEGEND


def test_eyes_look_the_same_way_and_then_elsewhere():
    def looks(moment):
        eyes, pupils = part("eye", moment), part("pupil", moment)
        return {
            (round(pupil.x - eye.x, 6), round(pupil.y - eye.y, 6))
            for eye, pupil in zip(eyes.discs, pupils.discs, strict=True)
        }

    seen = [looks(moment) for moment in (0.0, 4.5, 9.0)]
    assert all(len(way) == 1 for way in seen)
    assert len(set(map(frozenset, seen))) == 3


def test_eyes_blink_now_and_then_but_not_where_nothing_moves():
    closed = [part("eye", i * 0.05) is None for i in range(round(2 * WINK / 0.05))]
    assert 0 < sum(closed) < 0.2 * len(closed)
    assert not closed[0]


def test_a_creature_is_drowsy_while_primordial_asleep_before_that_and_its_eyes_are_crossed_out_when_it_dies():
    assert part("eye", how=mood("evolved")).discs[0].top == -math.inf
    assert part("eye", how=mood("primordial", 0.5)).discs[0].top > -math.inf
    assert part("eye", how=Mood(awake=0.0)) is None
    assert len(part("lid", how=Mood(alive=False)).lines) == 4


def test_what_runs_together_is_drawn_less_often_but_eyes_are():
    fine, coarse = counts(n_embd=64), {p.name: len(p.lines) + len(p.discs) for p in body(PRIMORDIAL, grain=8.0)}
    assert fine["cilia"] == 64
    assert coarse == {"cilia": coarse["cilia"], "body": 1, "eye": 4, "pupil": 4, "glint": 4}
    assert coarse["cilia"] < 16


@pytest.mark.parametrize("width", [16, 32, 64, 128])
def test_eight_eyes_are_large_enough_to_look_and_apart_where_little_can_be_told(width):
    """Dots are as fine as here in a creature alone on a screen of 80x24."""
    grain = REACH / 26
    (eyes,) = (
        p for p in body(msgspec.structs.replace(PRIMORDIAL, n_head=8, n_embd=width), grain=grain) if p.name == "eye"
    )
    assert len(eyes.discs) == 8
    assert all(eye.radius > 2.5 * grain for eye in eyes.discs)
    assert all(math.dist(a[:2], b[:2]) > a.radius + b.radius for a, b in combinations(eyes.discs, 2))


def test_every_part_is_painted_on_both_grounds_and_every_paint_is_in_the_stylesheet():
    assert list(LIGHT) == list(DARK)
    drawn = {
        p.name
        for how in (Mood(), Mood(alive=False))
        for p in body(msgspec.structs.replace(EVOLVED, beta1=0.5), how=how)
    }
    assert drawn <= set(LIGHT)
    assert all(f".{name} {{" in stylesheet(LIGHT) for name in drawn)


def test_a_drowsy_eye_is_a_part_of_a_circle():
    assert "<circle" not in portrait(EVOLVED, "it", mood("primordial")).partition('class="eye"')[2].partition("</g>")[0]
