"""Tables as read → their statistics, each cell with its value and unit, and what of them is not sure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from archive.forms import ANNEX_FORMS, NATIONAL_FORMS, columns, rows
from archive.model import Statistic
from archive.vocabulary import Form
from pipelines.tables.annex import read_annex
from pipelines.tables.cell_value import read_value
from pipelines.tables.grid import Grid
from pipelines.tables.national import read_national_tables
from pipelines.tables.report_table import ReportTable


class TableFigures(NamedTuple):
    """The tables of a report, the statistics of those that may be used, and what is not sure."""

    tables: list[ReportTable]
    """With their forms and numbers; the texts in their cells may be those of another page (`layouts`)."""
    statistics: list[Statistic]
    doubts: list[str]


def figures_of_grids(grids: Sequence[Grid], report_year: int | None) -> TableFigures:
    """What the grids of one report hold: the annex first, then tables two, three and four."""
    return figures_of([*read_annex(grids, report_year), *read_national_tables(grids)])


def figures_of(tables: Iterable[ReportTable]) -> TableFigures:
    """What tables hold."""
    all_tables = list(tables)
    usable = [table for table in all_tables if not table.refused]
    doubts = [doubt for table in all_tables for doubt in table.doubts]
    doubts += [doubt for table in usable for doubt in _unreadable(table)]
    return TableFigures(all_tables, [one for table in usable for one in statistics_of(table)], doubts)


def statistics_of(table: ReportTable) -> list[Statistic]:
    """The cells of a table, each with its value and the unit that cell, header or form gives it."""
    table_no, origin = table.table_no, table.origin
    units = _units(table_no)
    statistics: list[Statistic] = []
    for row in table.rows:
        if row.name is None or row.cells is None:
            continue
        row_name, units_in_header, units_of_form = row.name, row.units, units.get((table.form, row.name), _NO_UNITS)
        for name, raw in row.cells.items():
            value, state, printed_unit, _ = read_value(raw)
            unit = printed_unit or units_in_header.get(name) or units_of_form.get(name)
            statistics.append(Statistic(table_no, row_name, name, value, unit, raw, state, origin))
    return statistics


_NO_UNITS: dict[str, str | None] = {}


@lru_cache(maxsize=8)
def _units(table_no: int) -> dict[tuple[Form | None, str], dict[str, str | None]]:
    """(form, row) → column → the unit that the form fixes; form None where the generations do not differ."""
    units: dict[tuple[Form | None, str], dict[str, str | None]] = {}
    for form in NATIONAL_FORMS if table_no > 1 else ANNEX_FORMS:
        for row in rows(form, table_no):
            of_row = {column.name: row.unit or column.unit for column in columns(form, table_no)}
            units[form, row.name] = of_row
            units[None, row.name] = units.get((None, row.name), {}) | of_row
    return units


def _unreadable(table: ReportTable) -> list[str]:
    """A doubt for each cell of a row of the form whose figures cannot be read as one number."""
    return [
        f"table {table.table_no}: {row.name}.{column} holds {raw[:40]!r}"
        for row in table.rows
        if row.name and row.cells
        for column, raw in row.cells.items()
        if not read_value(raw).sure
    ]
