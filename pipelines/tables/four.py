"""Table four of the national forms: three blocks of five figures in one row. See docs/form.md, Tables by form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from archive.forms import columns, normalised
from archive.forms.names import CASES
from archive.vocabulary import Form, Origin, ValueState
from pipelines.tables import three
from pipelines.tables.cell_value import read_value
from pipelines.tables.grid import Cell, Grid
from pipelines.tables.report_table import ReportTable, TableRow

_COLUMNS = columns(Form.NATIONAL_2021, 4)
BLOCKS = tuple(column.name.removesuffix("_total") for column in _COLUMNS if column.name.endswith("_total"))
"""Reviews, suits without review before them, suits after one."""
REVIEW, SUIT_DIRECT, SUIT_AFTER_REVIEW = BLOCKS
_OF_A_BLOCK = _COLUMNS[: len(_COLUMNS) // len(BLOCKS)]
RESULTS = tuple(column.name.removeprefix(f"{REVIEW}_") for column in _OF_A_BLOCK)
"""Columns of a block: maintained, corrected, other, pending, total."""
_FIRST, _TOTAL = RESULTS[0], RESULTS[-1]
_BLANK = ValueState.BLANK


class _BlockHeader(NamedTuple):
    """The header cells of one block."""

    block: str
    cells: list[Cell]


def read_tables(grids: Iterable[Grid]) -> list[ReportTable]:
    """Every table four; blocks in grids of their own are one table until a block comes again."""
    tables: list[ReportTable] = []
    cells: dict[str, str] = {}
    doubts: list[str] = []
    origin = Origin.HTML
    for grid in grids:
        for index in range(len(grid.rows)):
            headers = _block_headers(grid.rows, index)
            if not headers:
                continue
            origin = grid.origin
            read, doubt = _read_below(grid.rows, index, headers)
            if doubt:
                doubts.append(doubt)
                continue
            if cells.keys() & read.keys():
                tables.append(_build_table(cells, doubts, origin))
                cells, doubts = {}, []
            cells |= read
    if cells or doubts:
        tables.append(_build_table(cells, doubts, origin))
    return tables


def _read_below(rows: list[list[Cell]], index: int, headers: list[_BlockHeader]) -> tuple[dict[str, str], str | None]:
    """Column → text of the one row of figures under a header row; or why there is none."""
    below = list(_rows_below(rows, index))
    figures = [row for row in below if any(read_value(cell.text).state != _BLANK for cell in row)] or below[:1]
    if len(figures) != 1:
        return {}, f"table 4 has {len(figures)} rows of figures"
    cells = _cells_under(figures[0], headers) if figures[0][-1].end <= rows[index][-1].end else None
    if cells is None:
        return {}, "table 4: its cells do not stand under their headers"
    return cells, None


def _build_table(cells: dict[str, str], doubts: list[str], origin: Origin) -> ReportTable:
    table = ReportTable(4, None, origin, [TableRow("", CASES, cells)], doubts)
    if missing := [block for block in BLOCKS if f"{block}_{_TOTAL}" not in cells]:
        table.doubts.append(f"table 4: blocks not found: {', '.join(missing)}")
    return table


@lru_cache(maxsize=2048)
def _result(label: str) -> str | None:
    """The result that a column of table four counts: maintained … total."""
    text = normalised(label)
    return next((name for column, name in zip(_OF_A_BLOCK, RESULTS, strict=True) if column.match.search(text)), None)


def _block_headers(rows: list[list[Cell]], index: int) -> list[_BlockHeader]:
    """The blocks whose header ends in this row; empty where the row is not the last of such a header."""
    row = rows[index]
    if len(row) < len(RESULTS):
        return []
    results = [_result(cell.text) for cell in row]
    if _FIRST not in results:
        return []
    if index + 1 < len(rows) and [_result(cell.text) for cell in rows[index + 1]].count(_FIRST) > results.count(_FIRST):
        return []  # the row below is the header's last
    headers: list[_BlockHeader] = []
    for start, result in enumerate(results):
        if result != _FIRST:
            continue
        of_block = results[start : start + len(RESULTS)]
        block = _block_name(rows, index, row[start].start)
        if not block or not _are_results(of_block):
            return []
        headers.append(_BlockHeader(block, row[start : start + len(RESULTS)]))
    printed_blocks = [header.block for header in headers]
    in_order = [block for block in BLOCKS if block in printed_blocks]
    return headers if in_order == printed_blocks else []


def _are_results(of_block: list[str | None]) -> bool:
    """Whether the columns of a block are all there, in order; the label of the total may be lost."""
    return len(of_block) == len(RESULTS) and of_block[:-1] == list(RESULTS[:-1]) and of_block[-1] in (RESULTS[-1], None)


def _block_name(rows: list[list[Cell]], index: int, slot: int) -> str | None:
    above = [cell.text for row in rows[:index] for cell in row if cell.start <= slot < cell.end]
    text = normalised("".join(above[-3:]))
    if "未经复议" in text or "直接起诉" in text:
        return SUIT_DIRECT
    if "复议后" in text:
        return SUIT_AFTER_REVIEW
    return REVIEW if "行政复议" in text and "诉讼" not in normalised(above[-1]) else None


def _rows_below(rows: list[list[Cell]], index: int) -> Iterator[list[Cell]]:
    """Rows wide enough to hold a block's figures, up to the next header of any table."""
    for row in rows[index + 1 :]:
        if any(_result(cell.text) or "第二十条" in normalised(cell.text) for cell in row) or three.is_header(row):
            return
        if len(row) >= len(RESULTS):
            yield row


def _cells_under(row: list[Cell], headers: list[_BlockHeader]) -> dict[str, str] | None:
    below = {cell.start: cell for cell in row if cell.starts_here}
    cells: dict[str, str] = {}
    for header in headers:
        for result, head in zip(RESULTS, header.cells, strict=True):
            if head.start not in below or below[head.start].end != head.end:
                return None
            cells[f"{header.block}_{result}"] = below[head.start].text
    return cells
