"""Reports of one year ranked by a figure or rate: of one scope, one a body, and what is left out counted first."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from archive.divisions import significant_digits
from archive.figures import REFUSALS
from archive.room.asked_figures import AskedFigure
from archive.room.report import dicts
from archive.room.vocabulary_bilingual import Bilingual
from archive.vocabulary import BodyKind, Level, ReportScope, TableState

WHOLE_AREAS = str(BodyKind.GOVERNMENT)
"""The kind that asks for governments with their departments; every other kind asks for bodies on themselves."""
SORTS = ("value", "denominator", "name", "published")

LEFT_OUT: dict[str, Bilingual] = {
    "copy": ("转载", "copies of another report"),
    "again": ("同一机关同年另有报告", "further reports of a body for the year"),
    "scope": ("统计范围不同或不明", "of another scope, or none known"),
    "blank": ("原文未载该数", "do not state it"),
    "nothing": ("分母为零", "denominator zero"),
    "small": ("分母不足", "denominator below"),
    "unverified": ("表格未经核验", "table not verified"),
}
"""Why a report is not ranked, in the order in which it is looked at."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor chose."""

    figure: AskedFigure
    year: int
    kind: str = WHOLE_AREAS
    level: str = ""
    place: str = ""
    at_least: int = 0
    """The smallest denominator of a rate."""
    verified_only: bool = True
    sort: str = "value"
    descending: bool = True


@dataclass(slots=True)
class Ranking:
    """The answer."""

    rows: list[dict[str, Any]]
    """With `rank` (equal ones share it), `value`, `over` and `under`, in the order asked for; `described` adds the rest."""
    left_out: list[tuple[str, int]]
    """A key of LEFT_OUT, and how many reports."""
    median: float | None
    most: float
    """The largest value, to which bars are drawn."""


def ranking(db: sqlite3.Connection, asked: Asked) -> Ranking:
    """One row a body: its best report of the year that can be ranked."""
    reports, copies = _reports(db, asked)
    left_out: Counter[str] = Counter(copy=copies)
    chosen: dict[str, dict[str, Any]] = {}
    columns = [column[0] for column in reports.description]
    states = [columns.index("table_three" if table == 3 else "table_four") for table in asked.figure.tables]
    by_area, figure = asked.kind == WHOLE_AREAS, asked.figure
    for one in reports:  # a row of its own only for what is ranked: most reports of a nation are not
        report_id, agency_id, division_code, scope, over, under = one[:6]
        is_verified = all(one[state] == _VERIFIED for state in states)
        reason = _left_out(asked, scope, over, under, is_verified=is_verified)
        # Of two reports on one area, the one that comes first in the order of the query counts.
        whose = (division_code if by_area else agency_id) or report_id
        if reason is None and whose in chosen:
            reason = "again"
        if reason:
            left_out[reason] += 1
        else:
            row = chosen[whose] = dict(zip(columns, one, strict=True))
            row["verified"], row["value"] = is_verified, over / under if figure.share else over
    rows = _in_order(list(chosen.values()), asked)
    values = [row["value"] for row in rows]
    return Ranking(
        rows,
        [(reason, left_out[reason]) for reason in LEFT_OUT if left_out[reason]],
        median(values) if values else None,
        max(map(abs, values), default=0),
    )


def _in_order(rows: list[dict[str, Any]], asked: Asked) -> list[dict[str, Any]]:
    """The rows with their ranks, in the order asked for; what is not known comes last."""
    sign = -1 if asked.descending or asked.sort != "value" else 1
    rows.sort(key=lambda row: (sign * row["value"], *_among_equals(row)))
    _rank(rows)
    if asked.sort == "value":
        return rows
    rows.sort(key=_among_equals)
    by = {"denominator": "under", "name": "issuing_body", "published": "published"}[asked.sort]
    known = [row for row in rows if row[by] is not None]
    known.sort(key=lambda row: row[by], reverse=asked.descending)
    return known + [row for row in rows if row[by] is None]


def _among_equals(row: dict[str, Any]) -> tuple[float, str, str]:
    """The largest denominator first, then by name."""
    return -(row["under"] or 0), row["issuing_body"] or "", row["report_id"]


