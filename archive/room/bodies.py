"""The public bodies that the archive knows, by their reports or by a portal's list: by name, place, level and kind."""

from __future__ import annotations

import sqlite3
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from archive.divisions import significant_digits
from archive.room.report import dicts

MAX_WORDS = 8
_NAMES = """SELECT
  substr(MAX(printf('%04d', COALESCE(report_year, 0)) || issuing_body), 5) AS name,
  MIN(report_year) AS first_year,
  MAX(report_year) AS last_year,
  NULL AS listed_by
FROM figures INDEXED BY figures_agencies
WHERE agency_id = ?{named}"""
_NAMED = "SELECT agency_id FROM figures INDEXED BY figures_agencies WHERE agency_id > ''{named}"
_KNOWN = """SELECT
  agency_id,
  MAX(division_code) AS division_code,
  NULLIF(MAX(level), '') AS level,
  NULLIF(MAX(body_kind), '') AS body_kind,
  SUM(reports) AS reports
FROM (
  SELECT agency_id, division_code, level, body_kind, reports FROM agencies_met
  WHERE {met}
  UNION ALL
  SELECT agency_id, division_code, level, body_kind, 0 FROM listed_bodies l
  WHERE {listed}
    AND agency_id NOT IN (SELECT earlier FROM later_bodies)
    AND NOT EXISTS (
      SELECT 1 FROM agencies_met m WHERE m.division_code = l.division_code AND m.agency_id = l.agency_id
    )
)
GROUP BY agency_id
ORDER BY MAX(division_code) = '', 2, 1"""
"""A body of which no report is here, but which a portal lists, has none; as in the view known_bodies."""
_LISTED = """SELECT MAX(name) AS name, NULL AS first_year, NULL AS last_year, group_concat(portal) AS listed_by
FROM listed_bodies WHERE agency_id = ?"""
_SUCCESSIONS = """WITH
  own AS MATERIALIZED (SELECT DISTINCT agency_id FROM figures WHERE issuing_body = ? AND agency_id IS NOT NULL),
  linked AS (
    SELECT *, TRUE AS is_before, predecessor AS agency_id FROM successions WHERE successor IN own
    UNION ALL
    SELECT *, FALSE, successor FROM successions WHERE predecessor IN own
  )
SELECT
  is_before,
  agency_id,
  (SELECT MAX(issuing_body) FROM figures f WHERE f.agency_id = linked.agency_id) AS name,
  since,
  document,
  document_date,
  title
FROM linked
ORDER BY since, agency_id"""
_DIVISIONS = "SELECT id, name FROM places GROUP BY id HAVING first_year = MAX(first_year)"
COLUMNS = (
    "agency_id",
    "name",
    "division_code",
    "division",
    "level",
    "body_kind",
    "first_year",
    "last_year",
    "reports",
    "listed_by",
    "entries",
)
"""`listed_by`: the portals that list a body of which no report is here, by commas; `entries`: where each shows what it lists."""


class Known(StrEnum):
    """By what the archive knows a body."""

    REPORTED = "reported"
    LISTED_ONLY = "listed_only"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a visitor chose; empty is all."""

    name: str = ""
    """Words that are all part of one of the body's names."""
    place: str = ""
    level: str = ""
    kind: str = ""
    known: str = ""
    """One of Known."""


def bodies(
    db: sqlite3.Connection, wanted: Wanted, first: int = 0, number: int | None = None
) -> tuple[int, list[dict[str, Any]]]:
    """How many bodies there are, and some of them, all by default; by place."""
    words = unicodedata.normalize("NFKC", wanted.name).split()[:MAX_WORDS]
    named = "".join(" AND instr(issuing_body, ?)" for _ in words)
    chosen, values = ["TRUE"], list[str]()
    if wanted.place:
        digits = significant_digits(wanted.place)
        chosen.append("division_code >= ? AND division_code < ?")
        values += [digits, digits + ":"]  # a colon comes after all digits
    for column, value in (("level", wanted.level), ("body_kind", wanted.kind)):
        if value:
            chosen.append(f"{column} = ?")
            values.append(value)
    every = " AND ".join(chosen)
    met = f"{every} AND agency_id IN ({_NAMED.format(named=named)})" if words else every
    listed = every + "".join(" AND instr(name, ?)" for _ in words)
    if wanted.known == Known.LISTED_ONLY:
        met += " AND FALSE"
    elif wanted.known == Known.REPORTED:
        listed += " AND FALSE"
    known = db.execute(_KNOWN.format(met=met, listed=listed), (values + words) * 2).fetchall()
    divisions = dict(db.execute(_DIVISIONS).fetchall())
    rows = []
    for agency_id, code, level, kind, reports in known[first : None if number is None else first + number]:
        of_reports = (_NAMES.format(named=named), (agency_id, *words))
        (names,) = dicts(db, *(of_reports if reports else (_LISTED, (agency_id,))))
        about = {"agency_id": agency_id, "division_code": code, "level": level, "body_kind": kind, "reports": reports}
        rows.append(about | names | {"division": divisions.get(code), "entries": _entries(names["listed_by"])})
    return len(known), rows


def _entries(portals: str | None) -> str | None:
    """The addresses of the entries of these portals, a blank between two."""
    return " ".join(f"/entries?{urlencode({'portal': name})}" for name in portals.split(",")) if portals else None


def listed_by(db: sqlite3.Connection, body: str) -> list[str]:
    """The portals that list a body of this name."""
    return [name for (name,) in db.execute("SELECT DISTINCT portal FROM listed_bodies WHERE name = ?", (body,))]


def successions_of(db: sqlite3.Connection, body: str) -> list[dict[str, Any]]:
    """The bodies that a body took the place of and those that took its place, each with the document that says so.

    `name` is empty where no report of the other body is here.
    """
    return dicts(db, _SUCCESSIONS, (body,))
