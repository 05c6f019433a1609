"""Blank, half-filled and contradictory tables: nothing is verified without a figure, nothing fails against a blank."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.model import Check, Report, Statistic
from archive.vocabulary import Origin
from crawler.demo.figures import BLANK, DASH, SLASH, Cell, Cells, table
from crawler.demo.figures import statistics as statistics_of_cells
from crawler.demo.reports import Synthetic
from pipelines.statistics import provenance
from pipelines.statistics.checks import check, check_years, compare_origins
from tests.articles import html, paragraphs, report

VERIFIED, BLANK_STANDING = "verified", "blank"
FORMS = ("cn-2019", "cn-2021")
COLUMNS = [column["name"] for column in table("cn-2021", 3)["columns"]]
NOTHING = {"blank": BLANK, "slash": SLASH, "dash": DASH, "in words": Cell("无", None, "text")}


def filled_with(cell: Cell, form: str, number: int) -> Cells:
    """Every cell of a table holding the same."""
    described = table(form, number)
    names = [column["name"] for column in described["columns"]]
    return {(row["name"], name): cell for row in described["rows"] for name in row.get("columns", names)}


def judged(statistics: list[Statistic]) -> tuple[dict[int, str], list[Check]]:
    """The standing of each table of a page with these statistics, and its checks."""
    sources, checks, _ = provenance.assess_sources("u", statistics, [])
    return {source.table_no: source.standing for source in sources}, checks


def page_with(*faults: str, year: int = 2022) -> Report:
    kind = "cn-2019" if year < 2021 else "cn-2021"
    made = Synthetic(issuing_body="安川市青溪区教育局", report_year=year, kind=kind, faults=frozenset(faults))
    return report(html(f'<div id="zoom">{paragraphs(made.paragraphs())}{made.html()}</div>', title=made.title))


@pytest.mark.parametrize("what", NOTHING)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_table_without_a_figure_is_blank_and_fails_nothing(form: str, number: int, what: str) -> None:
    standings, checks = judged(statistics_of_cells(number, filled_with(NOTHING[what], form, number)))
    assert standings == {number: BLANK_STANDING}
    assert {one.verdict for one in checks} <= {"not_assessable"}


@pytest.mark.parametrize("year", [2020, 2022, 2024])
def test_a_blank_form_in_a_page_is_blank_three_times(year: int) -> None:
    found = page_with("blank-form", year=year)
    assert {source.table_no: source.standing for source in found.table_sources} == dict.fromkeys((2, 3, 4), "blank")
    assert not [one for one in found.checks if one.verdict != "not_assessable" and one.identity != "S-2"]
    full = page_with(year=year)
    assert {source.standing for source in full.table_sources} == {VERIFIED}


def test_one_figure_is_no_blank_table() -> None:
    cells = filled_with(BLANK, "cn-2021", 4) | {("cases", "review_total"): Cell("0", 0)}
    assert judged(statistics_of_cells(4, cells))[0] == {4: VERIFIED}


def test_figures_that_cannot_be_read_are_not_called_blank() -> None:
    cells = filled_with(BLANK, "cn-2021", 4) | {("cases", "review_total"): Cell("1 2", None, "text")}
    assert judged(statistics_of_cells(4, cells))[0] == {4: "incomplete"}


@pytest.mark.parametrize("like_zero", ["〇", "O", "零"])
def test_a_table_with_cells_that_cannot_be_read_is_not_called_verified(like_zero: str) -> None:
    made = Synthetic(issuing_body="安川市青溪区教育局", report_year=2022, kind="cn-2021")
    source = made.html().replace(">0<", f">{like_zero}<")
    found = report(html(f'<div id="zoom">{paragraphs(made.paragraphs())}{source}</div>', title=made.title))
    assert {one.standing for one in found.table_sources} == {"incomplete"}
    assert {part.state for part in found.parts if part.part.startswith("table")} == {"doubtful"}


@pytest.mark.parametrize(
    "field", ['<input value="{}">', "<input type=text readonly value={}>", '<INPUT TYPE="number" value="{}">']
)
def test_figures_in_fields_are_read_as_a_browser_shows_them(field: str) -> None:
    made = Synthetic(issuing_body="安川市青溪区教育局", report_year=2022, kind="cn-2021")
    source = re.sub(r">(\d+)<", lambda found: f">{field.format(found[1])}<", made.html())
    found = report(html(f'<div id="zoom">{paragraphs(made.paragraphs())}{source}</div>', title=made.title))
    assert {one.standing for one in found.table_sources} == {VERIFIED}
    cells = {(s.table_no, s.row_name, s.column_name): s.value for s in found.statistics if s.origin == "html"}
    assert cells == {(s.table_no, s.row_name, s.column_name): s.value for s in made.statistics()}


def test_a_document_with_figures_counts_before_a_blank_page() -> None:
    blank = statistics_of_cells(3, filled_with(BLANK, "cn-2021", 3))
    figures = [
        replace(one, value=0, raw="0", value_state="number", origin=Origin.DOCX)
        for one in statistics_of_cells(3, filled_with(Cell("0", 0), "cn-2021", 3))
    ]
    checks = check([*blank, *figures], {3: Origin.DOCX})
    assert {one.verdict for one in checks} == {"holds"}


def _values(rows: list[Statistic]) -> st.SearchStrategy[list[int | None]]:
    return st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=len(rows), max_size=len(rows))


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_half_filled_tables_never_fail_against_a_blank(form: str, data: st.DataObject) -> None:
    years = []
    for _ in range(2):
        rows = [one for n in (2, 3, 4) for one in statistics_of_cells(n, filled_with(Cell("0", 0), form, n))]
        values = data.draw(_values(rows))
        years.append(
            [
                replace(one, value=value, raw="" if value is None else str(value), value_state=state)
                for one, value in zip(rows, values, strict=True)
                for state in ("blank" if value is None else "number",)
            ]
        )
    before, now = years
    standings, checks = judged(now)
    for one in [*checks, *check_years(before, now), *compare_origins(before, [replace(s, origin="pdf") for s in now])]:
        if None in (one.expected, one.actual):
            assert one.verdict == "not_assessable"
    for number, standing in standings.items():
        has_figure = any(one.value is not None for one in now if one.table_no == number)
        assert (standing == BLANK_STANDING) != has_figure


def carried(row: str, value: int | None) -> list[Statistic]:
    return [Statistic(table_no=3, row_name=row, column_name="total", value=value)]


@pytest.mark.parametrize(
    ("out", "into", "verdict"),
    [
        (4, 4, "holds"),
        (4, 3, "fails"),
        (4, None, "not_assessable"),
        (None, 4, "not_assessable"),
        (0, None, "not_assessable"),
    ],
)
def test_between_years_both_sides_must_be_numbers(out: int | None, into: int | None, verdict: str) -> None:
    found = [
        one for one in check_years(carried("carried_out", out), carried("carried_in", into)) if one.scope == "total"
    ]
    assert [(one.expected, one.actual, one.verdict) for one in found] == [(out, into, verdict)]


@pytest.mark.parametrize(
    ("new", "before", "done", "after", "verdict"),
    [
        (None, None, 5, None, "not_assessable"),
        (None, None, 0, 0, "not_assessable"),
        (5, None, 5, None, "holds"),
        (5, None, None, 5, "not_assessable"),
        (None, 3, 2, 1, "holds"),
        (6, 1, 6, None, "fails"),
    ],
)
def test_the_flow_of_a_half_filled_column(
    new: int | None, before: int | None, done: int | None, after: int | None, verdict: str
) -> None:
    rows = zip(
        ("new_received", "carried_in", "processed_total", "carried_out"), (new, before, done, after), strict=True
    )
    cells = [
        Statistic(table_no=3, row_name=row, column_name=column, value=value)
        for row, value in rows
        for column in COLUMNS
    ]
    assert {one.verdict for one in check(cells) if one.identity == "T3-A" and one.scope == "natural_person"} == {
        verdict
    }


def test_changes_that_were_not_read_are_not_taken_for_none() -> None:
    def two(column: str, value: int | None) -> Statistic:
        return Statistic(table_no=2, row_name="normative_documents", column_name=column, value=value)

    (unread,) = check_years([two("in_force", 10)], [two("in_force", 12)])
    blank = check_years([two("in_force", 10)], [two("in_force", 10), two("issued", None), two("abolished", None)])
    assert unread.verdict == "not_assessable"
    assert [one.verdict for one in blank] == ["holds"]


def test_a_source_that_leaves_a_cell_blank_contradicts_nothing() -> None:
    first = [*carried("carried_out", 4), *carried("carried_in", 2)]
    other = [replace(one, origin="pdf", value=value) for one, value in zip(first, (None, 3), strict=True)]
    whole, blank, disputed = compare_origins(first, other)
    assert (whole.expected, whole.actual, whole.verdict) == (2, 1, "fails")
    assert (blank.expected, blank.actual, blank.verdict) == (4, None, "not_assessable")
    assert (disputed.expected, disputed.actual, disputed.verdict) == (2, 3, "fails")
