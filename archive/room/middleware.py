"""What holds for every address and every answer: one address per page, the operator's word on the host, safe headers."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any
from urllib.parse import urlsplit

from datasette.utils.asgi import Request

from archive.room.rendering import CSP, LANGUAGES


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
                    b"content-security-policy": CSP.encode(),
                    b"vary": b"Accept-Language, Cookie",
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


class LanguageOfData:
    """ASGI middleware: `lang=` on a page of Datasette's, which takes it for a column, becomes the cookie that remembers it."""

    def __init__(self, app: Any, databases: Collection[str]) -> None:
        self.app = app
        self.databases = frozenset(databases)

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Redirects to the same page without it; passes everything else through."""
        asks = scope.get("query_string", b"").split(b"&")
        chosen = [part.removeprefix(b"lang=") for part in asks if part.startswith(b"lang=")]
        first = scope.get("path", "").strip("/").partition("/")[0].partition(".")[0]
        if scope["type"] != "http" or not chosen or first not in self.databases:
            await self.app(scope, receive, send)
            return
        query = b"&".join(part for part in asks if not part.startswith(b"lang="))
        path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
        headers = []
        if chosen[0].decode("latin-1") in LANGUAGES:
            headers.append((b"set-cookie", b"lang=%s; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax" % chosen[0]))
        await _redirect(scope | {"query_string": query}, path, send, 302, headers)


class OwnWordsForFiles:
    """ASGI middleware: a file of the looks that is not there is said to be missing as any other address is.

    Datasette says so itself, in English, before anything of ours is asked.
    """

    def __init__(self, app: Any, missing: Callable[[Any], Awaitable[Any]]) -> None:
        self.app = app
        self.missing = missing

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Puts our answer in the place of Datasette's; passes everything else through."""
        if not scope.get("path", "").startswith(("/room/", "/-/static")):
            await self.app(scope, receive, send)
            return
        is_missing = False

        async def unless_missing(said: Any) -> None:
            nonlocal is_missing
            if said["type"] == "http.response.start":
                is_missing = said["status"] in {403, 404}
            if not is_missing:
                await send(said)

        await self.app(scope, receive, unless_missing)
        if is_missing:
            await (await self.missing(Request(scope, receive))).asgi_send(send)


MOST_PARAMETERS = 100
"""More than any page asks for; to take thousands apart, as each page does many times, would stop all other visitors."""


_TAKEN = {
    "_shape": re.compile("arrays|arrayfirst|objects|object|array"),
    "_timelimit": re.compile("[1-9][0-9]{0,5}"),
}
"""Parameters of Datasette's pages whose other values it answers in English alone, or as if the machine were busy."""


class AskedRightly:
    """ASGI middleware: such a value is said to be wrong as that of any other parameter is."""

    def __init__(self, app: Any, bad: Callable[[Any, str], Awaitable[Any]]) -> None:
        self.app = app
        self.bad = bad

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Answers in Datasette's place, or passes everything through."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            for name, taken in _TAKEN.items():
                value = request.args.get(name)
                if value is not None and not taken.fullmatch(value):
                    await (await self.bad(request, f"{name}={value}")).asgi_send(send)
                    return
        await self.app(scope, receive, send)


class OnlyReading:
    """ASGI middleware: nothing here can be changed, so no other methods than those that read are answered.

    Nor are addresses with more parameters than any page has. `message` makes the answer that says why.
    """

    def __init__(self, app: Any, message: Callable[[Any, str, int], Awaitable[Any]]) -> None:
        self.app = app
        self.message = message

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Answers OPTIONS, refuses what would write and what asks too much; passes other GET and HEAD on."""
        without_parameters = Request(scope | {"query_string": b""}, receive)
        allow = (b"allow", b"GET, HEAD, OPTIONS")
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": [allow, (b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
        elif scope["method"] not in {"GET", "HEAD"}:
            response = await self.message(without_parameters, "only_reading", 405)
            response.headers["Allow"] = allow[1].decode()
            await response.asgi_send(send)
        elif scope.get("query_string", b"").count(b"&") >= MOST_PARAMETERS:
            response = await self.message(without_parameters, "too_many", 400)
            await response.asgi_send(send)
        else:
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


async def _redirect(
    scope: Any,
    path: bytes,
    send: Callable[[Any], Awaitable[None]],
    status: int = 308,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    location = (b"location", path + query)
    await send({"type": "http.response.start", "status": status, "headers": [location, *headers]})
    await send({"type": "http.response.body", "body": b""})
