"""The pages of the reading room: what is asked for → what is shown. Queries are elsewhere in this package."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette.utils.asgi import Response

from archive.room import captured, citation, national, search
from archive.room import feed as feeds
from archive.room import home as homes
from archive.room import report as reports
from archive.room.asking import MOST_CSV, BusyError, ask, form_of, given, holdings, kept, named, wanted_page
from archive.room.pages import as_csv, as_json, origin, page, path
from archive.room.words import IDENTITIES

TEXT_ON_PAGE = 30_000
"""Characters of a report's text that its page shows; the rest is in its text file."""
FRAME = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'"
)
"""A captured page runs nothing, asks nobody, and sends nothing."""


# Home


async def _unwell(datasette: Any) -> list[dict[str, Any]] | None:
    if "captures" not in datasette.databases:
        return None
    store = kept(datasette, "unwell", "captures")
    rows: list[dict[str, Any]] = await ask(datasette, lambda db: store.get(lambda: homes.unwell(db)), "captures")
    return rows


MOST_PORTALS = 24
"""Portals in the map of the first page; the page of portals has all."""


async def home(datasette: Any, request: Any) -> Any:
    """What is here, in one screen."""
    here = await holdings(datasette)
    unwell = await _unwell(datasette)
    context = {"here": here, "unwell": unwell, "portals": here.portals[:MOST_PORTALS], "years": here.years[-18:]}
    return await page(datasette, request, "home", context)


async def portals(datasette: Any, request: Any) -> Any:
    """The coverage of every portal."""
    here = await holdings(datasette)
    return await page(datasette, request, "portals", {"here": here, "portals": here.portals, "years": here.years})


# Search


