"""A place: its names, what lies in it, its bodies, and what came of the report of each year of each body."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from typing import Any

from archive.room.absences import NOT_DUE, Absence, Judge
from archive.room.report import dicts
from archive.sums import known_bodies
from archive.vocabulary import BodyKind, Level, ReportState

_KIND_ORDER = {str(kind): number for number, kind in enumerate(BodyKind)}
CHINA = ""
"""Stands for the country where a place may be asked for."""


# What a place is


@dataclass(frozen=True, slots=True)
class Place:
    """A division of GB/T 2260, or a town as it was met."""

    id: str
    name: str
    level: Level
    above: tuple[tuple[str, str], ...] = ()
    """Id and name of the places that it lies in, the largest first."""
    names: tuple[tuple[str, int, int | None], ...] = ()
    """Every name of the code with its first and last year; the last is None while it is valid."""

    @property
    def full_name(self) -> str:
        """With the places that it lies in: 广东省广州市番禺区."""
        return "".join(name for _, name in self.above) + self.name

    @property
    def is_town(self) -> bool:
        """Whether it has no code of its own."""
        return self.level is Level.TOWNSHIP


def place(db: sqlite3.Connection, place_id: str) -> Place | None:
    """The place of an id; None where there is none, or no body of a town of that name is known."""
    county, _, town = place_id.partition("-")
    if town:
        inside = place(db, county)
        if inside is None or not known_bodies(db, place=place_id):
            return None
        return Place(place_id, town, Level.TOWNSHIP, (*inside.above, (inside.id, inside.name)))
    names = dicts(
        db, "SELECT name, level, parent, first_year, last_year FROM places WHERE id = ? ORDER BY 4", (county,)
    )
    if not names:
        return None
    newest = names[-1]
    inside = place(db, newest["parent"]) if newest["parent"] else None
    return Place(
        county,
        newest["name"],
        Level(newest["level"]),
        (*inside.above, (inside.id, inside.name)) if inside else (),
        tuple((one["name"], one["first_year"], one["last_year"]) for one in names),
    )


def of_body(db: sqlite3.Connection, body: str) -> Place | None:
    """The place of a body of this name, by its newest report, or by a listing without one; None where it is not known."""
    row = db.execute(
        """SELECT place_id, report_year FROM figures WHERE issuing_body = :body AND place_id IS NOT NULL
        UNION ALL SELECT place_id, 0 FROM listed_bodies WHERE name = :body AND place_id <> ''
        ORDER BY report_year DESC LIMIT 1""",
        {"body": body},
    ).fetchone()
    return place(db, row[0]) if row else None


def provinces(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Code and name of each, by code."""
    return [(one["id"], one["name"]) for one in below(db, CHINA)]


def below(db: sqlite3.Connection, place_id: str) -> list[dict[str, Any]]:
    """The divisions right below: id, name, level, and the last year of those that are no more."""
    return dicts(
        db,
        """SELECT id, name, level, NULLIF(MAX(COALESCE(last_year, 9999)), 9999) AS last_year, MAX(first_year)
        FROM places WHERE parent IS ? GROUP BY id ORDER BY id""",
        (place_id or None,),
    )


def towns(db: sqlite3.Connection, place_id: str) -> list[dict[str, Any]]:
    """The towns and subdistricts of a county as they are known: id, name, bodies, reports, first and last year."""
    met = dicts(
        db,
        """SELECT
          place_id AS id,
          substr(place_id, 8) AS name,
          COUNT(DISTINCT agency_id) AS bodies,
          COUNT(*) AS reports,
          MIN(report_year) AS first_year,
          MAX(report_year) AS last_year
        FROM figures
        WHERE place_id > ? || '-' AND place_id < ? || '.' AND same_as IS NULL
        GROUP BY place_id""",
        (place_id, place_id),
    )
    found = {town["id"]: town for town in met}
    for town, known in known_bodies(db, place=place_id, by=Level.TOWNSHIP).items():
        none = {"id": town, "name": str(town)[7:], "reports": 0, "first_year": None, "last_year": None}
        found.setdefault(town, none)["bodies"] = known.bodies
    return sorted(found.values(), key=itemgetter("id"))


# Bodies and years


class Cell(StrEnum):
    """What a year of a body is in the grid of its place."""

    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    """In the archive, and the portal did not find it lately."""
    REMOVED = "removed"
    BEFORE = "before"
    """Before the first report of the body here, or the first that a portal lists."""
    ABSENT = "absent"
    """Not in the archive: `absence` says why."""


