"""Reports of one year ranked by a figure or rate: of one scope, one a body, and what is left out counted first."""

from __future__ import annotations

import operator
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

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


class Ranked(NamedTuple):
    """A report that may be ranked."""

    whose: str
    """The code of the area, or the id of the body."""
    verified: int
    """1 where the tables that the figure is from are."""
    report_id: str
    value: float
    """The figure, or its share from 0 to 1."""
    over: int
    under: int | None
    """The numbers of a share, or the figure itself and None."""
    issuing_body: str | None
    published: str | None
    kind: str | None
    """A BodyKind."""
    has_figures: int
    """1 where it states how many applications came in or were processed."""
    table_three: str | None


@dataclass(slots=True)
class Ranking:
    """The answer."""

    rows: list[tuple[int, Ranked]]
    """Each with its rank, which equal ones share, in the order asked for; `described` adds the rest."""
    left_out: list[tuple[str, int]]
    """A key of LEFT_OUT, and how many reports."""
    median: float | None
    most: float
    """The largest value, to which bars are drawn."""


def ranking(db: sqlite3.Connection, asked: Asked) -> Ranking:
    """One row a body: its best report of the year that can be ranked."""
    left_out, others = _left_out(db, asked)
    chosen: dict[str, tuple[Any, ...]] = {}
    for one in _reports(db, asked):  # plain tuples: they are many
        others -= 1
        if (other := chosen.setdefault(one[0], one)) is not one:
            left_out["again"] += 1
            if _counts_before(Ranked(*one), Ranked(*other)):
                chosen[one[0]] = one
    left_out["unverified"] = max(0, others)  # less than none where one was written in between
    rows = _in_order(map(Ranked._make, chosen.values()), asked)
    values = [row.value for _, row in rows]
    return Ranking(
        rows,
        [(reason, left_out[reason]) for reason in LEFT_OUT if left_out[reason]],
        median(values) if values else None,
        max(map(abs, values), default=0),
    )


def _in_order(reports: Iterable[Ranked], asked: Asked) -> list[tuple[int, Ranked]]:
    """The reports with their ranks, in the order asked for; what is not known comes last."""
    sign = -1 if asked.descending or asked.sort != "value" else 1
    rows = _with_ranks(sorted(reports, key=lambda one: (sign * one.value, *_among_equals(one))))
    if asked.sort == "value":
        return rows
    rows.sort(key=lambda row: _among_equals(row[1]))
    by = operator.attrgetter({"denominator": "under", "name": "issuing_body", "published": "published"}[asked.sort])
    known = [row for row in rows if by(row[1]) is not None]
    known.sort(key=lambda row: by(row[1]), reverse=asked.descending)
    return known + [row for row in rows if by(row[1]) is None]


def _with_ranks(reports: Sequence[Ranked]) -> list[tuple[int, Ranked]]:
    """Reports in the order of their values with their ranks; equal values share one."""
    rows: list[tuple[int, Ranked]] = []
    rank, before = 0, None
    for number, one in enumerate(reports, 1):
        if one.value != before:
            rank, before = number, one.value
        rows.append((rank, one))
    return rows


def _among_equals(one: Ranked) -> tuple[float, str, str]:
    """The largest denominator first, then by name."""
    return -(one.under or 0), one.issuing_body or "", one.report_id


