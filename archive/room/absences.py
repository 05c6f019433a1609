"""Why a body has no report for a year: what the archive knows of it, so that no body is accused of what a crawl left undone.

Every missing year gets a reason, one of ABSENCES, and what shows it: in the question `missing-years`, on the page of a
body and in the grids of years. Only the last reason says something of the body itself: its portals were walked to their
end after the deadline, and list nothing.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from archive.figures import legal_deadline
from archive.fulltext import normal_form
from archive.ledger import LIMITS
from archive.room.report import dicts, each
from archive.room.search_terms import fold
from archive.runs import counted
from archive.vocabulary import Fate, RunKind, Stage

NOT_DUE = "not_due"
BLOCKED = "blocked"
REMOVED = "removed"
NOT_FETCHED = "listed_not_fetched"
WITHHELD = "withheld"
RENAMED = "renamed"
NOT_CRAWLED = "not_crawled"
NOT_CRAWLED_SINCE = "not_crawled_since"
NOT_WALKED = "not_walked"
NOT_KNOWN = "not_known"
NOT_LISTED = "not_listed"

COLUMNS = ("reason", "evidence")
"""What a row of the question gets."""

_BY_FATE = {
    Fate.BLOCKED: BLOCKED,
    Fate.REMOVED: REMOVED,
    Fate.MISSING: REMOVED,
    Fate.WITHHELD: WITHHELD,
    Fate.ERROR: NOT_FETCHED,
    Fate.PENDING: NOT_FETCHED,
    Fate.NOT_ASKED: NOT_FETCHED,
    Fate.CAPTURED: NOT_FETCHED,
    Fate.UNREADABLE: NOT_FETCHED,
    Fate.OFF_SITE: NOT_FETCHED,
}
"""What came of an entry that should have been the report → why there is none."""
_RUNS = f"""
SELECT r.portal, r.finished_at, r.finish_reason, r.stats, (
  SELECT COUNT(*) FROM problems p
  WHERE p.portal = r.portal AND p.stage = '{Stage.LISTING}' AND p.resolved_at IS NULL AND p.kind GLOB 'listing_*'
) AS problems
FROM runs r
WHERE r.id IN (SELECT MAX(id) FROM runs WHERE kind = '{RunKind.CRAWL}' GROUP BY portal)
"""  # noqa: S608 - words of our vocabulary
_ENTRIES = """
SELECT title, fate, url FROM fates
WHERE portal = ? AND fate IN (SELECT value FROM json_each(?)) AND title IS NOT NULL
"""
_LISTED = """
SELECT portal, years FROM listed_bodies
WHERE years <> '' AND (
  name = :body OR agency_id IN (SELECT agency_id FROM figures WHERE issuing_body = :body AND agency_id IS NOT NULL)
)
ORDER BY portal
"""
_PLACES = "SELECT DISTINCT place_id FROM figures WHERE issuing_body = ? AND place_id IS NOT NULL"
_NAMES = """
SELECT issuing_body, body_kind, MIN(report_year) AS first, MAX(report_year) AS last
FROM figures WHERE issuing_body IS NOT NULL AND report_year IS NOT NULL AND place_id = ?
GROUP BY issuing_body
"""
_ANNOUNCED = """
SELECT f.portal, title, fate, url FROM json_each(:portals) CROSS JOIN fates f ON f.portal = value
WHERE fate IN (SELECT value FROM json_each(:fates)) AND title IS NOT NULL AND report_id IS NULL
"""
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_REPORT_WORDS = re.compile(r"(?:19|20)\d\d年?度?|(?:政府)?信息公开|工作|年度|年报|报告|关于|的")
_OFFICE = re.compile(r"(?:人民政府|办公室|委员会|管理局|局|厅|委|办|处|中心)$")


@dataclass(frozen=True, slots=True)
class Walk:
    """The last crawl of a portal."""

    ended_at: str
    """Empty while it runs, or where it was killed."""
    is_complete: bool
    """Whether it ended well, without limits, and walked every listing to its end."""


def walks(captures: sqlite3.Connection) -> dict[str, Walk]:
    """Portal → its last crawl; portals that were never crawled are left out."""
    return {
        row["portal"]: Walk(
            row["finished_at"] or "",
            row["finish_reason"] == "finished" and not row["problems"] and not counted(row["stats"]).get(LIMITS),
        )
        for row in dicts(captures, _RUNS)
    }


@dataclass(frozen=True, slots=True)
class Absence:
    """Why there is no report."""

    reason: str
    """One of the reasons above."""
    evidence: str = ""
    """A date, the address of an entry, the name of another body, or of portals."""
    portal: str | None = None
    """Whose listing has an entry of it."""
    fate: str | None = None
    """What came of that entry."""


class Judge:
    """Gives each missing year its reason. `known` is None where captures.db is not served; `today` is a date.

    What a portal lists of a body speaks before what its reports' portals do not list, under whatever name it lists it.
    """

    def __init__(self, reports: sqlite3.Connection, known: dict[str, Walk] | None, today: str) -> None:
        self.reports = reports
        self.known = known
        self.today = today
        self.entries: dict[str, dict[str, list[tuple[str, dict[str, Any]]]]] = {}
        self.bodies: dict[str, int] = {}
        self.listings: dict[str, dict[str, list[int]]] = {}
        self.names: dict[str, list[dict[str, Any]]] = {}
        self.places: dict[str, list[dict[str, Any]]] = {}

    def explained(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The rows of the question, each with its reason and what shows it."""
        for row in rows:
            portals = (row["portals"] or "").split(",")
            found = self.absence(row["issuing_body"] or "", row["report_year"], portals)
            yield row | {"reason": found.reason, "evidence": found.evidence}

    def absence(self, body: str, year: int, portals: Sequence[str]) -> Absence:
        """Why a body whose reports these portals have has none of a year."""
        names = self._names_beside(body)
        kind = next((row["body_kind"] for row in names if row["issuing_body"] == body), None) or self._kind(body)
        # of a body of unknown kind, the later of both deadlines
        deadline = legal_deadline(year, kind) or f"{year + 1}-03-31"
        if self.today <= deadline:
            return Absence(NOT_DUE, deadline)
        listing = [portal for portal, years in self.listed(body).items() if year in years]
        for portal in dict.fromkeys((*portals, *listing)):
            entry = self._entry(portal, body, year)
            if entry:
                return Absence(_BY_FATE[Fate(entry["fate"])], entry["url"], portal, entry["fate"])
        if listing:
            return Absence(NOT_FETCHED, portal=listing[0])
        successor = _successor(body, year, names)
        if successor:
            return Absence(RENAMED, successor)
        return self._of_walks(portals, deadline)

    def listed(self, body: str) -> dict[str, list[int]]:
        """Portal → the years of which it lists a report of the body that is not here."""
        if body not in self.listings:
            rows = self.reports.execute(_LISTED, {"body": body})
            found = self.listings[body] = {}
            for portal, years in rows:
                found.setdefault(portal, []).extend(map(int, years.split(",")))
        return self.listings[body]

    def _names_beside(self, body: str) -> list[dict[str, Any]]:
        """The bodies of the same places, each with its first and last year."""
        if body not in self.names:
            places = [place for (place,) in self.reports.execute(_PLACES, (body,)).fetchall()]
            self.names[body] = [row for place in places for row in self._names_of(place)]
        return self.names[body]

    def _names_of(self, place: str) -> list[dict[str, Any]]:
        if place not in self.places:
            self.places[place] = dicts(self.reports, _NAMES, (place,))
        return self.places[place]

    def _kind(self, body: str) -> str | None:
        row = self.reports.execute(
            "SELECT body_kind FROM figures WHERE issuing_body = ? AND body_kind IS NOT NULL LIMIT 1", (body,)
        ).fetchone()
        return row[0] if row else None

    def _of_walks(self, portals: Sequence[str], deadline: str) -> Absence:
        if self.known is None:
            return Absence(NOT_KNOWN)
        found = [self.known[portal] for portal in portals if portal in self.known]
        if len(found) < len(portals):
            return Absence(NOT_CRAWLED, ", ".join(portal for portal in portals if portal not in self.known))
        earliest = min(walk.ended_at for walk in found)[:10]
        if not all(walk.is_complete for walk in found):
            return Absence(NOT_WALKED, earliest)
        return Absence(NOT_LISTED if earliest > deadline else NOT_CRAWLED_SINCE, earliest)

    def _entry(self, portal: str, body: str, year: int) -> dict[str, Any] | None:
        """An entry of the portal that announces the body's report of the year."""
        if portal not in self.entries:
            self.entries[portal] = self._announced(portal)
        wanted = fold(body)
        for named, entry in self.entries[portal].get(str(year), ()):
            is_its_own = wanted.endswith(named) or named.endswith(wanted) if named else self._is_of_one_body(portal)
            if is_its_own:
                return entry
        return None

    def _is_of_one_body(self, portal: str) -> bool:
        if portal not in self.bodies:
            (self.bodies[portal],) = self.reports.execute(
                "SELECT COUNT(DISTINCT issuing_body) FROM figures WHERE portal = ?", (portal,)
            ).fetchone()
        return self.bodies[portal] == 1

    def _announced(self, portal: str) -> dict[str, list[tuple[str, dict[str, Any]]]]:
        """Year → entries that came to no report: the name in the title, folded, and the entry."""
        found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        for entry in dicts(self.reports, _ENTRIES, (portal, json.dumps([str(fate) for fate in _BY_FATE]))):
            title = fold(entry["title"])
            named = _REPORT_WORDS.sub("", title)
            for year in dict.fromkeys(_YEAR.findall(title)):
                found.setdefault(year, []).append((named, entry))
        return found


