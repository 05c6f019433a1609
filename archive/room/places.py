"""A place: its names, what lies in it, its bodies, and what came of the report of each year of each body."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from archive.database import placeholders
from archive.figures import legal_deadline
from archive.room.report import dicts
from archive.vocabulary import BodyKind, Fate, Level, ReportState

_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
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
    """The place of an id; None where there is none, or no report of a town of that name."""
    county, _, town = place_id.partition("-")
    if town:
        inside = place(db, county)
        met = db.execute("SELECT 1 FROM figures WHERE place_id = ? LIMIT 1", (place_id,)).fetchone()
        if inside is None or met is None:
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
    """The towns and subdistricts of a county as they were met: id, name, bodies, reports, first and last year."""
    return dicts(
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


# Bodies and years


class Cell(StrEnum):
    """What a year of a body is in the grid of its place."""

    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    """In the archive, and the portal did not find it lately."""
    REMOVED = "removed"
    LISTED = "listed"
    """On a listing, and not in the archive: its fate says why."""
    NOT_DUE = "not_due"
    BEFORE = "before"
    """Before the first report of the body here."""
    NONE = "none"


@dataclass(slots=True)
class YearOfBody:
    """A cell of the grid."""

    cell: Cell
    report_id: str | None = None
    reports: int = 0
    days_late: int | None = None
    portal: str | None = None
    """Whose listing has it, where the archive has not."""
    fate: str | None = None


@dataclass(slots=True)
class BodyOfPlace:
    """A row of the grid."""

    id: str
    name: str
    """As its newest report prints it."""
    kind: str | None
    reports: int = 0
    years: dict[int, YearOfBody] = field(default_factory=dict)


_STATE_CELLS = {str(ReportState.REMOVED): Cell.REMOVED, str(ReportState.MISSING): Cell.MISSING}


def bodies(db: sqlite3.Connection, place_id: str, today: date) -> tuple[list[BodyOfPlace], list[int]]:
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
    portals: dict[str, set[str]] = {}
    for row in rows:
        body = found.setdefault(row["agency_id"], BodyOfPlace(row["agency_id"], "", None))
        body.name, body.kind = row["issuing_body"], row["body_kind"] or body.kind
        body.reports += 1
        portals.setdefault(row["portal"], set()).add(body.id)
        if row["report_year"] is not None:
            before = body.years.get(row["report_year"])
            body.years[row["report_year"]] = _archived(row, (before.reports if before else 0) + 1)
    here = {year for body in found.values() for year in body.years}
    years = list(range(min(here), max(here) + 1)) if here else []
    listed = _listed(db, portals, found)
    for body in found.values():
        first = min(body.years, default=0)
        for year in years:
            if year not in body.years:
                body.years[year] = listed.get((body.id, year)) or YearOfBody(_without(body, year, first, today))
    order = sorted(found.values(), key=lambda body: (_KIND_ORDER.get(body.kind or "", len(_KIND_ORDER)), body.name))
    return order, years


def _archived(row: dict[str, Any], reports: int) -> YearOfBody:
    late = row["days_late"] is not None and row["days_late"] > 0
    cell = _STATE_CELLS.get(row["state"]) or (Cell.LATE if late else Cell.ON_TIME)
    return YearOfBody(cell, row["report_id"], reports, row["days_late"])


def _without(body: BodyOfPlace, year: int, first: int, today: date) -> Cell:
    if today.isoformat() <= (legal_deadline(year, body.kind) or f"{year + 1}-03-31"):
        return Cell.NOT_DUE
    return Cell.BEFORE if year < first else Cell.NONE


_UNFETCHED = (
    Fate.MISSING,
    Fate.REMOVED,
    Fate.BLOCKED,
    Fate.ERROR,
    Fate.UNREADABLE,
    Fate.CAPTURED,
    Fate.NOT_ASKED,
    Fate.PENDING,
)


def _listed(
    db: sqlite3.Connection, portals: dict[str, set[str]], found: dict[str, BodyOfPlace]
) -> dict[tuple[str, int], YearOfBody]:
    """(Body, year) → an entry of a listing that names both and came to no report."""
    entries = dicts(
        db,
        f"""SELECT portal, title, fate FROM fates
        WHERE portal IN ({placeholders(portals)}) AND fate IN ({placeholders(_UNFETCHED)})
        AND report_id IS NULL AND title IS NOT NULL LIMIT 5000""",  # noqa: S608 - placeholders
        [*portals, *map(str, _UNFETCHED)],
    )
    listed = {}
    for entry in entries:
        years = set(_YEAR.findall(entry["title"]))
        body = _named(entry["title"], portals[entry["portal"]], found)
        if body and len(years) == 1:
            listed[body, int(years.pop())] = YearOfBody(Cell.LISTED, portal=entry["portal"], fate=entry["fate"])
    return listed


def _named(title: str, ids: set[str], found: dict[str, BodyOfPlace]) -> str | None:
    """The one body of a portal that an entry's title names; None where it names none, or several."""
    named = [one for one in ids if found[one].name in title or one.partition("-")[2] in title]
    longest = max((len(one) for one in named), default=0)
    the_longest = [one for one in named if len(one) == longest]
    return the_longest[0] if len(the_longest) == 1 else None
