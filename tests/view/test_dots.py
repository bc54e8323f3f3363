"""Dots stand where they are set, and letters over them."""

from organism.view.dots import Canvas


def test_dots_stand_where_they_are_set():
    canvas = Canvas(2, 1)
    for x, y in ((0, 0), (1, 3), (2, 1), (9, 9), (-1, 0)):
        canvas.dot(x, y)
    assert canvas.lines() == [chr(0x2801 | 0x80) + chr(0x2802)]
    canvas.text(1, 0, "o")
    assert canvas.lines() == [chr(0x2881) + "o"]