async def search_page(datasette: Any, request: Any) -> Any:
    """What contains the string, counted and narrowed by facets."""
    query = (request.args.get("q") or "")[: search.MAX_QUERY].replace("\0", "")
    chosen = given(request, *search.FACETS)
    number = wanted_page(request)
    form = form_of(request)
    some = (
        {"first": 0, "number": MOST_CSV}
        if form == "csv"
        else {"first": (number - 1) * search.PAGE, "number": search.PAGE}
    )

    def work(db: sqlite3.Connection) -> search.Results:
        store = kept(datasette, "catalogue")
        for fresh in (False, True):
            catalogue = store.get(lambda: search.Catalogue(db), fresh=fresh)
            found = search.search(db, catalogue, query, chosen, snippets=form != "csv", **some)
            if found is not None:
                return found
        raise BusyError

    try:
        found: search.Results = await ask(datasette, work)
    except BusyError:
        return await page(datasette, request, "message", {"what": "busy"}, 503)
    if form == "csv":
        return as_csv(search.COLUMNS, [hit.row for hit in found.hits])
    if form == "json":
        hits = [hit.row | {"snippets": ["".join(part) for part in hit.snippets]} for hit in found.hits]
        return as_json(
            {
                "query": query,
                "chosen": chosen,
                "total": found.total,
                "page": number,
                "reports": hits,
                "facets": found.facets,
            }
        )

    def address(**changes: str | None) -> str:
        values = {"q": query} | chosen | changes
        return "/search?" + urlencode({name: value for name, value in values.items() if value})

    pages = -(-found.total // search.PAGE)
    context = {
        "query": query,
        "chosen": chosen,
        "found": found,
        "page_number": number,
        "pages": pages,
        "address": address,
        "forms": ("json", "csv"),
    }
    return await page(datasette, request, "search", context)


# A report


async def report_page(datasette: Any, request: Any) -> Any:
    """One report."""
    report_id = named(request, "id")
    full: reports.Full | None = await ask(datasette, lambda db: reports.load(db, report_id))
    if full is None:
        return None
    form = form_of(request)
    if form == "txt":
        return Response.text(full.text)
    if form == "json":
        return as_json(
            {
                "report": full.row,
                "text": full.text,
                "statistics": full.statistics,
                "checks": full.checks,
                "table_sources": full.sources,
                "attachments": full.attachments,
                "locations": full.locations,
                "versions": full.versions,
            }
        )
    urls = list(dict.fromkeys([full.row["url"], *(place["url"] for place in full.locations)]))

    def beside(db: sqlite3.Connection) -> dict[str, Any]:
        pictures = {a["url"]: reports.newest_capture(db, a["url"]) for a in full.attachments[:50]}
        versions = {v["sha256"]: reports.captured(db, urls, v["sha256"]) for v in full.versions[:50]}
        return {
            "capture": reports.captured(db, urls, full.row["sha256"]),
            "fetches": reports.fetches(db, urls),
            "problems": reports.problems(db, urls),
            "files": {url: found for url, found in pictures.items() if found},
            "version_captures": versions,
        }

    evidence = await ask(datasette, beside, "captures") or {}
    here = f"{origin(datasette, request)}/report/{path(report_id)}"
    context = {
        "full": full,
        "row": full.row,
        "tables": national.layout(full.statistics, full.checks, full.sources),
        "failures": [
            check | {"spelled": national.spelled(check)} for check in full.checks if check["verdict"] == "fails"
        ],
        "held": sum(check["verdict"] == "holds" for check in full.checks),
        "paragraphs": reports.paragraphs(full.text[:TEXT_ON_PAGE]),
        "cut": len(full.text) > TEXT_ON_PAGE,
        "stated": reports.narrative(full),
        "citations": citation.citations(full.row, here),
        "evidence": evidence,
        "identities": IDENTITIES,
        "forms": ("json", "txt"),
    }
    return await page(datasette, request, "report", context)


async def captured_page(datasette: Any, request: Any) -> Any:
    """A captured body as it was, for a sandboxed frame; with `pictures=1`, its captured pictures set in."""
    with_pictures = bool(request.args.get("pictures"))

    def work(db: sqlite3.Connection) -> tuple[captured.Body, bytes | str] | None:
        found = captured.body(db, int(request.url_vars["id"]))
        if found is None:
            return None
        if not found.media_type.startswith("text/html"):
            return found, found.data
        return found, captured.with_pictures(db, found) if with_pictures else captured.without_connections(found.data)

    found = await _bodies(datasette, work)
    if found is None:
        return None
    body, content = found
    media_type = "text/html; charset=utf-8" if isinstance(content, str) else body.media_type
    if media_type == "application/octet-stream":
        return await page(datasette, request, "message", {"what": "no_page"}, 415)
    headers = {
        "Content-Security-Policy": FRAME,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Content-Disposition": "inline",
    }
    return Response(content, headers=headers, content_type=media_type)


async def captured_original(datasette: Any, request: Any) -> Any:
    """The bytes as a file, where those who serve the archive allow it."""
    if not os.environ.get("WITH_CAPTURES"):
        return None
    found: captured.Body | None = await _bodies(datasette, lambda db: captured.body(db, int(request.url_vars["id"])))
    if found is None:
        return None
    headers = {
        "Content-Disposition": f'attachment; filename="{found.sha256[:16]}.bin"',
        "Content-Security-Policy": FRAME,
    }
    return Response(found.data, headers=headers, content_type="application/octet-stream")


async def _bodies(datasette: Any, work: Callable[[sqlite3.Connection], Any]) -> Any:
    """Run on a connection of its own that may read bodies: Datasette's, which SQL of visitors runs on, may not."""
    if "captures" not in datasette.databases:
        return None
    database = datasette.get_database("captures")

    def within(_: sqlite3.Connection) -> Any:
        connection = sqlite3.connect(f"{Path(database.path).resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            return work(connection)
        finally:
            connection.close()

    return await database.execute_fn(within)


# Problems, feed


async def problems_page(datasette: Any, request: Any) -> Any:
    """What is wrong and waits for somebody."""
    chosen = given(request, "portal", "stage", "kind")
    found = await ask(datasette, lambda db: homes.desk(db, chosen), "captures")
    if found is None:
        return None
    form = form_of(request)
    if form == "json":
        return as_json(found)
    if form == "csv":
        return as_csv(
            ("id", "portal", "stage", "kind", "url", "message", "seen_at", "days", "capture_id"), found["rows"]
        )

    def address(**changes: str | None) -> str:
        return "/problems?" + urlencode({k: v for k, v in (chosen | changes).items() if v})

    context = {"found": found, "chosen": chosen, "address": address, "forms": ("json", "csv")}
    return await page(datasette, request, "problems", context)


async def feed(datasette: Any, request: Any) -> Any:
    """New, changed and removed reports as Atom."""
    here = origin(datasette, request)

    def work(db: sqlite3.Connection) -> list[tuple[str, dict[str, Any]]]:
        return [
            *(("new", row) for row in homes.newest(db, 50)),
            *(("changed", row) for row in homes.changed(db, 50)),
            *((row["state"], row) for row in homes.gone(db, 50)),
        ]

    store = kept(datasette, "feed")
    rows = await ask(datasette, lambda db: store.get(lambda: work(db)))
    gone = [row["url"] for what, row in rows if what in {"missing", "removed"}]
    missed = await ask(datasette, lambda db: {url: homes.missed_at(db, url) for url in gone}, "captures") or {}
    entries = [
        (what, missed.get(row["url"]) or row["at"], row | {"path": path(row["id"])}) for what, row in chain(rows)
    ]
    return Response(feeds.atom(entries, here), content_type="application/atom+xml; charset=utf-8")
