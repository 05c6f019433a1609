"""Statistics and checks as numbers: what every report repeats is written once, and named by a number.

The words of a table's cells, in their order, are its layout; nearly all tables have one of some dozens. A table is one row:
its layout, and what its cells hold, as JSON.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, groupby, repeat
from operator import itemgetter
from typing import Any

from archive.database import placeholders
from archive.vocabulary import ValueState, Verdict

_AT_ONCE = 40
"""Rows of one INSERT: more take no less time."""


def insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert whole rows, many by one statement: half the time of one by one. Of two with one key the first stays."""
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        connection.execute(_insert(table, len(part), len(part[0])), list(chain.from_iterable(part)))


@cache
def _insert(table: str, rows: int, columns: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"INSERT OR IGNORE INTO {table} VALUES {', '.join([row] * rows)}"  # noqa: S608 - our names


class LookUp:
    """The numbers of a table of words. What a transaction adds is forgotten with the next one, unless it was committed."""

    def __init__(self, connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> None:
        self.connection = connection
        names = ", ".join(columns)
        self._all = f"SELECT id, {names} FROM {table}"  # noqa: S608 - our names
        self._find = f"SELECT id FROM {table} WHERE {' AND '.join(f'{name} IS ?' for name in columns)}"  # noqa: S608 - our names
        self._add = f"INSERT INTO {table} ({names}) VALUES ({placeholders(columns)})"  # noqa: S608 - our names
        self._known: dict[tuple[Any, ...], int] | None = None
        self._new: set[tuple[Any, ...]] = set()

    def numbers(self, *words: Sequence[Any]) -> list[int]:
        """The number of each row of words, given column by column; what has none gets one.

        Within a transaction that holds the write lock.
        """
        if self._known is None:
            self._known = {tuple(row)[1:]: row[0] for row in self.connection.execute(self._all)}
        known, keys = self._known, list(zip(*words, strict=True))
        try:
            return [known[key] for key in keys]
        except KeyError:
            return [known[key] if key in known else self._number(known, key) for key in keys]

    def _number(self, known: dict[tuple[Any, ...], int], key: tuple[Any, ...]) -> int:
        row = self.connection.execute(self._find, key).fetchone()
        known[key] = int(row[0] if row else self.connection.execute(self._add, key).lastrowid or 0)
        self._new.add(key)
        return known[key]

    def forget(self) -> bool:
        """Forget what was added and not committed. Returns whether that was anything."""
        added, self._new = self._new, set()
        for key in added:
            if self._known:
                self._known.pop(key, None)
        return bool(added)

    def committed(self) -> None:
        """What was added stays."""
        self._new.clear()


class Layouts:
    """The numbers of layouts: what the rows of one table of one report are about, in their order."""

    def __init__(self, connection: sqlite3.Connection, kinds: str, columns: Sequence[str], layouts: str) -> None:
        self.kinds = LookUp(connection, kinds, columns)
        self.layouts = LookUp(connection, layouts, ("kinds",))
        self._by_words: dict[tuple[tuple[Any, ...], ...], int] = {}

    def number(self, *words: tuple[Any, ...]) -> int:
        """The number of a layout by the words of its kinds, given column by column; a new one gets one."""
        number = self._by_words.get(words)
        if number is None:
            (number,) = self.layouts.numbers([json.dumps(self.kinds.numbers(*words))])
            if len(self._by_words) >= _REMEMBERED:
                self._by_words.clear()
            self._by_words[words] = number
        return number

    def forget(self) -> None:
        """A transaction begins, or a part of one was rolled back."""
        if self.layouts.forget():
            self._by_words.clear()
        self.kinds.forget()

    def committed(self) -> None:
        """What the transaction added stays."""
        self.layouts.committed()
        self.kinds.committed()


class Cells:
    """Writes `cells`, `evaluations` and `failures`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        columns = ("table_no", "row_name", "column_name", "unit", "origin")
        self.tables = Layouts(connection, "cell_kinds", columns, "layouts")
        self.checks = Layouts(connection, "check_kinds", ("identity", "scope", "severity"), "check_layouts")

    def put_statistics(self, report: int, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write a report's statistics, in the columns of records.STATISTIC: a row for each table of each origin.

        A cell is written as its value. One that holds or prints anything else is a list: value, state, what is printed.
        A sentence that states several figures is written with the first; the others name its place.
        """
        insert(self.connection, "cells", [(report, *self._table(list(cells))) for _, cells in groupby(rows, _TABLE)])

    def _table(self, cells: list[tuple[Any, ...]]) -> tuple[int, str]:
        """The number of a table's layout, and its contents."""
        tables, rows, columns, values, units, printed, states, origins = zip(*cells, strict=True)
        layout = self.tables.number(tables, rows, columns, units, origins)
        size = len(cells)
        if states.count(_NUMBER) == list(map(type, values)).count(int) == size and printed == tuple(map(str, values)):
            return layout, f"[{','.join(printed)}]"  # most tables, and half the time
        return layout, _encode(list(_contents(values, printed, states)))

    def put_checks(self, report: int, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write evaluations of a report, in the columns of records.CHECK: what fails as a row each, the others as one.

        An identity that holds is written as its figure, one that cannot be assessed as nothing. Where that does not say
        all it is a list: verdict, expected, actual.
        """
        failing = [row for row in rows if row[4] == _FAILS]
        if failing:
            identity, scope, expected, actual, _, severity = zip(*failing, strict=True)
            kinds = self.checks.kinds.numbers(identity, scope, severity)
            insert(self.connection, "failures", list(zip(repeat(report), kinds, expected, actual, strict=False)))
            rows = [row for row in rows if row[4] != _FAILS]
        if rows:
            identity, scope, expected, actual, verdicts, severity = zip(*rows, strict=True)
            contents = [
                one
                if one == other and verdict == (_NOT_ASSESSABLE if one is None else _HOLDS)
                else (verdict, one, other)
                for one, other, verdict in zip(map(_whole, expected), map(_whole, actual), verdicts, strict=True)
            ]
            layout = self.checks.number(identity, scope, severity)
            insert(self.connection, "evaluations", [(report, layout, _encode(contents))])

    def forget(self) -> None:
        """A transaction begins, or a part of one was rolled back."""
        self.tables.forget()
        self.checks.forget()

    def committed(self) -> None:
        """What the transaction added stays."""
        self.tables.committed()
        self.checks.committed()


def _contents(values: Sequence[Any], printed: Sequence[str | None], states: Sequence[str]) -> Iterator[Any]:
    """A table's cells as `Cells.put_statistics` says."""
    sentences: dict[str, int] = {}
    for place, (value, raw, state) in enumerate(zip(values, printed, states, strict=True)):
        if value is None and not raw and state == _BLANK:
            yield None
        elif type(value) is int and state == _NUMBER and raw in {None, str(value)}:
            yield value
        else:
            if raw is None:
                raw = "" if value is None else str(value)
            first = sentences.setdefault(raw, place) if len(raw) > _SHORT else place
            yield _whole(value), state, raw if first == place else first


def _whole(number: Any) -> Any:
    """A whole number as an integer, as SQLite keeps it in a column of numbers."""
    return int(number) if type(number) is float and number.is_integer() else number


_REMEMBERED = 4096
"""Layouts that are known by their words: nearly all tables have one of some dozens."""
_SHORT = 8
"""Characters of what is printed that are not worth a reference."""
_TABLE = itemgetter(0, 7)
_BLANK, _NUMBER = str(ValueState.BLANK), str(ValueState.NUMBER)
_HOLDS, _FAILS, _NOT_ASSESSABLE = map(str, (Verdict.HOLDS, Verdict.FAILS, Verdict.NOT_ASSESSABLE))
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
