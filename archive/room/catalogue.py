"""Every report as a search needs it: found by the full-text index, put in order, counted and narrowed by facets."""

from __future__ import annotations

import json
import sqlite3
import threading
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from itertools import accumulate, compress
from operator import itemgetter
from typing import Any

from archive.fulltext import normal_form
from archive.room.fts_queries import plan
from archive.room.place_names import Named, PlaceNames
from archive.room.report import numbers
from archive.room.search_terms import Query, Term, fold, matches
from archive.room.vocabulary_bilingual import NOT_STATED
from archive.vocabulary import Verdict

_GROUPED = ("year", "level", "kind", "form")
FACETS = ("portal", *_GROUPED, "verdict")
SCAN_FROM = 4
"""If at least one report in so many may have an exact string, all texts are scanned; else each one's text is looked up."""
MOST_READ = 2_000
"""Texts that are read for forms of a term that the index does not show; of more, those that have it as typed count."""
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
_MATCHING = "FROM report_search WHERE report_search MATCH :match"
_PARTING = "FROM report_breaks WHERE report_breaks MATCH :match"
# One string for many reports comes faster than a row for each.
_IN_ORDER = """
SELECT group_concat(search_id) FROM (
  SELECT search_id FROM reports INDEXED BY reports_in_order ORDER BY report_year DESC, published DESC, search_id
)
"""
_PORTALS = """
SELECT portal, group_concat(search_id) FROM reports INDEXED BY idx_reports_portal_report_year GROUP BY portal
"""
_GROUPS = """
SELECT report_year, level, body_kind, form, group_concat(search_id)
FROM reports INDEXED BY reports_facets GROUP BY 1, 2, 3, 4
"""
_FAILING = "SELECT group_concat(report) FROM (SELECT DISTINCT report FROM failures)"
_UNCHECKED = """
SELECT group_concat(r.search_id)
FROM figures f INDEXED BY figures_unchecked CROSS JOIN reports r ON r.id = f.report_id
WHERE held_checks + failed_checks + held_over_years + failed_over_years = 0
"""
_BODIES = """
SELECT issuing_body, COUNT(*), MAX(place_id) FROM reports INDEXED BY idx_reports_issuing_body_report_year
WHERE issuing_body IS NOT NULL AND same_as IS NULL
GROUP BY issuing_body
UNION ALL
SELECT name, 0, MAX(place_id) FROM listed_bodies l
WHERE NOT EXISTS (SELECT 1 FROM figures f WHERE f.agency_id = l.agency_id)
  AND NOT EXISTS (SELECT 1 FROM figures f WHERE f.issuing_body = l.name)
GROUP BY name
"""
"""With those that a portal lists and that have no report here."""

Found = int
"""A set of reports: a byte each at the place of its search_id, one where it is in the set. `&` and `|` cost next to nothing."""


class OutOfDateError(Exception):
    """The index has reports that the catalogue does not know."""


