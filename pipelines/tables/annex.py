"""The annex before 2019 (table one): 统计表 of indicators, national (2014), Fujian or Dingxi, one indicator a row.

Labels repeat under different headings (其他情形数 of reviews, and of suits), so rows are aligned to the form's printed
order. 历年累计 is stored as printed: it is not always a running sum.
"""

from __future__ import annotations

import re
from functools import lru_cache

from archive.forms import ANNEX_FORMS, columns, groups, normalised, rows, without_blanks
from pipelines.tables.cell import read_value
from pipelines.tables.grid import Grid, Segment
from pipelines.tables.printed import Line, Table, is_part_of_a_year

_INDICATOR = re.compile(r"指标|统计内容|统计项目")
_UNIT = re.compile(r"^(?:计量|统计)?单位$")
_YEAR = re.compile(r"(20\d\d)年")
_CODE = re.compile(r"^代码$|^编号$|^序号$")
_LEAST = 5


def read_annex(grids: list[Grid], report_year: int | None) -> list[Table]:
    """At most one table of an annex form."""
    found = [table for grid in grids if (table := _read(grid, report_year))]
    if len(found) > 1:
        contents = {tuple((line.name, tuple((line.cells or {}).values())) for line in table.lines) for table in found}
        if len(contents) > 1:
            found[0].refused = True
            found[0].doubts.append(f"table 1 is printed {len(found)} times with different figures")
    return found[:1]


def _read(grid: Grid, report_year: int | None) -> Table | None:
    if not any("指" in cell.text or "统计" in cell.text for line in grid.lines[:6] for cell in line):
        return None
    sheet = grid.lines
    for index, row in enumerate(sheet[:6]):
        texts = [normalised(segment.text) for segment in row]
        label = next((i for i, text in enumerate(texts) if _INDICATOR.search(text)), None)
        if label is None:
            continue
        figures = _figure_columns(row, report_year)
        unit = next((segment for segment, text in zip(row, texts, strict=True) if _UNIT.search(text)), None)
        body = [line for line in map(_indicator, sheet[index + 1 :]) if line]
        printed = [_line(line, row[label], unit, figures or {}) for line in body]
        table = settle_annex([line for line in printed if line], grid.origin)
        if table is None:
            return None
        if is_part_of_a_year(grid):
            return None
        if figures is None:
            table.refused = True
            table.doubts.append("table 1: which column holds the report's year is not clear")
        return table
    return None


def _indicator(row: list[Segment]) -> list[Segment] | None:
    """A row with a label; the row of column signs 甲 乙 丙 1 2 under the header has none."""
    return row if len(row) >= 2 and any(len(normalised(segment.text)) > 1 for segment in row) else None


def _figure_columns(header: list[Segment], report_year: int | None) -> dict[str, Segment] | None:
    """Which header cells hold the year's figure and the sum; None where the year is not the report's, or not one."""
    found: dict[str, Segment] = {}
    for segment in header:
        text = normalised(segment.text)
        if _INDICATOR.search(text) or _UNIT.search(text) or _CODE.search(text):
            continue
        year = _YEAR.search(without_blanks(segment.text))
        if year and report_year is not None and int(year.group(1)) != report_year:
            continue
        for name in ("cumulative", "year_value"):
            if any(c.name == name and c.match.search(text) for form in ANNEX_FORMS for c in columns(form, 1)):
                if name in found:
                    return None
                found[name] = segment
                break
    return found if "year_value" in found else None


def _line(row: list[Segment], label: Segment, unit: Segment | None, figures: dict[str, Segment]) -> Line | None:
    below = {segment.start: segment for segment in row}
    end = unit.start if unit else label.end
    labels = [segment.text for segment in row if segment.start < end and segment.end <= end]
    if not labels and label.start not in below:
        return None
    text = labels[-1] if labels else below[label.start].text
    if unit and unit.start not in below:  # a heading over the whole width
        return Line(text, None, {}) if normalised(text) else None
    cells: dict[str, str] | None = {}
    for name, head in figures.items():
        cell = below.get(head.start)
        if cells is None or cell is None or not cell.fresh or cell.end != head.end:
            cells = None
            break
        cells[name] = cell.text
    printed = without_blanks(below[unit.start].text) if unit else ""
    units = dict.fromkeys(figures, printed) if 0 < len(printed) < 4 and printed.isalpha() else {}
    return Line(text, None, cells, units)


def settle_annex(lines: list[Line], origin: str) -> Table | None:
    """Indicator lines in printed order → the annex of the form that most of their labels are of."""
    aligned = {form: _align(lines, form) for form in ANNEX_FORMS}
    hits = {form: len(names) - names.count(None) for form, names in aligned.items()}
    form = max(hits, key=lambda form: hits[form])
    if hits[form] < max(_LEAST, 0.5 * len(lines)):
        return None
    named = [Line(line.label, name, line.cells, line.units) for line, name in zip(lines, aligned[form], strict=True)]
    table = Table(1, form, origin)
    printed = {line.name for line in named}
    missing = [row.name for row in rows(form, 1) if row.name not in printed and not row.optional]
    if missing:
        table.doubts.append(f"table 1: rows not found: {', '.join(missing)}")
    for line in named:
        figures = [text for text in (line.cells or {}).values() if read_value(text).value is not None]
        if line.name is None:
            if (figures or line.cells is None) and not _is_heading(line.label, form):
                table.doubts.append(f"table 1: not a row of the form, or not in its order: {line.label[:60]}")
        elif line.cells is None:
            table.doubts.append(f"table 1: the cells of {line.name} are lost, merged or shifted")
        else:
            table.lines.append(line)
    if any(_places(line.label, form) for line in named if line.name is None and not _is_heading(line.label, form)):
        table.refused = True
        table.doubts.append("table 1: its rows are not in the order of the form")
    return table


def _align(lines: list[Line], form: str) -> list[str | None]:
    """Each line's name: that of the nearest following row of the form whose label it has."""
    order = rows(form, 1)
    place = 0
    names: list[str | None] = []
    for line in lines:
        following = [at for at in _places(line.label, form) if at >= place]
        if not following or (not line.cells and _is_heading(line.label, form)):
            names.append(None)
            continue
        names.append(order[following[0]].name)
        place = following[0] + 1
    return names


@lru_cache(maxsize=2048)
def _places(label: str, form: str) -> tuple[int, ...]:
    """The rows of the form, by their place, that have this label."""
    text = normalised(label)
    found = enumerate(rows(form, 1)) if text else ()
    return tuple(i for i, row in found if row.match.search(text) and len(text) <= 2 * len(row.label) + 4)


@lru_cache(maxsize=1024)
def _is_heading(label: str, form: str) -> bool:
    return any(group.search(normalised(label)) for group in groups(form, 1))
