"""New, changed and removed reports as an Atom feed."""

from __future__ import annotations

import sqlite3
from typing import Any

from datasette.utils.asgi import Response

from archive.room import holdings
from archive.room.atom_feed import atom
from archive.room.database_access import cache, query
from archive.room.rendering import origin, url_part
from archive.vocabulary import ReportState

EACH = 50
"""Entries of each kind of event."""


async def feed(datasette: Any, request: Any) -> Any:
    """The feed."""
    cached = cache(datasette, "feed")
    rows = await query(datasette, lambda db: cached.get(lambda: _events(db)))
    gone = [row["url"] for event, row in rows if event in {ReportState.MISSING, ReportState.REMOVED}]
    missed = await query(datasette, lambda db: {url: holdings.missed_at(db, url) for url in gone}, "captures") or {}
    entries = [(event, missed.get(row["url"]) or row["at"], row | {"path": url_part(row["id"])}) for event, row in rows]
    return Response(atom(entries, origin(datasette, request)), content_type="application/atom+xml; charset=utf-8")


def _events(db: sqlite3.Connection) -> list[tuple[str, dict[str, Any]]]:
    """(event, report row) of the latest events."""
    return [
        *(("new", row) for row in holdings.newest(db, EACH)),
        *(("changed", row) for row in holdings.changed(db, EACH)),
        *((row["state"], row) for row in holdings.gone(db, EACH)),
    ]
