"""What the archive holds: its size, the coverage of each portal, what is new, changed or gone, and unwell portals."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archive.room.report import dicts
from archive.vocabulary import Outcome, ReportState, RunKind


@dataclass(slots=True)
class Coverage:
    """One portal and year: reports archived, and how many of them are missing, removed or late."""

    reports: int
    missing: int
    removed: int
    late: int


@dataclass(slots=True)
class Holdings:
    """What reports.db holds, in figures."""

    reports: int
    agencies: int
    first_year: int | None
    last_year: int | None
    failed: int
    """Reports with an identity that fails."""
    portals: list[dict[str, Any]]
    years: list[int]
    coverage: dict[str, dict[int | None, Coverage]]
    """Portal → year → coverage; the year None counts reports that name no year."""
    newest: list[dict[str, Any]]
    changed: list[dict[str, Any]]


_REPORTS_OF_PORTALS = f"""
SELECT portal, report_year, COUNT(*), SUM(state = '{ReportState.MISSING}'), SUM(state = '{ReportState.REMOVED}')
FROM reports INDEXED BY idx_reports_portal_report_year GROUP BY portal, report_year
"""  # noqa: S608 - members of our vocabulary
_LATE_OF_PORTALS = """
SELECT portal, report_year, COUNT(*) FROM figures INDEXED BY figures_portal
WHERE days_late > 0 GROUP BY portal, report_year
"""


def holdings(db: sqlite3.Connection) -> Holdings:
    """All of it from indexes: no report is looked at."""
    coverage: dict[str, dict[int | None, Coverage]] = {}
    for portal, year, reports, missing, removed in db.execute(_REPORTS_OF_PORTALS):
        coverage.setdefault(portal, {})[year] = Coverage(reports, missing, removed, 0)
    for portal, year, late in db.execute(_LATE_OF_PORTALS):
        coverage[portal][year].late = late
    years = sorted({year for of_portal in coverage.values() for year in of_portal if year is not None})
    reports, agencies, failed = db.execute(
        """SELECT
          (SELECT COUNT(*) FROM reports),
          (SELECT COUNT(DISTINCT issuing_body) FROM reports),
          (SELECT COUNT(*) FROM figures INDEXED BY figures_failed WHERE failed_checks + failed_over_years > 0)"""
    ).fetchone()
    return Holdings(
        reports=reports,
        agencies=agencies,
        first_year=years[0] if years else None,
        last_year=years[-1] if years else None,
        failed=failed,
        portals=dicts(db, "SELECT * FROM portals ORDER BY name"),
        years=list(range(years[0], years[-1] + 1)) if years else [],
        coverage=coverage,
        newest=newest(db, 8),
        changed=changed(db, 8),
    )


def years_held(db: sqlite3.Connection) -> range:
    """From the first to the newest year that a report is of: two steps of an index, where `holdings` passes over all."""
    year = "SELECT {}(report_year) FROM figures INDEXED BY figures_summed WHERE same_as IS NULL"
    first, last = db.execute(f"SELECT ({year.format('MIN')}), ({year.format('MAX')})").fetchone()
    return range(first, last + 1) if first else range(0)


FEW = 2_000
"""Reports that are looked up one by one and put in order."""


@dataclass(frozen=True, slots=True)
class Among:
    """The reports that are looked at: a condition on `r`, and its values."""

    condition: str = "TRUE"
    values: tuple[Any, ...] = ()

    @classmethod
    def numbered(cls, numbers: Sequence[int]) -> Among:
        """Those of these search_ids. Of many, the first ones in any order are soon met on the way: none is looked up."""
        if len(numbers) <= FEW:
            return cls("r.search_id IN (SELECT value FROM json_each(?))", (json.dumps(numbers),))
        flags = bytearray(max(numbers) + 1)
        for number in numbers:
            flags[number] = 1
        return cls("substr(?, r.search_id + 1, 1) = x'01'", (bytes(flags),))


EVERY = Among()


def newest(db: sqlite3.Connection, limit: int, among: Among = EVERY) -> list[dict[str, Any]]:
    """Reports by when they were first captured, the latest first."""
    return dicts(
        db,
        f"""SELECT id, title, portal, issuing_body, report_year, published, url, first_captured_at AS at
        FROM reports r
        WHERE {among.condition}
        ORDER BY first_captured_at DESC, search_id DESC LIMIT ?""",  # noqa: S608 - our own conditions
        (*among.values, limit),
    )


def changed(db: sqlite3.Connection, limit: int, among: Among = EVERY) -> list[dict[str, Any]]:
    """Changes of what reports say, the latest first."""
    return dicts(
        db,
        f"""SELECT
          r.id, r.title, r.portal, r.issuing_body, r.report_year, r.published, r.url, v.captured_at AS at, v.changed
        FROM versions v
        JOIN reports r ON r.id = v.report_id
        WHERE v.changed NOT IN ('', '{{}}') AND {among.condition}
        ORDER BY v.captured_at DESC, r.id LIMIT ?""",  # noqa: S608 - our own conditions
        (*among.values, limit),
    )


def gone(db: sqlite3.Connection, limit: int, among: Among = EVERY) -> list[dict[str, Any]]:
    """Reports that their portal no longer has."""
    return dicts(
        db,
        f"""SELECT id, title, portal, issuing_body, report_year, published, url, captured_at AS at, state
        FROM reports r
        WHERE state IN (?, ?) AND {among.condition}
        ORDER BY captured_at DESC, id LIMIT ?""",  # noqa: S608 - our own conditions
        (ReportState.REMOVED, ReportState.MISSING, *among.values, limit),
    )


# From captures.db


def unwell(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Portals with open problems, or whose last crawl did not finish; most problems first."""
    return dicts(
        db,
        """WITH last AS (
          SELECT portal, MAX(id) AS id FROM runs WHERE kind = ? GROUP BY portal
        ),
        open AS (
          SELECT portal, COUNT(*) AS problems, group_concat(DISTINCT kind) AS kinds, MAX(seen_at) AS seen_at
          FROM problems WHERE resolved_at IS NULL GROUP BY portal
        )
        SELECT
          p.name AS portal,
          p.title,
          COALESCE(o.problems, 0) AS problems,
          o.kinds,
          o.seen_at,
          r.started_at,
          r.finished_at,
          r.finish_reason
        FROM portals p
        LEFT JOIN open o ON o.portal = p.name
        LEFT JOIN last l ON l.portal = p.name
        LEFT JOIN runs r ON r.id = l.id
        WHERE o.problems > 0 OR (r.id IS NOT NULL AND COALESCE(r.finish_reason, '') <> 'finished')
        ORDER BY problems DESC, p.name""",
        (RunKind.CRAWL,),
    )


def missed_at(db: sqlite3.Connection, url: str) -> str | None:
    """When an address was first missing after it was last there (UTC); None if it was never missing."""
    row = db.execute(
        """SELECT MIN(requested_at) FROM captures
        WHERE url = :url AND outcome = :missing AND requested_at > COALESCE(
          (SELECT MAX(requested_at) FROM captures WHERE url = :url AND outcome IN (:ok, :unchanged)), ''
        )""",
        {"url": url, "missing": Outcome.MISSING, "ok": Outcome.OK, "unchanged": Outcome.UNCHANGED},
    ).fetchone()
    return row[0] if row else None
