"""What a report's figures are: tables and prose of one report → its statistics, its form, and what was not sure.

Here belongs what turns cells and sentences into figures and judges them: `report_form` (which form), `prose` with
`prose_patterns` (figures in sentences), `checks` (the identities), `provenance` (the same table in the page and in
documents beside it). May import archive.model, archive.vocabulary, archive.forms, pipelines.tables and
pipelines.documents. Next: `pipelines.ingest` stores what `pipelines.read` makes of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from archive.forms import ANNEX_FORMS, NATIONAL_FORMS, columns, rows
from archive.model import Problem, Statistic
from archive.vocabulary import Form, ProblemKind
from pipelines.statistics.prose import read_prose
from pipelines.statistics.report_form import form_of
from pipelines.tables.annex import read_annex
from pipelines.tables.cell_value import read_value
from pipelines.tables.flattened import read_flattened
from pipelines.tables.grid import Grid
from pipelines.tables.national import read_national_tables
from pipelines.tables.report_table import ReportTable


def read(
    grids: list[Grid],
    paragraphs: list[str],
    report_year: int | None,
    attached: Sequence[ReportTable] = (),
    *,
    is_text_of_document: bool = False,
) -> tuple[list[Statistic], Form, list[Problem]]:
    """Every figure that is sure, the report's form, and a problem of kind `unsure` for each that is not.

    grids: the article's data tables in order. paragraphs: the article's paragraphs, one table row per paragraph. A table
    of which no grid was found is looked for in the paragraphs, where extractors leave it flattened, unless they are the
    text of a document, whose tables are all in `attached`. attached: tables of documents beside the page; they decide the
    form where the page has no table of that number.
    """
    tables = _read_tables(grids, [] if is_text_of_document else paragraphs, report_year)
    usable, attached_usable = _usable(tables), _usable(attached)
    own = {table.table_no for table in usable}
    others = [table for table in attached_usable if table.table_no not in own]
    form = form_of([*others, *tables], paragraphs, report_year)
    statistics = [statistic for table in [*usable, *attached_usable] for statistic in statistics_of(table)]
    in_prose, contradictions = read_prose(paragraphs, report_year, form)
    doubts = [doubt for table in tables for doubt in table.doubts]
    doubts += [doubt for table in usable for doubt in _unreadable(table)]
    problems = [Problem(kind=ProblemKind.UNSURE, message=message) for message in doubts + contradictions]
    return statistics + in_prose, form, problems


def _read_tables(grids: list[Grid], paragraphs: list[str], report_year: int | None) -> list[ReportTable]:
    """The annex first, then tables two, three and four."""
    annex, national = read_annex(grids, report_year), read_national_tables(grids)
    seen = {table.table_no for table in [*national, *annex]}
    return [*annex, *national, *read_flattened(paragraphs, seen, report_year)]


def _usable(tables: Iterable[ReportTable]) -> list[ReportTable]:
    return [table for table in tables if not table.refused]


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
