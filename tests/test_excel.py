"""Workbooks of every make: what is hidden is left out, what is computed is worked out, and each year's sheet is told apart."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable

import pytest

from archive.model import Report
from crawler.demo import office
from crawler.demo.reports import Synthetic
from pipelines.documents import Content, read, recognise
from pipelines.documents.formulas import Formulas
from pipelines.documents.sheet import UNKNOWN, Sheet
from tests import made_documents
from tests.generated_documents import compared, read_beside
from tests.made_documents import Made, SheetMade, sheet_of, sheets_of, xls_of, xlsx_of
from tests.test_documents import synthetic, truth

Writer = Callable[[list[SheetMade], random.Random], bytes]
WRITERS: dict[str, Writer] = {"xlsx": xlsx_of, "xls": xls_of}


def content_of(made: Made) -> Content:
    kind = recognise(made.body, made.content_type, name=made.name)
    assert kind is not None
    return read(made.body, kind)


def read_sheets(sheets: list[SheetMade], kind: str, report: Synthetic) -> Report:
    return read_beside(report, read(WRITERS[kind](sheets, random.Random(1)), kind))


def figures(report: Report) -> dict[tuple[int, str, str], tuple[object, str]]:
    return {
        (s.table_no, s.row_name, s.column_name): (s.value, s.value_state)
        for s in report.statistics
        if s.origin == "xlsx"
    }


def texts(content: Content) -> list[list[str]]:
    return [[cell.text for cell in row] for grid in content.grids for row in grid.rows]


@pytest.mark.parametrize("kind", ["xml spreadsheet", "html as xls", "tsv as xls", "mht"])
@pytest.mark.parametrize(("form", "year"), [("cn-2019", 2020), ("cn-2021", 2023), ("hybrid", 2021)])
def test_what_is_called_xls_and_is_something_else(kind: str, form: str, year: int) -> None:
    report = synthetic(form, year=year)
    for seed in (1, 2, 3):
        made = made_documents.KINDS[kind](report, random.Random(seed))
        found = read_beside(report, content_of(made))
        assert figures(found) == truth(report)
        assert {source.standing for source in found.table_sources} == {"verified"}


def test_text_whose_merged_cells_took_one_field() -> None:
    report = synthetic()
    lines = ["\t".join(td.text for td in row) for grid in made_documents.grids_of(report) for row in grid]
    body = "\r\n".join(lines).encode("gb18030")
    assert recognise(body, "application/vnd.ms-excel") == "text-sheet"
    assert figures(read_beside(report, read(body, "text-sheet"))) == truth(report)
    torn = "\r\n".join(lines).replace("自然人", "个人").replace("行政复议\t", "复议\t").replace("结果维持", "维持")
    found = read_beside(report, read(torn.encode(), "text-sheet"))
    assert compared("tsv", 0, report, found).verdict == "doubtful"


@pytest.mark.parametrize("name", ["a.xls", "http://www.qingxi.gov.cn/files/b.ET?x=1"])
def test_a_web_page_at_the_address_of_a_workbook_is_none(name: str) -> None:
    page = "<!DOCTYPE html><html><body><p>您访问的页面不存在</p></body></html>".encode()
    assert recognise(page, "text/html", name=name) is None
    table = b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table><tr><td>1</td></tr></table></html>"
    assert recognise(table, "text/html", name=name) == "html-sheet"
    assert recognise(table, "text/html", name="a.html") is None


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("hides", [({2}, set()), (set(), {1}), ({4, 5}, {0, 3})])
def test_hidden_rows_and_columns_are_left_out(kind: str, hides: tuple[set[int], set[int]]) -> None:
    rows, columns = hides
    cells = [(r, c, 1, 1, f"{r}.{c}") for r in range(7) for c in range(5)]
    sheet = SheetMade("表", cells, hidden_rows=rows, hidden_columns=columns, rows=7)
    content = read(WRITERS[kind]([sheet], random.Random(1)), kind)
    assert texts(content) == [[f"{r}.{c}" for c in range(5) if c not in columns] for r in range(7) if r not in rows]


def test_a_merged_cell_shows_its_text_where_it_is_seen() -> None:
    content = Content(kind="xlsx")
    rows = [["指标", "甲", ""], ["", "1", "2"], ["", "3", "4"]]
    Sheet(rows, [((0, 0), (2, 0)), ((0, 1), (0, 2))], hidden_rows={0}, hidden_columns={1}).add_to(content)
    assert [[(c.text, c.starts_here) for c in row] for row in content.grids[0].rows] == [
        [("指标", True), ("2", True)],
        [("指标", False), ("4", True)],
    ]


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("is_hidden", [True, False])
def test_another_years_sheets_are_not_this_years(kind: str, *, is_hidden: bool) -> None:
    report, before = synthetic(year=2023), synthetic(year=2022)
    sheets = []
    for year in (before, report):
        for number, grid in enumerate(made_documents.grids_of(year), 2):
            sheet = sheet_of(f"{year.report_year}-{number}", grid, random.Random(1), hides=False, computes=False)
            sheet.is_hidden = is_hidden and year is before
            sheets.append(sheet)
    assert figures(read_sheets(sheets, kind, report)) == truth(report)
    if not is_hidden:
        assert figures(read_sheets(sheets, kind, before)) == truth(before)
        neither = read_sheets(sheets, kind, synthetic(year=2024))
        assert not figures(neither)
        assert {source.standing for source in neither.table_sources} == {"unread"}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("SUM(A1:C1)", 6),
        ("A1+B1*C1-(A2/2)", 5),
        ("SUM(A1,B1,$C$1,A1:A2)+0.5", 11.5),
        ("-A2+D2", 2),
        ("SUM(A1:D2)", 16),
        ("A1+C2", None),
        ("SUM('上年'!A1:B1)", None),
        ("IF(A1>0,1,0)", None),
        ("E9+1", None),
        ("B9", None),
        ("", None),
        ("1/0", None),
    ],
)
def test_formulas_that_nobody_worked_out(formula: str, value: float | None) -> None:
    values = [[1, 2, 3, ""], [4, "", "件", "6"]]
    formulas = {(8, 0): formula, (8, 1): "A9", (1, 3): "SUM(A1:C1,A2)-4", (8, 4): "E9"}
    if "B9" in formula:
        formulas[8, 0] = "B9"
    assert Formulas(values, formulas).value(8, 0) == value


@pytest.mark.parametrize("recalculates", [True, False])
def test_totals_that_are_formulas(*, recalculates: bool) -> None:
    report = synthetic()
    for seed in range(6):
        draw = random.Random(seed)
        body = xlsx_of(sheets_of(report, draw), draw, recalculates=recalculates)
        assert figures(read_beside(report, read(body, "xlsx"))) == truth(report)


def test_a_formula_that_cannot_be_worked_out_is_no_blank() -> None:
    report = synthetic()
    sheets = [
        sheet_of(f"表{n}", grid, random.Random(1), hides=False)
        for n, grid in enumerate(made_documents.grids_of(report))
    ]
    place = next((c[0], c[1]) for c in sheets[1].cells if c[4].isdecimal())
    sheets[1].formulas = {place: "VLOOKUP(A1,B:C,2)"}
    for recalculates in (True, False):
        draw = random.Random(recalculates)
        body = xlsx_of(sheets, draw, recalculates=recalculates)
        content = read(body, "xlsx")
        assert UNKNOWN in {text for row in texts(content) for text in row}
        assert [problem.kind for problem in content.problems] == ["unread"]
        found = read_beside(report, content)
        assert {s.table_no: s.standing for s in found.table_sources}[3] == "incomplete"


SUM_OF_TWO = bytes.fromhex("25 0000 0000 0000 0100 19 10 0000")
TWO_CELLS = bytes.fromhex("24 0000 0000 24 0000 01c0 03")
NEVER = b"\x03\0\0\0\0\0\xff\xff"


def xls_with(tokens: bytes, value: bytes, *, is_marked: bool = False) -> bytes:
    """A sheet with 7, 5 and a formula over them, stored with this value; marked as not worked out or not."""
    sheet = SheetMade("表", [(0, 0, 1, 1, "7"), (0, 1, 1, 1, "5"), (0, 2, 1, 1, "12")], rows=1)
    sheet.formulas = {(0, 2): ""}
    real = made_documents._record
    made = xls_of([sheet], random.Random(3))
    old = real(0x06, made_documents.struct.pack("<3HdHIH", 0, 2, 0, 12.0, 0, 0, 3) + b"\x1e\x0c\0")
    new = real(
        0x06, made_documents.struct.pack("<3H", 0, 2, 0) + value + bytes(6) + len(tokens).to_bytes(2, "little") + tokens
    )
    assert old in made
    start = made.index(b"\x09\x08\x10\0\0\x06\x10\0")
    stream = made[made.index(b"\x09\x08\x10\0\0\x06\x05\0") : start], made[start:].replace(old, new)
    mark = real(0x5E, b"\0\0") if is_marked else b""
    head, body = stream
    return made_documents.ole("Workbook", head + body[:20] + mark + body[20:])


@pytest.mark.parametrize("tokens", [SUM_OF_TWO, TWO_CELLS])
@pytest.mark.parametrize("value", [NEVER, bytes(8)])
def test_a_formula_of_an_xls_that_nobody_worked_out_is_never_zero(tokens: bytes, value: bytes) -> None:
    assert texts(read(xls_with(tokens, value), "xls")) == [["7", "5", "12"]]


def test_a_formula_of_an_xls_that_is_not_understood_is_told() -> None:
    lookup = bytes.fromhex("24 0000 0000 42 03 66 00")
    for value, is_marked in ((NEVER, False), (made_documents.struct.pack("<d", 9.0), True), (bytes(8), True)):
        content = read(xls_with(lookup, value, is_marked=is_marked), "xls")
        assert texts(content) == [["7", "5", UNKNOWN]]
        assert [problem.kind for problem in content.problems] == ["unread"]
    assert texts(read(xls_with(lookup, made_documents.struct.pack("<d", 9.0)), "xls")) == [["7", "5", "9"]]
    assert texts(read(xls_with(lookup, bytes(8)), "xls")) == [["7", "5", "0"]], "nothing disproves it"


@pytest.mark.parametrize(("stored", "shown"), [("<v>0</v>", "12"), ("<v></v>", "12"), ("", "12"), ("<v>11</v>", "11")])
def test_a_formula_of_an_xlsx_that_nobody_worked_out_is_never_zero(stored: str, shown: str) -> None:
    sheet = SheetMade("表", [(0, 0, 1, 1, "7"), (0, 1, 1, 1, "5"), (0, 2, 1, 1, "12")], rows=1)
    members = made_documents.members_of(xlsx_of([sheet], random.Random(1)))
    name = next(name for name in members if "sheet1" in name and name.endswith(".xml"))
    part = members[name].decode()
    cell = re.search(r'<c r="C1"[^>]*>.*?</c>', part)
    assert cell is not None
    members[name] = part.replace(cell[0], f'<c r="C1"><f>A1+B1</f>{stored}</c>').encode()
    assert texts(read(office.package(members), "xlsx")) == [["7", "5", shown]]


def test_workbooks_in_a_zip_whose_names_are_gbk() -> None:
    report = synthetic()
    made = made_documents.html(report, random.Random(5))
    body = made_documents.in_zip(made, "附件2：统计表.xls")
    assert recognise(body) == "zip"
    content = read(body, "zip")
    assert figures(read_beside(report, content)) == truth(report)
    assert not [problem for problem in content.problems if "附件2" not in problem.message]


@pytest.mark.parametrize("folder", ["", "附件/"])
def test_documents_of_several_years_in_a_zip_are_told_apart_by_their_names(folder: str) -> None:
    now, before = synthetic(year=2023), synthetic(year=2022)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for report in (before, now):
            body = made_documents.xlsx(report, random.Random(2)).body
            package.writestr(f"{folder}{report.report_year}年统计表.xlsx", body)
    content = read(out.getvalue(), "zip")
    for report in (now, before):
        assert figures(read_beside(report, content)) == truth(report)
