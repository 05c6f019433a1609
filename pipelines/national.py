"""Tables two, three and four of the national forms (cn-2019, cn-2021), read from grids.

A row is known by its label, a column by its header; the form's fixed order and its exact row set are what tells a
swapped, lost or shifted row from a good one, because sums alone do not (an all-zero row can vanish unseen). The
generation is decided for each table by the labels it prints: 2021 tables two over 2019 tables three are common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from pipelines.labels import NATIONAL_FORMS, Row, columns, core, ordinal, rows, squeeze
from pipelines.tables import MISSING, Cell, Grid
from pipelines.values import read_value

PART_OF_A_YEAR = re.compile(r"[上下]半年|[一二三四1-4]季度|\d{1,2}月?[-—–至~]\d{1,2}月(?!\d{1,2}日)")
"""A table headed so is a look-alike: statistics of less than a year."""

T3_ROWS: tuple[Row, ...] = tuple(
    row
    for new in rows("cn-2021", 3)
    for row in ([old for old in rows("cn-2019", 3) if old.code == "3.6"] if new.code == "3.6.1" else []) + [new]
)
"""Table three of both forms in one order: 其他处理 is one row (3.6) in 2019, three (3.6.1-3.6.3) since 2021."""
_T3_INDEX = {row.name: index for index, row in enumerate(T3_ROWS)}
_T3_COLUMNS = columns("cn-2021", 3)
_T3_LEAST = 12
_T2_ORDER = ("regulations", "normative_documents", "administrative_licensing", "other_public_services")
_T2_ORDER += ("administrative_penalty", "administrative_coercion", "administrative_fees", "centralized_procurement")
_FIRST_ROWS = frozenset(("regulations", "normative_documents", "new_received"))
_BLOCKS = ("review", "suit_direct", "suit_after_review")
_RESULTS = ("maintained", "corrected", "other", "pending", "total")
_UNIT = re.compile(r"亿元|万元|千元|元")
_MARKS = {
    2: re.compile(r"新制作|新公开|项目数|处理决定|制发件|废止件|有效件|收费金额|采购"),
    3: re.compile(r"科研机构|商业企业|年度?新收|结转|国家秘密|出版物|总计"),
    4: re.compile(r"审结|结果维持"),
}
"""Words without which a grid holds nothing of a table."""


class Segment(NamedTuple):
    """A cell as it stands in one row: its slots [start, end), and whether it begins in this row."""

    start: int
    end: int
    text: str
    fresh: bool


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


def segments(row: list[Cell]) -> list[Segment]:
    """The cells of a dense row, left to right; slots where the row ends early are left out.

    Text is cut at 500 characters: what is longer is prose, neither label nor figure, and must not fill the caches.
    """
    found: list[Segment] = []
    start, first = 0, MISSING
    for index, cell in enumerate(row):
        if cell.cell_id != first.cell_id:
            if first.cell_id >= 0:
                found.append(Segment(start, index, first.text[:500], first.anchor))
            start, first = index, cell
    if first.cell_id >= 0:
        found.append(Segment(start, len(row), first.text[:500], first.anchor))
    return found


def read_tables(grids: Iterable[Grid]) -> list[Table]:
    """At most one table two, three and four; a table printed twice alike counts once, twice unlike is refused."""
    sheets: dict[int, list[Sheet]] = {2: [], 3: [], 4: []}
    for grid in grids:
        text = "".join("".join([cell.text for row in grid.rows for cell in row if cell.anchor]).split())
        numbers = [number for number, marks in _MARKS.items() if marks.search(text)]
        if numbers and not is_part_of_a_year(grid):
            sheet = [segments(row) for row in grid.rows]
            for number in numbers:
                sheets[number].append((grid, sheet))
    two = [_settle_two(lines, form, origin) for lines, form, origin in _gather(_lines_two(sheets[2]))]
    three = [settle_three(lines, origin) for lines, _, origin in _gather(_lines_three(sheets[3]))]
    found = (*_only(two), *_only(three), *_only(_tables_four(sheets[4])))
    return list(found)


Sheet = tuple[Grid, list[list[Segment]]]
Printed = tuple[Line, str | None, str]


def is_part_of_a_year(grid: Grid) -> bool:
    """Whether a heading says half a year, a quarter or some months: no table of an annual report is that."""
    return any(PART_OF_A_YEAR.search(core(cell.text)) for row in grid.rows[:2] for cell in row if cell.anchor)


def _gather(printed: Iterable[Printed]) -> Iterator[tuple[list[Line], str | None, str]]:
    """Lines → tables: the form's first row, met again, begins another one; a table over two pages goes on."""
    lines: list[Line] = []
    seen: set[str] = set()
    forms: set[str | None] = set()
    origin = "html"
    for line, form, where in printed:
        begins = line.name in seen and line.name in _FIRST_ROWS
        if begins and lines:
            yield lines, _one(forms), origin
            lines, seen, forms = [], set(), set()
        lines.append(line)
        seen.add(line.name or "")
        forms.add(form)
        origin = where
    if lines:
        yield lines, _one(forms), origin


