"""An archive in figures: a portal a row."""

from __future__ import annotations

from dataclasses import dataclass

from archive.captures import Captures
from archive.reports import Reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What an archive holds of one portal. `captured` counts documents' pages that were answered, each once."""

    portal: str
    title: str
    entries: int
    captured: int
    reports: int
    statistics: int
    failed_checks: int
    problems: int
    """Open ones."""


def overview(captures: Captures, reports: Reports) -> list[Row]:
    """A row a portal, by name."""
    of_captures = {
        row["portal"]: row
        for row in captures.db.conn.execute(
            """SELECT p.name AS portal, p.title,
              (SELECT COUNT(DISTINCT url) FROM entries e WHERE e.portal = p.name) AS entries,
              (SELECT COUNT(DISTINCT c.url) FROM captures c WHERE c.portal = p.name AND c.outcome IN ('ok', 'unchanged')
                AND c.url IN (SELECT url FROM entries)) AS captured,
              (SELECT COUNT(*) FROM problems q WHERE q.portal = p.name AND q.resolved_at IS NULL) AS problems
            FROM portals p ORDER BY p.name"""
        )
    }
    of_reports = {
        row["portal"]: row
        for row in reports.db.conn.execute(
            """SELECT portal, COUNT(*) AS reports,
              SUM((SELECT COUNT(*) FROM statistics s WHERE s.report_id = r.id)) AS statistics,
              SUM((SELECT COUNT(*) FROM checks c WHERE c.report_id = r.id AND c.verdict = 'fails')) AS failed
            FROM reports r GROUP BY portal"""
        )
    }
    return [
        Row(
            portal=name,
            title=row["title"],
            entries=row["entries"],
            captured=row["captured"],
            reports=of_reports[name]["reports"] if name in of_reports else 0,
            statistics=of_reports[name]["statistics"] if name in of_reports else 0,
            failed_checks=of_reports[name]["failed"] if name in of_reports else 0,
            problems=row["problems"],
        )
        for name, row in of_captures.items()
    ]
