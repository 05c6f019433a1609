"""The country: a figure's totals of a year by level and kind, and the medians of reports of one scope."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from operator import truediv
from statistics import median

from archive.room.asked_figures import AskedFigure
from archive.room.report import numbers
from archive.sums import Country, Sum
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


def _columns(figure: AskedFigure, condition: str = "TRUE") -> str:
    """SQL for the two numbers of the reports that state a figure, each as one string, for `numbers`."""
    stated = f"{condition} AND {figure.numerator} IS NOT NULL"
    if figure.share:
        stated += f" AND {figure.denominator} <> 0"
    under = f"group_concat({figure.denominator}) FILTER (WHERE {stated})" if figure.share else "NULL"
    return f"group_concat({figure.numerator}) FILTER (WHERE {stated}), {under}"


def _quotients(over: str | None, under: str | None) -> list[float]:
    """The values of two strings of numbers."""
    return list(map(truediv, numbers(over), numbers(under))) if under else numbers(over)


def values(db: sqlite3.Connection, figure: AskedFigure, year: int) -> Values:
    """The figure of every report of a year that states it, copies left out."""
    rows = db.execute(
        f"""SELECT COALESCE(level, ''), COALESCE(body_kind, ''), report_scope, {_columns(figure)}
        FROM figures WHERE same_as IS NULL AND report_year = ? GROUP BY 1, 2, 3""",  # noqa: S608 - our own expressions
        (year,),
    )
    return {(level, kind, scope): found for level, kind, scope, *two in rows if (found := _quotients(*two))}


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
            found[scope] = Median(float(median(of_scope)), len(of_scope))
    return found


def medians_of_years(db: sqlite3.Connection, figure: AskedFigure) -> dict[int, dict[str, Median]]:
    """Year → scope → median."""
    columns = ", ".join(_columns(figure, f"report_scope = '{scope}'") for scope in _SCOPES.values())
    rows = db.execute(
        f"""SELECT report_year, {columns} FROM figures
        WHERE same_as IS NULL AND report_year IS NOT NULL GROUP BY report_year"""  # noqa: S608 - our own expressions
    )
    found: dict[int, dict[str, Median]] = {}
    for year, *strings in rows:
        of_scopes = {scope: _quotients(*strings[2 * at : 2 * at + 2]) for at, scope in enumerate(_SCOPES)}
        found[year] = {scope: Median(float(median(of)), len(of)) for scope, of in of_scopes.items() if of}
    return found


def by_level(country: Country, every: Values, year: int) -> list[Group]:
    """Each level by itself."""
    return [Group(one, country.levels.get((year, one)), medians(every, level=one)) for one in LEVELS]


def by_kind(country: Country, every: Values, year: int) -> list[Group]:
    """Each kind of body by itself."""
    return [Group(one, country.kinds.get((year, one)), medians(every, kind=one)) for one in BodyKind]