def _one(forms: set[str | None]) -> str | None:
    return next(iter(forms)) if len(forms) == 1 else None


def _only(found: Sequence[Table | None]) -> list[Table]:
    """The one table that tables of one number stand for."""
    tables = [table for table in found if table is not None]
    if len(tables) < 2:
        return tables
    by_content = {tuple((line.name, tuple((line.cells or {}).values())) for line in table.lines): table for table in tables}
    filled = [table for table in by_content.values() if table.refused or _has_figures(table)] or tables[:1]
    if len(filled) > 1:
        filled[0].refused = True
        filled[0].doubts.append(f"table {filled[0].table_no} is printed {len(filled)} times with different figures")
    return filled[:1]


def _has_figures(table: Table) -> bool:
    return any(read_value(text).value is not None for line in table.lines for text in (line.cells or {}).values())


# Table two: blocks of a header row and its data rows


def _lines_two(sheets: list[Sheet]) -> Iterator[Printed]:
    for grid, sheet in sheets:
        header: list[tuple[Segment, str, str | None]] = []
        form: str | None = None
        end = 0
        for row in sheet:
            if not row:
                continue
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
            elif header and len(row) > 1 and core(row[0].text) and any(read_value(segment.text).value is not None for segment in row[1:]):
                if _looks_like_three(row):
                    header = []
                else:
                    yield Line(row[0].text, None, None), form, grid.origin
            elif len(row) > 4 or _is_header_of_three(row):
                header = []


def _looks_like_three(row: list[Segment]) -> bool:
    return any(_row_three((segment.text,)) for segment in row)


def _cells_under(row: list[Segment], header: list[Segment], end: int) -> list[str] | None:
    """The row's cells under a header, by their slots; failing that by their number; None where neither is clear.

    A row that reaches beyond the header row's `end` is shifted.
    """
    if row[-1].end > end:
        return None
    texts: list[str] = []
    for head in header:
        below = [segment for segment in row[1:] if head.start <= segment.start < head.end]
        if not below or not all(segment.fresh for segment in below) or below[0].start != head.start or below[-1].end > head.end:
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
    text = core(label)
    names = {row.name for form in NATIONAL_FORMS for row in rows(form, 2) if row.match.search(text)}
    return names.pop() if len(names) == 1 else None


@lru_cache(maxsize=2048)
def _column_two(label: str) -> str | None:
    text = core(label)
    names = {column.name for form in NATIONAL_FORMS for column in columns(form, 2) if column.match.search(text)}
    return names.pop() if len(names) == 1 else None


def _printed_unit(label: str) -> str | None:
    found = _UNIT.search(squeeze(label))
    return found.group() if found else None


def _form_two(names: set[str], last_label: str) -> str:
    if names & {"issued", "abolished", "in_force"} or names == {"decisions"}:
        return "cn-2021"
    if names == {"amount"} and "收费" in core(last_label):
        return "cn-2021"
    return "cn-2019"


def _settle_two(lines: list[Line], form: str | None, origin: str) -> Table | None:
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


# Table three: one line a row, seven figures


def _is_header_of_three(row: list[Segment]) -> bool:
    return _header_three(row) is not None


def _header_three(row: list[Segment]) -> tuple[Segment, ...] | None:
    """The columns 自然人 … 总计 of a header row, and what stands right of them; empty where they are not in order."""
    if len(row) < 5:
        return None
    names = [_column_three(segment.text) for segment in row]
    if "commercial_enterprise" not in names or "research_institution" not in names:
        return None
    expected = [column.name for column in _T3_COLUMNS]
    for start in range(len(row) - len(expected) + 1):
        window = names[start : start + len(expected)]
        right = [name for name, wanted in zip(window, expected, strict=True) if name == wanted]
        if len(right) >= 5 and all(name in (None, wanted) for name, wanted in zip(window, expected, strict=True)):
            return tuple(row[start:])
    return ()


@lru_cache(maxsize=2048)
def _column_three(label: str) -> str | None:
    text = core(label)
    if len(text) > 20:
        return None
    return next((column.name for column in _T3_COLUMNS if column.match.search(text)), None)


def _lines_three(sheets: list[Sheet]) -> Iterator[Printed]:
    begun = False
    for grid, sheet in sheets:
        header: tuple[Segment, ...] | None = None
        for row in sheet:
            if (found := _header_three(row)) is not None:
                header, begun = found, True
                if not header:
                    yield Line("", None, None), None, grid.origin
            elif row and core(row[0].text) == "行政复议":  # table four begins in the same HTML table
                begun = False
            elif begun and (line := _line_three(row, header)):
                yield line, None, grid.origin