@dataclass(frozen=True, slots=True)
class Portals:
    """Why a portal has no report of a year: what its entries announce, and how its last crawl went."""

    announced: dict[tuple[str, int], Absence]
    """(Portal, year) → an entry that came to no report."""
    known: dict[str, Walk] | None

    def absence(self, portal: str, year: int, today: str) -> Absence:
        """The reason for an empty year."""
        deadline = f"{year + 1}-03-31"
        if today <= deadline:
            return Absence(NOT_DUE, deadline)
        found = self.announced.get((portal, year))
        if found:
            return found
        if self.known is None:
            return Absence(NOT_KNOWN)
        walk = self.known.get(portal)
        if walk is None:
            return Absence(NOT_CRAWLED, portal)
        if not walk.is_complete:
            return Absence(NOT_WALKED, walk.ended_at[:10])
        return Absence(NOT_LISTED if walk.ended_at[:10] > deadline else NOT_CRAWLED_SINCE, walk.ended_at[:10])


def announced(reports: sqlite3.Connection, portals: Iterable[str]) -> dict[tuple[str, int], Absence]:
    """(Portal, year) → an entry that came to no report, of entries of these portals whose title names one year."""
    found: dict[tuple[str, int], Absence] = {}
    values = {"portals": json.dumps(list(portals)), "fates": json.dumps([str(fate) for fate in _BY_FATE])}
    for entry in each(reports, _ANNOUNCED, values):
        years = set(_YEAR.findall(normal_form(entry["title"])))
        if len(years) == 1:
            reason = _BY_FATE[Fate(entry["fate"])]
            found.setdefault(
                (entry["portal"], int(years.pop())), Absence(reason, entry["url"], entry["portal"], entry["fate"])
            )
    return found


def _successor(body: str, year: int, names: Sequence[dict[str, Any]]) -> str:
    """Another body of the place that begins when this one ends and shares its name's core: it may be the same, renamed."""
    own = next((row for row in names if row["issuing_body"] == body), None)
    if own is None or year <= own["last"]:
        return ""
    core = _OFFICE.sub("", body)[-2:]
    return next(
        (
            row["issuing_body"]
            for row in names
            if row["issuing_body"] != body
            and row["body_kind"] == own["body_kind"]
            and own["last"] < row["first"] <= own["last"] + 2
            and row["first"] <= year <= row["last"]
            and core in row["issuing_body"]
        ),
        "",
    )
