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


def _sheet(rows: list[list[_Value]], merged: list[tuple[tuple[int, int], tuple[int, int]]], content: Content) -> None:
    """Rows with a single cell above the table's first merged or ruled row are text: a sheet has a title."""
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for (top, left), (bottom, right) in merged:
        bottom, right = min(bottom, len(rows) - 1), min(right, MAX_WIDTH)
        if (bottom - top + 1) * (right - left + 1) > MOST_CELLS:
            continue
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                owner[row, column] = (top, left)
    texts = [[_text(value) for value in row[:MAX_WIDTH]] for row in rows]
    width = max((len(row) for row in texts), default=0)
    lines: list[list[Cell]] = []

    def flush() -> None:
        if any(len([s for s in line if s.text]) > 1 for line in lines):
            content.blocks.append(Grid(rows=list(lines), origin=Origin.XLSX))
        else:
            for line in lines:
                for text in dict.fromkeys(s.text for s in line if s.text and s.starts_here):
                    content.add(text)
        lines.clear()

    for row, cells in enumerate(texts):
        if not any(cells) and not any((row, column) in owner for column in range(width)):
            flush()
            continue
        line: list[Cell] = []
        column = 0
        while column < len(cells):
            top, left = owner.get((row, column), (row, column))
            end = column + 1
            while end < len(cells) and owner.get((row, end)) == (top, left) and (row, column) in owner:
                end += 1
            starts_here = (top, left) == (row, column)
            line.append(Cell(column, end, texts[top][left], starts_here, top * MAX_WIDTH * 2 + left))
            column = end
        lines.append(line)
    flush()


def _text(value: _Value) -> str:
    """As a reader of the sheet sees it, as far as that is kept: whole numbers without a point."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    return str(value).strip()[:LONGEST_TEXT]
