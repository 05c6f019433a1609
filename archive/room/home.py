"""The first page: what is here, the coverage of each portal, what is new, and which portals are unwell."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from archive.room.report import dicts


@dataclass(slots=True)
class Coverage:
    """One portal and year: reports held, and how many of them are missing, removed or late."""

    reports: int
    missing: int
    removed: int
    late: int


@dataclass(slots=True)
class Holdings:
    """What reports.db holds, in figures."""

    reports: int
    bodies: int
    first_year: int | None
    last_year: int | None
    failed: int
    portals: list[dict[str, Any]]
    years: list[int]
    map: dict[str, dict[int | None, Coverage]]
    """Portal → year → coverage; the year None holds reports that name no year."""
    newest: list[dict[str, Any]]
    changed: list[dict[str, Any]]


def holdings(db: sqlite3.Connection) -> Holdings:
    """One pass over the reports; some tenths of a second for 50,000 of them."""
    cells = db.execute(
        """SELECT r.portal, r.report_year, COUNT(*), SUM(r.state = 'missing'), SUM(r.state = 'removed'), SUM(t.on_time = 0)
        FROM reports r JOIN timeliness t ON t.report_id = r.id GROUP BY r.portal, r.report_year"""
    ).fetchall()
    found: dict[str, dict[int | None, Coverage]] = {}
    for portal, year, *counts in cells:
        found.setdefault(portal, {})[year] = Coverage(*(count or 0 for count in counts))
    years = sorted({year for _, year, *_ in cells if year is not None})
    one = db.execute(
        "SELECT (SELECT COUNT(*) FROM reports), (SELECT COUNT(DISTINCT issuing_body) FROM reports),"
        " (SELECT COUNT(DISTINCT report_id) FROM checks WHERE verdict = 'fails')"
    ).fetchone()
    return Holdings(
        reports=one[0],
        bodies=one[1],
        first_year=years[0] if years else None,
        last_year=years[-1] if years else None,
        failed=one[2],
        portals=dicts(db, "SELECT * FROM portals ORDER BY name"),
        years=list(range(years[0], years[-1] + 1)) if years else [],
        map=found,
        newest=newest(db, 8),
        changed=changed(db, 8),
    )


def newest(db: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """Reports by when they were first captured, the latest first."""
    return dicts(
        db,
        "SELECT id, title, portal, issuing_body, report_year, published, url, first_captured_at AS at FROM reports"
        " ORDER BY first_captured_at DESC, id LIMIT ?",
        (limit,),
    )


def changed(db: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """Changes of what reports say, the latest first."""
    return dicts(
        db,
        "SELECT r.id, r.title, r.portal, r.issuing_body, r.report_year, r.published, r.url, v.captured_at AS at, v.changed"
        " FROM versions v JOIN reports r ON r.id = v.report_id WHERE v.changed NOT IN ('', '{}')"
        " ORDER BY v.captured_at DESC, r.id LIMIT ?",
        (limit,),
    )


def gone(db: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """Reports that their portal no longer has."""
    return dicts(
        db,
        "SELECT id, title, portal, issuing_body, report_year, published, url, captured_at AS at, state FROM reports"
        " WHERE state IN ('removed', 'missing') ORDER BY captured_at DESC, id LIMIT ?",
        (limit,),
    )


# What captures.db adds


def unwell(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Portals with open problems, or whose last crawl did not finish; worst first."""
    return dicts(
        db,
        """WITH last AS (SELECT portal, MAX(id) AS id FROM runs WHERE kind = 'crawl' GROUP BY portal),
          open AS (SELECT portal, COUNT(*) AS problems, group_concat(DISTINCT kind) AS kinds, MAX(seen_at) AS seen_at
            FROM problems WHERE resolved_at IS NULL GROUP BY portal)
        SELECT p.name AS portal, p.title, COALESCE(o.problems, 0) AS problems, o.kinds, o.seen_at, r.started_at, r.finished_at, r.finish_reason
        FROM portals p LEFT JOIN open o ON o.portal = p.name LEFT JOIN last l ON l.portal = p.name LEFT JOIN runs r ON r.id = l.id
        WHERE o.problems > 0 OR (r.id IS NOT NULL AND COALESCE(r.finish_reason, '') <> 'finished')
        ORDER BY problems DESC, p.name""",
    )


def missed_at(db: sqlite3.Connection, url: str) -> str | None:
    """When an address was first found to be gone, after it was last there."""
    row = db.execute(
        "SELECT MIN(requested_at) FROM captures WHERE url = :u AND outcome = 'missing' AND requested_at >"
        " COALESCE((SELECT MAX(requested_at) FROM captures WHERE url = :u AND outcome IN ('ok', 'unchanged')), '')",
        {"u": url},
    ).fetchone()
    return row[0] if row else None


# Problems desk


def desk(db: sqlite3.Connection, chosen: dict[str, str], limit: int = 200) -> dict[str, Any]:
    """Open problems of the chosen portal, stage and kind, oldest first, and how they are spread."""
    where = " AND ".join(["resolved_at IS NULL", *(f"{name} = :{name}" for name in chosen)])
    rows = dicts(
        db,
        f"""SELECT p.*, CAST(julianday('now') - julianday(p.seen_at) AS INTEGER) AS days,
          (SELECT c.id FROM captures c WHERE c.url = p.url ORDER BY c.requested_at DESC, c.id DESC LIMIT 1) AS capture_id
        FROM problems p WHERE {where} ORDER BY p.seen_at, p.id LIMIT {int(limit)}""",  # noqa: S608 - our own clauses
        chosen,
    )
    last = "SELECT id, requested_at, status, outcome, note, sha256, content_type FROM captures WHERE id = ?"
    for row in rows:
        row["capture"] = next(iter(dicts(db, last, (row["capture_id"],))), None)
    spread = {
        name: db.execute(
            f"SELECT {name}, COUNT(*) FROM problems WHERE resolved_at IS NULL GROUP BY 1 ORDER BY 2 DESC, 1"  # noqa: S608 - our names
        ).fetchall()
        for name in ("portal", "stage", "kind")
    }
    total = db.execute(f"SELECT COUNT(*) FROM problems WHERE {where}", chosen).fetchone()[0]  # noqa: S608 - our own clauses
    return {"rows": rows, "spread": spread, "total": total}
