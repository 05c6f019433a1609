"""Table two of the national forms: blocks of a header row and its data rows. See docs/form.md, Tables by form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from archive.forms import NATIONAL_FORMS, columns, normalised, rows, without_blanks
from archive.forms.names import ABOLISHED, AMOUNT, DECISIONS, IN_FORCE, ISSUED
from archive.vocabulary import Form, Origin, ValueState
from pipelines.tables import three
from pipelines.tables.cell_value import read_value
from pipelines.tables.grid import Cell, Grid
from pipelines.tables.report_table import FoundRow, ReportTable, TableRow, compare_with_form, is_added

_UNIT = re.compile(r"亿元|万元|千元|元")
_ONLY_2021 = {ISSUED, ABOLISHED, IN_FORCE}
_FEWEST_ROWS = 3
_BLANK = ValueState.BLANK


class _Header(NamedTuple):
    """A header row: its cells that name a column of the form."""

    cells: list[Cell]
    columns: list[str]
    units: dict[str, str]
    form: Form
    end: int
    """The slot where the row ends; a data row that reaches beyond it is shifted."""


def find_rows(grids: Iterable[Grid]) -> Iterator[FoundRow]:
    """The data rows under headers of table two; a row with figures and an unknown label has no name."""
    for grid in grids:
        header: _Header | None = None
        for printed in grid.rows:
            if not printed:
                continue
            row = _without_left_margin(printed)
            if (found := _header(row)) is not None:
                header = found
            elif header is None:
                continue
            elif name := _row_name(row[0].text):
                yield FoundRow(_named_row(row, name, header), header.form, grid.origin)
            elif _has_label_and_figures(row):
                if any(three.row_name((cell.text,)) for cell in row):
                    header = None
                else:
                    yield FoundRow(_named_row(row, None, header), header.form, grid.origin)
            elif len(row) > 4 or three.is_header(row):
                header = None


def _without_left_margin(row: list[Cell]) -> list[Cell]:
    """The row from its label on: an empty column, or the article of the law, may stand left of it."""
    return row[1:] if len(row) > 1 and _row_name(row[1].text) and not _row_name(row[0].text) else row


def _header(row: list[Cell]) -> _Header | None:
    """The row as a header; None where no cell after the first names a column of table two."""
    named = [(cell, name) for cell in row[1:] if (name := _column_name(cell.text))]
    if not named:
        return None
    cells, columns = [cell for cell, _ in named], [name for _, name in named]
    units = {name: unit for cell, name in named if (unit := _printed_unit(cell.text))}
    return _Header(cells, columns, units, _form_of(set(columns), cells[-1].text), row[-1].end)


def _has_label_and_figures(row: list[Cell]) -> bool:
    return (
        len(row) > 1
        and bool(normalised(row[0].text))
        and any(read_value(cell.text).value is not None for cell in row[1:])
    )


def _named_row(row: list[Cell], name: str | None, header: _Header) -> TableRow:
    texts = _texts_under(row, header)
    cells = dict(zip(header.columns, texts, strict=True)) if texts else None
    return TableRow(row[0].text, name, cells, header.units)


def _texts_under(row: list[Cell], header: _Header) -> list[str] | None:
    """The row's texts under the header's cells: by their slots, failing that by their number; None where neither is clear."""
    if row[-1].end > header.end:
        return None
    texts: list[str] = []
    for head in header.cells:
        text = _text_under(row, head)
        if text is None:
            return _texts_by_count(row, header)
        texts.append(text)
    return texts


def _text_under(row: list[Cell], head: Cell) -> str | None:
    """What stands under one header cell; None where cells there are merged, shifted, or more than one is filled."""
    below = [cell for cell in row[1:] if head.start <= cell.start < head.end]
    if (
        not below
        or not all(cell.starts_here for cell in below)
        or below[0].start != head.start
        or below[-1].end > head.end
    ):
        return None
    filled = [cell.text for cell in below if read_value(cell.text).state != _BLANK]
    if len(filled) > 1:
        return None
    return filled[0] if filled else below[0].text


def _texts_by_count(row: list[Cell], header: _Header) -> list[str] | None:
    values = row[1:]
    if len(values) == len(header.cells) and all(cell.starts_here for cell in values):
        return [cell.text for cell in values]
    return None


@lru_cache(maxsize=2048)
def _row_name(label: str) -> str | None:
    text = normalised(label)
    names = {row.name for form in NATIONAL_FORMS for row in rows(form, 2) if row.match.search(text)}
    return names.pop() if len(names) == 1 else None


@lru_cache(maxsize=2048)
def _column_name(label: str) -> str | None:
    text = normalised(label)
    names = {column.name for form in NATIONAL_FORMS for column in columns(form, 2) if column.match.search(text)}
    return names.pop() if len(names) == 1 else None


@lru_cache(maxsize=2048)
def _printed_unit(label: str) -> str | None:
    unit = _UNIT.search(without_blanks(label))
    return unit.group() if unit else None


def _form_of(column_names: set[str], last_label: str) -> Form:
    """The form that prints a header of these columns; amounts are of fees (2021) or of procurement (2019)."""
    if column_names & _ONLY_2021 or column_names == {DECISIONS}:
        return Form.NATIONAL_2021
    if column_names == {AMOUNT} and "收费" in normalised(last_label):
        return Form.NATIONAL_2021
    return Form.NATIONAL_2019


def build_table(rows_found: list[TableRow], form: Form | None, origin: Origin) -> ReportTable | None:
    """Rows in printed order → table two; None where they are too few to be one."""
    if len({row.name for row in rows_found if row.name}) < _FEWEST_ROWS:
        return None
    table = ReportTable(2, form, origin, rows_found)
    if form is None:
        table.refuse("table 2 mixes headers of the 2019 and the 2021 form")
        return table
    compare_with_form(table, [row.name for row in rows(form, 2)])
    allowed = {row.name: row.columns for row in rows(form, 2)}
    for index, row in enumerate(table.rows):
        if (
            row.name
            and not is_added(row.name)
            and row.cells is not None
            and not set(row.cells) <= set(allowed.get(row.name, ()))
        ):
            table.doubts.append(f"table 2: {row.label} stands under the header of another row")
            table.rows[index] = row._replace(cells=None)
    return table
