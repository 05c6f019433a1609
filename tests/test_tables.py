"""HTML tables to grids: the span algorithm, hostile and broken markup, nested tables, and what a cell's text is."""

from __future__ import annotations

import time

import pytest
from lxml import etree

from pipelines.tables.cell_value import read_value
from pipelines.tables.grid import MAX_COLSPAN, MAX_WIDTH, MISSING, Grid, grids


def parsed(markup: str) -> list[Grid]:
    return grids(etree.fromstring(f"<div>{markup}</div>", etree.HTMLParser()))


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid.slots]


def test_every_slot_of_a_merged_cell_holds_its_text_and_only_the_first_is_its_anchor() -> None:
    (grid,) = parsed("<table><tr><td colspan=2 rowspan=2>a<td>b<tr><td>c<tr><td>d<td>e<td>f</table>")
    assert texts(grid) == [["a", "a", "b"], ["a", "a", "c"], ["d", "e", "f"]]
    assert [[cell.is_anchor for cell in row] for row in grid.slots[:2]] == [[True, False, True], [False, False, True]]
    merged = {cell.cell_id for row in grid.slots[:2] for cell in row[:2]}
    assert len(merged) == 1


def test_a_row_that_ends_early_is_filled_with_slots_that_are_no_cells() -> None:
    (grid,) = parsed("<table><tr><td>a<td>b<td>c<tr><td></table>")
    assert grid.slots[1][0] != MISSING
    assert grid.slots[1][1:] == [MISSING, MISSING]


def test_cells_step_aside_for_row_spans_left_and_right_of_them() -> None:
    (grid,) = parsed("<table><tr><td rowspan=3>a<td>b<td rowspan=2>c<tr><td>d<tr><td>e<td>f</table>")
    assert texts(grid) == [["a", "b", "c"], ["a", "d", "c"], ["a", "e", "f"]]


def test_a_row_span_ends_with_its_row_group() -> None:
    (grid,) = parsed("<table><thead><tr><td rowspan=9>h<td>i</thead><tbody><tr><td>a<td>b</tbody></table>")
    assert texts(grid) == [["h", "i"], ["a", "b"]]


@pytest.mark.parametrize("span", ["0", "99999", "4294967296"])
def test_a_row_span_of_zero_or_too_much_reaches_to_the_last_row(span: str) -> None:
    (grid,) = parsed(f"<table><tr><td rowspan={span}>a<td>b<tr><td>c<tr><td>d</table>")
    assert texts(grid) == [["a", "b"], ["a", "c"], ["a", "d"]]


@pytest.mark.parametrize("span", ["0", "-3", "x", "", "1.9"])
def test_a_column_span_that_is_none_counts_as_one(span: str) -> None:
    (grid,) = parsed(f'<table><tr><td colspan="{span}">a<td>b</table>')
    assert texts(grid) == [["a", "b"]]


def test_hostile_spans_cost_neither_time_nor_memory() -> None:
    cells = '<td colspan="99999" rowspan="99999">x</td>' * 50
    began = time.perf_counter()
    (grid,) = parsed("<table>" + f"<tr>{cells}</tr>" * 200 + "</table>")
    assert time.perf_counter() - began < 2
    assert len(grid.slots) == 200
    assert {len(row) for row in grid.slots} == {MAX_WIDTH}
    assert MAX_COLSPAN < MAX_WIDTH


def test_of_nested_tables_only_the_innermost_are_data() -> None:
    inner = "<table><tr><td>1<td>2</table>"
    found = parsed(f"<table><tr><td>menu<td><table><tr><td>{inner}{inner}</td></tr></table></td></tr></table>")
    assert [texts(grid) for grid in found] == [[["1", "2"]], [["1", "2"]]]


def test_a_frame_round_one_cell_s_text_is_no_table_of_its_own() -> None:
    (grid,) = parsed("<table><tr><td>a<td><table><tr><td>12</td></tr></table></td></tr></table>")
    assert texts(grid) == [["a", "12"]]


def test_a_table_element_itself_is_read() -> None:
    table = etree.fromstring("<table><tr><td>a</td></tr></table>", etree.HTMLParser()).find(".//table")
    assert [texts(grid) for grid in grids(table)] == [[["a"]]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<p><span>2</span><span>3</span></p>", "23"),
        ("<p>　<span lang=EN-US>557<o:p></o:p></span></p>", "557"),
        ("<p></p><p>7</p>", "7"),
        ("12<!-- 3 -->", "12"),
        ("<style>p{margin:0 1}</style>12", "12"),
        ("<div><p><b>0</b></p></div>", "0"),
        ("&nbsp;", ""),
        ("", ""),
    ],
)
def test_a_cell_s_figure_is_put_together_from_its_inline_parts(cell: str, text: str) -> None:
    (grid,) = parsed(f"<table><tr><td>{cell}</td></tr></table>")
    assert grid.slots[0][0].text == text


@pytest.mark.parametrize("cell", ["1<br>2", "<p>1</p><p>2</p>", "1<p>2</p>", "12<sup>1</sup>", "<div>3</div>4"])
def test_two_figures_in_a_cell_never_run_together(cell: str) -> None:
    (grid,) = parsed(f"<table><tr><td>{cell}</td></tr></table>")
    value = read_value(grid.slots[0][0].text)
    assert (value.value, value.state, value.sure) == (None, "text", False)


@pytest.mark.parametrize(
    ("printed", "value", "state", "unit"),
    [
        ("0", 0, "number", None),
        ("12,406", 12406, "number", None),
        ("1，286，400", 1286400, "number", None),
        ("４１", 41, "number", None),
        ("318 406", 318406, "number", None),
        ("+19", 19, "number", None),
        ("-18", -18, "number", None),
        ("－15", -15, "number", None),
        ("减少12", -12, "number", None),
        ("89902.19元", 89902.19, "number", "元"),
        ("386902.5 万元", 386902.5, "number", "万元"),
        ("24252.311082", 24252.311082, "number", None),
        ("0.00", 0.0, "number", None),
        ("22（其中修订 16 件）", 22, "with_note", None),
        ("55(含自然失效29件)", 55, "with_note", None),
        ("3件", 3, "number", "件"),
        ("", None, "blank", None),
        ("\u00a0\u3000", None, "blank", None),
        ("/", None, "slash", None),
        ("／", None, "slash", None),
        ("-", None, "dash", None),
        ("——", None, "dash", None),
        ("无", None, "text", None),
    ],
)
def test_printed_cells(printed: str, value: float | None, state: str, unit: str | None) -> None:
    found = read_value(printed)
    assert (found.value, found.state, found.unit, found.sure) == (value, state, unit, True)


@pytest.mark.parametrize(
    "printed",
    [
        "00",
        "07",
        "1" * 5000,
        "9" * 5000 + ".5",
        "1" * 19,
        "1,2",
        "12,34",
        "3、4",
        "1.2.3",
        "约5",
        "近10",
        "5-7",
        "1 2",
        "10²",
        "五十6",
        "O",
        "○",
        "零",
    ],
)
def test_what_cannot_be_read_as_one_number_is_not_guessed(printed: str) -> None:
    found = read_value(printed)
    assert (found.value, found.state, found.sure) == (None, "text", False)


def test_rows_and_slots_say_the_same() -> None:
    (grid,) = parsed("<table><tr><td colspan=2 rowspan=2>a<td>b<tr><td>c<tr><td>d<td rowspan=0>e<tr><td>f</table>")
    again = Grid(slots=grid.slots, origin="docx")
    assert again.rows == grid.rows
    assert Grid(rows=again.rows).slots == grid.slots