def _wanted(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The reports of the year, kind, level and place, as a condition and its values."""
    whole_areas = asked.kind == WHOLE_AREAS
    conditions = ["report_year = :year"]
    values: dict[str, Any] = {"year": asked.year, "kind": asked.kind}
    if whole_areas:
        conditions.append(
            f"(body_kind = :kind OR (report_scope = '{ReportScope.WHOLE_AREA}'"
            f" AND body_kind IS NOT '{BodyKind.FUNCTIONAL_ZONE_COMMITTEE}' AND level IS NOT '{Level.TOWNSHIP}'))"
        )
    else:
        conditions.append("body_kind = :kind")
    if asked.level:
        conditions.append("level = :level")
        values["level"] = asked.level
    if asked.place:
        conditions.append("division_code >= :first AND division_code < :beyond")
        digits = significant_digits(asked.place)
        values |= {"first": digits, "beyond": digits + ":"}  # a colon comes after all digits
    return " AND ".join(conditions), values


def _reports(db: sqlite3.Connection, asked: Asked) -> tuple[sqlite3.Cursor, int]:
    """The reports that are asked for with both numbers, and how many copies there are beside them.

    Of one area the one that counts comes first.
    """
    figure, (wanted, values) = asked.figure, _wanted(asked)
    copies = f"SELECT COUNT(*) FROM figures WHERE same_as IS NOT NULL AND {wanted}"  # noqa: S608 - our own words
    number = db.execute(copies, values).fetchone()[0]
    reports = db.execute(
        f"""SELECT
          report_id, agency_id, division_code, report_scope,
          {figure.numerator} AS over, {figure.denominator or "NULL"} AS under,
          issuing_body, published, table_three, table_four
        FROM figures
        WHERE same_as IS NULL AND {wanted}
        ORDER BY
          COALESCE(applications, processed) IS NULL,
          CASE body_kind WHEN '{BodyKind.GOVERNMENT}' THEN 0 WHEN '{BodyKind.GENERAL_OFFICE}' THEN 1 ELSE 2 END,
          table_three <> '{TableState.VERIFIED}',
          published DESC,
          report_id""",  # noqa: S608 - our own names and words
        values,
    )
    return reports, number


def described(db: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with whose they are, and each reason for refusing: most rows of a nation are never shown."""
    sql = f"SELECT place_id, level, body_kind, {', '.join(REFUSALS)} FROM figures WHERE report_id = ?"  # noqa: S608 - our own names
    return [row | found for row in rows for found in dicts(db, sql, (row["report_id"],))]


_VERIFIED, _WHOLE_AREA, _BODY_ONLY = (
    TableState.VERIFIED.value,
    ReportScope.WHOLE_AREA.value,
    ReportScope.BODY_ONLY.value,
)


def _left_out(asked: Asked, scope: str | None, over: Any, under: Any, *, is_verified: bool) -> str | None:
    """Why a report is not ranked; None where it is."""
    if scope != (_WHOLE_AREA if asked.kind == WHOLE_AREAS else _BODY_ONLY):
        return "scope"
    is_share = asked.figure.denominator is not None
    if over is None or (is_share and under is None):
        return "blank"
    if is_share and under <= 0:
        return "nothing"
    if is_share and under < asked.at_least:
        return "small"
    return "unverified" if asked.verified_only and not is_verified else None


def _rank(rows: list[dict[str, Any]]) -> None:
    """Put each row's rank into it, of rows in the order of their values; equal values share one."""
    for number, row in enumerate(rows, 1):
        is_equal = number > 1 and rows[number - 2]["value"] == row["value"]
        row["rank"] = rows[number - 2]["rank"] if is_equal else number


def reasons(db: sqlite3.Connection, asked: Asked) -> list[str]:
    """The two reasons for refusing that the reports of the year, kind, level and place name most often, the first first."""
    wanted, values = _wanted(asked)
    sums = ", ".join(f"SUM({name})" for name in REFUSALS)
    sql = f"SELECT {sums} FROM figures WHERE same_as IS NULL AND {wanted}"  # noqa: S608 - our own words
    totals = Counter(
        {name: total or 0 for name, total in zip(REFUSALS, db.execute(sql, values).fetchone(), strict=True)}
    )
    return [name for name, number in totals.most_common(2) if number]
