"""XML Spreadsheet 2003, which Excel saves and servers write, mostly under the name of an xls."""

from __future__ import annotations

from typing import Any

from archive.vocabulary import Origin, ProblemKind
from pipelines.documents.content import MOST_CELLS, Content
from pipelines.documents.docx_styles import attribute, child, name_of
from pipelines.documents.packages import parse_xml
from pipelines.documents.sheet import MOST_SHEETS, UNKNOWN, Sheet, Slot
from pipelines.errors import DocumentError
from pipelines.tables.grid import MAX_WIDTH

_MOST_ROWS = 20_000


def read(body: bytes) -> Content:
    """The sheets that are not hidden. Raises DocumentError."""
    root = parse_xml(body.lstrip(), "the workbook")
    content = Content(kind="xml-sheet", origin=Origin.XLSX)
    sheets = [one for one in root if name_of(one.tag) == "Worksheet"]
    for sheet in sheets[:MOST_SHEETS]:
        visible = child(sheet, "WorksheetOptions", "Visible")
        if visible is None or not (visible.text or "").startswith("SheetHidden"):
            _sheet(sheet).add_to(content)
    return content


def _sheet(sheet: Any) -> Sheet:
    rows: list[list[str]] = []
    merged: list[tuple[Slot, Slot]] = []
    hidden_rows: set[int] = set()
    hidden_columns: set[int] = set()
    column = cells = 0
    table = child(sheet, "Table")
    for element in table if table is not None else ():
        if name_of(element.tag) == "Column":
            column = _index(element, column)
            last = column + _count(element, "Span")
            if _is_hidden(element, "Width"):
                hidden_columns |= set(range(column, min(last + 1, MAX_WIDTH)))
            column = last + 1
        elif name_of(element.tag) == "Row":
            at = _index(element, len(rows))
            if at > _MOST_ROWS:
                raise DocumentError(f"a sheet of {at} rows", ProblemKind.OVERSIZED)
            rows += [[] for _ in range(at - len(rows))]
            if _is_hidden(element, "Height"):
                hidden_rows.add(at)
            rows.append(_row(element, at, merged))
            cells += len(rows[-1])
            rows += [[] for _ in range(min(_count(element, "Span"), _MOST_ROWS))]
            if cells > MOST_CELLS:
                raise DocumentError(f"more than {MOST_CELLS} table cells", ProblemKind.OVERSIZED)
    lowest = max((last[0] for _, last in merged), default=0)
    rows += [[] for _ in range(min(lowest, _MOST_ROWS) + 1 - len(rows))]
    return Sheet(rows, merged, hidden_rows, hidden_columns, attribute(sheet, "Name") or "")


def _row(row: Any, at: int, merged: list[tuple[Slot, Slot]]) -> list[str]:
    """The texts of a row; the cells in it that are merged are added to `merged`."""
    texts: list[str] = []
    column = 0
    for cell in row:
        if name_of(cell.tag) != "Cell":
            continue
        column = _index(cell, column)
        if column >= MAX_WIDTH:
            break
        texts += [""] * (column - len(texts))
        across, down = _count(cell, "MergeAcross"), _count(cell, "MergeDown")
        if across or down:
            merged.append(((at, column), (at + min(down, _MOST_ROWS), min(column + across, MAX_WIDTH))))
        data = child(cell, "Data")
        is_unknown = data is None and attribute(cell, "Formula") is not None
        texts += [UNKNOWN if is_unknown else _text(data), *[""] * min(across, MAX_WIDTH)]
        column += 1 + across
    return texts


def _text(data: Any) -> str:
    """Whole numbers without a point, as Excel shows them."""
    text = "".join(data.itertext()) if data is not None else ""
    if attribute(data, "Type") == "Number" if data is not None else False:
        try:
            number = float(text)
        except ValueError:
            return text
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else format(number, ".15g")
    return text


def _index(element: Any, default: int) -> int:
    stated = attribute(element, "Index")
    return max(int(stated) - 1, default) if stated and stated.isdecimal() and len(stated) < 8 else default


def _count(element: Any, name: str) -> int:
    stated = attribute(element, name)
    return int(stated) if stated and stated.isdecimal() and len(stated) < 8 else 0


def _is_hidden(element: Any, size: str) -> bool:
    return attribute(element, "Hidden") == "1" or attribute(element, size) in {"0", "0.0"}
