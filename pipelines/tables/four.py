"""Table four of the national forms: three blocks of five figures in one row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from archive.forms import columns, normalised
from pipelines.tables.cell import read_value
from pipelines.tables.grid import Segment
from pipelines.tables.printed import Line, Sheet, Table
from pipelines.tables.three import is_header_of_three

_BLOCKS = ("review", "suit_direct", "suit_after_review")
_RESULTS = ("maintained", "corrected", "other", "pending", "total")


def tables_four(sheets: list[Sheet]) -> list[Table]:
    found: list[Table] = []
    blocks: dict[str, str] = {}
    doubts: list[str] = []
    origin = "html"
    for grid, sheet in sheets:
        for index in range(len(sheet)):
            heads = _blocks_four(sheet, index)
            if not heads:
                continue
            origin = grid.origin
            printed = [
                line for line in _rows_below(sheet, index) if any(read_value(s.text).state != "blank" for s in line)
            ]
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
    text = normalised(label)
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
    if index + 1 < len(sheet) and [_result(segment.text) for segment in sheet[index + 1]].count(
        "maintained"
    ) > results.count("maintained"):
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
    text = normalised("".join(above[-3:]))
    if "未经复议" in text or "直接起诉" in text:
        return "suit_direct"
    if "复议后" in text:
        return "suit_after_review"
    return "review" if "行政复议" in text and "诉讼" not in normalised(above[-1]) else None


def _rows_below(sheet: list[list[Segment]], index: int) -> Iterator[list[Segment]]:
    for row in sheet[index + 1 :]:
        if any(
            _result(segment.text) or "第二十条" in normalised(segment.text) for segment in row
        ) or is_header_of_three(row):
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
