"""HTML tables → grids: dense rows of cells, row and column spans expanded (the table model of WHATWG HTML, 4.9.12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from archive.vocabulary import Origin

MAX_COLSPAN = 100
"""WHATWG allows 1,000; the widest national table has 15 columns, and a hostile span would cost memory."""
MAX_WIDTH = 200
LONGEST_TEXT = 500
"""Characters kept of a cell: longer text is prose, neither label nor figure, and would only fill the caches."""

_LEADING_INTEGER = re.compile(r"\s*\+?(\d+)")
_BLOCKS = frozenset(("p", "div", "li", "tr", "table", "br", "sup", "sub"))  # a raised figure is a footnote's
_INVISIBLE = frozenset(("style", "script", "template", "noscript"))
_string = etree.XPath("string()")
_new = tuple.__new__  # makes a cell in half the time that calling its class takes; a page has hundreds


class Slot(NamedTuple):
    """One slot of a grid: where a row and a column cross."""

    text: str
    """As printed; where a merged cell covers the slot, that cell's text."""
    is_anchor: bool
    """True only at a cell's own top left slot, so that merged differs from blank."""
    cell_id: int
    """Equal in all slots of one merged cell, unequal otherwise; -1 where the row ends early and no cell exists."""


MISSING = Slot("", False, -1)


class Cell(NamedTuple):
    """A cell as one row has it: it covers the slots from `start` up to but not including `end`."""

    start: int
    end: int
    text: str
    starts_here: bool
    """False where the cell belongs to a row above and only reaches down into this one."""
    cell_id: int = 0


_Hanging = tuple[Cell, int]
"""A cell of several rows, and the index of the first row that it no longer covers."""


class Grid:
    """A table, by its cells (`rows`) or by its slots (`slots`): whichever it is made from, the other is derived."""

    __slots__ = ("_rows", "_slots", "confidence", "has_rejoined_figures", "origin", "page")

    def __init__(
        self,
        rows: list[list[Cell]] | None = None,
        origin: Origin = Origin.HTML,
        page: int | None = None,
        *,
        slots: list[list[Slot]] | None = None,
        has_rejoined_figures: bool = False,
        confidence: float = 1.0,
    ) -> None:
        """Make a grid from rows of cells, or from dense rows of slots, all of one length; `page` counts from 1.

        `has_rejoined_figures` says that figures or rows that the layout tore were put together: only identities can
        prove them. `confidence`, 0 to 1, is that of a picture's least certain figure; other formats need none.
        """
        self._rows, self._slots = rows, slots
        self.origin, self.page, self.confidence = origin, page, confidence
        self.has_rejoined_figures = has_rejoined_figures

    @property
    def slots(self) -> list[list[Slot]]:
        """Dense rows, all of one length, every slot filled."""
        if self._slots is None:
            self._slots = _dense(self._rows or [])
        return self._slots

    @property
    def rows(self) -> list[list[Cell]]:
        """The cells of each row, left to right; slots where a row ends early are left out."""
        if self._rows is None:
            self._rows = [_sparse(row) for row in self._slots or []]
        return self._rows


def _dense(rows: list[list[Cell]]) -> list[list[Slot]]:
    width = max((row[-1].end for row in rows if row), default=0)
    dense = []
    for row in rows:
        slots = [MISSING] * width
        for start, end, text, starts_here, cell_id in row:
            slots[start:end] = [Slot(text, False, cell_id)] * (end - start)
            if starts_here:
                slots[start] = Slot(text, True, cell_id)
        dense.append(slots)
    return dense


def _sparse(slots: list[Slot]) -> list[Cell]:
    cells: list[Cell] = []
    start, first = 0, MISSING
    for index, slot in enumerate([*slots, MISSING]):
        if slot.cell_id != first.cell_id:
            if first.cell_id >= 0:
                cells.append(Cell(start, index, first.text, first.is_anchor, first.cell_id))
            start, first = index, slot
    return cells


def grids(element: etree._Element) -> list[Grid]:
    """The data tables in an element, in document order; of nested tables only the innermost.

    A nested table of a single cell only frames that cell's text and is no table of its own.
    """
    tables = [element] if element.tag == "table" else []
    tables += element.iterdescendants("table")
    if not tables:
        return []
    framed = {table for table in tables if _is_frame(table)}
    layout = {ancestor for table in tables if table not in framed for ancestor in table.iterancestors("table")}
    return [expand(table) for table in tables if table not in layout and table not in framed]


def expand(table: etree._Element) -> Grid:
    """One table element as a grid. Bad spans count as 1; a row span ends with its row group (thead, tbody, tfoot)."""
    rows: list[list[Cell]] = []
    next_id = 0
    for group in _row_groups(table):
        next_id = _expand_group(group, rows, next_id)
    return Grid(rows)


