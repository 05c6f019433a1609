"""Every report as a search needs it: found by the full-text index, put in order, counted and narrowed by facets."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping
from itertools import compress
from typing import Any

from archive.room.fts_queries import plan
from archive.room.place_names import Named, PlaceNames
from archive.room.search_terms import Query, Term, fold, matches
from archive.room.vocabulary_bilingual import NOT_STATED
from archive.vocabulary import Verdict

FACETS = ("portal", "year", "level", "kind", "form", "verdict")
SCAN_FROM = 4
"""If at least one report in so many may have an exact string, all texts are scanned; else each one's text is looked up."""
MOST_READ = 2_000
"""Texts that are read for forms of a term that the index does not show."""
MOST_SCANNED = 20_000
"""Of more texts than MOST_READ, those that have the term as typed count; of more than these, those that the index shows."""
MOST_KEPT = 32_000_000
"""Bytes of answers of the index that are kept; one takes a byte a report."""
_IN_TEXT = "instr(reports.title, :q) OR instr((SELECT text FROM report_texts t WHERE t.report_id = reports.id), :q)"
_TEXTS = """
SELECT r.search_id, r.title, t.text
FROM reports r JOIN report_texts t ON t.report_id = r.id
WHERE r.search_id IN (SELECT value FROM json_each(?))
"""
_BODIES = """
SELECT issuing_body, COUNT(*), MAX(place_id) FROM reports
WHERE issuing_body IS NOT NULL AND same_as IS NULL
GROUP BY issuing_body
"""

Found = int
"""A set of reports: a byte each at the place of its search_id, one where it is in the set. `&` and `|` cost next to nothing."""


