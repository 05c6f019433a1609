"""Table three of the national forms: a row for each outcome, seven figures in a row. See docs/form.md, Tables by form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from archive.forms import Row, columns, normalised, ordinal, rows
from archive.forms.names import OTHER_HANDLING, OTHER_OTHER, PROCESSED_TOTAL
from archive.vocabulary import Form, Origin
from pipelines.tables.cell_value import read_value
from pipelines.tables.grid import Cell, Grid
from pipelines.tables.report_table import FoundRow, ReportTable, TableRow, compare_with_form

_ROWS: tuple[Row, ...] = tuple(
    row
    for new in rows(Form.NATIONAL_2021, 3)
    for row in ([old for old in rows(Form.NATIONAL_2019, 3) if old.code == "3.6"] if new.code == "3.6.1" else [])
    + [new]
)
"""Table three of both forms in one order: 其他处理 is one row (3.6) in 2019, three (3.6.1-3.6.3) since 2021."""
_PLACE = {row.name: index for index, row in enumerate(_ROWS)}
_COLUMNS = columns(Form.NATIONAL_2021, 3)
_COLUMN_NAMES = tuple(column.name for column in _COLUMNS)
_ENTERPRISE, _RESEARCH = _COLUMN_NAMES[1:3]
_TORN = "商业"
_SPLIT_OTHER = {row.name for row in rows(Form.NATIONAL_2021, 3) if row.code.startswith("3.6.")}
"""The three rows of 其他处理 since 2021."""
_FEWEST_ROWS = 12
_FEWEST_TO_REFUSE = 3
"""Rows of the form with which a table is table three, although it cannot be used."""
_FEWEST_HEADERS = 5
"""Columns that a header must name; the others may have lost characters."""


def is_header(row: list[Cell]) -> bool:
    """Whether the row names the columns of table three, in the form's order or not."""
    return _header(row) is not None


def _header(row: list[Cell]) -> tuple[Cell, ...] | None:
    """The columns 自然人 … 总计 of a header row, and what stands right of them; empty where they are not in order."""
    # most rows are rows of figures: one look for a character of 商业企业 distinguishes them
    if len(row) < 5 or "业" not in "".join([cell.text for cell in row]):
        return None
    names = [_column_name(cell.text) for cell in row]
    if _ENTERPRISE not in names or _RESEARCH not in names:
        return None
    for start in range(len(row) - len(_COLUMN_NAMES) + 1):
        window = list(zip(names[start : start + len(_COLUMN_NAMES)], _COLUMN_NAMES, strict=True))
        right = sum(name == wanted for name, wanted in window)
        if right >= _FEWEST_HEADERS and all(name in (None, wanted) for name, wanted in window):
            return tuple(row[start:])
    return ()


def _rejoined_header(row: list[Cell], below: list[Cell]) -> list[Cell]:
    """A header whose 商业企业 is torn into two rows of cells, 商业 over 企业, as one row; any other row as it is."""
    if not any(cell.text == _TORN for cell in row):
        return row
    torn = {(cell.start, cell.end): cell.text for cell in below if cell.starts_here}
    return [cell._replace(text=cell.text + torn.get((cell.start, cell.end), "")) for cell in row]


@lru_cache(maxsize=2048)
def _column_name(label: str) -> str | None:
    text = normalised(label)
    if len(text) > 20:
        return None
    return next((column.name for column in _COLUMNS if column.match.search(text)), None)


def find_rows(grids: Iterable[Grid]) -> Iterator[FoundRow]:
    """The data rows under the applicant columns, on this page and the next.

    A header whose columns are not in the form's order gives a row without label, name and cells.
    """
    begun = False
    for grid in grids:
        is_torn = any(cell.text == _TORN for row in grid.rows for cell in row)
        header: tuple[Cell, ...] = ()
        starts: set[int] = set()
        rest: list[Cell] = []
        for row, below in zip(grid.rows, [*grid.rows[1:], []], strict=True):
            if row is rest:
                continue
            whole = _rejoined_header(row, below) if is_torn else row
            if (found := _header(whole)) is not None:
                header, begun = found, True
                rest = rest if whole is row else below
                starts = {cell.start for cell in header[:7]}
                if not header:
                    yield FoundRow(TableRow("", None, None), None, grid.origin)
            elif row and normalised(row[0].text) == "行政复议":  # table four begins in the same HTML table
                begun = False
            elif begun and (
                printed := (header and _row_under(row, header, starts)) or _row_by_count(row, bool(header))
            ):
                yield FoundRow(printed, None, grid.origin)


def _row_under(row: list[Cell], header: tuple[Cell, ...], starts: set[int]) -> TableRow | None:
    """A row with a label and a cell under each of the seven columns; one that reaches beyond the header is shifted."""
    values = [cell for cell in row if cell.start in starts]
    if len(values) != 7:
        return None
    first = header[0].start
    labels = tuple([cell.text for cell in row if cell.end <= first])
    if len(labels) > 1 and not labels[-1]:  # PDFs of some bodies rule off an empty cell behind 其他处理 and 总计
        labels = tuple(filter(None, labels))
    name = row_name(labels)
    if name is None:
        return None
    return TableRow(labels[-1], name, _seven_cells(values) if row[-1].end <= header[-1].end else None)


