"""Pages that stand in frames of others: which report shows one as its article, and that either is to be read again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from archive.model import Located
from archive.reports import Reports

# CROSS JOIN keeps the order: from the addresses; the planner would go through all reports of the portal
_SHOWING = """
SELECT r.id FROM json_each(:urls) u CROSS JOIN locations o ON o.url = u.value
    CROSS JOIN reports r ON r.id = o.report_id CROSS JOIN read_marks m ON m.id = r.id
WHERE r.portal = :portal AND r.id <> :id AND EXISTS (SELECT 1 FROM json_each(m.beside) b WHERE b.value = o.url)
ORDER BY r.id LIMIT 1
"""
_AT = "SELECT id FROM reports WHERE url = ? AND portal = ? AND id <> ?"


def report_showing(reports: Reports, place: Located) -> str | None:
    """Id of the report of the same portal that has this document as its article, in a frame."""
    values = {"urls": json.dumps(place.urls), "portal": place.portal, "id": place.id}
    row = reports.db.conn.execute(_SHOWING, values).fetchone()
    return row["id"] if row else None


def reports_at(reports: Reports, urls: Iterable[str], place: Located) -> list[str]:
    """Ids of the other reports of the portal at these addresses."""
    rows = (reports.db.conn.execute(_AT, (url, place.portal, place.id)).fetchone() for url in urls)
    return [row["id"] for row in rows if row]


def read_again(reports: Reports, document_ids: Collection[str]) -> None:
    """Make these documents due; the caller commits."""
    reports.db.conn.executemany("DELETE FROM read_marks WHERE id = ?", [(one,) for one in document_ids])
