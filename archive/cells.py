"""Statistics and checks as numbers: what every report repeats is written once, and named by a number."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from archive.database import placeholders
from archive.migrations.views import VERDICTS

_AT_ONCE = 40
"""Rows of one INSERT: more take no less time."""
_PLACE_OF = {str(verdict): place for place, verdict in enumerate(VERDICTS)}


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
    """The numbers of a table of words. What a transaction adds is forgotten when the next begins: it may be rolled back."""

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

    def forget(self) -> None:
        """Forget what the last transaction added, whatever became of it."""
        for key in self._new:
            if self._known:
                self._known.pop(key, None)
        self._new.clear()


class Cells:
    """Writes `cells` and `evaluations`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.cell_kinds = LookUp(
            connection, "cell_kinds", ("table_no", "row_name", "column_name", "unit", "value_state", "origin")
        )
        self.check_kinds = LookUp(connection, "check_kinds", ("identity", "scope", "severity"))

    def put_statistics(self, report: int, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write a report's statistics, in the columns of records.STATISTIC.

        What is printed is kept only where it differs from the value. A sentence that states several figures is kept
        with the first; the others name its cell.
        """
        if not rows:
            return
        table, row, column, values, unit, printed, state, origin = zip(*rows, strict=True)
        kinds = self.cell_kinds.numbers(table, row, column, unit, state, origin)
        cells: list[tuple[int, int, Any, Any]] = []
        sentences: dict[str, int] = {}
        for kind, value, raw in zip(kinds, values, printed, strict=True):
            if raw == (str(value) if type(value) is int else "" if value is None else None):
                raw = None
            elif raw and len(raw) > _SHORT:
                first = sentences.setdefault(raw, kind)
                raw = raw if first == kind else first
            cells.append((report, kind, value, raw))
        cells.sort(key=_kind)
        insert(self.connection, "cells", cells)

    def put_checks(self, report: int, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write evaluations of a report, in the columns of records.CHECK."""
        if not rows:
            return
        identity, scope, expected, actual, verdict, severity = zip(*rows, strict=True)
        kinds = self.check_kinds.numbers(identity, scope, severity)
        places = map(_PLACE_OF.__getitem__, verdict)
        insert(self.connection, "evaluations", list(zip(repeat(report), kinds, places, expected, actual, strict=False)))

    def forget(self) -> None:
        """A transaction begins, or a part of one was rolled back."""
        self.cell_kinds.forget()
        self.check_kinds.forget()


_SHORT = 8
"""Characters of what is printed that are not worth a reference."""
_kind = itemgetter(1)
