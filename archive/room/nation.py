"""The country: a figure's totals of a year by level and kind, and the medians of reports of one scope."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from statistics import median
from typing import Any

from archive.room.asked_figures import AskedFigure
from archive.sums import Sum, sums
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


Medians = dict[tuple[int, str, str, str], list[float]]
"""(Year, level, kind, scope) → the values of its reports."""


def values(db: sqlite3.Connection, figure: AskedFigure) -> Medians:
    """The figure of every report that states it, copies left out."""
    value = f"CAST({figure.numerator} AS REAL) / NULLIF({figure.denominator}, 0)" if figure.share else figure.numerator
    found: Medians = {}
    for year, level, kind, scope, one in db.execute(
        f"""SELECT report_year, level, body_kind, report_scope, value FROM (
          SELECT report_year, COALESCE(level, '') AS level, COALESCE(body_kind, '') AS body_kind, report_scope, {value} AS value
          FROM figures WHERE same_as IS NULL AND report_year IS NOT NULL
        ) WHERE value IS NOT NULL"""  # noqa: S608 - our own expressions
    ):
        found.setdefault((year, level, kind, scope), []).append(one)
    return found


def medians(every: Medians, year: int, **wanted: str) -> dict[str, Median]:
    """Scope → median of the reports of a year, of a level or kind alone where one is given."""
    found = {}
    for scope in _SCOPES:
        of_scope = [
            one
            for (of_year, level, kind, of), group in every.items()
            if of_year == year
            and of == scope
            and wanted.get("level", level) == level
            and wanted.get("kind", kind) == kind
            for one in group
        ]
        if of_scope:
            found[scope] = Median(median(of_scope), len(of_scope))
    return found


def by_level(db: sqlite3.Connection, every: Medians, year: int) -> list[Group]:
    """Each level by itself."""
    return [Group(one, _of(db, year, level=one), medians(every, year, level=one)) for one in LEVELS]


def by_kind(db: sqlite3.Connection, every: Medians, year: int) -> list[Group]:
    """Each kind of body by itself."""
    return [Group(one, _of(db, year, kind=one), medians(every, year, kind=one)) for one in BodyKind]


def _of(db: sqlite3.Connection, year: int, **wanted: Any) -> Sum | None:
    return next(iter(sums(db, year=year, **wanted)), None)
