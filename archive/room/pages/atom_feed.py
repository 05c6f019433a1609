"""New, changed and removed reports as an Atom feed, of everything or of what a page shows."""

from __future__ import annotations

import sqlite3
from typing import Any

from datasette.utils.asgi import Response

from archive.divisions import significant_digits
from archive.room import holdings
from archive.room.atom_feed import atom
from archive.room.database_access import bounded, cache, kept, portal_titles, query
from archive.room.holdings import EVERY, Among
from archive.room.rendering import Translator, asked, language, origin, url_part
from archive.vocabulary import ReportState

EACH = 50
"""Entries of each kind of event; the page and its data have all."""


async def feed(datasette: Any, request: Any) -> Any:
    """The feed of the whole archive."""
    cached = cache(datasette, "feed")
    rows = await query(datasette, lambda db: cached.get(lambda: _events(db, EVERY)))
    t = Translator(language(request))
    return await _answer(datasette, request, rows, "/", "/feed.atom", t("全部报告", "All reports"))


async def of(datasette: Any, request: Any, among: Among, title: str) -> Any:
    """The feed of what the page at hand shows."""
    page = request.path.removesuffix(".atom")
    chosen = asked(request)
    rows = await kept(datasette, f"feed {page}{chosen}", bounded(lambda db: _events(db, among)))
    return await _answer(datasette, request, rows, f"{page}{chosen}", f"{page}.atom{chosen}", title)


def in_place(place_id: str) -> Among:
    """The reports of a place and of all that lies in it; of a town alone."""
    if "-" in place_id:
        return Among("r.id IN (SELECT report_id FROM figures WHERE place_id = ?)", (place_id,))
    digits = significant_digits(place_id)
    # a colon comes after all digits
    condition = "r.id IN (SELECT report_id FROM figures WHERE place_id >= ? AND place_id < ?)"
    return Among(condition, (digits, digits + ":"))


async def _answer(
    datasette: Any, request: Any, rows: list[tuple[str, dict[str, Any]]], page: str, address: str, title: str
) -> Response:
    gone = [row["url"] for event, row in rows if event in {ReportState.MISSING, ReportState.REMOVED}]
    missed = await query(datasette, lambda db: {url: holdings.missed_at(db, url) for url in gone}, "captures") or {}
    t = Translator(language(request), await portal_titles(datasette))
    entries = [
        (
            event,
            missed.get(row["url"]) or row["at"],
            row | {"path": url_part(row["id"]), "portal": t.value("portal", row["portal"])},
        )
        for event, row in rows
    ]
    bound = t(
        f"新增、变更、撤下的报告，每种至多最近{EACH}份；全部见网页及其数据文件",
        f"New, changed and removed reports, at most the latest {EACH} of each; the page and its data have all",
    )
    text = atom(entries, origin(datasette, request), page, address, title, bound, t.lang)
    return Response(text, content_type="application/atom+xml; charset=utf-8")


def _events(db: sqlite3.Connection, among: Among) -> list[tuple[str, dict[str, Any]]]:
    """(event, report row) of the latest events."""
    return [
        *(("new", row) for row in holdings.newest(db, EACH, among)),
        *(("changed", row) for row in holdings.changed(db, EACH, among)),
        *((row["state"], row) for row in holdings.gone(db, EACH, among)),
    ]