def _row_by_count(row: list[Cell], has_header: bool) -> TableRow | None:
    """A row whose cells stand under no columns, for want of a header or of a cell: seven must follow its label."""
    last = next((i for i in range(len(row) - 1, -1, -1) if row_name(_texts(row[: i + 1]))), None)
    if last is not None and last < len(row) - 1:
        return TableRow(row[last].text, row_name(_texts(row[: last + 1])), _seven_cells(row[last + 1 :]))
    if (
        last is not None
        or not has_header
        or len(row) < 7
        or not any(read_value(cell.text).value is not None for cell in row[1:])
    ):
        return None
    label = next((cell.text for cell in row[-8::-1] if normalised(cell.text)), row[0].text)
    return TableRow(label, None, _seven_cells(row[-7:]))


def _texts(labels: list[Cell]) -> tuple[str, ...]:
    return tuple([cell.text for cell in labels])


def _seven_cells(values: list[Cell]) -> dict[str, str] | None:
    """Column → text of seven cells of this very row; None where one is merged or lost."""
    texts = [cell.text for cell in values if cell.starts_here]
    return dict(zip(_COLUMN_NAMES, texts, strict=True)) if len(values) == len(texts) == 7 else None


@lru_cache(maxsize=4096)
def row_name(labels: tuple[str, ...]) -> str | None:
    """The row that a row's label cells name, outermost first: 其他 and 总计 mean something only in their group."""
    if not labels:
        return None
    text, prefix = normalised(labels[-1]), ordinal(labels[-1])
    if not text:
        return None
    if text in ("其他", "其他处理", "其他处理情形", "其它", "其它处理"):
        if "六" in prefix or "处理" in text:
            return OTHER_HANDLING
        inside = any("其他处理" in normalised(label) or "六" in ordinal(label) for label in labels[:-1])
        return OTHER_OTHER if inside or prefix.startswith("3") else OTHER_HANDLING
    if text in ("总计", "合计"):
        inside = any("办理结果" in normalised(label) for label in labels[:-1])
        return PROCESSED_TOTAL if inside or "七" in prefix else None
    names = [row.name for row in _ROWS if row.name not in (OTHER_HANDLING, OTHER_OTHER) and row.match.search(text)]
    return names[0] if len(names) == 1 else None


def build_table(found: list[TableRow], origin: Origin) -> ReportTable | None:
    """Rows in printed order → table three, refused where their order is not the form's; None where they are too few."""
    has_broken_header = any(not row.label and row.name is None and row.cells is None for row in found)
    printed = _named_by_place([row for row in found if row.label])
    names = {row.name for row in printed if row.name}
    if len(names) < _FEWEST_TO_REFUSE:
        return None
    if len(names) < _FEWEST_ROWS:
        return ReportTable(3, None, origin, printed, [f"table 3 has only {len(names)} of its rows"], refused=True)
    printed = _without_heading_of_other(printed)
    names = {row.name for row in printed if row.name}
    form = _form_of(names)
    table = ReportTable(3, form, origin, printed)
    if has_broken_header:
        table.refuse("table 3: the applicant columns are not those of the form, in its order")
    if names & _SPLIT_OTHER and OTHER_HANDLING in names:
        table.refuse("table 3 prints 其他处理 both as one row and as three")
    compare_with_form(table, [row.name for row in rows(form or Form.NATIONAL_2021, 3)])
    return table


def _without_heading_of_other(printed: list[TableRow]) -> list[TableRow]:
    """Without 其他处理 where it is but the heading of its three rows, and holds no figures."""
    if not any(row.name in _SPLIT_OTHER for row in printed):
        return printed
    if not any(row.name == OTHER_HANDLING and row.cells is not None and not row.has_figures for row in printed):
        return printed
    return [row for row in printed if row.name != OTHER_HANDLING]


def _form_of(names: set[str]) -> Form | None:
    """The form of a table with these rows; None where 其他处理 is printed as neither form has it."""
    is_split = bool(names & _SPLIT_OTHER)
    if is_split == (OTHER_HANDLING in names):
        return None
    return Form.NATIONAL_2021 if is_split else Form.NATIONAL_2019


def _named_by_place(printed: list[TableRow]) -> list[TableRow]:
    """Name a row whose label lost characters: alone between two named neighbours, with one row of the form between them."""
    for index, row in enumerate(printed):
        if row.name is not None or row.cells is None or not 0 < index < len(printed) - 1:
            continue
        before, after = printed[index - 1].name, printed[index + 1].name
        if before is None or after is None:
            continue
        between = [one for one in _ROWS[_PLACE[before] + 1 : _PLACE[after]] if one.name != OTHER_HANDLING]
        if len(between) == 1 and SequenceMatcher(None, normalised(row.label), between[0].label).ratio() >= 0.6:
            printed[index] = row._replace(name=between[0].name)
    return printed
