"""The annex before 2019 (table one): 统计表 of indicators, national (2014), Fujian (2009, 2014) or Dingxi, one indicator per row.

Labels repeat under different headings (其他情形数 of reviews, and of suits), so rows are aligned to the form's printed
order. 历年累计 is stored as printed: it is not always a running sum. See docs/form.md, Annexes before 2019.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from archive.forms import ANNEX_FORMS, columns, groups, normalised, rows, without_blanks
from archive.forms.names import CUMULATIVE, OTHER_ROW, YEAR_VALUE
from archive.vocabulary import Form, Origin
from pipelines.tables.grid import Cell, Grid
from pipelines.tables.report_table import ReportTable, TableRow, covers_part_of_a_year, is_added

_INDICATOR = re.compile(r"指标|统计内容|统计项目")
_UNIT = re.compile(r"^(?:计量|统计)?单位$")
_YEAR = re.compile(r"(20\d\d)年")
_CODE = re.compile(r"^代码$|^编号$|^序号$")
_HEADER_WITHIN = 6
"""Rows within which a header must stand."""
_FEWEST_ROWS = 5


class _Header(NamedTuple):
    """The header row: the cell over the labels, the one over the units, and those over figures by their column."""

    place: int
    label: Cell
    unit: Cell | None
    figures: dict[str, Cell] | None
    """None where it is not clear which column holds the report's year."""


_Printed = tuple[str, bool]
"""The label of a row, and whether it has cells under it."""


class _Part(NamedTuple):
    """The printed rows of one grid under a header of indicators."""

    rows: list[TableRow]
    is_year_clear: bool
    """Whether it is clear which column holds the report's year."""
    origin: Origin


def read_annex(grids: Iterable[Grid], report_year: int | None) -> list[ReportTable]:
    """At most one table of an annex form, which may be printed in several parts, one behind the other.

    Refused where it is printed twice with different figures.
    """
    parts = [part for grid in grids if (part := _read_grid(grid, report_year))]
    if len(parts) > 1 and (whole := _joined(parts)) is not None:
        return [whole]
    tables = [table for part in parts if (table := _table_of(part)) is not None]
    if len({table.content for table in tables}) > 1:
        tables[0].refuse(f"table 1 is printed {len(tables)} times with different figures")
    return tables[:1]


def _read_grid(grid: Grid, report_year: int | None) -> _Part | None:
    header = find_header(grid, report_year)
    if header is None or covers_part_of_a_year(grid):
        return None
    below = [row for row in grid.rows[header.place + 1 :] if _has_label(row)]
    printed = [row for cells in below if (row := _row(cells, header)) is not None]
    return _Part(printed, header.figures is not None, grid.origin)


def _joined(parts: list[_Part]) -> ReportTable | None:
    """The annex of which each grid is a part (主动公开, 申请, 复议 …); None where they are not parts of one."""
    labels = [{normalised(row.label) for row in part.rows if row.has_figures} for part in parts]
    is_repeated = len(set().union(*labels)) < sum(map(len, labels))
    if is_repeated or len({(part.is_year_clear, part.origin) for part in parts}) > 1:
        return None
    whole = _table_of(_Part([row for part in parts for row in part.rows], *parts[0][1:]))
    if whole is None or whole.refused:
        return None
    known = {row.label for row in whole.rows if not is_added(row.name)}
    are_parts = all(sum(row.label in known for row in part.rows) >= 0.5 * len(part.rows) > 0 for part in parts)
    return whole if are_parts else None


def _table_of(part: _Part) -> ReportTable | None:
    table = _build_table(part.rows, part.origin)
    if table is not None and not part.is_year_clear:
        table.refuse("table 1: which column holds the report's year is not clear")
    return table


def find_header(grid: Grid, report_year: int | None) -> _Header | None:
    """The header of an annex; None where a grid is none."""
    top = grid.rows[:_HEADER_WITHIN]
    if not any("指" in cell.text or "统计" in cell.text for row in top for cell in row):
        return None
    for index, row in enumerate(top):
        texts = [normalised(cell.text) for cell in row]
        label = next((cell for cell, text in zip(row, texts, strict=True) if _INDICATOR.search(text)), None)
        if label is not None:
            unit = next((cell for cell, text in zip(row, texts, strict=True) if _UNIT.search(text)), None)
            return _Header(index, label, unit, _figure_columns(row, report_year))
    return None


def _has_label(row: list[Cell]) -> bool:
    """Whether a row has a label; the row of column signs 甲 乙 丙 1 2 under the header has none."""
    return len(row) >= 2 and any(len(normalised(cell.text)) > 1 for cell in row)


def _figure_columns(header: list[Cell], report_year: int | None) -> dict[str, Cell] | None:
    """Which header cells hold the year's figure and the sum; None where the year is not the report's, or not one."""
    found: dict[str, Cell] = {}
    for cell in header:
        text = normalised(cell.text)
        if _INDICATOR.search(text) or _UNIT.search(text) or _CODE.search(text):
            continue
        year = _YEAR.search(without_blanks(cell.text))
        if year and report_year is not None and int(year.group(1)) != report_year:
            continue
        name = _column_name(text)
        if name in found:
            return None
        if name is not None:
            found[name] = cell
    return found if YEAR_VALUE in found else None


