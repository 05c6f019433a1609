"""The entries of a portal's listings, each with what came of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from archive.room import entries as found
from archive.room.database_access import batches, query
from archive.room.rendering import csv_of_all, json_of_all, page
from archive.room.report import dicts
from archive.room.request_parameters import BadParameterError, format_of, given, part

_COLUMNS = ("portal", "listing_url", "url", "title", "fate", "report_id", "cause", "capture_id")


async def entries(datasette: Any, request: Any) -> Any:
    """The entries of one portal, all or those with one fate."""
    chosen = given(request, "portal", "fate")
    portal, key = chosen.get("portal", ""), chosen.get("fate", "")
    facts = await query(datasette, lambda db: dicts(db, "SELECT * FROM portals WHERE name = ?", (portal,)))
    if not facts:
        raise BadParameterError("portal", portal)
    sums = await query(datasette, lambda db: found.sums(db, portal))
    if key and key not in {row["key"] for row in sums}:
        raise BadParameterError("fate", key)
    wanted = format_of(request)
    if wanted:
        everything = batches(datasette, lambda db: found.entries(db, portal, key))
        return (
            await csv_of_all(_COLUMNS, everything)
            if wanted == "csv"
            else await json_of_all({"portal": portal}, "entries", everything)
        )
    shown = part(request, found.ROWS, sum(row["entries"] for row in sums if not key or row["key"] == key))
    rows = await query(datasette, lambda db: list(found.entries(db, portal, key, shown.first - 1, shown.size)))

    def address(**changes: str) -> str:
        return "/entries?" + urlencode({"portal": portal} | ({"fate": key} if key else {}) | changes)

    context = {
        "portal": portal,
        "facts": facts[0],
        "sums": sums,
        "key": key,
        "rows": rows,
        "evidence": await query(datasette, lambda db: found.evidence(db, rows), "captures") or {},
        "acknowledged": await query(datasette, lambda db: found.acknowledged(db, portal), "captures") or {},
        "part": shown,
        "address": address,
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "entries", context)
