"""What is drawn: dots, curves, bodies and texts, as pure functions of what they show."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.color import Color

from organism.genes import PRIMORDIAL, Genes
from organism.space import SPACES
from organism.view.body import REACH, Mood, hue, solid
from organism.view.body import body as shapes
from organism.view.dots import Canvas
from organism.view.ticks import labels, ticks
from organism.view.words import STAGE_SIGNS, duration
from tui import body, drawing, plotting
from tui.plotting import Rule, Trace, View
from tui.themes import ANSI, DARK, LIGHT, ORIGIN_SIGNS, palette_of
from tui.widgets.ranges import bounds
from tui.widgets.toml import compared, highlighted


def picture(genes: Genes, moment: float = 0.0, how: Mood = Mood(), reach: int = 28, ansi: bool = False) -> Canvas:  # noqa: B008
    """A body in 30 x 15 cells."""
    field, canvas = body.Field(30, 15, body.GROUND if ansi else (13, 17, 23)), Canvas(30, 15)
    scale = reach / REACH
    paints = body.ansi_paints(hue(genes)) if ansi else body.paints(hue(genes), True)
    field.paint(shapes(genes, moment, how, 1 / scale), 30, 30, scale, paints, 1.0 if ansi else solid(how))
    body.draw(field, canvas, ansi)
    return canvas


def look_of(canvas: Canvas) -> tuple:
    return canvas.lines(), canvas.inks


def colours_of(canvas: Canvas) -> set:
    return {colour for row in canvas.inks for ink in row if isinstance(ink, tuple) for colour in ink}


def lines_of(canvas: Canvas) -> list[str]:
    return [strip.text for strip in drawing.strips(canvas, Style())]


def test_a_dot_lights_its_place_in_its_cell():
    canvas = Canvas(2, 1)
    canvas.dot(0, 0)
    canvas.dot(3, 3)
    canvas.dot(99, -1)
    assert lines_of(canvas) == ["⠁⢀"]


def test_letters_lie_over_dots_and_keep_the_ground_of_their_cell():
    canvas = Canvas(3, 1)
    canvas.dot(0, 0, "red")
    canvas.inks[0][1] = None, "#101010"
    canvas.text(0, 0, "ab", "blue")
    canvas.dot(0, 1)
    assert lines_of(canvas) == ["ab "]
    assert canvas.inks[0] == ["blue", ("blue", "#101010"), None]


def test_no_ground_of_a_cell_spreads_to_a_blank_beside_it():
    canvas = Canvas(3, 1)
    canvas.letters[0][0], canvas.inks[0][0] = "▀", ("#ffffff", "#101010")
    grounds = [
        style.bgcolor.name if style and style.bgcolor else None for _, style, _ in drawing.strips(canvas, Style())[0]
    ]
    assert grounds == ["#101010", None]


genes = st.builds(
    Genes,
    n_embd=st.sampled_from([8, 16, 32, 64]),
    n_head=st.sampled_from([1, 2, 4, 8]),
    n_layer=st.integers(1, 12),
    block_size=st.integers(2, 256),
    mlp_ratio=st.integers(1, 8),
    learning_rate=st.floats(1e-6, 1.0),
    num_steps=st.integers(1, 1_000_000),
    batch_size=st.integers(1, 256),
)


moods = st.builds(Mood, st.floats(0, 1), st.floats(0, 1), st.booleans())


@pytest.mark.slow
@given(genes, st.floats(0, 1e6), moods, st.integers(6, 90), st.booleans())
def test_any_body_can_be_drawn_at_any_moment_in_any_size(one, moment, how, reach, ansi):
    assert colours_of(picture(one, moment, how, reach, ansi)) - {None}


@pytest.mark.slow
@given(genes, st.integers(14, 40))
def test_bodies_keep_their_eyes_when_they_are_small(one, reach):
    whites = [
        colour for colour in colours_of(picture(one, reach=reach)) if colour and min(Color.parse(colour).rgb) > 200
    ]
    assert whites


def test_a_body_is_the_same_whenever_it_is_drawn():
    assert look_of(picture(PRIMORDIAL)) == look_of(picture(PRIMORDIAL))


def test_a_body_moves_and_one_without_a_form_is_another():
    now, later = picture(PRIMORDIAL), picture(PRIMORDIAL, 0.7)
    assert look_of(now) != look_of(later)
    assert look_of(now) != look_of(picture(PRIMORDIAL, how=Mood(0.2)))


def test_a_terminal_of_sixteen_colours_is_asked_for_no_other():
    assert colours_of(picture(PRIMORDIAL, ansi=True)) <= {None, *body.SIXTEEN}


def curves() -> list[Trace]:
    return [
        Trace(f"#{i}", tuple((x, 3 - i * 0.2 - x / 100) for x in range(1, 50)), colour, plotting.SIGNS[i])
        for i, colour in enumerate([*DARK.origins.values()][:8])
    ]


def test_curves_are_told_apart_by_their_signs_alone():
    text = "\n".join(lines_of(plotting.plot(curves(), [], View(), DARK, 60, 20)))
    assert all(sign in text for sign in plotting.SIGNS)


def test_rules_are_named_and_left_out_where_they_are_too_far():
    near, far = Rule("bigrams", 2.4, "red"), Rule("target", 99.0, "red")
    text = "\n".join(lines_of(plotting.plot(curves(), [near, far], View(), DARK, 60, 20)))
    assert "bigrams" in text
    assert "target" not in text


def test_a_plot_without_curves_says_so():
    assert "nothing yet" in "\n".join(lines_of(plotting.plot([], [], View(), DARK, 40, 8)))


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20), st.booleans(), st.integers(0, 90))
def test_a_plot_survives_any_values_and_any_size(values, log, width):
    points = tuple(enumerate(values))
    canvas = plotting.plot([Trace("x", points, "red")], [], View(log=log), DARK, width, width // 4)
    assert len(lines_of(canvas)) == width // 4


def test_a_later_view_begins_later():
    points = [(x, 1.0) for x in range(101)]
    assert plotting.visible(points, View(begin=0.75))[0] == (75, 1.0)


def test_smoothing_keeps_a_level_and_calms_what_shakes():
    shaking = [(x, x % 2) for x in range(100)]
    calm = [y for _, y in plotting.smooth(shaking, 0.9)]
    assert max(calm[20:]) - min(calm[20:]) < 0.15
    assert plotting.smooth([(x, 2.0) for x in range(9)], 0.9)[3] == (3, pytest.approx(2.0))


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(1, 20))
def test_ticks_are_few_and_within(low, width, count):
    found = ticks(low, low + width, count)
    assert len(found) <= 2 * count + 2
    slack = width * 1e-6 + 4 * math.ulp(low)
    assert all(low - slack <= tick <= low + width + slack for tick in found)


def test_neighbouring_ticks_are_written_differently():
    for low, high in ((2.27, 2.271), (0, 1), (100, 2000), (0.1, 0.35)):
        found = ticks(low, high, 4)
        assert len(set(labels(found))) == len(found)


def test_a_spark_has_the_width_it_is_given():
    assert drawing.spark([1, 2, 3], 10) == "▁▅█"
    assert len(drawing.spark(list(range(100)), 10)) == 10
    assert drawing.spark([], 10) == ""
    assert drawing.spark([2.0, 2.0], 10) == "▁▁"


def test_origins_differ_in_their_signs_and_their_colours():
    assert len(set(ORIGIN_SIGNS.values())) == len(ORIGIN_SIGNS)
    for palette in (DARK, LIGHT):
        assert len({palette.origin(origin) for origin in ORIGIN_SIGNS}) == len(ORIGIN_SIGNS)


def test_stages_differ_in_their_colours_in_every_palette():
    for palette in (DARK, LIGHT, ANSI):
        assert len({palette.stage(stage) for stage in ("primordial", "evolving", "evolved")}) == 3


def test_a_theme_of_somebody_else_gets_the_palette_that_fits_it():
    from textual.theme import BUILTIN_THEMES

    assert palette_of(BUILTIN_THEMES["nord"]) is DARK
    assert palette_of(BUILTIN_THEMES["textual-light"]) is LIGHT


def test_toml_is_highlighted_without_changing_a_letter():
    text = PRIMORDIAL_TEXT.splitlines()
    for line in text:
        assert "".join(piece if isinstance(piece, str) else piece[0] for piece in highlighted(line, DARK)) == line


PRIMORDIAL_TEXT = 'stage = "primordial"  # at first\n\n[genes]\nn_embd = 16\nlearning_rate = 1e-2\nflag = true\n'


def test_what_changed_in_a_genome_is_marked():
    lines = compared(PRIMORDIAL_TEXT, PRIMORDIAL_TEXT.replace("n_embd = 16", "n_embd = 24"), DARK)
    text = ["".join(piece if isinstance(piece, str) else piece[0] for piece in line) for line in lines]
    assert "− n_embd = 16" in text
    assert "+ n_embd = 24" in text
    assert "  [genes]" in text


def test_the_bounds_of_a_gene_are_those_of_the_space():
    assert bounds(SPACES["default"], "n_embd") == (8, 32)
    assert bounds(SPACES["wide"], "learning_rate") == (0.0001, 0.1)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (61, "1:01"), (3725, "1:02:05"), (None, "–")])
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_every_sign_is_one_cell_wide():
    from rich.cells import cell_len

    signs = itertools.chain(ORIGIN_SIGNS.values(), plotting.SIGNS, STAGE_SIGNS.values(), "▁▂▃▄▅▆▇█✓†▸·")
    assert all(cell_len(sign) == 1 for sign in signs)
