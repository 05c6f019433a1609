"""Tables two, three and four of the national forms (cn-2019, cn-2021), read from grids.

A row is known by its label, a column by its header; the form's fixed order and its exact row set are what tells a
swapped, lost or shifted row from a good one, because sums alone do not (an all-zero row can vanish unseen). The
generation is decided for each table by the labels it prints: 2021 tables two over 2019 tables three are common.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipelines.tables.cell import read_value
from pipelines.tables.four import tables_four
from pipelines.tables.grid import Grid
from pipelines.tables.printed import Line, Printed, Sheet, Table, is_part_of_a_year
from pipelines.tables.three import lines_three, settle_three
from pipelines.tables.two import lines_two, settle_two

_FIRST_ROWS = frozenset(("regulations", "normative_documents", "new_received"))
_MARKS = {
    2: ("第二十条", "处理决定", "新制作", "制发件", "收费金额", "采购"),
    3: ("科研机构", "商业企业", "新收", "结转", "国家秘密", "出版物", "总计"),
    4: ("审结", "结果维持"),
}
"""Words without which a grid holds nothing of a table."""
_WHOLE = {2: ("第二十条", "行政许可", "行政处罚"), 3: ("国家秘密", "出版物", "执法案卷"), 4: ("尚未审结", "复议后起诉")}
"""Words that only the table itself has together."""


def read_tables(grids: Iterable[Grid]) -> list[Table]:
    """At most one table two, three and four; a table printed twice alike counts once, twice unlike is refused."""
    sheets: dict[int, list[Sheet]] = {2: [], 3: [], 4: []}
    texts: list[str] = []
    for grid in grids:
        text = "".join("".join([cell.text for line in grid.lines for cell in line if cell.fresh]).split())
        numbers = [number for number, marks in _MARKS.items() if any(mark in text for mark in marks)]
        if numbers and not is_part_of_a_year(grid):
            texts.append(text)
            for number in numbers:
                sheets[number].append((grid, grid.lines))
    two = [settle_two(lines, form, origin) for lines, form, origin in _gather(lines_two(sheets[2]))]
    three = [settle_three(lines, origin) for lines, _, origin in _gather(lines_three(sheets[3]))]
    found = [*_only(two), *_only(three), *_only(tables_four(sheets[4]))]
    for number in sorted(sheets.keys() - {table.table_no for table in found}):
        if any(all(word in text for word in _WHOLE[number]) for text in texts):
            doubt = f"table {number} is there, but not as the form prints it"
            found += [Table(number, None, doubts=[doubt], refused=True)]
    return found


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
    by_content = {
        tuple((line.name, tuple((line.cells or {}).values())) for line in table.lines): table for table in tables
    }
    filled = [table for table in by_content.values() if table.refused or _has_figures(table)] or tables[:1]
    if len(filled) > 1:
        filled[0].refused = True
        filled[0].doubts.append(f"table {filled[0].table_no} is printed {len(filled)} times with different figures")
    return filled[:1]


def _has_figures(table: Table) -> bool:
    return any(read_value(text).value is not None for line in table.lines for text in (line.cells or {}).values())
