"""One sheet of a workbook, whatever its format: its texts, merged and hidden cells become paragraphs and grids."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field

from archive.vocabulary import Origin
from pipelines.documents.content import MOST_CELLS, Content
from pipelines.tables.grid import LONGEST_TEXT, MAX_WIDTH, Cell, Grid

MOST_SHEETS = 100
UNKNOWN = "?"
"""Stands for a figure that the workbook does not hold, as that of a formula which was never worked out."""
_YEAR = re.compile(r"20\d\d")

Slot = tuple[int, int]
"""Row and column, from 0."""


@dataclass(slots=True)
class Sheet:
    """The cells of a sheet, row by row."""

    rows: list[list[str]]
    merged: list[tuple[Slot, Slot]] = field(default_factory=list)
    """First and last slot of each merged cell."""
    hidden_rows: Container[int] = frozenset()
    hidden_columns: Container[int] = frozenset()
    name: str = ""

    def add_to(self, content: Content) -> None:
        """Add what the sheet shows: blank rows part its tables, and rows of one cell each are text, as its title.

        The name of a sheet counts where it tells a year's sheet from another's.
        """
        if _YEAR.search(self.name):
            content.add(self.name)
        owners = _owners(self.merged, len(self.rows))
        texts = [[text.strip()[:LONGEST_TEXT] for text in row[:MAX_WIDTH]] for row in self.rows]
        width = max((len(row) for row in texts), default=0)
        columns = [column for column in range(width) if column not in self.hidden_columns]
        table: list[list[Cell]] = []
        begun: set[Slot] = set()
        for row, row_texts in enumerate(texts):
            if row in self.hidden_rows:
                continue
            if any(row_texts) or any((row, column) in owners for column in columns):
                table.append(_row(row, texts, owners, columns, begun))
            else:
                _take(table, content)
                table = []
        _take(table, content)


def _owners(merged: list[tuple[Slot, Slot]], height: int) -> dict[Slot, Slot]:
    """Slot of a merged cell → its top left slot."""
    owners: dict[Slot, Slot] = {}
    for (top, left), (bottom, right) in merged:
        bottom, right = min(bottom, height - 1), min(right, MAX_WIDTH)
        if (bottom - top + 1) * (right - left + 1) > MOST_CELLS:
            continue
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                owners[row, column] = (top, left)
    return owners


def _row(
    row: int, texts: list[list[str]], owners: dict[Slot, Slot], columns: list[int], begun: set[Slot]
) -> list[Cell]:
    """The cells of one row, merged ones as one; `begun` are the merged cells of rows above, and grows."""
    cells: list[Cell] = []
    own, first = texts[row], row * MAX_WIDTH * 2
    merged: set[Slot] = set()
    place = 0
    while place < len(columns):
        column, end = columns[place], place + 1
        owner = owners.get((row, column))
        if owner is not None:
            while end < len(columns) and owners.get((row, columns[end])) == owner:
                end += 1
            top, left = owner
            text = texts[top][left] if left < len(texts[top]) else ""
            cells.append(Cell(place, end, text, owner not in begun, top * MAX_WIDTH * 2 + left))
            merged.add(owner)
        elif column < len(own):
            cells.append(Cell(place, end, own[column], True, first + column))
        place = end
    begun |= merged
    return cells


def _take(table: list[list[Cell]], content: Content) -> None:
    """Add rows that no blank row parts: a grid where any has two filled cells, else paragraphs."""
    if any(len([cell for cell in row if cell.text]) > 1 for row in table):
        content.blocks.append(Grid(table, Origin.XLSX))
        return
    for row in table:
        for text in dict.fromkeys(cell.text for cell in row if cell.text and cell.starts_here):
            content.add(text)
