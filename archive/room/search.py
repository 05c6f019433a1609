"""Search: exactly the reports that have what was typed, found by the full-text index, and bodies of such a name."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from archive.fulltext import BORDER, PIECES, normal_form, search_text
from archive.room.report import dicts
from archive.room.search_terms import Query, Term, fold, matches, spans
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
    """An exact string as phrases of the full-text index.

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


SCAN_FROM = 4
"""If at least one report in so many may have an exact string, all texts are scanned; else each one's text is looked up."""
MOST_READ = 20_000
"""Texts that are read for forms of a term that the index does not show; of more, those that have it as typed count."""
_IN_TEXT = "instr(reports.title, :q) OR instr((SELECT text FROM report_texts t WHERE t.report_id = reports.id), :q)"
_TEXTS = """
SELECT r.search_id, r.title, t.text
FROM reports r JOIN report_texts t ON t.report_id = r.id
WHERE r.search_id IN (SELECT value FROM json_each(?))
"""
_BODIES = """
SELECT issuing_body, COUNT(*) FROM reports
WHERE issuing_body IS NOT NULL AND same_as IS NULL
GROUP BY issuing_body
"""


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
        groups: dict[tuple[Any, ...], int] = {}
        self.group_of: list[int] = [groups.setdefault(row[2:], len(groups)) for row in rows]
        self.groups: list[tuple[Any, ...]] = list(groups)
        self.bodies = sorted(
            ((name, fold(name), number) for name, number in db.execute(_BODIES)), key=lambda body: (-body[2], body[0])
        )
        """Name, folded name and number of reports of each issuing body, those with most reports first."""
        self._known = set(self.search_ids)

    def find(self, db: sqlite3.Connection, query: Query) -> list[int] | None:
        """Positions of the reports that have what is asked for, newest year first; None if the catalogue is out of date."""
        found = self._known
        try:
            for group in query.groups:
                found = set[int]().union(*(self._having(db, term, found) for term in group))
            for term in query.without:
                found = found - self._having(db, term, found)
        except OutOfDateError:
            return None
        return [position for position, search_id in enumerate(self.search_ids) if search_id in found]

    def number_with(self, db: sqlite3.Connection, term: Term) -> int:
        """How many reports have a term."""
        return len(self._having(db, term, self._known))

    def bodies_named(self, query: Query) -> list[tuple[str, int]]:
        """Issuing bodies whose name has every term, with the number of their reports."""
        if not query.groups:
            return []
        return [
            (name, number)
            for name, folded, number in self.bodies
            if all(any(term.folded and term.folded in folded for term in group) for group in query.groups)
        ]

    def _having(self, db: sqlite3.Connection, term: Term, among: set[int]) -> set[int]:
        """Of these reports, those that have a term."""
        if term.exact:
            return self._printing(db, term.typed, among)
        wanted = matches(term.folded)
        sure = self._matching(db, wanted.sure) & among if wanted.sure else set()
        maybe = (self._matching(db, wanted.maybe) & among if wanted.maybe else among) - sure
        if len(maybe) > MOST_READ:
            return sure | self._printing(db, term.typed, maybe)
        texts = db.execute(_TEXTS, (json.dumps(sorted(maybe)),))
        return sure | {search_id for search_id, *printed in texts if term.is_in(*printed)}

    def _matching(self, db: sqlite3.Connection, match: str) -> set[int]:
        # one string comes faster than a row for each report
        sql = "SELECT group_concat(rowid) FROM report_search WHERE report_search MATCH ?"
        found = set(map(int, filter(None, (db.execute(sql, (match,)).fetchone()[0] or "").split(","))))
        if not found <= self._known:
            raise OutOfDateError
        return found

    def _printing(self, db: sqlite3.Connection, text: str, among: set[int]) -> set[int]:
        """Of these reports, those that print exactly this string."""
        wanted = plan(text)
        if wanted.match is not None:
            among = self._matching(db, wanted.match) & among
        if wanted.exact:
            return among
        ids = list(compress(self.ids, (search_id in among for search_id in self.search_ids)))
        if len(ids) * SCAN_FROM < len(self.ids):
            sql = f"SELECT search_id FROM reports WHERE id = :id AND ({_IN_TEXT})"  # noqa: S608 - constant
            rows = (row for i in ids for row in db.execute(sql, {"id": i, "q": text}))
            return {row[0] for row in rows}
        found = {row[0] for row in db.execute("SELECT report_id FROM report_texts WHERE instr(text, ?)", (text,))}
        found |= {row[0] for row in db.execute("SELECT id FROM reports WHERE instr(title, ?)", (text,))}
        return among & set(compress(self.search_ids, (i in found for i in self.ids)))

    def search_ids_at(self, positions: list[int]) -> list[int]:
        """The numbers in the index of the reports at these positions."""
        return [self.search_ids[position] for position in positions]

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


