"""Columns of text."""

from organism.view.table import table


def test_a_column_is_as_wide_as_its_widest_cell_and_at_least_as_it_is_told():
    assert list(table([["a", "1"], ["long", "12345"]], "  < >3")) == ["  a        1", "  long 12345"]
    assert list(table([["a", "1"]], "<6 >3")) == ["a        1"]


def test_a_short_row_runs_on_over_the_columns_that_it_leaves_out():
    assert list(table([["a", "1", "x"], ["b", "can't be read"]], "<3 >2  <")) == ["a    1  x", "b   can't be read"]


def test_wide_letters_take_the_cells_that_they_take():
    assert list(table([["名前", "1"], ["ab", "2"]], "< >")) == ["名前 1", "ab   2"]


def test_no_rows_make_no_lines():
    assert list(table([], "<6 >3")) == []
