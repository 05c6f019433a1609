"""The identities (勾稽关系) of labels.json, evaluated on what was read. Formulas: docs/form.md, Identities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter, itemgetter

from archive.forms import LABELS, SEVERITY, columns, rows
from archive.forms.names import (
    ABOLISHED,
    APPLICANT_SUM,
    CARRIED_IN,
    CARRIED_OUT,
    CARRIED_OVER,
    CASES,
    FLOW,
    IN_FORCE,
    IN_FORCE_OVER_YEARS,
    ISSUED,
    ITEMS_CHANGE,
    ITEMS_OVER_YEARS,
    ITEMS_PREV_YEAR,
    NEW_RECEIVED,
    NEWLY_DISCLOSED,
    NORMATIVE_DOCUMENTS,
    OTHER_HANDLING,
    OTHER_ROW,
    OTHER_TOTAL,
    OUTCOME_SUM,
    PROCESSED_TOTAL,
    PROSE_AGREES,
    REGULATIONS,
    RESULT_SUM,
    SANITY,
    SOURCES_AGREE,
    TOTAL,
    TOTAL_DISCLOSED,
)
from archive.model import Check, Statistic
from archive.vocabulary import Form, Origin, Verdict
from pipelines.tables import four

Number = int | float | None
Cells = dict[tuple[str, str], Number]
"""(row name, column name) → value; a key that is absent was not read, None was read as blank, / or -."""

TABLE_ORIGINS = (Origin.HTML, Origin.DOCX, Origin.XLSX, Origin.PDF, Origin.IMAGE)
"""Origins of tables, best first where nothing else ranks the readings; prose is no table."""

_COLUMNS = tuple(column.name for column in columns(Form.NATIONAL_2021, 3))
_ROWS_2021 = tuple(row.name for row in rows(Form.NATIONAL_2021, 3))
_ROWS_2019 = tuple(row.name for row in rows(Form.NATIONAL_2019, 3))
_COMMON_OUTCOMES = tuple(
    row.name for row in rows(Form.NATIONAL_2021, 3) if row.code.startswith(("3.1", "3.2", "3.3", "3.4", "3.5"))
)
_OTHER_OUTCOMES_2021 = tuple(row.name for row in rows(Form.NATIONAL_2021, 3) if row.code.startswith("3.6"))
_NOT_READ: list[Number] = [None] * len(_COLUMNS)
"""The figures of a row that was not read."""
_NO_PARTS: tuple[tuple[Number, ...], ...] = ((),) * len(_COLUMNS)
_FLOW_ROWS = (NEW_RECEIVED, CARRIED_IN, PROCESSED_TOTAL, CARRIED_OUT)
_ROWS_WITH_ITEMS = tuple(row.name for row in rows(Form.NATIONAL_2019, 2) if ITEMS_CHANGE in row.columns)
_GROUPS: dict[str, tuple[str, ...]] = {
    name: tuple(row.name for row in rows(Form.NATIONAL_2021, 3) if row.code.startswith(code + "."))
    for name, code in LABELS["derived"]["rows"].items()
}
"""A total that only prose states → the rows that it sums."""
_GROUPS_OF_COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(parts) for table in LABELS["derived"]["columns"].values() for name, parts in table.items()
}
# bound here: looking a member up in its enum takes longer than comparing two figures
_PLACE = attrgetter("table_no", "origin")
_ROW = itemgetter(0)
_NARRATIVE = Origin.NARRATIVE
_HOLDS, _FAILS, _NOT_ASSESSABLE = Verdict.HOLDS, Verdict.FAILS, Verdict.NOT_ASSESSABLE


Place = tuple[int, Origin]
"""The number of a table, and what it was read from."""


class Placed:
    """Statistics by place, and the cells of each place as identities ask for them; each is worked out once."""

    def __init__(self, statistics: Iterable[Statistic]) -> None:
        """Sort statistics by place; within one they keep their order."""
        self.statistics = list(statistics)
        self.by_place: dict[Place, list[Statistic]] = {}
        self._cells: dict[Place, Cells] = {}
        for place, group in groupby(self.statistics, _PLACE):
            self.by_place.setdefault(place, []).extend(group)

    def cells(self, place: Place) -> Cells:
        """The cells of a table from one origin."""
        if place not in self._cells:
            self._cells[place] = {(s.row_name, s.column_name): s.value for s in self.by_place.get(place, ())}
        return self._cells[place]


def check(statistics: Placed | Iterable[Statistic], best: Mapping[int, Origin] | None = None) -> list[Check]:
    """All identities within one report.

    Not assessable where the stated total is blank, where all that it sums is, and where a cell was not read. A blank
    beside numbers counts as nothing in their sum.

    `best` names the origin whose reading of a table counts; without it the page's own comes first.
    """
    placed = statistics if isinstance(statistics, Placed) else Placed(statistics)
    tables = _tables(placed, best or {})
    return [
        *(_check_three(tables[3]) if tables[3] else ()),
        *(_check_four(tables[4]) if tables[4] else ()),
        *_check_sanity(placed.statistics, tables[2]),
        *_check_prose([one for one in placed.statistics if one.origin == _NARRATIVE], tables),
    ]


def check_years(previous: list[Statistic], current: list[Statistic]) -> list[Check]:
    """The identities between the reports of two consecutive years of one body: X-A, X-B and X-C."""
    before, now = (_tables(Placed(statistics), {}) for statistics in (previous, current))
    return [
        *_check_carried_over(before[3], now[3]),
        *_check_in_force(before[2], now[2]),
        *_check_items(before[2], now[2]),
    ]


def _check_carried_over(before: Cells, now: Cells) -> list[Check]:
    """X-A, each column."""
    if not before or not now:
        return []
    return [
        _compare(CARRIED_OVER, column, before.get((CARRIED_OUT, column)), now.get((CARRIED_IN, column)))
        for column in _COLUMNS
    ]


def _check_in_force(before: Cells, now: Cells) -> list[Check]:
    """X-B, regulations and normative documents."""
    checks = []
    for row in (REGULATIONS, NORMATIVE_DOCUMENTS):
        if (row, IN_FORCE) in before and (row, IN_FORCE) in now:
            is_read = (row, ISSUED) in now and (row, ABOLISHED) in now
            start = before[row, IN_FORCE] if is_read else None
            expected = _changed(start, now.get((row, ISSUED)), now.get((row, ABOLISHED)))
            checks.append(_compare(IN_FORCE_OVER_YEARS, row, expected, now[row, IN_FORCE]))
    return checks


def _check_items(before: Cells, now: Cells) -> list[Check]:
    """X-C, each row with items of the previous year."""
    checks = []
    for row in _ROWS_WITH_ITEMS:
        key = row, ITEMS_PREV_YEAR
        if key in before and key in now:
            start = before[key] if (row, ITEMS_CHANGE) in before else None
            expected = _changed(start, before.get((row, ITEMS_CHANGE)))
            checks.append(_compare(ITEMS_OVER_YEARS, row, expected, now[key]))
    return checks


def _changed(start: Number, more: Number, less: Number = None) -> Number:
    """What comes of a figure of last year, a blank change counting as nothing; None where the figure is blank."""
    return None if start is None else start + (more or 0) - (less or 0)


def compare_origins(first: list[Statistic], other: list[Statistic]) -> list[Check]:
    """D-1: a table read from two sources, compared cell by cell; a check of the whole, and one of each cell that differs.

    Where one of the two leaves a cell blank, nothing contradicts the other's figure.
    """
    cells = {(s.row_name, s.column_name): s.value for s in other}
    pairs = [(s, cells[s.row_name, s.column_name]) for s in first if (s.row_name, s.column_name) in cells]
    if not pairs:
        return []
    differing = [(s, value) for s, value in pairs if s.value != value]
    disputed = sum(s.value is not None and value is not None for s, value in differing)
    place = f"{first[0].origin}/{other[0].origin}"
    return [
        _compare(SOURCES_AGREE, f"table {first[0].table_no} {place}", len(pairs), len(pairs) - disputed),
        *(
            _compare(SOURCES_AGREE, f"{statistic.row_name}.{statistic.column_name} {place}", statistic.value, value)
            for statistic, value in differing
        ),
    ]


def _tables(placed: Placed, best: Mapping[int, Origin]) -> dict[int, Cells]:
    """The cells of tables two, three and four, each of the best origin that holds it; prose is no table."""
    tables = {}
    for number in (2, 3, 4):
        origins = (best[number], *TABLE_ORIGINS) if number in best else TABLE_ORIGINS
        tables[number] = next((placed.cells((number, one)) for one in origins if (number, one) in placed.by_place), {})
    return tables


def _compare(identity: str, scope: str, expected: Number, actual: Number, *, assessable: bool = True) -> Check:
    verdict = _NOT_ASSESSABLE
    if assessable and expected is not None and actual is not None:
        expected = expected if isinstance(expected, int) else round(expected, 6)
        actual = actual if isinstance(actual, int) else round(actual, 6)
        verdict = _HOLDS if expected == actual else _FAILS
    return Check(identity, scope, expected, actual, verdict, SEVERITY[identity])


def _add(values: Iterable[Number]) -> Number:
    """The sum, blanks counting as nothing; None where every one is blank."""
    filled = [value for value in values if value is not None]
    return sum(filled) if filled else None


def _add_cells(cells: Cells, keys: list[tuple[str, str]]) -> Number:
    """The sum, blanks counting as nothing; None where a cell was not read or every one is blank."""
    return _add([cells[key] for key in keys]) if all(key in cells for key in keys) else None


def _check_three(cells: Cells) -> list[Check]:
    is_2021 = any((row, column) in cells for row in _OTHER_OUTCOMES_2021 for column in _COLUMNS)
    order = _ROWS_2021 if is_2021 else _ROWS_2019
    table = {row: [cells[row, column] for column in _COLUMNS] for row in order if (row, TOTAL) in cells}
    blank_totals = {row for row, values in table.items() if values[-1] is None and any(values[:-1])}
    has_added_rows = any(row.startswith(OTHER_ROW) for row in set(map(_ROW, cells)))
    outcomes = (*_COMMON_OUTCOMES, *(_OTHER_OUTCOMES_2021 if is_2021 else (OTHER_HANDLING,)))
    return [
        *_check_flow(table, is_total_known=blank_totals.isdisjoint(_FLOW_ROWS)),
        *_assess(
            _check_outcomes(table, outcomes, is_total_known=blank_totals.issubset(_FLOW_ROWS)),
            is_sure=not has_added_rows,
        ),
        *(_compare(APPLICANT_SUM, row, _add(values[:-1]), values[-1]) for row, values in table.items()),
    ]


def _assess(checks: list[Check], *, is_sure: bool) -> list[Check]:
    """The checks; where it is not sure that their sums are of all that counts, those that fail cannot be assessed."""
    for one in checks:
        if not is_sure and one.verdict is _FAILS:
            one.verdict = _NOT_ASSESSABLE
    return checks


def _check_flow(table: dict[str, list[Number]], *, is_total_known: bool) -> list[Check]:
    """T3-A, each column."""
    flow = [table.get(row) for row in _FLOW_ROWS]
    is_whole = None not in flow
    checks = []
    for column, new, before, done, after in zip(_COLUMNS, *(values or _NOT_READ for values in flow), strict=True):
        assessable = is_whole and done is not None and (is_total_known or column != TOTAL)
        checks.append(_compare(FLOW, column, _add([new, before]), _add([done, after]), assessable=assessable))
    return checks


def _check_outcomes(table: dict[str, list[Number]], rows_of: tuple[str, ...], *, is_total_known: bool) -> list[Check]:
    """T3-B, each column."""
    outcomes = [table[row] for row in rows_of if row in table]
    is_complete = len(outcomes) == len(rows_of)
    processed = table.get(PROCESSED_TOTAL) or _NOT_READ
    by_column = zip(*outcomes, strict=True) if is_complete else _NO_PARTS
    checks = []
    for column, actual, parts in zip(_COLUMNS, processed, by_column, strict=True):
        assessable = is_complete and (is_total_known or column != TOTAL)
        expected = _add(parts) if assessable else None
        checks.append(_compare(OUTCOME_SUM, column, expected, actual, assessable=assessable))
    return checks


def _check_four(cells: Cells) -> list[Check]:
    """T4-A, each block."""
    *parts, total = four.RESULTS
    return [
        _compare(
            RESULT_SUM,
            block,
            _add_cells(cells, [(CASES, f"{block}_{part}") for part in parts]),
            cells.get((CASES, f"{block}_{total}")),
        )
        for block in four.BLOCKS
    ]


def _check_sanity(statistics: list[Statistic], two: Cells) -> list[Check]:
    """S-1: no more is newly disclosed than in total; no count is negative."""
    checks = []
    for row in (REGULATIONS, NORMATIVE_DOCUMENTS):
        new, total = two.get((row, NEWLY_DISCLOSED)), two.get((row, TOTAL_DISCLOSED))
        if (row, NEWLY_DISCLOSED) in two or (row, TOTAL_DISCLOSED) in two:
            one = _compare(SANITY, row, new, total)
            if one.verdict is _FAILS and (total or 0) > (new or 0):
                one.verdict = _HOLDS
            checks.append(one)
    checks += [
        _compare(SANITY, f"{statistic.row_name}.{statistic.column_name}", 0, statistic.value)
        for statistic in statistics
        if statistic.value is not None and statistic.value < 0 and statistic.column_name != ITEMS_CHANGE
    ]
    return checks


def _check_prose(in_prose: list[Statistic], tables: dict[int, Cells]) -> list[Check]:
    """S-2: what prose states against what the table prints, group sums included."""
    checks = []
    for statistic in in_prose:
        if not (cells := tables.get(statistic.table_no)):
            continue
        printed = _table_figure(cells, statistic.row_name, statistic.column_name)
        if printed is not None:
            scope = f"{statistic.row_name}.{statistic.column_name}"
            checks.append(_compare(PROSE_AGREES, scope, printed, statistic.value))
    return checks


def _table_figure(cells: Cells, row: str, column: str) -> Number:
    """The table's figure for a row or group of rows, and a column or group of columns."""
    names = _GROUPS.get(row, (row,))
    if row == OTHER_TOTAL and (OTHER_HANDLING, TOTAL) in cells:
        names = (OTHER_HANDLING,)
    across = _GROUPS_OF_COLUMNS.get(column, (column,))
    return _add_cells(cells, [(name, part) for name in names for part in across])
