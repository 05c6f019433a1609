"""Grids and prose of one report → its statistics, its form, and what was not sure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from archive.forms import ANNEX_FORMS, NATIONAL_FORMS, columns, normalised, rows
from archive.model import Problem, Statistic
from pipelines.statistics.prose import read_narrative
from pipelines.tables.annex import read_annex
from pipelines.tables.cell import read_value
from pipelines.tables.flattened import read_flat
from pipelines.tables.grid import Grid
from pipelines.tables.national import read_tables
from pipelines.tables.printed import Table

_SECTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        r"^总体情况$",
        r"^主动公开政府信息(?:的)?情况$",
        r"收到和处理政府信息公开申请",
        r"行政(?:法)?复议(?:和|及)?.{0,8}行政诉讼.{0,8}情况$",
        r"存在(?:的)?(?:主要)?问题及改进",
        r"其他需要报告的?事项",
    )
)
_NOTICES = (("cn-2021", re.compile(r"2021\D?30号")), ("cn-2019", re.compile(r"2019\D?60号")))


def read(
    grids: list[Grid], paragraphs: list[str], report_year: int | None, attached: Sequence[Table] = ()
) -> tuple[list[Statistic], str, list[Problem]]:
    """Every figure that is sure, the report's form, and a problem of kind `unsure` for each that is not.

    grids: the article's data tables in order. paragraphs: the article's paragraphs, one table row a paragraph. A table
    of which no grid was found is looked for in the paragraphs, where extractors leave it flattened. attached: tables of
    documents beside the page; they tell the form where the page has no table of that number.
    """
    tables = read_tables(grids)
    annex = read_annex(grids, report_year)
    seen = {table.table_no for table in [*tables, *annex]}
    tables += read_flat(paragraphs, seen, report_year)
    statistics = [statistic for table in [*annex, *tables] if not table.refused for statistic in statistics_of(table)]
    doubts = [doubt for table in [*annex, *tables] for doubt in table.doubts]
    doubts += [doubt for table in [*annex, *tables] if not table.refused for doubt in _unreadable(table)]
    own = {table.table_no for table in [*annex, *tables] if not table.refused}
    more = [table for table in attached if table.table_no not in own and not table.refused]
    statistics += [statistic for table in attached if not table.refused for statistic in statistics_of(table)]
    form = _form([*more, *annex, *tables], paragraphs, report_year)
    stated, contradictions = read_narrative(paragraphs, report_year, form)
    problems = [Problem(kind="unsure", message=message) for message in doubts + contradictions]
    return statistics + stated, form, problems


def statistics_of(table: Table) -> list[Statistic]:
    """The cells of a table, each with its value and the unit that cell, header or form gives it."""
    table_no, origin = table.table_no, table.origin
    units = _units(table_no)
    found: list[Statistic] = []
    for line in table.lines:
        if line.name is None or line.cells is None:
            continue
        row_name, in_header, of_form = line.name, line.units, units[table.form, line.name]
        for name, raw in line.cells.items():
            value, state, printed, _ = read_value(raw)
            found.append(
                Statistic(
                    table_no=table_no,
                    row_name=row_name,
                    column_name=name,
                    value=value,
                    unit=printed or in_header.get(name) or of_form[name],
                    raw=raw,
                    value_state=state,
                    origin=origin,
                )
            )
    return found


@lru_cache(maxsize=8)
def _units(table_no: int) -> dict[tuple[str | None, str], dict[str, str | None]]:
    """(form, row) → column → the unit that the form fixes; form None where the generations do not differ."""
    units: dict[tuple[str | None, str], dict[str, str | None]] = {}
    for form in NATIONAL_FORMS if table_no > 1 else ANNEX_FORMS:
        for row in rows(form, table_no):
            of_row = {column.name: row.unit or column.unit for column in columns(form, table_no)}
            units[form, row.name] = of_row
            units[None, row.name] = units.get((None, row.name), {}) | of_row
    return units


def _unreadable(table: Table) -> list[str]:
    return [
        f"table {table.table_no}: {line.name}.{name} holds {raw[:40]!r}"
        for line in table.lines
        if line.name and line.cells
        for name, raw in line.cells.items()
        if not read_value(raw).sure
    ]


def _form(tables: list[Table], paragraphs: list[str], report_year: int | None) -> str:
    """The form of the tables; where two and three are of two generations, the one in force in the report's year.

    Without a table: six fixed sections are a national form, and the year or the notice that the report cites says which.
    """
    national = {table.table_no: table.form for table in tables if table.form in NATIONAL_FORMS}
    forms = set(national.values())
    in_force = None if report_year is None or report_year < 2019 else "cn-2019" if report_year < 2021 else "cn-2021"
    if forms:
        if len(forms) == 1:
            return str(forms.pop())
        return in_force or str(national.get(2) or national[3])
    annex = next((table.form for table in tables if table.table_no == 1), None)
    if annex:
        return annex
    headings = {normalised(text) for text in paragraphs if len(text) < 40}
    sections = sum(any(pattern.search(heading) for heading in headings) for pattern in _SECTIONS)
    if sections >= 4 or any(table.table_no in (3, 4) for table in tables):
        if in_force or report_year is not None:
            return in_force or "narrative"
        return next(
            (form for form, notice in _NOTICES if any(notice.search(_plain(text)) for text in paragraphs)), "narrative"
        )
    return "narrative"


@lru_cache(maxsize=64)
def _plain(text: str) -> str:
    return re.sub(r"\s", "", text)