def _line_three(row: list[Segment], header: tuple[Segment, ...] | None) -> Line | None:
    if header:
        starts = {segment.start for segment in header[:7]}
        values = [segment for segment in row if segment.start in starts]
        labels = [segment for segment in row if segment.end <= header[0].start]
        name = _row_three(_texts(labels))
        if name and len(values) == 7 and len(labels) + 7 <= len(row):
            shifted = row[-1].end > header[-1].end
            return Line(labels[-1].text, name, None if shifted else _cells_three(values))
    last = next((i for i in range(len(row) - 1, -1, -1) if _row_three(_texts(row[: i + 1]))), None)
    if last is not None:
        values = row[last + 1 :]
        return Line(row[last].text, _row_three(_texts(row[: last + 1])), _cells_three(values))
    if header is None or len(row) < 7 or not any(read_value(segment.text).value is not None for segment in row[1:]):
        return None
    label = next((segment.text for segment in row[-8::-1] if core(segment.text)), row[0].text)
    return Line(label, None, _cells_three(row[-7:]))


def _texts(labels: list[Segment]) -> tuple[str, ...]:
    return tuple(segment.text for segment in labels)


def _cells_three(values: list[Segment]) -> dict[str, str] | None:
    """Seven cells of their own; one merged cell may stand for them all only where it holds no figure."""
    if len(values) != 7 or not all(segment.fresh for segment in values):
        return None
    if any(_row_three((segment.text,)) for segment in values):
        return None
    return {column.name: segment.text for column, segment in zip(_T3_COLUMNS, values, strict=True)}


@lru_cache(maxsize=4096)
def _row_three(labels: tuple[str, ...]) -> str | None:
    """The row that a row's label cells name, outermost first: 其他 and 总计 mean something only in their group."""
    if not labels:
        return None
    text, prefix = core(labels[-1]), ordinal(labels[-1])
    if not text:
        return None
    if text in ("其他", "其他处理", "其他处理情形", "其它", "其它处理"):
        if "六" in prefix or "处理" in text:
            return "other_handling"
        inside = any("其他处理" in core(label) or "六" in ordinal(label) for label in labels[:-1])
        return "other_other" if inside or prefix.startswith("3") else "other_handling"
    if text in ("总计", "合计"):
        inside = any("办理结果" in core(label) for label in labels[:-1])
        return "processed_total" if inside or "七" in prefix else None
    names = [row.name for row in T3_ROWS if row.name not in ("other_handling", "other_other") and row.match.search(text)]
    return names[0] if len(names) == 1 else None


def settle_three(lines: list[Line], origin: str) -> Table | None:
    """Lines of table three in printed order → the table, refused where their order is not the form's."""
    broken_header = any(not line.label and line.name is None and line.cells is None for line in lines)
    lines = [line for line in lines if line.label]
    lines = _name_by_place(lines)
    names = {line.name for line in lines if line.name}
    if len(names) < _T3_LEAST:
        if len(names) < 3:
            return None
        return Table(3, None, origin, lines, [f"table 3 has only {len(names)} of its rows"], refused=True)
    split = {"other_correction_overdue", "other_fee_unpaid", "other_other"} & names
    form = None
    if bool(split) != ("other_handling" in names):
        form = "cn-2021" if split else "cn-2019"
    table = Table(3, form, origin, lines)
    if broken_header:
        table.refused = True
        table.doubts.append("table 3: the applicant columns are not those of the form, in its order")
    if split and "other_handling" in names:
        table.refused = True
        table.doubts.append("table 3 prints 其他处理 both as one row and as three")
    judge(table, [row.name for row in rows(form or "cn-2021", 3)])
    return table


def _name_by_place(lines: list[Line]) -> list[Line]:
    """Name a row whose label lost characters: alone between two named neighbours, with one row of the form between them."""
    for index, line in enumerate(lines):
        if line.name is not None or line.cells is None or not 0 < index < len(lines) - 1:
            continue
        before, after = lines[index - 1].name, lines[index + 1].name
        if before is None or after is None:
            continue
        between = [row for row in T3_ROWS[_T3_INDEX[before] + 1 : _T3_INDEX[after]] if row.name != "other_handling"]
        if len(between) == 1 and SequenceMatcher(None, core(line.label), between[0].core).ratio() >= 0.6:
            lines[index] = line._replace(name=between[0].name)
    return lines


