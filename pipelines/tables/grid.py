"""HTML tables → grids: dense rows of cells, row and column spans expanded (the table model of WHATWG HTML, 4.9.12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

MAX_COLSPAN = 100
"""WHATWG allows 1,000; the widest national table has 15 columns, and hostile spans must not cost memory."""
MAX_WIDTH = 200
LONGEST_TEXT = 500
"""Characters kept of a cell: what is longer is prose, neither label nor figure, and must not fill the caches."""

_LEADING_INTEGER = re.compile(r"\s*\+?(\d+)")
_BLOCKS = frozenset(("p", "div", "li", "tr", "table", "br", "sup", "sub"))  # a raised figure is a footnote's
_UNSEEN = frozenset(("style", "script", "template", "noscript"))
_string = etree.XPath("string()")
_new = tuple.__new__  # a cell is made in half the time that its class takes; pages have hundreds


class Cell(NamedTuple):
    """One slot of a grid."""

    text: str
    """As printed; where a merged cell covers the slot, that cell's text."""
    anchor: bool
    """True only at a cell's own top left slot, so that merged differs from blank."""
    cell_id: int
    """Equal in all slots of one merged cell, unequal otherwise; -1 where the row ends early and no cell exists."""


MISSING = Cell("", False, -1)


class Segment(NamedTuple):
    """A cell as it stands in one row: its slots [start, end), and whether it begins in this row."""

    start: int
    end: int
    text: str
    fresh: bool
    cell_id: int = 0


class Grid:
    """A table, by its slots (`rows`) or by its cells (`lines`): whichever it is made from, the other follows."""

    __slots__ = ("_lines", "_rows", "confidence", "mended", "origin", "page")

    def __init__(
        self,
        rows: list[list[Cell]] | None = None,
        origin: str = "html",
        page: int | None = None,
        *,
        lines: list[list[Segment]] | None = None,
        mended: bool = False,
        confidence: float = 1.0,
    ) -> None:
        """Make a grid from dense rows of one length, or from lines of cells; `page` counts from 1.

        `mended` says that figures or rows torn by the layout were put together: only identities can prove them.
        `confidence`, 0 to 1, is how sure the least sure figure of a picture is; other formats say what they print.
        """
        self._rows, self._lines = rows, lines
        self.origin, self.page, self.mended, self.confidence = origin, page, mended, confidence

    @property
    def rows(self) -> list[list[Cell]]:
        """Dense rows, all of one length, every slot filled."""
        if self._rows is None:
            self._rows = _dense(self._lines or [])
        return self._rows

    @property
    def lines(self) -> list[list[Segment]]:
        """The cells of each row, left to right; slots where a row ends early are left out."""
        if self._lines is None:
            self._lines = [_sparse(row) for row in self._rows or []]
        return self._lines


def _dense(lines: list[list[Segment]]) -> list[list[Cell]]:
    width = max((line[-1].end for line in lines if line), default=0)
    rows = []
    for line in lines:
        row = [MISSING] * width
        for start, end, text, fresh, cell_id in line:
            row[start:end] = [Cell(text, False, cell_id)] * (end - start)
            if fresh:
                row[start] = Cell(text, True, cell_id)
        rows.append(row)
    return rows


def _sparse(row: list[Cell]) -> list[Segment]:
    found: list[Segment] = []
    start, first = 0, MISSING
    for index, cell in enumerate([*row, MISSING]):
        if cell.cell_id != first.cell_id:
            if first.cell_id >= 0:
                found.append(Segment(start, index, first.text, first.anchor, first.cell_id))
            start, first = index, cell
    return found


def grids(element: etree._Element) -> list[Grid]:
    """The data tables in an element, in document order; of nested tables only the innermost.

    A nested table of a single cell is a frame round that cell's text, not a table of its own.
    """
    tables = [element] if element.tag == "table" else []
    tables += element.iterdescendants("table")
    if not tables:
        return []
    framed = {table for table in tables if _is_frame(table)}
    layout = {ancestor for table in tables if table not in framed for ancestor in table.iterancestors("table")}
    return [grid(table) for table in tables if table not in layout and table not in framed]


