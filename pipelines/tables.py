"""HTML tables → grids: dense rows of cells, row and column spans expanded (the table model of WHATWG HTML, 4.9.12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

MAX_COLSPAN = 100
"""WHATWG allows 1,000; the widest national table has 15 columns, and hostile spans must not cost memory."""
MAX_WIDTH = 200

_LEADING_INTEGER = re.compile(r"\s*\+?(\d+)")
_BLOCKS = frozenset(("p", "div", "li", "tr", "table", "br", "sup", "sub"))  # a raised figure is a footnote's
_UNSEEN = frozenset(("style", "script", "template", "noscript"))
_string = etree.XPath("string()")


class Cell(NamedTuple):
    """One slot of a grid."""

    text: str
    """As printed; where a merged cell covers the slot, that cell's text."""
    anchor: bool
    """True only at a cell's own top left slot, so that merged differs from blank."""
    cell_id: int
    """Equal in all slots of one merged cell, unequal otherwise; -1 where the row ends early and no cell exists."""


MISSING = Cell("", False, -1)


class Grid(NamedTuple):
    """A table with every slot filled."""

    rows: list[list[Cell]]
    """All of one length."""
    origin: str = "html"
    """Where the table was printed: html, docx, pdf or image."""
    page: int | None = None
    """Of a paged document, from 1."""


def grids(element: etree._Element) -> list[Grid]:
    """The data tables in an element, in document order; of nested tables only the innermost.

    A nested table of a single cell is a frame round that cell's text, not a table of its own.
    """
    tables = [element] if element.tag == "table" else []
    tables += element.iterdescendants("table")
    if not tables:
        return []
    framed = {table for table in tables if _is_frame(table)}
    layout = {
        ancestor for table in tables if table not in framed for ancestor in table.iterancestors("table")
    }  # fmt: skip
    return [grid(table) for table in tables if table not in layout and table not in framed]


def grid(table: etree._Element) -> Grid:
    """One table element expanded. Bad spans count as 1; a row span ends with its row group (thead, tbody, tfoot)."""
    rows: list[list[Cell]] = []
    number = 0
    for group in _row_groups(table):
        hanging: dict[int, tuple[int, Cell]] = {}  # column → rows still to cover, what covers them
        for row_index, tr in enumerate(group):
            row: list[Cell] = []
            for td in tr:
                tag = td.tag
                if tag != "td" and tag != "th":
                    continue
                if hanging:
                    _hang(row, hanging)
                if len(row) >= MAX_WIDTH:
                    break
                across = down = 1
                if (span := td.get("colspan")) is not None:
                    across = min(_span(span) or 1, MAX_COLSPAN, MAX_WIDTH - len(row))
                if (span := td.get("rowspan")) is not None:
                    left = len(group) - row_index
                    down = min(_span(span) or left, left)
                text = _text(td)
                row.append(Cell(text, True, number))
                if across > 1 or down > 1:
                    covered = Cell(text, False, number)
                    if down > 1:
                        start = len(row) - 1
                        for column in range(start, start + across):
                            hanging[column] = (down, covered)
                    row.extend([covered] * (across - 1))
                number += 1
            if hanging:
                while hanging and max(hanging) >= len(row):
                    if len(row) in hanging:
                        _hang(row, hanging)
                    else:
                        row.append(MISSING)
                hanging = {column: (left - 1, cell) for column, (left, cell) in hanging.items() if left > 1}
            rows.append(row)
    width = max(map(len, rows), default=0)
    for row in rows:
        row.extend([MISSING] * (width - len(row)))
    return Grid(rows)


def _hang(row: list[Cell], hanging: dict[int, tuple[int, Cell]]) -> None:
    """Fill the slots that cells of earlier rows cover."""
    while len(row) in hanging:
        row.append(hanging[len(row)][1])


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
        return "" if text is None or node.tag in _UNSEEN else text.strip()
    text = str(_string(td)).strip()
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
