"""A table of a report as printed: its rows, known by their labels, as far as they could be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from archive.forms import normalised, without_blanks
from archive.forms.names import OTHER_ROW
from archive.vocabulary import Form, Origin
from pipelines.tables.cell_value import read_value
from pipelines.tables.grid import Grid

_VISUAL = (Origin.PDF, Origin.IMAGE)
"""Origins whose labels may be misread."""
_PART_OF_A_YEAR = re.compile(r"[上下]半年|[一二三四1-4]季度|\d{1,2}月?[-—–至~]\d{1,2}月(?!\d{1,2}日)")
"""A heading of statistics of less than a year."""


class TableRow(NamedTuple):
    """A data row as printed."""

    label: str
    name: str | None
    """The form's row; None where the label is not recognised."""
    cells: dict[str, str] | None
    """Column name → printed text; None where cells are lost, merged or shifted."""
    units: dict[str, str] = {}
    """Column name → unit printed in the header."""

    @property
    def has_figures(self) -> bool:
        """Whether any of its cells holds a number."""
        return any(read_value(text).value is not None for text in (self.cells or {}).values())


class FoundRow(NamedTuple):
    """A row, the form that the header above it is of (None: both or neither), and the origin of its grid."""

    row: TableRow
    form: Form | None
    origin: Origin


@dataclass(slots=True)
class ReportTable:
    """One table of a report as far as it could be read."""

    table_no: int
    """1 the annex before 2019; 2, 3, 4 the national tables."""
    form: Form | None
    origin: Origin = Origin.HTML
    rows: list[TableRow] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    """What is not sure, in words for a person who looks at the page."""
    is_flattened: bool = False
    """It was read from lines of text, where only the order of labels and figures says what belongs together."""
    refused: bool = False
    """The table is there, but which figure belongs where is not sure: none of it may be used."""

    def refuse(self, doubt: str) -> None:
        """Use none of the table, for this reason."""
        self.refused = True
        self.doubts.append(doubt)

    @property
    def content(self) -> tuple[tuple[str | None, tuple[str, ...]], ...]:
        """Row names and printed texts: equal for two tables that print the same."""
        return tuple([(row.name, tuple((row.cells or {}).values())) for row in self.rows])

    @property
    def has_figures(self) -> bool:
        """Whether any of its cells holds a number."""
        return any(row.has_figures for row in self.rows)


def covers_part_of_a_year(grid: Grid) -> bool:
    """Whether a heading says half a year, a quarter or some months: no table of an annual report is that."""
    return any(_names_part_of_a_year(cell.text) for row in grid.rows[:2] for cell in row if cell.starts_here)


@lru_cache(maxsize=2048)
def _names_part_of_a_year(label: str) -> bool:
    return _PART_OF_A_YEAR.search(without_blanks(label)) is not None


def _named_by_label(row: TableRow) -> TableRow:
    """A row that the body added, named by its label: none of the form's rows is missing, so it is none of them."""
    return row._replace(name=OTHER_ROW + normalised(row.label)) if row.name is None and row.cells else row


def is_added(name: str | None) -> bool:
    """Whether a row's name is that of a row that the form does not have."""
    return name is not None and name.startswith(OTHER_ROW)


def compare_with_form(table: ReportTable, expected: list[str]) -> None:
    """Compare the printed rows with the names of the form's, in order.

    Another order refuses the table; a missing row is a doubt. An unknown one is named by its label where all the form's
    are there, and a doubt where it may be one of them misread.
    """
    number = table.table_no
    names = [row.name for row in table.rows if row.name]
    printed, place_of = set(names), {name: place for place, name in enumerate(expected)}
    places = [place_of[name] for name in names if name in place_of]
    if any(later <= earlier for earlier, later in pairwise(places)) or len(places) < len(names):
        table.refuse(f"table {number}: its rows are not in the order of the form")
    if missing := [name for name in expected if name not in printed]:
        table.doubts.append(f"table {number}: rows not found: {', '.join(missing)}")
    elif not table.refused and table.origin not in _VISUAL:
        table.rows = [_named_by_label(row) for row in table.rows]
    for row in table.rows:
        if row.name is None:
            table.doubts.append(f"table {number}: not a row of the form: {row.label[:60]}")
        elif row.cells is None:
            table.doubts.append(f"table {number}: the figures of {row.name} cannot be told apart")