def _column_name(text: str) -> str | None:
    for name in (CUMULATIVE, YEAR_VALUE):
        if any(c.name == name and c.match.search(text) for form in ANNEX_FORMS for c in columns(form, 1)):
            return name
    return None


def _row(cells: list[Cell], header: _Header) -> TableRow | None:
    """A row as printed, not yet named; None for one without a label."""
    below = {cell.start: cell for cell in cells}
    unit = header.unit
    end = unit.start if unit else header.label.end
    labels = [cell.text for cell in cells if cell.start < end and cell.end <= end]
    if not labels and header.label.start not in below:
        return None
    label = labels[-1] if labels else below[header.label.start].text
    if unit and unit.start not in below:  # a heading over the whole width
        return TableRow(label, None, {}) if normalised(label) else None
    figures = header.figures or {}
    printed_unit = without_blanks(below[unit.start].text) if unit else ""
    is_unit = 0 < len(printed_unit) < 4 and printed_unit.isalpha()
    return TableRow(label, None, _cells_under(below, figures), dict.fromkeys(figures, printed_unit) if is_unit else {})


def _cells_under(below: dict[int, Cell], figures: dict[str, Cell]) -> dict[str, str] | None:
    """Column → text; None where a cell is lost, merged or shifted."""
    texts: dict[str, str] = {}
    for name, head in figures.items():
        cell = below.get(head.start)
        if cell is None or not cell.starts_here or cell.end != head.end:
            return None
        texts[name] = cell.text
    return texts


def _build_table(printed: list[TableRow], origin: Origin) -> ReportTable | None:
    """Rows in printed order → the annex of the form that most of their labels are of; None where they are not an annex."""
    form, names, missing = _named_rows(tuple([(row.label, bool(row.cells)) for row in printed]))
    if _count_named(names) < max(_FEWEST_ROWS, 0.5 * len(printed)):
        return None
    is_known = len(missing) <= _count_named(names)
    table = ReportTable(1, form if is_known else None, origin)
    if missing:
        table.doubts.append(f"table 1: rows not found: {', '.join(missing)}")
    for row, name in zip(printed, names, strict=True):
        _take_row(table, row._replace(name=name), form)
    strangers = [row for row, name in zip(printed, names, strict=True) if name is None]
    if any(_places(row.label, form) and not _is_heading(row.label, form) for row in strangers):
        table.refuse("table 1: its rows are not in the order of the form")
    return table


@lru_cache(maxsize=64)  # the reports of a portal print the same rows
def _named_rows(printed: tuple[_Printed, ...]) -> tuple[Form, list[str | None], list[str]]:
    """The form that most rows are of, the name of each in it, and the form's rows that are not among them."""
    names = {form: _align(printed, form) for form in ANNEX_FORMS}
    missing = {form: _missing(names[form], form) for form in ANNEX_FORMS}
    form = max(ANNEX_FORMS, key=lambda form: (_count_named(names[form]), -len(missing[form])))
    return form, names[form], missing[form]


def _missing(names: list[str | None], form: Form) -> list[str]:
    """The rows that a form must have and that are not among these."""
    return [row.name for row in rows(form, 1) if row.name not in names and not row.optional]


def _count_named(names: list[str | None]) -> int:
    return len(names) - names.count(None)


def _take_row(table: ReportTable, row: TableRow, form: Form) -> None:
    """Add a row; one that the form does not have, or whose cells are lost, is a doubt where it may be one of the form's."""
    if row.name is None:
        if _is_heading(row.label, form) or not (row.has_figures or row.cells is None):
            return
        if table.doubts or not row.cells or table.origin in (Origin.PDF, Origin.IMAGE) or _places(row.label, form):
            table.doubts.append(f"table 1: not a row of the form, or not in its order: {row.label[:60]}")
        else:
            table.rows.append(row._replace(name=OTHER_ROW + normalised(row.label)))
    elif row.cells is None:
        table.doubts.append(f"table 1: the cells of {row.name} are lost, merged or shifted")
    else:
        table.rows.append(row)


def _align(printed: Iterable[_Printed], form: Form) -> list[str | None]:
    """Each row's name: that of the nearest following row of the form whose label it has."""
    order = rows(form, 1)
    place = 0
    names: list[str | None] = []
    for label, has_cells in printed:
        following = [at for at in _places(label, form) if at >= place]
        if not following or (not has_cells and _is_heading(label, form)):
            names.append(None)
            continue
        names.append(order[following[0]].name)
        place = following[0] + 1
    return names


@lru_cache(maxsize=2048)
def _places(label: str, form: Form) -> tuple[int, ...]:
    """The rows of the form, by their place, that have this label."""
    text = normalised(label)
    candidates = enumerate(rows(form, 1)) if text else ()
    return tuple(i for i, row in candidates if row.match.search(text) and len(text) <= 2 * len(row.label) + 4)


@lru_cache(maxsize=1024)
def _is_heading(label: str, form: Form) -> bool:
    return any(group.search(normalised(label)) for group in groups(form, 1))
