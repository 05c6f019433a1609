"""Tables two, three and four of the national forms (cn-2019, cn-2021), read from grids.

A row is known by its label, a column by its header. The form's fixed order and its exact set of rows reveal a swapped,
lost or shifted row from a good one; sums alone do not, since a row of zeros can vanish unseen. The form is decided for
each table by the labels that it prints: tables two of 2021 beside tables three of 2019 are common.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archive.forms.names import NEW_RECEIVED, NORMATIVE_DOCUMENTS, REGULATIONS
from archive.vocabulary import Form, Origin
from pipelines.tables import four, three, two
from pipelines.tables.grid import Grid
from pipelines.tables.report_table import FoundRow, ReportTable, TableRow, covers_part_of_a_year

_FIRST_ROWS = frozenset((REGULATIONS, NORMATIVE_DOCUMENTS, NEW_RECEIVED))
_HINTS = {
    2: ("第二十条", "处理决定", "新制作", "制发件", "收费金额", "采购"),
    3: ("科研机构", "商业企业", "新收", "结转", "国家秘密", "出版物", "总计"),
    4: ("审结", "结果维持"),
}
"""Words without any of which a grid holds nothing of a table."""
_PROOFS = {
    2: ("第二十条", "行政许可", "行政处罚"),
    3: ("国家秘密", "出版物", "执法案卷"),
    4: ("尚未审结", "复议后起诉"),
}
"""Words that only the table itself has all together."""


def read_national_tables(grids: Iterable[Grid]) -> list[ReportTable]:
    """At most one table two, three and four.

    A table printed twice alike counts once; printed twice with different figures it is refused, as is one that is there
    but cannot be read.
    """
    candidates: dict[int, list[Grid]] = {2: [], 3: [], 4: []}
    texts: list[str] = []
    for grid in grids:
        text = "".join("".join([cell.text for row in grid.rows for cell in row if cell.starts_here]).split())
        numbers = [number for number, hints in _HINTS.items() if any(hint in text for hint in hints)]
        if numbers and not covers_part_of_a_year(grid):
            texts.append(text)
            for number in numbers:
                candidates[number].append(grid)
    twos = [two.build_table(*parts) for parts in _split_tables(two.find_rows(candidates[2]))]
    threes = [three.build_table(rows, origin) for rows, _, origin in _split_tables(three.find_rows(candidates[3]))]
    tables = [*_only(twos), *_only(threes), *_only(four.read_tables(candidates[4]))]
    for number in sorted(candidates.keys() - {table.table_no for table in tables}):
        if any(all(word in text for word in _PROOFS[number]) for text in texts):
            doubt = f"table {number} is there, but not as the form prints it"
            tables.append(ReportTable(number, None, doubts=[doubt], refused=True))
    return tables


def _split_tables(found: Iterable[FoundRow]) -> Iterator[tuple[list[TableRow], Form | None, Origin]]:
    """Rows → tables: the form's first row, met again, begins another one; a table over two pages goes on."""
    rows: list[TableRow] = []
    names: set[str] = set()
    forms: set[Form | None] = set()
    origin = Origin.HTML
    for row, form, origin_of_row in found:
        if rows and row.name in names and row.name in _FIRST_ROWS:
            yield rows, _only_form(forms), origin
            rows, names, forms = [], set(), set()
        rows.append(row)
        names.add(row.name or "")
        forms.add(form)
        origin = origin_of_row
    if rows:
        yield rows, _only_form(forms), origin


def _only_form(forms: set[Form | None]) -> Form | None:
    return next(iter(forms)) if len(forms) == 1 else None


def _only(found: Sequence[ReportTable | None]) -> list[ReportTable]:
    """The one table that several readings of one number stand for; refused where they differ."""
    tables = [table for table in found if table is not None]
    if len(tables) < 2:
        return tables
    different = {table.content: table for table in tables}.values()
    filled = [table for table in different if table.refused or table.has_figures] or tables[:1]
    if len(filled) > 1:
        number = filled[0].table_no
        filled[0].refuse(f"table {number} is printed {len(filled)} times with different figures")
    return filled[:1]
