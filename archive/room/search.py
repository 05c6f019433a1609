"""Search: exactly the reports that have what was typed, found by the full-text index, and bodies of such a name."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from archive.room.catalogue import Catalogue
from archive.room.place_names import PlaceFound
from archive.room.report import dicts
from archive.room.search_terms import Query, Term, fold, spans

PAGE = 20
"""Results on a page."""
MAX_QUERY = 200
"""Characters of a query; the rest is ignored."""


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

    numbers: list[int]
    """In the index, of all that are found, in order."""
    hits: list[Hit]
    facets: dict[str, list[tuple[str, int]]]
    bodies: list[tuple[str, int]] = field(default_factory=list)
    """Bodies of such a name, with the number of their reports; none of one that is only listed."""
    places: list[PlaceFound] = field(default_factory=list)
    hints: list[tuple[str, int]] = field(default_factory=list)
    """Where nothing is found: other queries that find something, and how many reports (`hints`)."""

    @property
    def total(self) -> int:
        """How many reports are found."""
        return len(self.numbers)


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
    narrowed = catalogue.narrow(found, chosen)
    numbers = catalogue.in_order(narrowed)
    named = catalogue.places.of(query)
    return Results(
        numbers,
        list(hits(db, numbers[first : first + number], query)),
        catalogue.count(narrowed),
        catalogue.bodies_named(query, named),
        named.found(query),
        hints(db, catalogue, query) if not found and query.groups else [],
    )


def hits(db: sqlite3.Connection, numbers: Iterable[int], query: Query) -> Iterator[Hit]:
    """What a list shows of these reports, with pieces of their texts."""
    return (Hit(row, _snippets(db, row["id"], query.terms) if query.terms else []) for row in rows(db, numbers))


LEAST_HINT = 2
"""Characters that a shorter query has at least."""
HINTED_AMONG = 5_000
"""The last reports, in which a shorter query is looked for."""
MOST_HINTED = 1_000
"""Reports with a hint that are counted."""


def hints(db: sqlite3.Connection, catalogue: Catalogue, query: Query) -> list[tuple[str, int]]:
    """Queries close to one that finds nothing: each of its words alone, or the longest beginning of the only word.

    Each comes with the number of reports that have it; one above MOST_HINTED stands for all larger ones.
    """
    tried = [term.typed.strip('"') for term in query.terms]
    if len(tried) == 1:
        (term,) = query.terms
        tried = [term.folded[:end] for end in range(len(term.folded) - (not term.exact), LEAST_HINT - 1, -1)]
        shorter = (words for words in tried if catalogue.may_have(db, Term(words, fold(words)), HINTED_AMONG))
        tried = [words for words in (next(shorter, None),) if words]
    numbers = [(words, catalogue.number_with(db, Term(words, fold(words)), MOST_HINTED)) for words in tried]
    return [(words, number) for words, number in numbers if number]


COLUMNS = ("id", "title", "portal", "issuing_body", "report_year", "published", "form", "state", "url")


def rows(db: sqlite3.Connection, numbers: Iterable[int]) -> Iterator[dict[str, Any]]:
    """What a list shows of these reports, in this order; reports that are gone by now are left out."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM reports WHERE search_id = ?"  # noqa: S608 - our column names
    return (row for number in numbers for row in dicts(db, sql, (number,)))


AROUND = 40
"""Characters before the first hit and after the last one that a snippet shows at most."""
MAX_SNIPPETS = 3
LONGEST_HEADING = 60
"""Characters; a longer line without a blank is prose that lacks its punctuation."""
_SENTENCES = re.compile(r"[^。；！？\n]+[。；！？]?")


def _snippets(db: sqlite3.Connection, report_id: str, terms: list[Term]) -> list[Snippet]:
    """The sentences that have most of the terms; headings and rows of tables, all in one line, only where no sentence has any."""
    row = db.execute("SELECT text FROM report_texts WHERE report_id = ?", (report_id,)).fetchone()
    text = row[0] if row and row[0] else ""
    ranked: list[tuple[int, bool, int, int, str]] = []
    for place, found in enumerate(_SENTENCES.finditer(text)):
        folded = fold(found[0])
        often = [found[0].count(term.typed) if term.exact else folded.count(term.folded) for term in terms]
        if any(often):
            ranked.append((-sum(map(bool, often)), not _is_prose(found[0]), -sum(often), place, found[0].strip()))
    ranked.sort()
    answers = [one for one in ranked if not one[1]] or ranked
    return [_snippet(sentence, terms) for *_, sentence in answers[:MAX_SNIPPETS]]


def _is_prose(line: str) -> bool:
    return line[-1] in "。；！？" or "，" in line or (len(line) > LONGEST_HEADING and len(line.split()) == 1)


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
