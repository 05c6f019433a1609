"""Reports made of rows, for tests and benches that need no pages."""

from __future__ import annotations

from typing import Any

from archive.records import COLUMNS, ROW, Record, Rows, record_of
from archive.vocabulary import ReportState


def made(report_id: str, tables: dict[str, Rows] | None = None, **row: Any) -> Record:
    """A report with these rows, in the columns of `records.COLUMNS`, and these columns of `reports`."""
    given = {"url": f"http://made.example/{report_id}", "portal": "p", "state": str(ReportState.LIVE)} | row
    rows: dict[str, Rows] = {table: [] for table in COLUMNS} | {"report_texts": [("",)]} | (tables or {})
    return record_of(report_id, {name: given.get(name) for name in ROW}, rows, "")
