"""Table three of the national forms: one line an outcome, seven figures a line."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from archive.forms import Row, columns, normalised, ordinal, rows
from pipelines.tables.cell import read_value
from pipelines.tables.grid import Segment
from pipelines.tables.printed import Line, Printed, Sheet, Table, judge

T3_ROWS: tuple[Row, ...] = tuple(
    row
    for new in rows("cn-2021", 3)
    for row in ([old for old in rows("cn-2019", 3) if old.code == "3.6"] if new.code == "3.6.1" else []) + [new]
)
"""Table three of both forms in one order: 其他处理 is one row (3.6) in 2019, three (3.6.1-3.6.3) since 2021."""
_T3_INDEX = {row.name: index for index, row in enumerate(T3_ROWS)}
_T3_COLUMNS = columns("cn-2021", 3)
_T3_NAMES = tuple(column.name for column in _T3_COLUMNS)
_T3_LEAST = 12


def _header_three(row: list[Segment]) -> tuple[Segment, ...] | None:
    """The columns 自然人 … 总计 of a header row, and what stands right of them; empty where they are not in order."""
    # most rows are rows of figures: one look for a character of 商业企业 tells them apart
    if len(row) < 5 or "业" not in "".join([segment.text for segment in row]):
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


def _joined(row: list[Segment], below: list[Segment]) -> list[Segment]:
    """A header whose 商业企业 is torn into two rows of cells, 商业 over 企业, as one row; any other row as it is."""
    if not any(segment.text == "商业" for segment in row):
        return row
    torn = {(segment.start, segment.end): segment.text for segment in below if segment.fresh}
    return [segment._replace(text=segment.text + torn.get((segment.start, segment.end), "")) for segment in row]


@lru_cache(maxsize=2048)
def _column_three(label: str) -> str | None:
    text = normalised(label)
    if len(text) > 20:
        return None
    return next((column.name for column in _T3_COLUMNS if column.match.search(text)), None)


def lines_three(sheets: list[Sheet]) -> Iterator[Printed]:
    """The data rows under the applicant columns, on this page and the next; a header out of order is a line of its own."""
    begun = False
    for grid, sheet in sheets:
        header: tuple[Segment, ...] = ()
        starts: set[int] = set()
        rest: list[Segment] = []
        for row, below in zip(sheet, [*sheet[1:], []], strict=True):
            if row is rest:
                continue
            whole = _joined(row, below)
            if (found := _header_three(whole)) is not None:
                header, begun = found, True
                rest = rest if whole is row else below
                starts = {segment.start for segment in header[:7]}
                if not header:
                    yield Line("", None, None), None, grid.origin
            elif row and normalised(row[0].text) == "行政复议":  # table four begins in the same HTML table
                begun = False
            elif begun and (line := (header and _line_under(row, header, starts)) or _line_by_count(row, bool(header))):
                yield line, None, grid.origin


def _line_under(row: list[Segment], header: tuple[Segment, ...], starts: set[int]) -> Line | None:
    """A row with a label and a cell under each of the seven columns; one that reaches beyond the header is shifted."""
    values = [segment for segment in row if segment.start in starts]
    if len(values) != 7:
        return None
    first = header[0].start
    labels = tuple([segment.text for segment in row if segment.end <= first])
    if len(labels) > 1 and not labels[-1]:  # PDFs of some bodies rule off an empty cell behind 其他处理 and 总计
        labels = tuple(filter(None, labels))
    name = row_three(labels)
    if name is None:
        return None
    return Line(labels[-1], name, _cells_three(values) if row[-1].end <= header[-1].end else None)


def _line_by_count(row: list[Segment], has_header: bool) -> Line | None:
    """A row whose cells stand under no columns, for want of a header or of a cell: seven must follow its label."""
    last = next((i for i in range(len(row) - 1, -1, -1) if row_three(_texts(row[: i + 1]))), None)
    if last is not None and last < len(row) - 1:
        return Line(row[last].text, row_three(_texts(row[: last + 1])), _cells_three(row[last + 1 :]))
    if (
        last is not None
        or not has_header
        or len(row) < 7
        or not any(read_value(segment.text).value is not None for segment in row[1:])
    ):
        return None
    label = next((segment.text for segment in row[-8::-1] if normalised(segment.text)), row[0].text)
    return Line(label, None, _cells_three(row[-7:]))


def _texts(labels: list[Segment]) -> tuple[str, ...]:
    return tuple([segment.text for segment in labels])


def _cells_three(values: list[Segment]) -> dict[str, str] | None:
    """Seven cells, each of its own; None where one is merged or lost."""
    texts = [segment.text for segment in values if segment.fresh]
    return dict(zip(_T3_NAMES, texts, strict=True)) if len(values) == len(texts) == 7 else None


@lru_cache(maxsize=4096)
def row_three(labels: tuple[str, ...]) -> str | None:
    """The row that a row's label cells name, outermost first: 其他 and 总计 mean something only in their group."""
    if not labels:
        return None
    text, prefix = normalised(labels[-1]), ordinal(labels[-1])
    if not text:
        return None
    if text in ("其他", "其他处理", "其他处理情形", "其它", "其它处理"):
        if "六" in prefix or "处理" in text:
            return "other_handling"
        inside = any("其他处理" in normalised(label) or "六" in ordinal(label) for label in labels[:-1])
        return "other_other" if inside or prefix.startswith("3") else "other_handling"
    if text in ("总计", "合计"):
        inside = any("办理结果" in normalised(label) for label in labels[:-1])
        return "processed_total" if inside or "七" in prefix else None
    names = [
        row.name for row in T3_ROWS if row.name not in ("other_handling", "other_other") and row.match.search(text)
    ]
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
    if split and any(line.name == "other_handling" and not _has_figures(line) for line in lines):
        lines = [line for line in lines if line.name != "other_handling"]  # the heading of the three
        names.discard("other_handling")
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


def _has_figures(line: Line) -> bool:
    return line.cells is None or any(read_value(text).value is not None for text in line.cells.values())


def _name_by_place(lines: list[Line]) -> list[Line]:
    """Name a row whose label lost characters: alone between two named neighbours, with one row of the form between them."""
    for index, line in enumerate(lines):
        if line.name is not None or line.cells is None or not 0 < index < len(lines) - 1:
            continue
        before, after = lines[index - 1].name, lines[index + 1].name
        if before is None or after is None:
            continue
        between = [row for row in T3_ROWS[_T3_INDEX[before] + 1 : _T3_INDEX[after]] if row.name != "other_handling"]
        if len(between) == 1 and SequenceMatcher(None, normalised(line.label), between[0].label).ratio() >= 0.6:
            lines[index] = line._replace(name=between[0].name)
    return lines


def is_header_of_three(row: list[Segment]) -> bool:
    return _header_three(row) is not None