def _wanted(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The reports of the year, kind, level and place, as a condition and its values."""
    whole_areas = asked.kind == WHOLE_AREAS
    conditions = ["report_year = :year"]
    values: dict[str, Any] = {"year": asked.year, "kind": asked.kind, "at_least": asked.at_least}
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


def _left_out(db: sqlite3.Connection, asked: Asked) -> tuple[Counter[str], int]:
    """How many reports are not ranked, by the reason that an index shows, and how many others there are."""
    wanted, values = _wanted(asked)
    copies = f"SELECT COUNT(*) FROM figures WHERE same_as IS NOT NULL AND {wanted}"  # noqa: S608 - our own words
    cases = " ".join(f"WHEN {condition} THEN '{reason}'" for reason, condition in _reasons_to_leave_out(asked))
    sql = f"SELECT CASE {cases} END AS reason, COUNT(*) FROM figures WHERE same_as IS NULL AND {wanted} GROUP BY reason"  # noqa: S608 - our own words
    found = dict(db.execute(sql, values))
    others = found.pop(None, 0)
    return Counter(found | {"copy": db.execute(copies, values).fetchone()[0]}), others


def _reasons_to_leave_out(asked: Asked) -> list[tuple[str, str]]:
    """Keys of LEFT_OUT, each with its condition, in the order in which they are looked at."""
    scope, figure = ReportScope.WHOLE_AREA if asked.kind == WHOLE_AREAS else ReportScope.BODY_ONLY, asked.figure
    reasons = [("scope", f"report_scope IS NOT '{scope}'"), ("blank", f"({figure.numerator}) IS NULL")]
    if figure.denominator is not None:
        under = f"({figure.denominator})"
        reasons += [("blank", f"{under} IS NULL"), ("nothing", f"{under} <= 0"), ("small", f"{under} < :at_least")]
    return reasons


def _reports(db: sqlite3.Connection, asked: Asked) -> sqlite3.Cursor:
    """The fields of Ranked of each report that nothing leaves out but another one."""
    figure, (wanted, values) = asked.figure, _wanted(asked)
    tables = ("table_three" if table == 3 else "table_four" for table in figure.tables)
    verified = " AND ".join(f"{table} IS '{TableState.VERIFIED}'" for table in tables) or "1"
    over, under = f"({figure.numerator})", f"({figure.denominator or 'NULL'})"
    expressions = {
        "whose": f"COALESCE({'division_code' if asked.kind == WHOLE_AREAS else 'agency_id'}, report_id)",
        "verified": verified,
        "value": f"CAST({over} AS REAL) / {under}" if figure.share else over,
        "over": over,
        "under": under,
        "kind": "body_kind",
        "has_figures": "COALESCE(applications, processed) IS NOT NULL",
    }
    fields = ", ".join(expressions.get(name, name) for name in Ranked._fields)
    left_out = " OR ".join(condition for _, condition in _reasons_to_leave_out(asked))
    ranked = f"NOT ({left_out})" + (f" AND {verified}" if asked.verified_only else "")
    sql = f"SELECT {fields} FROM figures WHERE same_as IS NULL AND {wanted} AND {ranked}"  # noqa: S608 - our own names and words
    return db.execute(sql, values)


def _counts_before(one: Ranked, other: Ranked) -> bool:
    """Whether one of two reports on an area, or of a body, counts: with figures, the government's own, verified, the latest."""
    first, second = _standing(one), _standing(other)
    if first == second and one.published != other.published:
        return (one.published or "") > (other.published or "")
    return (first, one.report_id) < (second, other.report_id)


def _standing(report: Ranked) -> tuple[bool, int, bool]:
    kinds = (BodyKind.GOVERNMENT, BodyKind.GENERAL_OFFICE, report.kind)
    return not report.has_figures, kinds.index(report.kind), report.table_three != TableState.VERIFIED


def described(db: sqlite3.Connection, rows: Sequence[tuple[int, Ranked]]) -> list[dict[str, Any]]:
    """The rows with whose they are, and each reason for refusing: most rows of a nation are never shown."""
    names = ("agency_id", "place_id", "division_code", "level", "body_kind", "report_scope", *REFUSALS)
    sql = f"SELECT {', '.join(names)} FROM figures WHERE report_id = ?"  # noqa: S608 - our own names
    return [
        {"rank": rank} | one._asdict() | {"verified": bool(one.verified)} | found
        for rank, one in rows
        for found in dicts(db, sql, (one.report_id,))
    ]


def reasons(db: sqlite3.Connection, asked: Asked) -> list[str]:
    """The two reasons for refusing that the reports of the year, kind, level and place name most often, the first first."""
    wanted, values = _wanted(asked)
    sums = ", ".join(f"SUM({name})" for name in REFUSALS)
    sql = f"SELECT {sums} FROM figures WHERE same_as IS NULL AND {wanted}"  # noqa: S608 - our own words
    totals = Counter(
        {name: total or 0 for name, total in zip(REFUSALS, db.execute(sql, values).fetchone(), strict=True)}
    )
    return [name for name, number in totals.most_common(2) if number]
