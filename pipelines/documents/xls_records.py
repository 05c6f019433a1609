"""What the records of an xls (BIFF) say of its sheets beside their values: hidden rows and columns, formulas without one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from struct import unpack_from

import olefile

from pipelines.documents.sheet import Slot
from pipelines.documents.xls_formulas import formula_of
from pipelines.documents.xlsx_parts import SheetFacts
from pipelines.tables.grid import MAX_WIDTH

_STREAMS = ("Workbook", "Book")
_BOUND_SHEET, _BEGINNING, _END, _COLUMNS = 0x85, 0x0809, 0x0A, 0x7D
_ROW, _FORMULA = 0x0208, frozenset((0x0006, 0x0206, 0x0406))
_HIDDEN_ROW = 0x20
_NOT_WORKED_OUT = 0x5E
"""Marks a sheet that was saved before its formulas were worked out."""
_MOST_RECORDS = 2_000_000
_NO_VALUE = b"\x03"
"""Begins the value of a formula that gives an empty text, or was never worked out."""
_NO_NUMBER = b"\xff\xff"

Record = tuple[int, bytes]


def facts_of(body: bytes) -> list[SheetFacts]:
    """The facts of each sheet, in the order of the workbook; none of a file that is no OLE package."""
    try:
        with olefile.OleFileIO(io.BytesIO(body)) as file:
            name = next((name for name in _STREAMS if file.exists(name)), None)
            stream = file.openstream(name).read() if name else b""
    except OSError:  # the reader of the values says what is wrong with it
        return []
    starts = [
        unpack_from("<I", data)[0] for kind, data in _records(stream, 0) if kind == _BOUND_SHEET and len(data) >= 4
    ]
    return [_facts(stream, start) for start in starts]


def _records(stream: bytes, at: int) -> Iterator[Record]:
    """The records of a substream, those of substreams in it left out."""
    depth = 0
    for _ in range(_MOST_RECORDS):
        if at + 4 > len(stream):
            return
        kind, size = unpack_from("<HH", stream, at)
        if kind == _BEGINNING:
            depth += 1
        elif kind == _END:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _facts(stream: bytes, start: int) -> SheetFacts:
    facts = SheetFacts()
    stored: dict[Slot, bytes] = {}
    is_stale = False
    for kind, data in _records(stream, start):
        if kind == _ROW and len(data) >= 14:
            row, flags = unpack_from("<H", data)[0], unpack_from("<H", data, 12)[0]
            if flags & _HIDDEN_ROW:
                facts.hidden_rows.add(row)
        elif kind == _COLUMNS and len(data) >= 10:
            first, last, width, _, flags = unpack_from("<5H", data)
            if flags & 1 or width == 0:
                facts.hidden_columns |= set(range(first, min(last + 1, MAX_WIDTH)))
        elif kind == _NOT_WORKED_OUT:
            is_stale = True
        elif kind in _FORMULA and len(data) >= 14:
            stored[unpack_from("<HH", data)] = data
    _sort_formulas(stored, facts, is_stale=is_stale)
    return facts


def _sort_formulas(stored: dict[Slot, bytes], facts: SheetFacts, *, is_stale: bool) -> None:
    """Tell the formulas that have no value from those that give an empty text, and from those that give zero."""
    empty = {place for place, data in stored.items() if data[6:7] == _NO_VALUE and data[12:14] == _NO_NUMBER}
    for place, data in stored.items():
        formula = formula_of(data[22 : 22 + unpack_from("<H", data, 20)[0]]) if len(data) >= 22 else ""
        if is_stale or (place in empty and (formula or len(empty) == len(stored))):
            facts.formulas[place] = formula
        elif data[12:14] == _NO_NUMBER or unpack_from("<d", data, 6)[0]:
            facts.has_values |= data[12:14] != _NO_NUMBER
        else:
            facts.zeros[place] = formula