class OutOfDateError(Exception):
    """The index has reports that the catalogue does not know."""


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
        self.size = max(self.search_ids, default=0) + 1
        portals: dict[Any, int] = {}
        groups: dict[tuple[Any, ...], int] = {}
        self._portal_of, self._group_of = [0] * self.size, [0] * self.size
        for _, search_id, portal, *others in rows:
            self._portal_of[search_id] = portals.setdefault(portal, len(portals))
            self._group_of[search_id] = groups.setdefault(tuple(others), len(groups))
        self.portals, self.groups = list(portals), list(groups)
        """Portals apart from all other facets: together they would make as many groups as there are portals and years."""
        self.bodies = sorted(
            ((name, fold(name), number, place or "") for name, number, place in db.execute(_BODIES)),
            key=lambda body: (-body[2], body[0]),
        )
        """Name, folded name, number of reports and place of each issuing body, those with most reports first."""
        self.places = PlaceNames(db)
        self._known = self._set(self.search_ids)
        self._kept: OrderedDict[str, Found] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, db: sqlite3.Connection, query: Query) -> Found | None:
        """The reports that have what is asked for; None if the catalogue is out of date."""
        found = self._known
        try:
            for group in query.groups:
                having = [self._having(db, term, found, query) for term in group]
                found = 0
                for one in having:
                    found |= one
            for term in query.without:
                found ^= self._having(db, term, found, query)
        except OutOfDateError:
            return None
        return found

    def number_with(self, db: sqlite3.Connection, term: Term) -> int:
        """How many reports have a term."""
        return self._having(db, term, self._known, Query()).bit_count()

    def may_have(self, db: sqlite3.Connection, term: Term) -> bool:
        """Whether the index shows that a report has a term; it may be found in other forms where it does not."""
        wanted = matches(term.folded)
        return bool(wanted.sure and self._matching(db, wanted.sure))

    def bodies_named(self, query: Query, named: Named) -> list[tuple[str, int]]:
        """Issuing bodies whose name has every term, or one and their place the others, with the number of their reports."""
        if not query.groups:
            return []
        having = {term: self._bodies_with(term.folded) for term in (*query.terms, *query.without)}
        found = set[int]().union(*(having[term] for term in query.terms))
        for group in query.groups:
            found = {
                at
                for at in found
                if any(at in having[term] or named.lies_in(self.bodies[at][3], term) for term in group)
            }
        found.difference_update(*(having[term] for term in query.without))
        return [(self.bodies[at][0], self.bodies[at][2]) for at in sorted(found)]

    def _bodies_with(self, folded: str) -> set[int]:
        return {at for at, body in enumerate(self.bodies) if folded in body[1]} if folded else set()

    def _set(self, search_ids: list[int]) -> Found:
        flags = bytearray(self.size)
        try:
            for search_id in search_ids:
                flags[search_id] = 1
        except IndexError:
            raise OutOfDateError from None
        return int.from_bytes(flags, "little")

    def _flags(self, found: Found) -> bytes:
        return found.to_bytes(self.size, "little")

    def _having(self, db: sqlite3.Connection, term: Term, among: Found, query: Query) -> Found:
        """Of these reports, those that have a term. The query learns of a number that was looked for by its beginning."""
        if not among:
            return among
        if term.exact:
            return self._printing(db, term.typed, among)
        wanted = matches(term.folded)
        sure = self._matching(db, wanted.sure) & among if wanted.sure else 0
        maybe = among ^ sure
        if maybe and wanted.maybe:
            maybe &= self._matching(db, wanted.maybe)
        number = maybe.bit_count()
        if number <= MOST_READ:
            ids = list(compress(range(self.size), self._flags(maybe)))
            texts = db.execute(_TEXTS, (json.dumps(ids),))
            return sure | self._set([search_id for search_id, *printed in texts if term.is_in(*printed)])
        if number <= MOST_SCANNED or not wanted.sure:
            return sure | self._printing(db, term.typed, maybe)
        query.by_index.append(term)
        return sure

    def _matching(self, db: sqlite3.Connection, match: str) -> Found:
        with self._lock:
            kept = self._kept.get(match)
            if kept is not None:
                self._kept.move_to_end(match)
                return kept
        # one string comes faster than a row for each report
        sql = "SELECT group_concat(rowid) FROM report_search WHERE report_search MATCH ?"
        found = self._set(list(map(int, filter(None, (db.execute(sql, (match,)).fetchone()[0] or "").split(",")))))
        if found & ~self._known:
            raise OutOfDateError
        with self._lock:
            self._kept[match] = found
            while len(self._kept) * self.size > MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _printing(self, db: sqlite3.Connection, text: str, among: Found) -> Found:
        """Of these reports, those that print exactly this string."""
        wanted = plan(text)
        if wanted.match is not None:
            among &= self._matching(db, wanted.match)
        if wanted.exact:
            return among
        flags = self._flags(among)
        if among.bit_count() * SCAN_FROM < len(self.ids):
            ids = compress(self.ids, map(flags.__getitem__, self.search_ids))
            sql = f"SELECT search_id FROM reports WHERE id = :id AND ({_IN_TEXT})"  # noqa: S608 - constant
            return self._set([row[0] for i in ids for row in db.execute(sql, {"id": i, "q": text})])
        found = {row[0] for row in db.execute("SELECT report_id FROM report_texts WHERE instr(text, ?)", (text,))}
        found |= {row[0] for row in db.execute("SELECT id FROM reports WHERE instr(title, ?)", (text,))}
        return among & self._set(list(compress(self.search_ids, (i in found for i in self.ids))))

    def search_ids_in(self, found: Found) -> list[int]:
        """The numbers in the index of these reports, by number."""
        return list(compress(range(self.size), self._flags(found)))

    def ids_in(self, found: Found) -> list[str]:
        """The ids of these reports, newest year first."""
        if not found:
            return []
        return list(compress(self.ids, map(self._flags(found).__getitem__, self.search_ids)))

    def narrow(self, found: Found, chosen: Mapping[str, str]) -> Found:
        """Those that have the chosen value of every facet."""
        portal, *others = (chosen.get(name) for name in FACETS)
        if portal is not None:
            of = bytes(_shown(own) == portal for own in self.portals) or bytes(1)  # of an empty archive
            found &= int.from_bytes(bytes(map(of.__getitem__, self._portal_of)), "little")
        if any(value is not None for value in others):
            of = bytes(
                all(value is None or value == _shown(own) for value, own in zip(others, group, strict=True))
                for group in self.groups
            ) or bytes(1)
            found &= int.from_bytes(bytes(map(of.__getitem__, self._group_of)), "little")
        return found

    def count(self, found: Found) -> dict[str, list[tuple[str, int]]]:
        """Facet → (value, number of reports): years newest first, all others most frequent first."""
        if not found:
            return {name: [] for name in FACETS}
        flags = self._flags(found)
        portal, *others = FACETS
        counts: dict[str, Counter[Any]] = {name: Counter() for name in FACETS}
        for at, number in Counter(compress(self._portal_of, flags)).items():
            counts[portal][self.portals[at]] = number
        for at, number in Counter(compress(self._group_of, flags)).items():
            for name, value in zip(others, self.groups[at], strict=True):
                counts[name][value] += number
        return {
            name: [
                (_shown(value), number)
                for value, number in (
                    sorted(of.items(), key=lambda pair: -(pair[0] or 0)) if name == "year" else of.most_common()
                )
            ]
            for name, of in counts.items()
        }


def _shown(value: object) -> str:
    return NOT_STATED if value is None else str(value)