def _expand_group(group: list[etree._Element], rows: list[list[Cell]], next_id: int) -> int:
    """Append the rows of one row group; returns the next free cell id."""
    hanging: list[_Hanging] = []
    begun: list[_Hanging] = []  # those that begin in the row at hand
    hanging_end = next_change = 0
    for row_index, tr in enumerate(group):
        if begun or row_index == next_change:
            hanging = sorted([one for one in hanging + begun if one[1] > row_index], key=_start_of)
            hanging_end, next_change = _bounds(hanging, len(group))
            begun = []
        row: list[Cell] = []
        column = 0
        for td in tr.iterchildren("td", "th"):
            if column < hanging_end:
                column = _skip_hanging(row, column, hanging)
            if column >= MAX_WIDTH:
                break
            end, until = column + 1, row_index + 1
            if td.keys():  # few cells have any attribute: one look for all
                if (span := td.get("colspan")) is not None:
                    end = column + min(_span(span) or 1, MAX_COLSPAN, MAX_WIDTH - column)
                if (span := td.get("rowspan")) is not None:
                    until = min(row_index + (_span(span) or len(group)), len(group))  # 0: to the group's end
            text = _text(td) if len(td) else (td.text or "").strip()[:LONGEST_TEXT]
            cell = _new(Cell, (column, end, text, True, next_id))
            row.append(cell)
            if until > row_index + 1:
                begun.append((cell, until))
            column = end
            next_id += 1
        if column < hanging_end:
            _append_hanging(row, column, hanging)
        rows.append(row)
    return next_id


def _bounds(hanging: list[_Hanging], row_count: int) -> tuple[int, int]:
    """The slot where the last of them ends, and the row in which the first of them is gone."""
    return (
        max((cell.end for cell, _ in hanging), default=0),
        min((until for _, until in hanging), default=row_count),
    )


def _start_of(hanging: _Hanging) -> int:
    return hanging[0].start


def _skip_hanging(row: list[Cell], column: int, hanging: list[_Hanging]) -> int:
    """Append the cells of rows above that cover `column` and the slots after it; the next free column."""
    for (start, end, text, _, cell_id), _ in hanging:
        if start <= column < end:
            row.append(_new(Cell, (column, end, text, False, cell_id)))
            column = end
    return column


def _append_hanging(row: list[Cell], column: int, hanging: list[_Hanging]) -> None:
    """Append the cells of rows above that come after the row's own cells."""
    for (start, end, text, _, cell_id), _ in hanging:
        if end > column:
            row.append(_new(Cell, (max(start, column), end, text, False, cell_id)))
            column = end


def _row_groups(table: etree._Element) -> Iterator[list[etree._Element]]:
    loose: list[etree._Element] = []
    for child in table:
        if child.tag == "tr":
            loose.append(child)
        elif child.tag in ("thead", "tbody", "tfoot"):
            if loose:
                yield loose
                loose = []
            yield list(child.iterchildren("tr"))
    if loose:
        yield loose


def _is_frame(table: etree._Element) -> bool:
    cells = table.iterdescendants("td", "th")
    next(cells, None)
    return next(cells, None) is None and next(table.iterancestors("table"), None) is not None


@lru_cache(maxsize=256)
def _span(value: str) -> int:
    found = _LEADING_INTEGER.match(value)
    return int(found.group(1)[:6]) if found else 1


def _text(td: etree._Element) -> str:
    node, text = td, td.text
    while len(node) == 1 and (not text or text.isspace()):  # most cells are one chain, as td > p > span
        child = node[0]
        if child.tail and not child.tail.isspace():
            break
        node, text = child, child.text
    if not len(node):
        return "" if text is None or node.tag in _INVISIBLE else text.strip()[:LONGEST_TEXT]
    text = str(_string(td)).strip()[:LONGEST_TEXT]
    if len(text) > 1 and text[-1].isdigit() and (next(td.iter(*_INVISIBLE), None) is not None or _is_broken(td, text)):
        return _text_by_lines(td).strip()
    return text


def _is_broken(td: etree._Element, text: str) -> bool:
    """Whether the cell has more than one line: two figures must not run together into one."""
    blocks = td.iter(*_BLOCKS)
    first = next(blocks, None)
    return first is not None and (next(blocks, None) is not None or str(_string(first)).strip() != text)


def _text_by_lines(td: etree._Element) -> str:
    """The cell's text with a line break where a block begins or ends."""
    pieces: list[str] = []
    invisible = 0
    for event, element in etree.iterwalk(td, events=("start", "end", "comment", "pi")):
        tag = element.tag
        if event == "start":
            invisible += tag in _INVISIBLE
            pieces.append(("\n" if tag in _BLOCKS else "") + ((element.text or "") if not invisible else ""))
            continue
        invisible -= tag in _INVISIBLE
        if element is not td:
            pieces.append(("\n" if tag in _BLOCKS else "") + ((element.tail or "") if not invisible else ""))
    return "".join(pieces)
