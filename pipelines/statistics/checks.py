"""The identities (勾稽关系) of labels.json, evaluated on what was read. Formulas: FORM, identities T3-A … X-C, S-1, S-2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from archive.forms import LABELS, SEVERITY, columns, rows
from archive.model import Check, Statistic

Number = int | float | None
Cells = dict[tuple[str, str], Number]
"""(row name, column name) → value; a key that is absent was not read, None was read as blank, / or -."""

_ORIGINS = ("html", "docx", "xlsx", "pdf", "image")
_FLOW = {"new_received", "carried_in", "processed_total", "carried_out"}
_COLUMNS = tuple(column.name for column in columns("cn-2021", 3))
_COMMON = tuple(row.name for row in rows("cn-2021", 3) if row.code.startswith(("3.1", "3.2", "3.3", "3.4", "3.5")))
_ROWS_SPLIT = tuple(row.name for row in rows("cn-2021", 3))
_ROWS_ONE = tuple(row.name for row in rows("cn-2019", 3))
_OTHER_SPLIT = tuple(row.name for row in rows("cn-2021", 3) if row.code.startswith("3.6"))
_GROUPS: dict[str, tuple[str, ...]] = {
    name: tuple(row.name for row in rows("cn-2021", 3) if row.code.startswith(code + "."))
    for name, code in LABELS["derived"]["rows"].items()
}
_GROUPS_COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(parts) for table in LABELS["derived"]["columns"].values() for name, parts in table.items()
}
_BLOCKS = ("review", "suit_direct", "suit_after_review")
_RESULTS = ("maintained", "corrected", "other", "pending")


def check(statistics: list[Statistic], best: Mapping[int, str] | None = None) -> list[Check]:
    """All identities within one report. A total that is blank, or a cell that was not read, is not assessable.

    `best` names the origin whose reading of a table counts; without it the page's own comes first.
    """
    tables = _tables(statistics, best or {})
    found: list[Check] = []
    if tables[3]:
        found += _check_three(tables[3])
    if tables[4]:
        found += _check_four(tables[4])
    found += _check_sanity(statistics, tables[2])
    found += _check_prose(statistics, tables)
    return found


def check_years(previous: list[Statistic], current: list[Statistic]) -> list[Check]:
    """The identities between two consecutive years of one body: X-A, X-B and X-C."""
    found: list[Check] = []
    last_year, this_year = _tables(previous, {}), _tables(current, {})
    before, now = last_year[3], this_year[3]
    if before and now:
        for column in _COLUMNS:
            expected, actual = before.get(("carried_out", column)), now.get(("carried_in", column))
            read = ("carried_out", column) in before and ("carried_in", column) in now
            blank = expected is None and actual is None
            found.append(_compare("X-A", column, expected or 0, actual or 0, assessable=read and not blank))
    before, now = last_year[2], this_year[2]
    for row in ("regulations", "normative_documents"):
        terms = [before.get((row, "in_force")), now.get((row, "issued")), now.get((row, "abolished"))]
        actual = now.get((row, "in_force"))
        if (row, "in_force") in before and (row, "in_force") in now:
            expected = (terms[0] or 0) + (terms[1] or 0) - (terms[2] or 0)
            found.append(_compare("X-B", row, expected, actual, assessable=terms[0] is not None))
    for row in (row.name for row in rows("cn-2019", 2) if "items_change" in row.columns):
        if (row, "items_prev_year") in before and (row, "items_prev_year") in now:
            start = before[row, "items_prev_year"]
            expected = (start or 0) + (before.get((row, "items_change")) or 0)
            found.append(_compare("X-C", row, expected, now[row, "items_prev_year"], assessable=start is not None))
    return found


def compare_origins(first: list[Statistic], other: list[Statistic]) -> list[Check]:
    """D-1: one table read from two sources, compared cell by cell; a check of the whole, and one of each cell that differs."""
    cells = {(s.row_name, s.column_name): s.value for s in other}
    pairs = [(s, cells[s.row_name, s.column_name]) for s in first if (s.row_name, s.column_name) in cells]
    differing = [(s, value) for s, value in pairs if s.value != value]
    if not pairs:
        return []
    place = f"{first[0].origin}/{other[0].origin}"
    whole = _compare("D-1", f"table {first[0].table_no} {place}", len(pairs), len(pairs) - len(differing))
    found = [whole]
    for statistic, value in differing:
        scope = f"{statistic.row_name}.{statistic.column_name} {place}"
        one = _compare("D-1", scope, statistic.value, value)
        one.verdict = "fails"
        found.append(one)
    return found


def _tables(statistics: Iterable[Statistic], best: Mapping[int, str]) -> dict[int, Cells]:
    """The cells of tables two, three and four, each of the best origin that holds it; prose is no table."""
    found: dict[tuple[int, str], Cells] = {}
    place: tuple[int, str] | None = None
    cells: Cells = {}
    for statistic in statistics:
        if place != (statistic.table_no, statistic.origin):
            place = statistic.table_no, statistic.origin
            cells = found.setdefault(place, {})
        cells[statistic.row_name, statistic.column_name] = statistic.value
    return {
        number: next(
            (found[number, origin] for origin in (best.get(number, ""), *_ORIGINS) if (number, origin) in found), {}
        )
        for number in (2, 3, 4)
    }


def _compare(identity: str, scope: str, expected: Number, actual: Number, *, assessable: bool = True) -> Check:
    verdict = "not_assessable"
    if assessable and expected is not None and actual is not None:
        expected = expected if isinstance(expected, int) else round(expected, 6)
        actual = actual if isinstance(actual, int) else round(actual, 6)
        verdict = "holds" if expected == actual else "fails"
    return Check(
        identity=identity, scope=scope, expected=expected, actual=actual, verdict=verdict, severity=SEVERITY[identity]
    )


def _sum(cells: Cells, keys: Iterable[tuple[str, str]]) -> Number:
    """The sum, blanks counting as nothing; None where a cell was not read or every one is blank."""
    keys = list(keys)
    return _add([cells[key] for key in keys]) if all(key in cells for key in keys) else None


def _check_three(cells: Cells) -> list[Check]:
    split = any((row, column) in cells for row in _OTHER_SPLIT for column in _COLUMNS)
    other = _OTHER_SPLIT if split else ("other_handling",)
    order = _ROWS_SPLIT if split else _ROWS_ONE
    table = {row: [cells[row, column] for column in _COLUMNS] for row in order if (row, "total") in cells}
    blank_totals = {row for row, values in table.items() if values[-1] is None and any(values[:-1])}
    found: list[Check] = []
    flow = [table.get(row) for row in ("new_received", "carried_in", "processed_total", "carried_out")]
    for index, column in enumerate(_COLUMNS):
        new, before, done, after = [values[index] if values else None for values in flow]
        known = None not in flow and done is not None and (column != "total" or not blank_totals & _FLOW)
        found.append(_compare("T3-A", column, (new or 0) + (before or 0), (done or 0) + (after or 0), assessable=known))
    outcomes = [table.get(row) for row in (*_COMMON, *other)]
    complete = None not in outcomes
    for index, column in enumerate(_COLUMNS):
        known = complete and (column != "total" or not blank_totals - _FLOW)
        expected = _add([values[index] for values in outcomes if values]) if known else None
        found.append(_compare("T3-B", column, expected, flow[2][index] if flow[2] else None, assessable=known))
    for row, values in table.items():
        found.append(_compare("T3-C", row, _add(values[:-1]), values[-1]))
    return found


def _add(values: list[Number]) -> Number:
    """The sum, blanks counting as nothing; None where every one is blank."""
    filled = [value for value in values if value is not None]
    return sum(filled) if filled else None


def _check_four(cells: Cells) -> list[Check]:
    found: list[Check] = []
    for block in _BLOCKS:
        expected = _sum(cells, [("cases", f"{block}_{result}") for result in _RESULTS])
        found.append(_compare("T4-A", block, expected, cells.get(("cases", f"{block}_total"))))
    return found


def _check_sanity(statistics: list[Statistic], two: Cells) -> list[Check]:
    found: list[Check] = []
    for row in ("regulations", "normative_documents"):
        new, total = two.get((row, "newly_disclosed")), two.get((row, "total_disclosed"))
        if (row, "newly_disclosed") in two or (row, "total_disclosed") in two:
            result = _compare("S-1", row, new, total)
            if result.verdict == "fails" and (total or 0) > (new or 0):
                result.verdict = "holds"
            found.append(result)
    found += [
        _compare("S-1", f"{statistic.row_name}.{statistic.column_name}", 0, statistic.value)
        for statistic in statistics
        if statistic.value is not None and statistic.value < 0 and statistic.column_name != "items_change"
    ]
    return found


def _check_prose(statistics: list[Statistic], tables: dict[int, Cells]) -> list[Check]:
    """S-2: what prose states against what the table prints, group sums included."""
    found: list[Check] = []
    for statistic in statistics:
        if statistic.origin != "narrative" or not (cells := tables.get(statistic.table_no)):
            continue
        printed = _printed(cells, statistic.row_name, statistic.column_name)
        scope = f"{statistic.row_name}.{statistic.column_name}"
        if printed is not None:
            found.append(_compare("S-2", scope, printed, statistic.value))
    return found


def _printed(cells: Cells, row: str, column: str) -> Number:
    """The table's figure for a row or group of rows, and a column or group of columns."""
    names = _GROUPS.get(row, (row,))
    if row == "other_total" and ("other_handling", "total") in cells:
        names = ("other_handling",)
    across = _GROUPS_COLUMNS.get(column, (column,))
    return _sum(cells, [(name, part) for name in names for part in across])
