"""The country: a figure's totals of a year by level and kind, and the medians of reports of one scope."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from statistics import median

from archive.room.asked_figures import AskedFigure
from archive.sums import Sum, sums_of_each
from archive.vocabulary import BodyKind, Level, ReportScope

LEVELS = (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY, Level.TOWNSHIP)
_SCOPES = {"whole_area": ReportScope.WHOLE_AREA, "body_only": ReportScope.BODY_ONLY}


@dataclass(frozen=True, slots=True)
class Median:
    """Of the reports of one scope that state a figure."""

    value: float
    reports: int


@dataclass(frozen=True, slots=True)
class Group:
    """The bodies of a level or of a kind, in one year."""

    key: Level | BodyKind
    total: Sum | None
    medians: dict[str, Median]
    """Scope → median; a government's whole area and a single department are never one group."""


Values = dict[tuple[str, str, str], list[float]]
"""(Level, kind, scope) → the values of its reports."""


def values(db: sqlite3.Connection, figure: AskedFigure, year: int) -> Values:
    """The figure of every report of a year that states it, copies left out."""
    found: Values = {}
    for level, kind, scope, one in db.execute(
        f"""SELECT level, body_kind, report_scope, value FROM (
          SELECT COALESCE(level, '') AS level, COALESCE(body_kind, '') AS body_kind, report_scope, {figure.sql} AS value
          FROM figures WHERE same_as IS NULL AND report_year = ?
        ) WHERE value IS NOT NULL""",  # noqa: S608 - our own expressions
        (year,),
    ):
        found.setdefault((level, kind, scope), []).append(one)
    return found


def medians(every: Values, **wanted: str) -> dict[str, Median]:
    """Scope → median of these reports, of a level or kind alone where one is given."""
    found = {}
    for scope in _SCOPES:
        of_scope = [
            one
            for (level, kind, of), group in every.items()
            if of == scope and wanted.get("level", level) == level and wanted.get("kind", kind) == kind
            for one in group
        ]
        if of_scope:
            found[scope] = Median(median(of_scope), len(of_scope))
    return found


def medians_of_years(db: sqlite3.Connection, figure: AskedFigure) -> dict[int, dict[str, Median]]:
    """Year → scope → median. One string a year and scope comes five times as fast as a row for each report."""
    value = figure.sql
    printed = f"printf('%.17g', {value})" if figure.share else value
    columns = ", ".join(
        f"group_concat({printed}) FILTER (WHERE report_scope = '{scope}' AND {value} IS NOT NULL)"
        for scope in _SCOPES.values()
    )
    rows = db.execute(
        f"""SELECT report_year, {columns} FROM figures
        WHERE same_as IS NULL AND report_year IS NOT NULL GROUP BY report_year"""  # noqa: S608 - our own expressions
    )
    found: dict[int, dict[str, Median]] = {}
    for year, *strings in rows:
        of_scopes = {
            scope: [int(one) if one.isdigit() else float(one) for one in text.split(",")]
            for scope, text in zip(_SCOPES, strings, strict=True)
            if text
        }
        found[year] = {scope: Median(median(of), len(of)) for scope, of in of_scopes.items()}
    return found


def by_level(db: sqlite3.Connection, every: Values, year: int) -> list[Group]:
    """Each level by itself."""
    totals = sums_of_each(db, Level, year)
    return [Group(one, totals.get(one), medians(every, level=one)) for one in LEVELS]


def by_kind(db: sqlite3.Connection, every: Values, year: int) -> list[Group]:
    """Each kind of body by itself."""
    totals = sums_of_each(db, BodyKind, year)
    return [Group(one, totals.get(one), medians(every, kind=one)) for one in BodyKind]
