"""Two years of one body: which reports are neighbours, and what the checks between them say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from archive.model import Check, Statistic
from archive.records import CHECK
from archive.reports import CROSS_YEAR, Reports

_FIGURE = ("table_no", "row_name", "column_name", "value", "origin")
_CHECK = attrgetter(*CHECK)


def neighbours(reports: Reports) -> Iterator[tuple[str, str]]:
    """(report of year Y, report of year Y-1 of the same issuing body), in the same portal where that has both."""
    rows = reports.reading(
        "SELECT issuing_body, report_year, portal, id FROM reports"
        " WHERE issuing_body IS NOT NULL AND report_year IS NOT NULL ORDER BY issuing_body, report_year, id"
    )
    last: tuple[str, int] | None = None
    before: dict[str, str] = {}
    for (body, year), group in groupby(rows, key=lambda row: (row[0], row[1])):
        first: dict[str, str] = {}
        is_next = last == (body, year - 1)
        for _, _, portal, report_id in group:
            first.setdefault(portal, report_id)
            if is_next:
                yield report_id, before.get(portal) or min(before.values())
        last, before = (body, year), first


def lonely(reports: Reports) -> set[str]:
    """Ids of the reports that have checks between years and no neighbour any more."""
    rows = reports.db.conn.execute(
        "SELECT id FROM reports r WHERE EXISTS (SELECT 1 FROM checks WHERE report_id = r.id AND identity GLOB ?)"
        " AND NOT EXISTS (SELECT 1 FROM reports p WHERE p.issuing_body = r.issuing_body AND p.report_year = r.report_year - 1)",
        (CROSS_YEAR + "*",),
    )
    return {row["id"] for row in rows}


def figures(reports: Reports, report_ids: Iterable[str]) -> dict[str, list[Statistic]]:
    """What identities between two years speak of: table two, and what was carried in and out."""
    found: dict[str, list[Statistic]] = {report_id: [] for report_id in report_ids}
    select = f"SELECT report_id, {', '.join(_FIGURE)} FROM statistics WHERE report_id IN ({_marks(found)})"  # noqa: S608 - our names
    rows = reports.db.conn.cursor()
    rows.row_factory = None  # plain tuples: there are some thirty for every report
    rows.execute(
        f"{select} AND table_no = 2 UNION ALL {select} AND table_no = 3 AND row_name IN ('carried_in', 'carried_out')",
        [*found, *found],
    )
    for report_id, table_no, row_name, column_name, value, origin in rows:
        found[report_id].append(
            Statistic(table_no=table_no, row_name=row_name, column_name=column_name, value=value, origin=origin)
        )
    return found


def put_checks(reports: Reports, checks: dict[str, list[Check]]) -> None:
    """Replace the checks between years of some reports, in one commit; writes only where they differ."""
    names = ", ".join(CHECK)
    stored: dict[str, set[tuple[object, ...]]] = {report_id: set() for report_id in checks}
    rows = reports.db.conn.execute(
        f"SELECT report_id, {names} FROM checks WHERE report_id IN ({_marks(stored)}) AND identity GLOB ?",  # noqa: S608 - our names
        (*stored, CROSS_YEAR + "*"),
    )
    for report_id, *values in rows:
        stored[report_id].add(tuple(values))
    with reports.db.atomic():
        connection = reports.db.conn
        for report_id, found in checks.items():
            wanted = set(map(_CHECK, found))
            if wanted == stored[report_id]:
                continue
            connection.execute(
                "DELETE FROM checks WHERE report_id = ? AND identity GLOB ?", (report_id, CROSS_YEAR + "*")
            )
            connection.executemany(
                f"INSERT INTO checks (report_id, {names}) VALUES (?{', ?' * len(CHECK)})",  # noqa: S608 - our names
                [(report_id, *row) for row in wanted],
            )


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
