"""What holds for every address and every answer: one address per page, the operator's word on the host, safe headers."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

DATASETTE_CSP = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)
"""For Datasette's own pages, whose scripts are in the page; the reading room's have none and bring their own policy."""


class SecurityHeaders:
    """ASGI middleware that adds the headers an answer does not set itself."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Passes everything on, with more headers."""

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                wanted = {
                    b"x-content-type-options": b"nosniff",
                    b"referrer-policy": b"no-referrer",
                    b"x-dns-prefetch-control": b"off",
                    b"content-security-policy": DATASETTE_CSP.encode(),
                }
                headers = [*message["headers"], *((k, v) for k, v in wanted.items() if k not in given)]
                message = message | {"headers": headers}
            await send(message)

        await self.app(scope, receive, with_headers)


_DATA = re.compile(r"\.(?:json|csv|atom|txt|bib|ris|svg|png|sha256)$|^/downloads/")


class SharedData:
    """ASGI middleware: pages of other sites may read the data files of an archive that is published (PUBLISHED).

    Of one that is served to this machine alone they may not: any site that its user visits could read it.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.is_published = os.environ.get("PUBLISHED") == "1"

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Adds the header for CORS; passes everything else through."""

        async def shared(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = message | {"headers": [*message["headers"], *_CORS]}
            await send(message)

        is_data = self.is_published and _DATA.search(scope.get("path", ""))
        await self.app(scope, receive, shared if is_data else send)


_CORS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Content-Length, Content-Range, ETag, X-Most-Rows"),
)
_MILLIONS = re.compile(r"/reports/(?:statistics|checks)(?:\.json)?$")
"""A hundred thousand reports have fifteen million statistics: counting them takes seconds, showing a page of them none."""


class Uncounted:
    """ASGI middleware: pages of statistics and of checks come without the number of all rows, unless one report's are asked for."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Asks Datasette not to count; passes everything else through."""
        asks = scope.get("query_string", b"")
        if _MILLIONS.search(scope.get("path", "")) and b"report_id=" not in asks and b"_nocount=" not in asks:
            scope = scope | {"query_string": b"&".join(filter(None, (asks, b"_nocount=1")))}
        await self.app(scope, receive, send)


class OneAddress:
    """ASGI middleware: a slash at the end leads to the page without it, and the host is the operator's.

    Citations, feeds and links are written with the host of a request, and a request may name any host that it likes.
    """

    def __init__(self, app: Any, base_url: str | None) -> None:
        self.app = app
        self.base = urlsplit(base_url) if base_url else None

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Redirects, or passes the request on as asked of the operator's host."""
        if scope["type"] == "http":
            path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
            if path != b"/" and path.endswith(b"/"):
                await _redirect(scope, b"/" + path.strip(b"/"), send)
                return
            if self.base:
                headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
                headers.append((b"host", self.base.netloc.encode()))
                scope = scope | {"headers": headers, "scheme": self.base.scheme}
        await self.app(scope, receive, send)


async def _redirect(scope: Any, path: bytes, send: Callable[[Any], Awaitable[None]]) -> None:
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    await send({"type": "http.response.start", "status": 308, "headers": [(b"location", path + query)]})
    await send({"type": "http.response.body", "body": b""})
