"""Search: exactly the reports whose title or text contains a string, found by the full-text index."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from archive.fulltext import BORDER, PIECES, normal_form, search_text
from archive.room.report import dicts
from archive.room.vocabulary_bilingual import NOT_STATED
from archive.vocabulary import Verdict

PAGE = 20
"""Results on a page."""
MAX_QUERY = 200
"""Characters of a query; the rest is ignored."""
FACETS = ("portal", "year", "level", "kind", "form", "verdict")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a string is found."""

    match: str | None
    """An FTS5 query that every report with the string meets; None if no query narrows the search."""
    exact: bool
    """Whether everything that meets `match` contains the string; if not, the texts are looked at."""


def plan(query: str) -> Plan:
    """The string as phrases of the full-text index.

    Han characters are found exactly, in whatever form a text prints them. A query may begin or end inside a longer word or number: its last run of letters
    or digits is searched as a prefix and its first is not searched, and the texts decide.

    >>> plan("复议")
    Plan(match='"复 议"', exact=True)
    >>> plan("年2021")
    Plan(match='"年 2021" *', exact=False)
    >>> plan("2021年报")
    Plan(match='"年 报"', exact=False)
    >>> plan("2021")
    Plan(match=None, exact=False)
    """
    printed, query = query, normal_form(query)
    pieces = [
        piece for piece in PIECES.finditer(query) if piece.lastgroup != "other" or not _has_other_letters(piece[0])
    ]
    exact = "".join(piece[0] for piece in pieces if piece.lastgroup == "han") == query == printed
    if pieces and pieces[0].start() == 0 and pieces[0].lastgroup == "run":
        pieces = pieces[1:]
    phrases: list[str] = []
    at = -1
    for piece in pieces:
        if piece.start() != at:
            phrases.append("")
        phrases[-1] += piece[0]
        at = piece.end()
    begins = bool(pieces) and pieces[-1].lastgroup == "run" and at == len(query)
    quoted = [f'"{phrase}"' for phrase in map(search_text, phrases) if phrase]
    if not quoted:
        return Plan(None, exact=False)
    if begins:
        quoted[-1] += " *"
    return Plan(" AND ".join(quoted), exact=exact)


def _has_other_letters(other: str) -> bool:
    """Whether it has letters that are neither Han nor ASCII; nothing is assumed of how those are indexed."""
    return any(map(str.isalnum, other))


def escape_fts(query: str | None) -> str:
    """The SQL function of the same name: any string as an FTS5 query of its characters."""
    text = str(query or "")
    found = plan(text).match
    if found:
        return found
    words = search_text(text).replace('"', " ").replace(BORDER, " ").split()
    return f'"{" ".join(words)}" *' if words else '""'


_IN_TEXT = """
  instr({table}.title, :q)
  OR instr((SELECT text FROM report_texts t WHERE t.report_id = {table}.id), :q)
"""


def condition(query: str, table: str = "reports") -> tuple[str, dict[str, str]]:
    """SQL on `reports` that holds exactly where title or text contains the string, and its parameters."""
    wanted = plan(query)
    clauses, values = [], {}
    if wanted.match is not None:
        clauses.append(f"{table}.search_id IN (SELECT rowid FROM report_search WHERE report_search MATCH :match)")  # noqa: S608 - our table names
        values["match"] = wanted.match
    if not wanted.exact:
        clauses.append(f"({_IN_TEXT.format(table=table)})")
        values["q"] = query
    return " AND ".join(clauses), values


SCAN_FROM = 4
"""If at least one report in so many is a candidate, all texts are scanned; otherwise each candidate's text is looked up."""


