"""Search results: what contains the string, counted and narrowed by facets."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import urlencode

from archive.room.database_access import MAX_CSV_ROWS, cache, query
from archive.room.error_pages import BusyError
from archive.room.rendering import as_csv, as_json, page
from archive.room.request_parameters import format_of, given, page_number
from archive.room.search import COLUMNS, FACETS, MAX_QUERY, PAGE, Catalogue, Results, search


async def results(datasette: Any, request: Any) -> Any:
    """A page of results, or all of them as CSV."""
    text = (request.args.get("q") or "")[:MAX_QUERY].replace("\0", "")
    chosen = given(request, *FACETS)
    number = page_number(request)
    wanted = format_of(request)
    first, count = (0, MAX_CSV_ROWS) if wanted == "csv" else ((number - 1) * PAGE, PAGE)

    def work(db: sqlite3.Connection) -> Results:
        catalogues = cache(datasette, "catalogue")
        for fresh in (False, True):
            catalogue = catalogues.get(lambda: Catalogue(db), fresh=fresh)
            found = search(db, catalogue, text, chosen, first=first, number=count, snippets=wanted != "csv")
            if found is not None:
                return found
        raise BusyError

    found: Results = await query(datasette, work)
    if wanted == "csv":
        return as_csv(COLUMNS, [hit.row for hit in found.hits])
    if wanted == "json":
        return as_json(
            {
                "query": text,
                "chosen": chosen,
                "total": found.total,
                "page": number,
                "reports": [hit.row | {"snippets": ["".join(part) for part in hit.snippets]} for hit in found.hits],
                "facets": found.facets,
            }
        )

    def address(**changes: str | None) -> str:
        values = {"q": text} | chosen | changes
        return "/search?" + urlencode({name: value for name, value in values.items() if value})

    context = {
        "query": text,
        "chosen": chosen,
        "found": found,
        "page_number": number,
        "pages": -(-found.total // PAGE),
        "first": first + 1,
        "address": address,
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "search", context)