def judge(table: Table, expected: list[str]) -> None:
    """Compare the printed rows with the form's: their order refuses the table, a lost or strange row is a doubt."""
    names = [line.name for line in table.lines if line.name]
    places = [expected.index(name) for name in names if name in expected]
    if any(later <= earlier for earlier, later in zip(places, places[1:], strict=False)) or len(places) < len(names):
        table.refused = True
        table.doubts.append(f"table {table.table_no}: its rows are not in the order of the form")
    if missing := [name for name in expected if name not in names]:
        table.doubts.append(f"table {table.table_no}: rows not found: {', '.join(missing)}")
    for line in table.lines:
        if line.name is None:
            table.doubts.append(f"table {table.table_no}: not a row of the form: {line.label[:60]}")
        elif line.cells is None:
            table.doubts.append(f"table {table.table_no}: the figures of {line.name} cannot be told apart")


# Table four: three blocks of five figures in one row


def _tables_four(sheets: list[Sheet]) -> list[Table]:
    found: list[Table] = []
    blocks: dict[str, str] = {}
    doubts: list[str] = []
    origin = "html"
    for grid, sheet in sheets:
        for index, row in enumerate(sheet):
            heads = _blocks_four(sheet, index)
            if not heads:
                continue
            origin = grid.origin
            printed = [line for line in _rows_below(sheet, index) if any(read_value(s.text).state != "blank" for s in line)]
            if not printed:
                printed = [line for line in _rows_below(sheet, index) if len(line) >= 5][:1]
            if len(printed) != 1:
                doubts.append(f"table 4 has {len(printed)} rows of figures")
                continue
            cells = _cells_four(printed[0], heads) if printed[0][-1].end <= sheet[index][-1].end else None
            if cells is None:
                doubts.append("table 4: its cells do not stand under their headers")
                continue
            if blocks.keys() & cells.keys():
                found.append(_settle_four(blocks, doubts, origin))
                blocks, doubts = {}, []
            blocks |= cells
    if blocks or doubts:
        found.append(_settle_four(blocks, doubts, origin))
    return found


def _settle_four(cells: dict[str, str], doubts: list[str], origin: str) -> Table:
    table = Table(4, None, origin, [Line("", "cases", cells)], doubts)
    if missing := [block for block in _BLOCKS if f"{block}_total" not in cells]:
        table.doubts.append(f"table 4: blocks not found: {', '.join(missing)}")
    return table


@lru_cache(maxsize=2048)
def _result(label: str) -> str | None:
    """The result that a column of table four counts: maintained … total."""
    text = core(label)
    results = (column for column in columns("cn-2021", 4)[:5] if column.match.search(text))
    return next((column.name.removeprefix("review_") for column in results), None)


def _blocks_four(sheet: list[list[Segment]], index: int) -> list[tuple[str, list[Segment]]]:
    """The blocks that a header row ends: name and the five header cells. Empty where the row is no such header."""
    row = sheet[index]
    if len(row) < 5:
        return []
    results = [_result(segment.text) for segment in row]
    if "maintained" not in results:
        return []
    if index + 1 < len(sheet) and [_result(segment.text) for segment in sheet[index + 1]].count("maintained") > results.count("maintained"):
        return []  # the row below is the header's last
    heads: list[tuple[str, list[Segment]]] = []
    for start, result in enumerate(results):
        if result != "maintained":
            continue
        found = results[start : start + 5]
        name = _block_name(sheet, index, row[start].start)
        if found[:4] == list(_RESULTS[:4]) and len(found) == 5 and found[4] in ("total", None) and name:
            heads.append((name, row[start : start + 5]))
        else:
            return []
    in_order = [name for name in _BLOCKS if name in [head for head, _ in heads]]
    return heads if in_order == [name for name, _ in heads] else []


def _block_name(sheet: list[list[Segment]], index: int, slot: int) -> str | None:
    above = [segment.text for row in sheet[:index] for segment in row if segment.start <= slot < segment.end]
    text = core("".join(above[-3:]))
    if "未经复议" in text or "直接起诉" in text:
        return "suit_direct"
    if "复议后" in text:
        return "suit_after_review"
    return "review" if "行政复议" in text and "诉讼" not in core(above[-1]) else None


def _rows_below(sheet: list[list[Segment]], index: int) -> Iterator[list[Segment]]:
    for row in sheet[index + 1 :]:
        if any(_result(segment.text) or "第二十条" in core(segment.text) for segment in row) or _is_header_of_three(row):
            return
        if len(row) >= 5:
            yield row


def _cells_four(row: list[Segment], heads: list[tuple[str, list[Segment]]]) -> dict[str, str] | None:
    below = {segment.start: segment for segment in row if segment.fresh}
    cells: dict[str, str] = {}
    for name, head in heads:
        for result, segment in zip(_RESULTS, head, strict=True):
            if segment.start not in below or below[segment.start].end != segment.end:
                return None
            cells[f"{name}_{result}"] = below[segment.start].text
    return cells