class Catalogue:
    """What results are ordered, counted and narrowed by, of every report, in memory: some 300 bytes each."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.search_ids = numbers(db.execute(_IN_ORDER).fetchone()[0])
        """Of all reports, newest year first."""
        self._in_order = itemgetter(*self.search_ids, 0)  # of one place alone it would give no tuple
        self.size = max(self.search_ids, default=0) + 1
        portals, groups = db.execute(_PORTALS).fetchall(), db.execute(_GROUPS).fetchall()
        self.portals = [portal for portal, _ in portals]
        self.groups = [group for *group, _ in groups]
        """Portals apart from all other facets: together they would make as many groups as there are portals and years."""
        self._portal_of = self._numbered([numbers for _, numbers in portals])
        self._group_of = self._numbered([numbers for *_, numbers in groups])
        self._with_verdict = {
            Verdict.FAILS.value: self._set(numbers(db.execute(_FAILING).fetchone()[0])),
            Verdict.NOT_ASSESSABLE.value: self._set(numbers(db.execute(_UNCHECKED).fetchone()[0])),
        }
        self.bodies = sorted(
            ((name, _short(fold(name)), number, place or "") for name, number, place in db.execute(_BODIES)),
            key=lambda body: (-body[2], body[0]),
        )
        """Name, folded and short name, number of reports and place of each body, those with most reports first."""
        self._names = "\n".join(short for _, short, *_ in self.bodies)
        self._begins = list(accumulate((len(short) + 1 for _, short, *_ in self.bodies), initial=0))
        """Where each short name begins in all of them; one look at them all is faster than one at each."""
        self.places = PlaceNames(db)
        self._known = self._set(self.search_ids)
        self._with_verdict[Verdict.HOLDS.value] = self._known & ~(
            self._with_verdict[Verdict.FAILS] | self._with_verdict[Verdict.NOT_ASSESSABLE]
        )
        self._kept: OrderedDict[tuple[str, str], Found] = OrderedDict()
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

    def number_with(self, db: sqlite3.Connection, term: Term, most: int) -> int:
        """How many reports have a term; more than `most` are not counted to their end."""
        wanted = matches(term.folded)
        if wanted.sure and not term.exact:
            counted = f"SELECT COUNT(*) FROM (SELECT 1 {_MATCHING} LIMIT :most)"  # noqa: S608 - constant
            if db.execute(counted, {"match": wanted.sure, "most": most + 1}).fetchone()[0] > most:
                return most + 1
        return self._having(db, term, self._known, Query()).bit_count()

    def may_have(self, db: sqlite3.Connection, term: Term, among: int) -> bool:
        """Whether the index shows that one of so many of the last reports has a term; other forms of it are not looked for."""
        wanted = matches(term.folded)
        sql = f"SELECT EXISTS (SELECT 1 {_MATCHING} AND rowid >= :first)"
        values = {"match": wanted.sure, "first": self.size - among}
        return bool(wanted.sure and db.execute(sql, values).fetchone()[0])

    def bodies_named(self, query: Query, named: Named) -> list[tuple[str, int]]:
        """Bodies whose name has every term, or one and their place the others, with the number of their reports."""
        if not query.groups:
            return []
        having = {term: self._bodies_with(term.folded) for term in (*query.terms, *query.without)}
        found = set[int]().union(*(having[term] for term in query.terms))
        for group in query.groups:
            found = {
                at for at in found if any(at in having[term] or named.holds(self.bodies[at][3], term) for term in group)
            }
        found.difference_update(*(having[term] for term in query.without))
        return [(self.bodies[at][0], self.bodies[at][2]) for at in sorted(found)]

    def _bodies_with(self, folded: str) -> set[int]:
        short, found = _short(folded), set[int]()
        at = self._names.find(short) if short else -1
        while at >= 0:
            number = bisect_right(self._begins, at) - 1
            found.add(number)
            at = self._names.find(short, self._begins[number + 1])
        return found

    def _set(self, search_ids: list[int]) -> Found:
        flags = bytearray(self.size)
        try:
            for search_id in search_ids:
                flags[search_id] = 1
        except IndexError:
            raise OutOfDateError from None
        return int.from_bytes(flags, "little")

    def _numbered(self, strings: list[str]) -> list[int]:
        """Of each report, at the place of its search_id, the number of the string that names it."""
        of = [0] * self.size
        try:
            for number, string in enumerate(strings):
                for search_id in numbers(string):
                    of[search_id] = number
        except IndexError:
            raise OutOfDateError from None
        return of

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
        if wanted.is_exact:
            return sure
        maybe = among ^ sure
        if maybe and wanted.maybe:
            maybe &= self._matching(db, wanted.maybe)
        number = maybe.bit_count()
        if number <= MOST_READ:
            return sure | self._reading(db, maybe, lambda printed: term.folded in fold(printed))
        if number <= MOST_SCANNED or not wanted.sure:
            return sure | self._printing(db, term.typed, maybe)
        query.by_index.append(term)
        return sure

    def _reading(self, db: sqlite3.Connection, among: Found, has: Callable[[str | None], bool]) -> Found:
        """Of these reports, those whose title or text has what is asked for."""
        ids = list(compress(range(self.size), self._flags(among)))
        texts = db.execute(_TEXTS, (json.dumps(ids),))
        return self._set([search_id for search_id, *printed in texts if any(map(has, printed))])

    def _matching(self, db: sqlite3.Connection, match: str, meeting: str = _MATCHING) -> Found:
        """The reports that meet a query of an index. Raises OutOfDateError where one of them is not known."""
        key = (meeting, match)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
        sql = f"SELECT group_concat(rowid) {meeting}"
        found = self._set(numbers(db.execute(sql, {"match": match}).fetchone()[0]))
        if found & ~self._known:
            raise OutOfDateError
        with self._lock:
            self._kept[key] = found
            while len(self._kept) * self.size > MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _printing(self, db: sqlite3.Connection, text: str, among: Found) -> Found:
        """Of these reports, those that print exactly this string; Han characters in whatever form."""
        wanted = plan(text)
        if wanted.match is not None:
            among &= self._matching(db, wanted.match)
        if not wanted.exact:
            return self._typed(db, text, among)
        parted = among & self._matching(db, wanted.parted, _PARTING) if wanted.parted and among else 0
        typed = self._typed(db, text, parted)
        others = parted ^ typed
        if others.bit_count() > MOST_READ:
            return among ^ parted | typed
        others = self._reading(db, others, lambda printed: text in normal_form(printed))
        return among ^ parted | typed | others

    def _typed(self, db: sqlite3.Connection, text: str, among: Found) -> Found:
        """Of these reports, those that have the string as typed."""
        if among.bit_count() * SCAN_FROM < len(self.search_ids):
            sql = f"SELECT 1 FROM reports WHERE search_id = :id AND ({_IN_TEXT})"  # noqa: S608 - constant
            ids = compress(range(self.size), self._flags(among))
            return self._set([i for i in ids if db.execute(sql, {"id": i, "q": text}).fetchone()])
        texts = "SELECT search_id FROM report_texts CROSS JOIN reports ON id = report_id WHERE instr(text, ?)"
        found = [row[0] for row in db.execute(texts, (text,))]
        found += [row[0] for row in db.execute("SELECT search_id FROM reports WHERE instr(title, ?)", (text,))]
        return among & self._set(found)

    def in_order(self, found: Found) -> list[int]:
        """The numbers in the index of these reports, newest year first."""
        if not found:
            return []
        return list(compress(self.search_ids, self._in_order(self._flags(found))))

    def narrow(self, found: Found, chosen: Mapping[str, str]) -> Found:
        """Those that have the chosen value of every facet."""
        if "portal" in chosen:
            found &= self._among(self._portal_of, [_shown(own) == chosen["portal"] for own in self.portals])
        others = {at: chosen[name] for at, name in enumerate(_GROUPED) if name in chosen}
        if others:
            are = [all(_shown(group[at]) == value for at, value in others.items()) for group in self.groups]
            found &= self._among(self._group_of, are)
        if "verdict" in chosen:
            found &= self._with_verdict.get(chosen["verdict"], 0)
        return found

    def _among(self, of: list[int], are_wanted: list[bool]) -> Found:
        """The reports whose number is one of a wanted group."""
        return int.from_bytes(bytes(map(bytes(are_wanted or (False,)).__getitem__, of)), "little")

    def count(self, found: Found) -> dict[str, list[tuple[str, int]]]:
        """Facet → (value, number of reports): years newest first, all others most frequent first."""
        if not found:
            return {name: [] for name in FACETS}
        flags = self._flags(found)
        counts: dict[str, Counter[Any]] = {name: Counter() for name in FACETS}
        for at, number in Counter(compress(self._portal_of, flags)).items():
            counts["portal"][self.portals[at]] = number
        for at, number in Counter(compress(self._group_of, flags)).items():
            for name, value in zip(_GROUPED, self.groups[at], strict=True):
                counts[name][value] += number
        for verdict, having in self._with_verdict.items():
            counts["verdict"][verdict] = (found & having).bit_count()
        return {
            name: [
                (_shown(value), number)
                for value, number in (
                    sorted(of.items(), key=lambda pair: -(pair[0] or 0)) if name == "year" else of.most_common()
                )
                if number
            ]
            for name, of in counts.items()
        }


def _short(name: str) -> str:
    """A body's name as people say it: 番禺区政府办公室."""
    return name.replace("人民政府", "政府")


def _shown(value: object) -> str:
    return NOT_STATED if value is None else str(value)