Snippet = list[tuple[str, bool]]
"""A piece of a text: words as printed, and whether they are what was looked for."""


@dataclass(slots=True)
class Hit:
    """One result: the report's row, and the sentences of its text that have what was looked for."""

    row: dict[str, Any]
    snippets: list[Snippet] = field(default_factory=list)


@dataclass(slots=True)
class Results:
    """One page of results, and how all results are spread over the facets."""

    ids: list[str]
    """Of all that are found, in order."""
    hits: list[Hit]
    facets: dict[str, list[tuple[str, int]]]
    bodies: list[tuple[str, int]] = field(default_factory=list)
    """Issuing bodies of such a name, with the number of their reports."""
    hints: list[tuple[str, int]] = field(default_factory=list)
    """Where nothing is found: other queries that find something, and how many reports."""

    @property
    def total(self) -> int:
        """How many reports are found."""
        return len(self.ids)


def search(
    db: sqlite3.Connection,
    catalogue: Catalogue,
    query: Query,
    chosen: Mapping[str, str],
    *,
    first: int = 0,
    number: int = PAGE,
) -> Results | None:
    """Some of the reports that have what is asked for, newest year first; of all reports where nothing is.

    None if the catalogue is out of date.
    """
    found = catalogue.find(db, query)
    if found is None:
        return None
    positions = catalogue.narrow(found, chosen)
    ids = [catalogue.ids[position] for position in positions]
    return Results(
        ids,
        list(hits(db, ids[first : first + number], query)),
        catalogue.count(positions),
        catalogue.bodies_named(query),
        hints(db, catalogue, query) if not found and query.groups else [],
    )


def hits(db: sqlite3.Connection, ids: Iterable[str], query: Query) -> Iterator[Hit]:
    """What a list shows of these reports, with pieces of their texts."""
    return (Hit(row, _snippets(db, row["id"], query.terms) if query.terms else []) for row in rows(db, ids))


LEAST_HINT = 2
"""Characters that a shorter query has at least."""


def hints(db: sqlite3.Connection, catalogue: Catalogue, query: Query) -> list[tuple[str, int]]:
    """Queries close to one that finds nothing: each of its words alone, or the longest beginning of the only word."""
    tried = [term.typed.strip('"') for term in query.terms]
    if len(tried) == 1:
        (term,) = query.terms
        tried = [term.folded[:end] for end in range(len(term.folded) - (not term.exact), LEAST_HINT - 1, -1)]
    found: list[tuple[str, int]] = []
    for words in tried:
        number = catalogue.number_with(db, Term(words, fold(words)))
        if number:
            found.append((words, number))
            if len(query.terms) == 1:
                break
    return found


COLUMNS = ("id", "title", "portal", "issuing_body", "report_year", "published", "form", "state", "url")


def rows(db: sqlite3.Connection, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What a list shows of these reports, in this order; reports that are gone by now are left out."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM reports WHERE id = ?"  # noqa: S608 - our column names
    return (row for report_id in ids for row in dicts(db, sql, (report_id,)))


AROUND = 40
"""Characters before the first hit and after the last one that a snippet shows at most."""
MAX_SNIPPETS = 3
_SENTENCES = re.compile(r"[^。；！？\n]+[。；！？]?")


def _snippets(db: sqlite3.Connection, report_id: str, terms: list[Term]) -> list[Snippet]:
    """The sentences that have most of the terms; rows of a table, whose cells stand there in one line, come last."""
    row = db.execute("SELECT text FROM report_texts WHERE report_id = ?", (report_id,)).fetchone()
    text = row[0] if row and row[0] else ""
    ranked: list[tuple[int, bool, int, int, str]] = []
    for place, found in enumerate(_SENTENCES.finditer(text)):
        having = sum(term.is_in(found[0]) for term in terms)
        if having:
            is_sentence = found[0][-1] in "。；！？" or "，" in found[0]
            often = len(spans(found[0][:500], terms))
            ranked.append((-having, not is_sentence, -often, place, found[0].strip()))
    return [_snippet(sentence, terms) for *_, sentence in sorted(ranked)[:MAX_SNIPPETS]]


def _snippet(sentence: str, terms: list[Term]) -> Snippet:
    marked = spans(sentence, terms)
    if not marked:
        return [(sentence[: 2 * AROUND], False)]
    begin, end = max(0, marked[0][0] - AROUND), min(len(sentence), marked[0][1] + 2 * AROUND)
    pieces: Snippet = [("…", False)] if begin else []
    at = begin
    for start, stop in marked:
        if stop <= end:
            pieces += [(sentence[at:start], False), (sentence[start:stop], True)]
            at = stop
    pieces.append((sentence[at:end] + ("…" if end < len(sentence) else ""), False))
    return [piece for piece in pieces if piece[0]]
