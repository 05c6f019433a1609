"""The public bodies whose reports the archive has: found by name, place, level and kind."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archive.divisions import significant_digits
from archive.room.report import each

MAX_WORDS = 8
_MET = """WITH named AS MATERIALIZED (
  SELECT
    agency_id,
    substr(MAX(printf('%04d', COALESCE(report_year, 0)) || issuing_body), 5) AS name,
    MIN(report_year) AS first_year,
    MAX(report_year) AS last_year
  FROM figures INDEXED BY figures_agencies
  WHERE agency_id IS NOT NULL {named}
  GROUP BY agency_id
)
SELECT
  m.agency_id,
  n.name,
  m.division_code,
  (SELECT p.name FROM places p WHERE p.id = m.division_code ORDER BY p.first_year DESC LIMIT 1) AS division,
  NULLIF(MAX(m.level), '') AS level,
  NULLIF(MAX(m.body_kind), '') AS body_kind,
  n.first_year,
  n.last_year,
  SUM(m.reports) AS reports
FROM agencies_met m
JOIN named n ON n.agency_id = m.agency_id
WHERE {chosen}
GROUP BY m.agency_id
ORDER BY m.division_code = '', m.division_code, m.agency_id"""
COLUMNS = ("agency_id", "name", "division_code", "division", "level", "body_kind", "first_year", "last_year", "reports")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a visitor chose; empty is all."""

    name: str = ""
    """Words that are all part of one of the body's names."""
    place: str = ""
    level: str = ""
    kind: str = ""


def bodies(db: sqlite3.Connection, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """The bodies, by place."""
    words = unicodedata.normalize("NFKC", wanted.name).split()[:MAX_WORDS]
    chosen, values = ["TRUE"], {f"word{number}": word for number, word in enumerate(words)}
    if wanted.place:
        digits = significant_digits(wanted.place)
        chosen.append("m.division_code >= :first AND m.division_code < :beyond")
        values |= {"first": digits, "beyond": digits + ":"}  # a colon comes after all digits
    for column, value in (("level", wanted.level), ("body_kind", wanted.kind)):
        if value:
            chosen.append(f"m.{column} = :{column}")
            values[column] = value
    named = "".join(f" AND instr(issuing_body, :{name})" for name in list(values) if name.startswith("word"))
    return each(db, _MET.format(named=named, chosen=" AND ".join(chosen)), values)
