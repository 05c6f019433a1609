"""What was captured: a page with what it was shown with, in a frame where it can do nothing; its bytes; its WARC record."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from datasette.utils.asgi import Response

from archive import Captures
from archive.room.captured_looks import as_it_looked, kept, link_of
from archive.room.captured_pages import Captured, CapturedBody, body, captured, without_connections
from archive.room.database_access import query, query_with_bodies
from archive.room.rendering import page
from archive.room.report import dicts
from archive.warc.writer import Export

_NOTHING = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
FRAME = f"sandbox; {_NOTHING}"
"""The policy of captured bytes: they run nothing, request nothing and send nothing."""
DRESSED = f"sandbox allow-top-navigation-by-user-activation; {_NOTHING}"
"""That of a page as it looked, whose links, all of them to the reading room, may be followed."""
_REPORTS = """
SELECT id, title FROM reports WHERE url = :url
UNION SELECT r.id, r.title FROM locations l JOIN reports r ON r.id = l.report_id WHERE l.url = :url
LIMIT 5
"""


def _number(request: Any, name: str = "id") -> int:
    return int(request.url_vars[name])


async def shown(datasette: Any, request: Any) -> Any:
    """A captured body as it was: a page or picture for a sandboxed frame, a Word or PDF file as a file of its own type.

    With `pictures=1`, a page as it looked.
    """
    number, dressed = _number(request), bool(request.args.get("pictures"))

    def work(db: sqlite3.Connection) -> tuple[CapturedBody, bytes | str] | None:
        found = body(db, number)
        if found is None:
            return None
        if not found.media_type.startswith("text/html"):
            return found, found.data
        if dressed:
            return found, as_it_looked(db, found, lambda place: f"/captured/{number}/link/{place}")
        return found, without_connections(found.data)

    found = await query_with_bodies(datasette, work)
    if found is None:
        return None
    stored, content = found
    if isinstance(content, str):
        return _sent(content, "text/html; charset=utf-8", DRESSED)
    return _sent(content, stored.media_type, FRAME, stored.file_name if stored.is_file else None)


async def original(datasette: Any, request: Any) -> Any:
    """The bytes as a file of their own type."""
    found: CapturedBody | None = await query_with_bodies(datasette, lambda db: body(db, _number(request)))
    return found and _sent(found.data, found.media_type, FRAME, found.file_name)


async def warc(datasette: Any, request: Any) -> Any:
    """The capture as a WARC file: response and request."""
    number = _number(request)
    found: CapturedBody | None = await query_with_bodies(datasette, lambda db: body(db, number))
    if found is None:
        return None
    folder, name = Path(datasette.get_database("captures").path).parent, f"capture-{number}.warc.gz"

    def record() -> bytes:
        with closing(Captures(folder, read_only=True)) as captures:
            stream = io.BytesIO()
            Export(captures, stream).write_one(number, name)
            return stream.getvalue()

    return _sent(await asyncio.to_thread(record), "application/warc", FRAME, name)


def _sent(content: bytes | str, media_type: str, policy: str, name: str | None = None) -> Response:
    """Bytes that a portal wrote, under a policy; with a name, as a file to save."""
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}" if name else "inline",
    }
    return Response(content, headers=headers, content_type=media_type)


async def capture(datasette: Any, request: Any) -> Any:
    """A capture with what is known of it: when, where, its hash, the captures before and after, and its downloads."""
    number = _number(request)
    found: Captured | None = await query(datasette, lambda db: captured(db, number), "captures")
    if found is None:
        return None
    stored: CapturedBody | None = await query_with_bodies(datasette, lambda db: body(db, number))
    is_page = stored is not None and stored.media_type.startswith("text/html")
    context = {
        "found": found,
        "facts": found.facts,
        "stored": stored,
        "is_page": is_page,
        "kept": await query_with_bodies(datasette, lambda db: kept(db, stored)) if stored and is_page else None,
        "reports": await _reports(datasette, found.facts["url"]),
    }
    return await page(datasette, request, "captured", context)


async def _reports(datasette: Any, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] | None = await query(datasette, lambda db: dicts(db, _REPORTS, {"url": url}))
    return found or []


async def absent(datasette: Any, request: Any) -> Any:
    """A link of a captured page that leads to what is not archived: where it led, to be opened on purpose."""
    number, place = _number(request), _number(request, "place")

    def work(db: sqlite3.Connection) -> tuple[str, str] | None:
        found = body(db, number)
        if found is None or not found.media_type.startswith("text/html"):
            return None
        url = link_of(found, place)
        return (url, found.url) if url else None

    found = await query_with_bodies(datasette, work)
    if found is None:
        return None
    address, page_url = found
    context = {"address": address, "number": number, "page_url": page_url}
    return await page(datasette, request, "not_archived", context, status=404)
