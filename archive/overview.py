"""An archive in numbers: a portal a row."""

from __future__ import annotations

from dataclasses import dataclass

from archive.captures import Captures
from archive.database import sql_words
from archive.reports import Reports
from archive.vocabulary import DOCUMENT_OUTCOMES

_OF_CAPTURES = f"""
SELECT
    p.name AS portal,
    p.title,
    (SELECT COUNT(DISTINCT url) FROM entries e WHERE e.portal = p.name) AS entries,
    (
        SELECT COUNT(DISTINCT c.url) FROM captures c
        WHERE c.portal = p.name
            AND c.outcome IN ({sql_words(DOCUMENT_OUTCOMES)})
            AND c.url IN (SELECT url FROM entries)
    ) AS captured,
    (SELECT COUNT(*) FROM problems q WHERE q.portal = p.name AND q.resolved_at IS NULL) AS problems
FROM portals p
ORDER BY p.name
"""  # noqa: S608 - words of the vocabulary
_OF_REPORTS = """
SELECT
    portal,
    COUNT(*) AS reports,
    SUM(cells) AS statistics,
    SUM(failed_checks + failed_over_years) AS failed
FROM figures
GROUP BY portal
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalOverview:
    """What an archive holds of one portal."""

    portal: str
    title: str
    entries: int
    captured: int
    """Listed documents that were answered, each address once."""
    reports: int
    statistics: int
    failed_checks: int
    problems: int
    """Those that are open."""


def overview(captures: Captures, reports: Reports) -> list[PortalOverview]:
    """One row per portal, by name."""
    of_reports = {row["portal"]: row for row in reports.db.conn.execute(_OF_REPORTS)}
    rows: list[PortalOverview] = []
    for row in captures.db.conn.execute(_OF_CAPTURES):
        counts = of_reports.get(row["portal"])
        rows.append(
            PortalOverview(
                portal=row["portal"],
                title=row["title"],
                entries=row["entries"],
                captured=row["captured"],
                reports=counts["reports"] if counts else 0,
                statistics=counts["statistics"] if counts else 0,
                failed_checks=counts["failed"] if counts else 0,
                problems=row["problems"],
            )
        )
    return rows
