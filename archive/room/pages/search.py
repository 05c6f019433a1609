"""Search results: what contains the string, counted and narrowed by facets."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import urlencode

from archive.room.database_access import batches, cache, query
from archive.room.error_pages import BusyError
from archive.room.rendering import csv_of_all, json_of_all, page
from archive.room.request_parameters import format_of, given, page_number, part
from archive.room.search import COLUMNS, FACETS, MAX_QUERY, PAGE, Catalogue, Hit, Results, hits, rows, search


async def results(datasette: Any, request: Any) -> Any:
    """A page of results, or all of them as CSV or JSON."""
    text = (request.args.get("q") or "")[:MAX_QUERY].replace("\0", "")
    chosen = given(request, *FACETS)
    first = (page_number(request) - 1) * PAGE
    wanted = format_of(request)

    def work(db: sqlite3.Connection) -> Results:
        catalogues = cache(datasette, "catalogue")
        for fresh in (False, True):
            catalogue = catalogues.get(lambda: Catalogue(db), fresh=fresh)
            found = search(db, catalogue, text, chosen, first=first, number=0 if wanted else PAGE)
            if found is not None:
                return found
        raise BusyError

    found: Results = await query(datasette, work)
    if wanted == "csv":
        return await csv_of_all(COLUMNS, batches(datasette, lambda db: rows(db, found.ids)))
    if wanted == "json":
        facts = {"query": text, "chosen": chosen, "total": found.total, "facets": found.facets}
        everything = batches(datasette, lambda db: map(_as_data, hits(db, found.ids, text)))
        return await json_of_all(facts, "reports", everything)

    def address(**changes: str | None) -> str:
        values = {"q": text} | chosen | changes
        return "/search?" + urlencode({name: value for name, value in values.items() if value})

    context = {
        "query": text,
        "chosen": chosen,
        "found": found,
        "part": part(request, PAGE, found.total),
        "address": address,
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "search", context)


def _as_data(hit: Hit) -> dict[str, Any]:
    return hit.row | {"snippets": ["".join(part) for part in hit.snippets]}
