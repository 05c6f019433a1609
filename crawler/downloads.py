"""Scrapy's download handler: what leaves this process, and an end that a busy reactor does not spoil."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.defer import maybe_deferred_to_future

GATES: list[Callable[[], str]] = []
"""Of this process: each says why nothing may be asked for at the moment, or nothing. A crawl that has to end may take a while,
and what it had in hand would still go out.
"""


class Handler(HTTP11DownloadHandler):
    """The download handler of http: addresses."""

    async def download_request(self, request: Request) -> Response:
        """The answer. Raises IgnoreRequest while a gate is closed."""
        for reason in filter(None, (gate() for gate in GATES)):
            raise IgnoreRequest(reason)
        return await super().download_request(request)

    async def close(self) -> None:
        """Close the connections that are kept, for a second at most.

        Scrapy's own timer fires although they are closed, where hundreds of crawls keep its loop busy, and logs a traceback.
        """
        closed = self._pool.closeCachedConnections()  # type: ignore[no-untyped-call]
        await asyncio.wait((asyncio.ensure_future(maybe_deferred_to_future(closed)),), timeout=self._disconnect_timeout)
