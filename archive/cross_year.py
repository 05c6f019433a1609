"""Two consecutive years of one body: which reports are compared, and what the checks between them say."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter

from archive.copy_candidates import text_of
from archive.database import placeholders
from archive.forms.names import CARRIED_IN, CARRIED_OUT
from archive.model import Check, Statistic
from archive.records import CHECK
from archive.reports import CROSS_YEAR, Reports
from archive.text_reuse import reused_share

_FIGURE = ("table_no", "row_name", "column_name", "value", "origin")
_CHECK = attrgetter(*CHECK)

_BY_AGENCY_AND_YEAR = """
SELECT agency_id, report_year, portal, report_id FROM figures
WHERE agency_id IS NOT NULL AND report_year IS NOT NULL
ORDER BY agency_id, report_year, report_id
"""
_AROUND = """
WITH wanted AS (
    SELECT DISTINCT t.agency_id, t.report_year + y.value AS report_year
    FROM json_each(:ids) i CROSS JOIN figures t ON t.report_id = i.value CROSS JOIN json_each('[-1, 0, 1]') y
    WHERE t.agency_id IS NOT NULL AND t.report_year IS NOT NULL
)
SELECT f.agency_id, f.report_year, f.portal, f.report_id
FROM wanted w CROSS JOIN figures f ON f.agency_id = w.agency_id AND f.report_year = w.report_year
ORDER BY f.agency_id, f.report_year, f.report_id
"""
"""The reports of some reports' agencies in their years, and in those before and after."""
_WITHOUT_PREVIOUS_YEAR = """
SELECT f.report_id AS id FROM figures f
WHERE (f.previous_report_id IS NOT NULL OR EXISTS (SELECT 1 FROM checks WHERE report_id = f.report_id AND identity GLOB ?))
    AND NOT EXISTS (
        SELECT 1 FROM figures p
        WHERE p.agency_id = f.agency_id AND p.report_year = f.report_year - 1
    )
"""


_PUT_REUSE = """
UPDATE figures SET previous_report_id = ?1, reused_share = ?2
WHERE report_id = ?3 AND (previous_report_id IS NOT ?1 OR reused_share IS NOT ?2)
"""


def year_pairs(reports: Reports, around: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
    """(report of year Y, report of year Y-1 of the same agency, whatever name it prints), on the same portal where that has both.

    Of all reports, or by index of those to which a change of the reports `around` may matter.
    """
    rows: Iterable[sqlite3.Row] = reports.reading(_BY_AGENCY_AND_YEAR)
    if around is not None:
        rows = reports.db.conn.execute(_AROUND, {"ids": json.dumps(list(around))}).fetchall()
    last: tuple[str, int] | None = None
    before: dict[str, str] = {}
    for (agency, year), group in groupby(rows, key=lambda row: (row[0], row[1])):
        by_portal: dict[str, str] = {}
        follows = last == (agency, year - 1)
        for _, _, portal, report_id in group:
            by_portal.setdefault(portal, report_id)
            if follows:
                yield report_id, before.get(portal) or min(before.values())
        last, before = (agency, year), by_portal


def without_previous_year(reports: Reports) -> set[str]:
    """Ids of the reports that have checks between years although no report of the year before is left."""
    return {row["id"] for row in reports.db.conn.execute(_WITHOUT_PREVIOUS_YEAR, (CROSS_YEAR + "*",))}


def compared_figures(reports: Reports, report_ids: Iterable[str]) -> dict[str, list[Statistic]]:
    """Report id → the figures that identities between two years use: table two, carried in and carried out."""
    figures: dict[str, list[Statistic]] = {report_id: [] for report_id in report_ids}
    ids = placeholders(figures)
    rows = reports.db.conn.cursor()
    rows.row_factory = None  # plain tuples: there are some thirty for every report
    rows.execute(
        f"""
        SELECT report_id, {", ".join(_FIGURE)} FROM statistics
        WHERE report_id IN ({ids}) AND table_no = 2
        UNION ALL
        SELECT report_id, {", ".join(_FIGURE)} FROM statistics
        WHERE report_id IN ({ids}) AND table_no = 3 AND row_name IN (?, ?)
        """,  # noqa: S608 - our names, placeholders
        [*figures, *figures, CARRIED_IN, CARRIED_OUT],
    )
    for report_id, table_no, row_name, column_name, value, origin in rows:
        figures[report_id].append(
            Statistic(table_no=table_no, row_name=row_name, column_name=column_name, value=value, origin=origin)
        )
    return figures


def put_reuse(reports: Reports, previous: Mapping[str, str | None]) -> None:
    """Keep how much of each report's text stands in the report of the year before; None where there is none."""
    reports.begin()
    for report_id, before in previous.items():
        share = reused_share(text_of(reports, report_id), text_of(reports, before)) if before else None
        reports.db.conn.execute(_PUT_REUSE, (before, share, report_id))


def put_checks(reports: Reports, checks: dict[str, list[Check]]) -> None:
    """Replace the checks between years of some reports, in one commit; writes only where they differ."""
    names = ", ".join(CHECK)
    stored: dict[str, set[tuple[object, ...]]] = {report_id: set() for report_id in checks}
    rows = reports.db.conn.execute(
        f"SELECT report_id, {names} FROM checks WHERE report_id IN ({placeholders(stored)}) AND identity GLOB ?",  # noqa: S608 - our names
        (*stored, CROSS_YEAR + "*"),
    )
    for report_id, *values in rows:
        stored[report_id].add(tuple(values))
    reports.begin()
    with reports.whole():
        for report_id, current in checks.items():
            wanted = set(map(_CHECK, current))
            if wanted != stored[report_id]:
                reports.put_cross_year(report_id, list(wanted))
