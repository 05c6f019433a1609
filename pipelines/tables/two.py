"""Table two of the national forms: blocks of a header row and its data rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from archive.forms import NATIONAL_FORMS, columns, normalised, rows, without_blanks
from pipelines.tables.cell import read_value
from pipelines.tables.grid import Segment
from pipelines.tables.printed import Line, Printed, Sheet, Table, judge
from pipelines.tables.three import is_header_of_three, row_three

_UNIT = re.compile(r"亿元|万元|千元|元")


def lines_two(sheets: list[Sheet]) -> Iterator[Printed]:
    for grid, sheet in sheets:
        header: list[tuple[Segment, str, str | None]] = []
        form: str | None = None
        end = 0
        for row in sheet:
            if not row:
                continue
            if len(row) > 1 and _row_two(row[1].text) and not _row_two(row[0].text):
                row = row[1:]  # an empty column, or the article of the law, stands left of the labels
            named = [(segment, name) for segment in row[1:] if (name := _column_two(segment.text))]
            if named:
                header = [(segment, name, _printed_unit(segment.text)) for segment, name in named]
                end = row[-1].end
                form = _form_two({name for _, name in named}, named[-1][0].text)
            elif header and form and (name := _row_two(row[0].text)):
                cells = _cells_under(row, [segment for segment, _, _ in header], end)
                texts = dict(zip((name for _, name, _ in header), cells, strict=True)) if cells else None
                units = {column: unit for _, column, unit in header if unit}
                yield Line(row[0].text, name, texts, units), form, grid.origin
            elif (
                header
                and len(row) > 1
                and normalised(row[0].text)
                and any(read_value(segment.text).value is not None for segment in row[1:])
            ):
                if _looks_like_three(row):
                    header = []
                else:
                    yield Line(row[0].text, None, None), form, grid.origin
            elif len(row) > 4 or is_header_of_three(row):
                header = []


def _cells_under(row: list[Segment], header: list[Segment], end: int) -> list[str] | None:
    """The row's cells under a header, by their slots; failing that by their number; None where neither is clear.

    A row that reaches beyond the header row's `end` is shifted.
    """
    if row[-1].end > end:
        return None
    texts: list[str] = []
    for head in header:
        below = [segment for segment in row[1:] if head.start <= segment.start < head.end]
        if (
            not below
            or not all(segment.fresh for segment in below)
            or below[0].start != head.start
            or below[-1].end > head.end
        ):
            break
        filled = [segment.text for segment in below if read_value(segment.text).state != "blank"]
        if len(filled) > 1:
            break
        texts.append(filled[0] if filled else below[0].text)
    else:
        return texts
    values = row[1:]
    if len(values) == len(header) and all(segment.fresh for segment in values):
        return [segment.text for segment in values]
    return None


@lru_cache(maxsize=2048)
def _row_two(label: str) -> str | None:
    text = normalised(label)
    names = {row.name for form in NATIONAL_FORMS for row in rows(form, 2) if row.match.search(text)}
    return names.pop() if len(names) == 1 else None


@lru_cache(maxsize=2048)
def _column_two(label: str) -> str | None:
    text = normalised(label)
    names = {column.name for form in NATIONAL_FORMS for column in columns(form, 2) if column.match.search(text)}
    return names.pop() if len(names) == 1 else None


@lru_cache(maxsize=2048)
def _printed_unit(label: str) -> str | None:
    found = _UNIT.search(without_blanks(label))
    return found.group() if found else None


def _form_two(names: set[str], last_label: str) -> str:
    if names & {"issued", "abolished", "in_force"} or names == {"decisions"}:
        return "cn-2021"
    if names == {"amount"} and "收费" in normalised(last_label):
        return "cn-2021"
    return "cn-2019"


def settle_two(lines: list[Line], form: str | None, origin: str) -> Table | None:
    if len({line.name for line in lines if line.name}) < 3:
        return None
    table = Table(2, form, origin, lines)
    if form is None:
        table.refused = True
        table.doubts.append("table 2 mixes headers of the 2019 and the 2021 form")
        return table
    judge(table, [row.name for row in rows(form, 2)])
    allowed = {row.name: row.columns for row in rows(form, 2)}
    for line in lines:
        if line.name and line.cells is not None and not set(line.cells) <= set(allowed.get(line.name, ())):
            table.doubts.append(f"table 2: {line.label} stands under the header of another row")
            lines[lines.index(line)] = line._replace(cells=None)
    return table


def _looks_like_three(row: list[Segment]) -> bool:
    return any(row_three((segment.text,)) for segment in row)
