"""A report as one flat object, for feeds and spreadsheets: its row of `reports`, its key figures, never its text."""

from __future__ import annotations

import sqlite3
from typing import Any

from archive.database import placeholders
from archive.migrations.views import KEY_FIGURES
from archive.model import Report
from archive.records import FIELDS

_REPORT = ("id", "url", "portal", *FIELDS, "state", "sha256", "captured_at", "first_captured_at")
"""The columns of `reports` that a report knows as soon as it is read."""
_STATISTIC = ("table_no", "row_name", "column_name", "value", "origin")
_SOURCE = ("table_no", "origin", "standing")


class Flattener:
    """Turns reports into flat objects. The key figures are those of the view `key_figures`, evaluated on one report."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.row_factory = sqlite3.Row
        for table, columns in (
            ("reports", (*_REPORT, "same_as")),
            ("statistics", ("report_id", *_STATISTIC)),
            ("table_sources", ("report_id", *_SOURCE)),
        ):
            self._db.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        self._db.execute(KEY_FIGURES)
        view = [row["name"] for row in self._db.execute("PRAGMA table_info(key_figures)")]
        figures = [name for name in view if name != "report_id" and name not in _REPORT]
        self.columns = (*_REPORT, *figures)
        """The keys of every flat object, in order."""
        names = [*(f"r.{name}" for name in _REPORT), *(f"k.{name}" for name in figures)]
        self._select = f"SELECT {', '.join(names)} FROM reports r, key_figures k"  # noqa: S608 - our own names

    def flatten(self, report: Report) -> dict[str, str | int | float | None]:
        """All columns, in order; None where the report says nothing. Takes about a millisecond."""
        try:
            self._insert("reports", [[*(getattr(report, name) for name in _REPORT), None]])
            self._insert("statistics", _rows(report.id, report.statistics, _STATISTIC))
            self._insert("table_sources", _rows(report.id, report.table_sources, _SOURCE))
            return dict(self._db.execute(self._select).fetchone())
        finally:
            self._db.rollback()

    def _insert(self, table: str, rows: list[list[Any]]) -> None:
        if rows:
            values = placeholders(rows[0])
            self._db.executemany(f"INSERT INTO {table} VALUES ({values})", rows)  # noqa: S608 - our own tables


def _rows(report_id: str | None, things: list[Any], names: tuple[str, ...]) -> list[list[Any]]:
    return [[report_id, *(getattr(thing, name) for name in names)] for thing in things]