class Catalogue:
    """What results are ordered, counted and narrowed by, of every report, in memory: some 300 bytes each."""

    def __init__(self, db: sqlite3.Connection) -> None:
        rows = db.execute(
            """SELECT r.id, r.search_id, r.portal, r.report_year, r.level, r.body_kind, r.form,
              CASE
                WHEN f.failed_checks + f.failed_over_years > 0 THEN :fails
                WHEN f.held_checks + f.held_over_years > 0 THEN :holds
                ELSE :not_assessable
              END
            FROM reports r
            LEFT JOIN figures f ON f.report_id = r.id
            ORDER BY r.report_year DESC, r.published DESC, r.id""",
            {verdict.value: verdict.value for verdict in Verdict},
        ).fetchall()
        self.ids: list[str] = [row[0] for row in rows]
        self.search_ids: list[int] = [row[1] for row in rows]
        groups: dict[tuple[Any, ...], int] = {}
        self.group_of: list[int] = [groups.setdefault(row[2:], len(groups)) for row in rows]
        self.groups: list[tuple[Any, ...]] = list(groups)
        self._known = set(self.search_ids)

    def find(self, db: sqlite3.Connection, query: str) -> list[int] | None:
        """Positions of the reports that contain the string, newest year first; None if the catalogue is out of date."""
        if not query:
            return list(range(len(self.ids)))
        wanted = plan(query)
        hits = self._known
        if wanted.match is not None:
            # one string comes faster than a row for each report
            sql = "SELECT group_concat(rowid) FROM report_search WHERE report_search MATCH ?"
            hits = set(map(int, filter(None, (db.execute(sql, (wanted.match,)).fetchone()[0] or "").split(","))))
            if not hits <= self._known:
                return None
        if not wanted.exact:
            hits = self._contained(db, query, hits)
        return [position for position, search_id in enumerate(self.search_ids) if search_id in hits]

    def _contained(self, db: sqlite3.Connection, query: str, hits: set[int]) -> set[int]:
        ids = list(compress(self.ids, (search_id in hits for search_id in self.search_ids)))
        if len(ids) * SCAN_FROM < len(self.ids):
            sql = f"SELECT search_id FROM reports WHERE id = :id AND ({_IN_TEXT.format(table='reports')})"  # noqa: S608 - constant
            rows = (row for i in ids for row in db.execute(sql, {"id": i, "q": query}))
            return {row[0] for row in rows}
        found = {row[0] for row in db.execute("SELECT report_id FROM report_texts WHERE instr(text, ?)", (query,))}
        found |= {row[0] for row in db.execute("SELECT id FROM reports WHERE instr(title, ?)", (query,))}
        return set(compress(self.search_ids, (i in found for i in self.ids)))

    def narrow(self, positions: list[int], chosen: Mapping[str, str]) -> list[int]:
        """The positions that have the chosen value of every facet."""
        if not chosen:
            return positions
        wanted = [chosen.get(name) for name in FACETS]
        groups = {
            number
            for number, group in enumerate(self.groups)
            if all(value is None or value == _shown(own) for value, own in zip(wanted, group, strict=True))
        }
        return [position for position in positions if self.group_of[position] in groups]

    def count(self, positions: list[int]) -> dict[str, list[tuple[str, int]]]:
        """Facet → (value, number of reports): years newest first, all others most frequent first."""
        counts: dict[str, Counter[Any]] = {name: Counter() for name in FACETS}
        for group, number in Counter(map(self.group_of.__getitem__, positions)).items():
            for name, value in zip(FACETS, self.groups[group], strict=True):
                counts[name][value] += number
        return {
            name: [
                (_shown(value), number)
                for value, number in (
                    sorted(found.items(), key=lambda pair: -(pair[0] or 0)) if name == "year" else found.most_common()
                )
            ]
            for name, found in counts.items()
        }


def _shown(value: object) -> str:
    return NOT_STATED if value is None else str(value)


@dataclass(slots=True)
class Hit:
    """One result: the report's row, and pieces of its text as (before, hit, after)."""

    row: dict[str, Any]
    snippets: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Results:
    """One page of results, and how all results are spread over the facets."""

    ids: list[str]
    """Of all that are found, in order."""
    hits: list[Hit]
    facets: dict[str, list[tuple[str, int]]]

    @property
    def total(self) -> int:
        """How many reports are found."""
        return len(self.ids)


def search(
    db: sqlite3.Connection,
    catalogue: Catalogue,
    query: str,
    chosen: Mapping[str, str],
    *,
    first: int = 0,
    number: int = PAGE,
) -> Results | None:
    """Some of the reports that contain the string, newest year first; without a string, of all reports.

    None if the catalogue is out of date.
    """
    found = catalogue.find(db, query)
    if found is None:
        return None
    positions = catalogue.narrow(found, chosen)
    ids = [catalogue.ids[position] for position in positions]
    return Results(ids, list(hits(db, ids[first : first + number], query)), catalogue.count(positions))


def hits(db: sqlite3.Connection, ids: Iterable[str], query: str) -> Iterator[Hit]:
    """What a list shows of these reports, with pieces of their texts."""
    return (Hit(row, _snippets(db, row["id"], query) if query else []) for row in rows(db, ids))


COLUMNS = ("id", "title", "portal", "issuing_body", "report_year", "published", "form", "state", "url")


def rows(db: sqlite3.Connection, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What a list shows of these reports, in this order; reports that are gone by now are left out."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM reports WHERE id = ?"  # noqa: S608 - our column names
    return (row for report_id in ids for row in dicts(db, sql, (report_id,)))


AROUND = 36
"""Characters before and after the hit that a snippet shows."""
MAX_SNIPPETS = 3


def _snippets(db: sqlite3.Connection, report_id: str, query: str) -> list[tuple[str, str, str]]:
    """The first positions in the text with the string, not overlapping, each with the text around it."""
    row = db.execute("SELECT text FROM report_texts WHERE report_id = ?", (report_id,)).fetchone()
    text = row[0] if row and row[0] else ""
    found: list[tuple[str, str, str]] = []
    at = text.find(query)
    while at >= 0 and len(found) < MAX_SNIPPETS:
        end = at + len(query)
        start, stop = max(0, at - AROUND), min(len(text), end + AROUND)
        before = ("…" if start else "") + text[start:at]
        found.append((before, query, text[end:stop] + ("…" if stop < len(text) else "")))
        at = text.find(query, stop)
    return found
