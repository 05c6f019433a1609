"""PDFs: pages as they lie, text as it is set, and tables that page breaks tore."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from types import SimpleNamespace

import pytest

from archive.model import Report
from crawler.demo import office
from crawler.demo.reports import Synthetic
from pipelines.documents import Content, StoredDocument
from pipelines.documents import read as read_document
from pipelines.documents.pdf.page import level
from pipelines.documents.pdf.page_slice import PageCell, PageSlice
from pipelines.documents.pdf.slices import one_grid
from pipelines.tables.national import read_national_tables
from tests.made_documents import pdf_with_layers
from tests.test_documents import BODY, cells, read_as, report_of, stored, synthetic, truth


@pytest.mark.parametrize("year", range(2015, 2025))
def test_rows_torn_by_a_page_break_are_put_together(year: int) -> None:
    made = synthetic("cn-2019" if year % 2 else "cn-2021", year=year)
    found = report_of(office.pdf(made, tear=True))
    assert {key: value for key, value in cells(found, "pdf").items() if key[0] == 3} == {
        key: value for key, value in truth(made).items() if key[0] == 3
    }
    for key, value in cells(found, "pdf").items():
        assert truth(made)[key] == value


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_pages_that_lie_on_their_side_are_read_upright(turned: int) -> None:
    made = synthetic()
    found = report_of(office.pdf(made, page=f"/Rotate {turned}"))
    assert found.title == made.title
    assert cells(found, "pdf") == truth(made)


def test_what_stands_at_the_head_and_foot_of_every_page_is_no_text() -> None:
    plain = report_of(office.pdf(synthetic(), tear=True))
    found = report_of(office.pdf(synthetic(), tear=True, margins=("临川市青溪区", "第{}页 共9页 政府信息公开")))
    assert (found.text, found.title) == (plain.text, plain.title)
    assert found.statistics == plain.statistics


def test_radicals_that_renderers_write_for_characters_are_those_characters() -> None:
    made = synthetic()
    body = office.pdf(made)
    for character, radical in (("民", "\u2ea0"), ("青", "\u2ed8"), ("工", "\u2f2f")):
        body = body.replace(character.encode("utf-16-be").hex().encode(), radical.encode("utf-16-be").hex().encode())
    found = report_of(body)
    assert (found.title, found.issuing_body) == (made.title, BODY)


def test_figures_of_another_font_stand_in_the_line_of_their_text() -> None:
    one = {"matrix": (1, 0, 0, 1, 0, 700.0), "size": 24.0, "y1": 722.0, "top": 118.0, "bottom": 142.0, "doctop": 118.0}
    other = one | {"y1": 717.0, "top": 123.0, "bottom": 147.0, "doctop": 123.0}
    page = SimpleNamespace(chars=[one, other])
    level(page)
    assert one["top"] == pytest.approx(other["top"])
    assert one["bottom"] - one["top"] == pytest.approx(24)


Cut = Callable[[str], tuple[str, ...]]


def torn(made: Synthetic, number: int, at: int, cut: Cut) -> Report:
    """Its table with a page break in row `at`: `cut` says what of each cell stands above it and below."""
    grid = [block.grid for block in made.blocks() if block.grid][number - 2]
    lines: list[list[PageCell]] = [[] for _ in grid]
    for row, column, down, across, text in office.placed(grid):
        for r in range(row, row + down):
            lines[r].append(PageCell(30.0 * column, 30.0 * (column + across), text, r == row, 100 * row + column))
    for line in lines:
        line.sort(key=lambda cell: cell.x0)
    at %= len(lines)
    parts = [cut(cell.text) if cell.starts_here else (cell.text, "", "") for cell in lines[at]]
    upper, *below = (
        [replace(c, text=text) for c, text in zip(lines[at], texts, strict=True)] for texts in zip(*parts, strict=False)
    )
    # what spans the break is a blank cell below it
    rest = [
        [replace(c, text=c.text if c.number >= 100 * at or c.starts_here else "") for c in line]
        for line in lines[at + 1 :]
    ]
    slices = [PageSlice(1, 0, 9, [*lines[:at], upper]), PageSlice(2, 0, 9, [*below, *rest])]
    content = Content(kind="pdf", origin="pdf", blocks=[made.title, one_grid(slices)])
    return read_as(StoredDocument(sha256="", media_type=None, content=content))


@pytest.mark.parametrize(
    ("number", "at", "cut"),
    [
        (2, 1, lambda label: (label[:2], label[2:])),
        (3, 2, lambda label: (label[:1], label[1:])),
        (3, 8, lambda text: (text[:2], text[2:]) if "." in text else (text, "")),
        (4, 2, lambda label: (label[:3], label[3:])),
    ],
)
def test_labels_that_a_page_break_tore_are_put_together(number: int, at: int, cut: Cut) -> None:
    made = Synthetic(issuing_body="临川市人民政府", report_year=2022)
    found = torn(made, number, at, cut)
    assert cells(found, "pdf") == {key: value for key, value in truth(made).items() if key[0] == number}
    assert {s.standing for s in found.table_sources} == {"verified"}


def test_a_table_two_whose_columns_are_lost_is_not_whole() -> None:
    made = Synthetic(issuing_body="临川市人民政府", report_year=2022)
    found = torn(made, 2, 1, lambda label: (label.replace("制发件数", "制").replace("废止件数", "废"), ""))
    assert {s.standing for s in found.table_sources} <= {"incomplete", "unread"}


@pytest.mark.parametrize("above", [0, 1, 2, 9])
def test_the_row_of_table_four_that_a_page_break_tore_is_put_together(above: int) -> None:
    made = Synthetic(issuing_body="临川市人民政府", report_year=2022)
    found = torn(made, 4, -1, lambda figure: (figure[:above], figure[above:]))
    assert cells(found, "pdf") == {key: value for key, value in truth(made).items() if key[0] == 4}
    assert {s.standing for s in found.table_sources} == {"verified"}


@pytest.mark.parametrize(
    ("fault", "cut"),
    [
        ("t4-a", lambda figure: (figure[:1], figure[1:])),
        ("slash", lambda figure: (figure, "", "0")),
        ("slash", lambda _: ("0", "0")),
        ("slash", lambda figure: (figure, figure)),
    ],
)
def test_what_cannot_be_put_together_is_not_used(fault: str, cut: Cut) -> None:
    made = Synthetic(issuing_body="临川市人民政府", report_year=2022, faults=frozenset({fault}))
    found = torn(made, 4, -1, cut)
    assert not {s.standing for s in found.table_sources} & {"verified", "inconsistent"}
    assert not cells(found, "pdf")


def test_a_pdf_of_a_blank_form_is_blank() -> None:
    made = synthetic("cn-2021", "blank-form")
    found = report_of(office.pdf(made))
    assert cells(found, "pdf") == truth(made)
    assert {value for value, _ in cells(found, "pdf").values()} == {None}
    assert {s.standing for s in found.table_sources if s.table_no > 2} == {"blank"}


def test_a_pdf_that_lost_a_row_is_not_verified() -> None:
    made = synthetic()
    body = office.pdf(made)
    content = stored(body).content
    assert content is not None
    grid = next(g for g in content.grids if len(g.rows) > 20)
    zero = next(i for i, line in enumerate(grid.rows) if [s.text for s in line[-7:]] == ["0"] * 7)
    del grid.rows[zero]
    found = read_as(StoredDocument(sha256="", media_type=None, content=content), body)
    assert all(c.verdict == "holds" for c in found.checks if c.identity == "T3-A")
    assert {s.standing for s in found.table_sources if s.table_no == 3} == {"incomplete"}


def test_figures_torn_by_the_layout_are_used_only_where_identities_prove_them() -> None:
    for fault, standing in ((), "verified"), (("t3-c",), "unread"):
        body = office.pdf(synthetic("cn-2021", *fault))
        content = stored(body).content
        assert content is not None
        next(g for g in content.grids if len(g.rows) > 20).has_rejoined_figures = True
        found = read_as(StoredDocument(sha256="", media_type=None, content=content), body)
        assert {s.standing for s in found.table_sources if s.table_no == 3} == {standing}
        assert bool([s for s in found.statistics if s.table_no == 3 and s.origin == "pdf"]) == (standing == "verified")


RESULTS = ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计")
EDGES = [40.0 + 34 * column for column in range(16)]


def ruled(cells: list[tuple[int, int, float, float, list[str]]], *, without: Collection[tuple[int, float]] = ()) -> str:
    """Cells (first column, column after the last, top, bottom, lines) as drawn; `without` names rules across to leave out."""
    out = []
    for first, after, top, bottom, lines in cells:
        x0, x1 = EDGES[first], EDGES[after]
        sides = [(x0, top, x0, bottom), (x1, top, x1, bottom)]
        sides += [(x0, y, x1, y) for y in (top, bottom) if (first, y) not in without]
        out += [f"{a:.1f} {840 - b:.1f} m {c:.1f} {840 - d:.1f} l S" for a, b, c, d in sides]
        for n, line in enumerate(lines):
            text = line.encode("utf-16-be").hex()
            out.append(f"BT 0 Tr /F 8 Tf {x0 + 2:.1f} {840 - top - 14 - 14 * n:.1f} Td <{text}> Tj ET")
    return "\n".join(out)


def header_of_four(torn: list[list[str]], end: float) -> str:
    """The header of table four, whose cells on reviews a page break tears at `end`; what runs over stands below."""
    rows = [(0, 5, end - 40, end - 20, ["行政复议"]), (5, 15, end - 40, end - 20, ["行政诉讼"])]
    rows += [(n, n + 1, end - 20, end, lines) for n, lines in enumerate(torn)]
    rows += [(5, 10, end - 20, end, ["未经复议直接起诉"]), (10, 15, end - 20, end, ["复议后起诉"])]
    return ruled(rows, without={(n, end) for n in range(5)})


@pytest.mark.parametrize("end", [745.0, 768.0, 790.0])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_line_that_runs_over_a_page_break_is_of_its_cell(end: float, at: int) -> None:
    torn = [[label[:at], label[at:]] if len(label) > at else [label] for label in RESULTS]
    row = [(5 + n, 6 + n, 30.0, 64.0, [label[:3], label[3:]]) for n, label in enumerate(RESULTS * 2)]
    row += [(n, n + 1, 30.0, 64.0, []) for n in range(5)]
    figures = [(n, n + 1, 64.0, 84.0, [str(n + 3)]) for n in range(15)]
    below = ruled([*row, *figures], without={(n, 30.0) for n in range(15)})
    content = read_document(pdf_with_layers([header_of_four(torn, end), below]), "pdf")
    (table,) = read_national_tables(content.grids)
    assert (table.table_no, table.doubts) == (4, [])
    assert list((table.rows[0].cells or {}).values()) == [str(n + 3) for n in range(15)]
    assert not any(paragraph in "持正果结计" for paragraph in content.prose)


def test_a_line_below_a_table_without_a_rule_at_its_end_is_no_cell() -> None:
    figures = [(n, n + 1, 740.0, 760.0, [str(n)]) for n in range(5)]
    labels = [(n, n + 1, 720.0, 740.0, [label]) for n, label in enumerate(RESULTS)]
    note = [(0, 0, 755.0, 755.0, ["本表由办公室填报"])]
    stream = ruled([*labels, *figures], without={(n, 760.0) for n in range(5)}) + "\n" + ruled(note)
    content = read_document(pdf_with_layers([stream]), "pdf")
    assert [cell.text for row in content.grids[0].rows for cell in row] == [*RESULTS, *"01234"]
    assert "本表由办公室填报" in content.prose
