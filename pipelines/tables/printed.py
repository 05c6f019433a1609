"""Tables as printed: the cells of a row, rows known by their label, and a table as far as it could be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from archive.forms import without_blanks
from pipelines.tables.grid import Grid, Segment

PART_OF_A_YEAR = re.compile(r"[上下]半年|[一二三四1-4]季度|\d{1,2}月?[-—–至~]\d{1,2}月(?!\d{1,2}日)")
"""A table headed so is a look-alike: statistics of less than a year."""


class Line(NamedTuple):
    """A data row as printed."""

    label: str
    name: str | None
    """The form's row; None where the label is not recognised."""
    cells: dict[str, str] | None
    """Column name → printed text; None where cells are lost, merged or shifted."""
    units: dict[str, str] = {}
    """Column name → unit printed in the header."""


@dataclass(slots=True)
class Table:
    """One national table as far as it could be read."""

    table_no: int
    form: str | None
    origin: str = "html"
    lines: list[Line] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    refused: bool = False
    """The table is there, but which figure belongs where is not sure: none of it may be used."""


Sheet = tuple[Grid, list[list[Segment]]]
Printed = tuple[Line, str | None, str]


def is_part_of_a_year(grid: Grid) -> bool:
    """Whether a heading says half a year, a quarter or some months: no table of an annual report is that."""
    return any(_names_part_of_a_year(cell.text) for line in grid.lines[:2] for cell in line if cell.fresh)


@lru_cache(maxsize=2048)
def _names_part_of_a_year(label: str) -> bool:
    return PART_OF_A_YEAR.search(without_blanks(label)) is not None


def judge(table: Table, expected: list[str]) -> None:
    """Compare the printed rows with the form's: their order refuses the table, a lost or strange row is a doubt."""
    names = [line.name for line in table.lines if line.name]
    places = [expected.index(name) for name in names if name in expected]
    if any(later <= earlier for earlier, later in pairwise(places)) or len(places) < len(names):
        table.refused = True
        table.doubts.append(f"table {table.table_no}: its rows are not in the order of the form")
    if missing := [name for name in expected if name not in names]:
        table.doubts.append(f"table {table.table_no}: rows not found: {', '.join(missing)}")
    for line in table.lines:
        if line.name is None:
            table.doubts.append(f"table {table.table_no}: not a row of the form: {line.label[:60]}")
        elif line.cells is None:
            table.doubts.append(f"table {table.table_no}: the figures of {line.name} cannot be told apart")