def grid(table: etree._Element) -> Grid:
    """One table element expanded. Bad spans count as 1; a row span ends with its row group (thead, tbody, tfoot)."""
    lines: list[list[Segment]] = []
    number = 0
    for group in _row_groups(table):
        hanging: list[tuple[Segment, int]] = []  # cells of earlier rows, and the first row that each no longer covers
        begun: list[tuple[Segment, int]] = []
        hanging_end = next_change = 0
        for row_index, tr in enumerate(group):
            if begun or row_index == next_change:
                hanging = sorted([one for one in hanging + begun if one[1] > row_index], key=lambda one: one[0].start)
                hanging_end = max((segment.end for segment, _ in hanging), default=0)
                next_change = min((until for _, until in hanging), default=len(group))
                begun = []
            line: list[Segment] = []
            column = 0
            for td in tr:
                tag = td.tag
                if tag != "td" and tag != "th":
                    continue
                if column < hanging_end:
                    column = _hang(line, column, hanging)
                if column >= MAX_WIDTH:
                    break
                end, until = column + 1, row_index + 1
                if (span := td.get("colspan")) is not None:
                    end = column + min(_span(span) or 1, MAX_COLSPAN, MAX_WIDTH - column)
                if (span := td.get("rowspan")) is not None:
                    until = min(row_index + (_span(span) or len(group)), len(group))  # 0: to the group's end
                text = _text(td) if len(td) else (td.text or "").strip()[:LONGEST_TEXT]
                segment = _new(Segment, (column, end, text, True, number))
                line.append(segment)
                if until > row_index + 1:
                    begun.append((segment, until))
                column = end
                number += 1
            if column < hanging_end:
                for (start, end, text, _, cell_id), _ in hanging:
                    if end > column:
                        line.append(_new(Segment, (max(start, column), end, text, False, cell_id)))
                        column = end
            lines.append(line)
    return Grid(lines=lines)


def _hang(line: list[Segment], column: int, hanging: list[tuple[Segment, int]]) -> int:
    """Step over the slots that cells of earlier rows cover; the next free column."""
    for (start, end, text, _, cell_id), _ in hanging:
        if start <= column < end:
            line.append(_new(Segment, (column, end, text, False, cell_id)))
            column = end
    return column


def _row_groups(table: etree._Element) -> Iterator[list[etree._Element]]:
    loose: list[etree._Element] = []
    for child in table:
        if child.tag == "tr":
            loose.append(child)
        elif child.tag in ("thead", "tbody", "tfoot"):
            if loose:
                yield loose
                loose = []
            yield [tr for tr in child if tr.tag == "tr"]
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
        return "" if text is None or node.tag in _UNSEEN else text.strip()[:LONGEST_TEXT]
    text = str(_string(td)).strip()[:LONGEST_TEXT]
    if len(text) > 1 and text[-1].isdigit() and (next(td.iter(*_UNSEEN), None) is not None or _is_broken(td, text)):
        return _lines(td).strip()
    return text


def _is_broken(td: etree._Element, text: str) -> bool:
    """Whether the cell has more than one line: two figures must not run together into one."""
    blocks = td.iter(*_BLOCKS)
    first = next(blocks, None)
    return first is not None and (next(blocks, None) is not None or str(_string(first)).strip() != text)


def _lines(td: etree._Element) -> str:
    """The cell's text with a line break where a block begins or ends."""
    pieces: list[str] = []
    unseen = 0
    for event, element in etree.iterwalk(td, events=("start", "end", "comment", "pi")):
        tag = element.tag
        if event == "start":
            unseen += tag in _UNSEEN
            pieces.append(("\n" if tag in _BLOCKS else "") + ((element.text or "") if not unseen else ""))
            continue
        unseen -= tag in _UNSEEN
        if element is not td:
            pieces.append(("\n" if tag in _BLOCKS else "") + ((element.tail or "") if not unseen else ""))
    return "".join(pieces)
