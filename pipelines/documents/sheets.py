"""Excel workbooks (xlsx, xls, et): a grid a sheet, merged cells expanded."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook

from archive.vocabulary import Origin, ProblemKind
from pipelines.documents.content import MOST_CELLS, Content
from pipelines.documents.packages import Package
from pipelines.errors import DocumentError
from pipelines.tables.grid import LONGEST_TEXT, MAX_WIDTH, Cell, Grid

MOST_SHEETS = 100
_Slot = tuple[int, int]
"""Row and column."""
_Value = int | float | str | bool | time | date | datetime | timedelta


def read(body: bytes, kind: str) -> Content:
    """A workbook; `kind` is xlsx or xls. Raises DocumentError."""
    if kind == "xlsx":
        package = Package(body)
        for name in package.names():  # the reader below counts nothing and would unpack anything
            if name.endswith((".xml", ".rels", ".bin")):
                package.read(name)
    content = Content(kind=kind, origin=Origin.XLSX)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(body))
        for name in workbook.sheet_names[:MOST_SHEETS]:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.total_height * sheet.total_width > 10 * MOST_CELLS:
                raise DocumentError(
                    f"a sheet of {sheet.total_height} rows by {sheet.total_width} columns", ProblemKind.OVERSIZED
                )
            _sheet(sheet.to_python(skip_empty_area=False), sheet.merged_cell_ranges or [], content)
    except CalamineError as error:
        kind_of = (
            ProblemKind.ENCRYPTED
            if "password" in str(error).lower() or "encrypt" in str(error).lower()
            else ProblemKind.DAMAGED
        )
        raise DocumentError(f"damaged workbook: {error}", kind_of) from error
    return content


def _sheet(rows: list[list[_Value]], merged: list[tuple[_Slot, _Slot]], content: Content) -> None:
    """Add a sheet: blank rows part its tables, and rows of one cell each are text, as its title."""
    owners = _owners(merged, len(rows))
    texts = [[_text(value) for value in row[:MAX_WIDTH]] for row in rows]
    width = max((len(row) for row in texts), default=0)
    table: list[list[Cell]] = []
    for row, row_texts in enumerate(texts):
        if any(row_texts) or any((row, column) in owners for column in range(width)):
            table.append(_row(row, texts, owners))
        else:
            _take(table, content)
            table = []
    _take(table, content)


def _owners(merged: list[tuple[_Slot, _Slot]], height: int) -> dict[_Slot, _Slot]:
    """Slot of a merged cell → its top left slot."""
    owners: dict[_Slot, _Slot] = {}
    for (top, left), (bottom, right) in merged:
        bottom, right = min(bottom, height - 1), min(right, MAX_WIDTH)
        if (bottom - top + 1) * (right - left + 1) > MOST_CELLS:
            continue
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                owners[row, column] = (top, left)
    return owners


def _row(row: int, texts: list[list[str]], owners: dict[_Slot, _Slot]) -> list[Cell]:
    """The cells of one row of a sheet, merged ones as one."""
    cells: list[Cell] = []
    column, width = 0, len(texts[row])
    while column < width:
        top, left = owners.get((row, column), (row, column))
        end = column + 1
        while end < width and (row, column) in owners and owners.get((row, end)) == (top, left):
            end += 1
        starts_here = (top, left) == (row, column)
        cells.append(Cell(column, end, texts[top][left], starts_here, top * MAX_WIDTH * 2 + left))
        column = end
    return cells


def _take(table: list[list[Cell]], content: Content) -> None:
    """Add rows that no blank row parts: a grid where any has two filled cells, else paragraphs."""
    if any(len([cell for cell in row if cell.text]) > 1 for row in table):
        content.blocks.append(Grid(table, Origin.XLSX))
        return
    for row in table:
        for text in dict.fromkeys(cell.text for cell in row if cell.text and cell.starts_here):
            content.add(text)


def _text(value: _Value) -> str:
    """As a reader of the sheet sees it, as far as that is kept: whole numbers without a point."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    return str(value).strip()[:LONGEST_TEXT]
