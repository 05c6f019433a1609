"""One report on several portals: which reports may be copies of one another, and which of them leads."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from archive.reports import Reports

_SELECT = """
SELECT
    r.id, r.portal, r.issuing_body, r.report_year, r.published, r.division_code, r.same_as,
    p.division AS portal_division,
    p.division_code AS portal_code
FROM reports r JOIN portals p ON p.name = r.portal
"""
_CANDIDATES = f"""
{_SELECT} WHERE r.issuing_body IS NOT NULL AND r.report_year IS NOT NULL
ORDER BY r.report_year, r.id
"""
_NAMED = f"""
{_SELECT} WHERE r.report_year = :year AND r.issuing_body IN (SELECT value FROM json_each(:names))
ORDER BY r.id
"""  # noqa: S608 - our own clauses
_BODIES_AND_YEARS = """
SELECT DISTINCT r.report_year, r.issuing_body
FROM json_each(:ids) i CROSS JOIN reports r ON r.id = i.value
WHERE r.issuing_body IS NOT NULL AND r.report_year IS NOT NULL
ORDER BY r.report_year
"""
_MET = """
SELECT n.value FROM json_each(:names) n
WHERE EXISTS (SELECT 1 FROM reports WHERE issuing_body = n.value AND report_year = :year)
ORDER BY length(n.value) LIMIT 1
"""
_ENDING = "SELECT reversed FROM body_names WHERE reversed >= :start AND reversed < :start || char(1114111)"
_LINKED = """
SELECT r.id FROM json_each(:ids) i CROSS JOIN reports r ON r.id = i.value WHERE r.same_as IS NOT NULL
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


def candidates_beside(
    reports: Reports, ids: Collection[str], endings: Callable[[str], list[str]]
) -> Iterator[Candidate]:
    """By index, every report that may be a copy of one of these, and they themselves, by year.

    endings: the ends of a body's name that may be the whole name of the same body, itself among them; none where only
    the very same name counts.
    """
    connection = reports.db.conn
    rows = connection.execute(_BODIES_AND_YEARS, {"ids": json.dumps(list(ids))}).fetchall()
    for year, of_year in groupby(rows, key=lambda row: row["report_year"]):
        names: set[str] = set()
        for row in of_year:
            name = row["issuing_body"]
            if name not in names:
                names.update(_alike(reports, name, year, endings(name)))
        named = {"year": year, "names": json.dumps(list(names))}
        # On the open connection: one of its own would cost more than the query.
        for found in connection.execute(_NAMED, named).fetchall():
            yield Candidate(**dict(found))


def _alike(reports: Reports, name: str, year: int, endings: list[str]) -> list[str]:
    """All names, in whatever year, that end as the shortest name of that year does with which this one ends."""
    if not endings:
        return [name]
    connection = reports.db.conn
    (shortest,) = connection.execute(_MET, {"names": json.dumps(endings), "year": year}).fetchone()
    return [row["reversed"][::-1] for row in connection.execute(_ENDING, {"start": shortest[::-1]})]


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


def linked(reports: Reports, ids: Collection[str]) -> set[str]:
    """Those of these reports that are linked to a leading one."""
    return {row["id"] for row in reports.db.conn.execute(_LINKED, {"ids": json.dumps(list(ids))})}


def stale_links(reports: Reports) -> set[str]:
    """Ids of linked reports whose issuing body or year is no longer known, or whose leading report is gone."""
    return {row["id"] for row in reports.db.conn.execute(_STALE_LINKS)}