@dataclass(slots=True)
class YearOfBody:
    """A cell of the grid."""

    cell: Cell
    report_id: str | None = None
    reports: int = 0
    days_late: int | None = None
    absence: Absence | None = None


@dataclass(slots=True)
class BodyOfPlace:
    """A row of the grid."""

    id: str
    name: str
    """As its newest report prints it; of one that is listed and has no report here, as the listing does."""
    kind: str | None
    reports: int = 0
    years: dict[int, YearOfBody] = field(default_factory=dict)
    portals: dict[str, None] = field(default_factory=dict)
    """Where its reports were found."""


_LISTED_ONLY = """
SELECT l.agency_id, l.name, l.body_kind, l.portal, l.years
FROM known_bodies k JOIN listed_bodies l ON l.division_code = k.division_code AND l.agency_id = k.agency_id
WHERE k.is_listed_only AND k.division_code = ? AND l.place_id = ?
ORDER BY l.agency_id, l.portal
"""
_NEVER = 9999
"""The first year of a body that no portal lists a report of."""
_STATE_CELLS = {str(ReportState.REMOVED): Cell.REMOVED, str(ReportState.MISSING): Cell.MISSING}


def bodies(db: sqlite3.Connection, place_id: str, judge: Judge) -> tuple[list[BodyOfPlace], list[int]]:
    """The bodies of the place itself, governments first, with each year from the first report to the last; the years."""
    rows = dicts(
        db,
        """SELECT f.report_id, f.agency_id, f.issuing_body, f.body_kind, f.report_year, f.days_late, f.portal, r.state
        FROM figures f JOIN reports r ON r.id = f.report_id
        WHERE f.place_id = ? AND f.same_as IS NULL AND f.agency_id IS NOT NULL
        ORDER BY f.report_year, f.published""",
        (place_id,),
    )
    found: dict[str, BodyOfPlace] = {}
    for row in rows:
        body = found.setdefault(row["agency_id"], BodyOfPlace(row["agency_id"], "", None))
        body.name, body.kind = row["issuing_body"], row["body_kind"] or body.kind
        body.reports += 1
        body.portals[row["portal"]] = None
        if row["report_year"] is not None:
            before = body.years.get(row["report_year"])
            body.years[row["report_year"]] = _archived(row, (before.reports if before else 0) + 1)
    listed: dict[str, set[int]] = {}
    for row in dicts(db, _LISTED_ONLY, (place_id[:6], place_id)):
        body = found.setdefault(row["agency_id"], BodyOfPlace(row["agency_id"], row["name"], row["body_kind"]))
        body.portals[row["portal"]] = None
        listed.setdefault(body.id, set()).update(map(int, filter(None, row["years"].split(","))))
    here = {year for body in found.values() for year in body.years}.union(*listed.values())
    years = list(range(min(here), max(here) + 1)) if here else []
    for body in found.values():
        first = min({*body.years, *listed.get(body.id, ())}, default=_NEVER)
        for year in years:
            if year not in body.years:
                body.years[year] = _without(body, year, first, judge)
    order = sorted(found.values(), key=lambda body: (_KIND_ORDER.get(body.kind or "", len(_KIND_ORDER)), body.name))
    return order, years


def _archived(row: dict[str, Any], reports: int) -> YearOfBody:
    late = row["days_late"] is not None and row["days_late"] > 0
    cell = _STATE_CELLS.get(row["state"]) or (Cell.LATE if late else Cell.ON_TIME)
    return YearOfBody(cell, row["report_id"], reports, row["days_late"])


def _without(body: BodyOfPlace, year: int, first: int, judge: Judge) -> YearOfBody:
    absence = judge.absence(body.name, year, list(body.portals))
    if year < first and absence.fate is None and absence.reason != NOT_DUE:
        return YearOfBody(Cell.BEFORE)
    return YearOfBody(Cell.ABSENT, absence=absence)


def without(found: Iterable[BodyOfPlace], year: int) -> list[BodyOfPlace]:
    """Those that have no report of a year."""
    return [body for body in found if year in body.years and not body.years[year].report_id]


def reasons(found: Iterable[BodyOfPlace]) -> set[str]:
    """The reasons for empty years that occur."""
    return {one.absence.reason for body in found for one in body.years.values() if one.absence}
