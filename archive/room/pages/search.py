"""Search results: what contains the string, counted and narrowed by facets."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from archive.room import vocabulary_bilingual as vocabulary
from archive.room.cache import UntilChanged
from archive.room.catalogue import FACETS, Catalogue
from archive.room.database_access import batches, cache, query
from archive.room.error_pages import BusyError
from archive.room.holdings import Among
from archive.room.pages import atom_feed
from archive.room.rendering import as_format, csv_of_all, json_of_all, page
from archive.room.request_parameters import BadParameterError, format_of, given, page_number, part
from archive.room.search import COLUMNS, MAX_QUERY, MOST_HINTED, PAGE, Hit, Results, hits, rows, search
from archive.room.search_terms import parse

T = TypeVar("T")


async def results(datasette: Any, request: Any) -> Any:
    """A page of results, or all of them as CSV or JSON."""
    text = (request.args.get("q") or "")[:MAX_QUERY].replace("\0", "").strip()
    chosen = given(request, *FACETS)
    first = (page_number(request) - 1) * PAGE
    wanted = format_of(request)

    asked = parse(text)

    found: Results = await _fresh(
        datasette, lambda db, of: search(db, of, asked, chosen, first=first, number=0 if wanted else PAGE)
    )
    if not found.total:
        _check(chosen)
    if wanted == "csv":
        return await csv_of_all(COLUMNS, batches(datasette, lambda db: rows(db, found.numbers)))
    if wanted == "atom":
        among = Among.numbered(found.numbers)
        return await atom_feed.of(datasette, request, among, text or "–")
    if wanted == "json":
        facts = {
            "query": text,
            "chosen": chosen,
            "total": found.total,
            "facets": found.facets,
            "places": [asdict(place) for place in found.places],
            "bodies": found.bodies,
            "hints": found.hints,
        }
        everything = batches(datasette, lambda db: map(_as_data, hits(db, found.numbers, asked)))
        return await json_of_all(facts, "reports", everything)

    def address(**changes: str | None) -> str:
        values = {"q": text} | chosen | changes
        return "/search?" + urlencode({name: value for name, value in values.items() if value})

    context = {
        "query": text,
        "asks": bool(asked.groups or asked.without),
        "chosen": chosen,
        "found": found,
        "by_index": asked.by_index,
        "most_hinted": MOST_HINTED,
        "part": part(request, PAGE, found.total),
        "address": address,
        "feed": as_format(request, "atom"),
        "cleared": dict.fromkeys(chosen),
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "search", context)


def _check(chosen: dict[str, str]) -> None:
    """Raises BadParameterError for a filter that no report can meet: `year=x`, a level that does not exist."""
    for name, value in chosen.items():
        if name == "year":
            is_known = value.isascii() and value.isdigit() and len(value) == len("2024")
        else:
            is_known = value in vocabulary.VALUES.get(name, {value})
        if not is_known and value != vocabulary.NOT_STATED:
            raise BadParameterError(name, value)


def _as_data(hit: Hit) -> dict[str, Any]:
    return hit.row | {"snippets": ["".join(words for words, _ in snippet) for snippet in hit.snippets]}


async def _fresh(datasette: Any, work: Callable[[sqlite3.Connection, Catalogue], T | None]) -> T:
    """What is worked out with the catalogue; once more with a new one if it proves to be out of date.

    The catalogue itself takes what it takes: were it bounded, a busy machine would never have one.
    """
    catalogues = cache(datasette, "catalogue")
    served = datasette.get_database("reports")
    for fresh in (False, True):
        catalogue = await served.execute_fn(partial(_catalogue, catalogues, fresh=fresh))
        found: T | None = await query(datasette, partial(_with, work, catalogue))
        if found is not None:
            return found
    raise BusyError


def _catalogue(kept: UntilChanged[Catalogue], db: sqlite3.Connection, *, fresh: bool) -> Catalogue:
    return kept.get(lambda: Catalogue(db), fresh=fresh)


def _with(
    work: Callable[[sqlite3.Connection, Catalogue], T | None], catalogue: Catalogue, db: sqlite3.Connection
) -> T | None:
    return work(db, catalogue)


async def numbers(datasette: Any, typed: str) -> list[int]:
    """The numbers in the index of the reports that have what was typed."""

    def found(db: sqlite3.Connection, catalogue: Catalogue) -> list[int] | None:
        having = catalogue.find(db, parse(typed))
        return None if having is None else sorted(catalogue.in_order(having))

    return await _fresh(datasette, found)
