"""A report as one flat object, for feeds and spreadsheets: its row of `reports`, its key figures, never its text."""

from __future__ import annotations

from archive.figures import ALL_TABLES, figures
from archive.model import Report
from archive.records import FIELDS, IDS, ids, rows_of

_REPORT = ("id", "url", "portal", *FIELDS, "state", "sha256", "captured_at", "first_captured_at")
"""The columns of `reports` that a report knows as soon as it is read."""


class Flattener:
    """Turns reports into flat objects with the columns of `key_figures`."""

    columns = (*_REPORT, *IDS, *ALL_TABLES)
    """The keys of every flat object, in order."""

    def flatten(self, report: Report) -> dict[str, str | int | float | None]:
        """All columns, in order; None where the report says nothing."""
        found = figures(*rows_of(report)).row
        return (
            {name: getattr(report, name) for name in _REPORT} | ids(report) | {name: found[name] for name in ALL_TABLES}
        )
