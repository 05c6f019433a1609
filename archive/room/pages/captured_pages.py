"""A captured page in a frame of its own, where it can do nothing, and its bytes as a file."""

from __future__ import annotations

import os
import sqlite3
from typing import Any
from urllib.parse import quote

from datasette.utils.asgi import Response

from archive.room.captured_pages import CapturedBody, body, with_pictures, without_connections
from archive.room.database_access import query_with_bodies

FRAME = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'"
)
"""The policy of a captured page: it runs nothing, requests nothing and sends nothing."""


async def captured(datasette: Any, request: Any) -> Any:
    """A captured body as it was: a page or picture for a sandboxed frame, a Word or PDF file as a file of its own type.

    With `pictures=1`, a page has its captured pictures set in.
    """
    pictures = bool(request.args.get("pictures"))

    def work(db: sqlite3.Connection) -> tuple[CapturedBody, bytes | str] | None:
        found = body(db, int(request.url_vars["id"]))
        if found is None:
            return None
        if not found.media_type.startswith("text/html"):
            return found, found.data
        return found, with_pictures(db, found) if pictures else without_connections(found.data)

    found = await query_with_bodies(datasette, work)
    if found is None:
        return None
    stored, content = found
    media_type = "text/html; charset=utf-8" if isinstance(content, str) else stored.media_type
    disposition = "inline"
    if stored.is_file:
        disposition = f"attachment; filename*=UTF-8''{quote(stored.file_name)}"
    headers = {
        "Content-Security-Policy": FRAME,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Content-Disposition": disposition,
    }
    return Response(content, headers=headers, content_type=media_type)


async def original(datasette: Any, request: Any) -> Any:
    """The bytes as a file, if whoever serves the archive allows it (WITH_CAPTURES in the environment)."""
    if not os.environ.get("WITH_CAPTURES"):
        return None
    found: CapturedBody | None = await query_with_bodies(datasette, lambda db: body(db, int(request.url_vars["id"])))
    if found is None:
        return None
    headers = {
        "Content-Disposition": f'attachment; filename="{found.sha256[:16]}.bin"',
        "Content-Security-Policy": FRAME,
    }
    return Response(found.data, headers=headers, content_type="application/octet-stream")
