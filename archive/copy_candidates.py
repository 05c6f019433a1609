"""One report on several portals: which reports may be copies of one another, and which one leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archive.reports import Reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A report as one portal has it: what tells whose it is."""

    id: str
    portal: str
    issuing_body: str
    report_year: int
    published: str | None
    division_code: str | None
    same_as: str | None
    portal_division: str | None
    portal_code: str | None


def copies(reports: Reports) -> Iterator[Copy]:
    """Every report whose body and year are known, by year."""
    rows = reports.reading(
        "SELECT r.id, r.portal, r.issuing_body, r.report_year, r.published, r.division_code, r.same_as,"
        " p.division AS portal_division, p.division_code AS portal_code"
        " FROM reports r JOIN portals p ON p.name = r.portal"
        " WHERE r.issuing_body IS NOT NULL AND r.report_year IS NOT NULL ORDER BY r.report_year, r.id"
    )
    for row in rows:
        yield Copy(**dict(row))


def text(reports: Reports, report_id: str) -> str:
    """The report's paragraphs."""
    row = reports.db.conn.execute("SELECT text FROM report_texts WHERE report_id = ?", (report_id,)).fetchone()
    return str(row["text"] or "") if row else ""


def put_same_as(reports: Reports, leading: Mapping[str, str | None]) -> None:
    """Link reports to the one that leads them; None for those that stand for themselves. One commit."""
    with reports.db.atomic():
        reports.db.conn.executemany(
            "UPDATE reports SET same_as = ? WHERE id = ? AND same_as IS NOT ?",
            [(same_as, report_id, same_as) for report_id, same_as in sorted(leading.items())],
        )


def strays(reports: Reports) -> set[str]:
    """Linked reports that no longer say whose they are, or whose leading one is gone."""
    rows = reports.db.conn.execute(
        "SELECT id FROM reports WHERE same_as IS NOT NULL AND (issuing_body IS NULL OR report_year IS NULL"
        " OR same_as NOT IN (SELECT id FROM reports))"
    )
    return {row["id"] for row in rows}
