"""One report on several portals: which reports may be copies of one another, and which of them leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archive.reports import Reports

_CANDIDATES = """
SELECT
    r.id, r.portal, r.issuing_body, r.report_year, r.published, r.division_code, r.same_as,
    p.division AS portal_division,
    p.division_code AS portal_code
FROM reports r JOIN portals p ON p.name = r.portal
WHERE r.issuing_body IS NOT NULL AND r.report_year IS NOT NULL
ORDER BY r.report_year, r.id
"""
_STALE_LINKS = """
SELECT id FROM reports
WHERE same_as IS NOT NULL
    AND (issuing_body IS NULL OR report_year IS NULL OR same_as NOT IN (SELECT id FROM reports))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A report as one portal has it: what shows whose it is."""

    id: str
    portal: str
    issuing_body: str
    report_year: int
    published: str | None
    division_code: str | None
    same_as: str | None
    """The leading report that it is linked to so far."""
    portal_division: str | None
    """The division that the portal belongs to."""
    portal_code: str | None


def candidates(reports: Reports) -> Iterator[Candidate]:
    """Every report whose issuing body and year are known, by year and id."""
    for row in reports.reading(_CANDIDATES):
        yield Candidate(**dict(row))


def text_of(reports: Reports, report_id: str) -> str:
    """The report's paragraphs, one per line; empty where there is no such report."""
    row = reports.db.conn.execute("SELECT text FROM report_texts WHERE report_id = ?", (report_id,)).fetchone()
    return str(row["text"] or "") if row else ""


def link_copies(reports: Reports, leading: Mapping[str, str | None]) -> None:
    """Link reports to the one that leads them, in one commit; None for a report that stands for itself."""
    links = [(same_as, report_id, same_as) for report_id, same_as in sorted(leading.items())]
    with reports.db.atomic():
        reports.db.conn.executemany(
            "UPDATE reports SET same_as = ? WHERE id = ? AND same_as IS NOT ?",
            links,
        )
        reports.db.conn.executemany("UPDATE figures SET same_as = ? WHERE report_id = ? AND same_as IS NOT ?", links)


def stale_links(reports: Reports) -> set[str]:
    """Ids of linked reports whose issuing body or year is no longer known, or whose leading report is gone."""
    return {row["id"] for row in reports.db.conn.execute(_STALE_LINKS)}
