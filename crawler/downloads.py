"""Scrapy's download handler, with an end that a busy reactor does not spoil."""

from __future__ import annotations

import asyncio

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.utils.defer import maybe_deferred_to_future


class Handler(HTTP11DownloadHandler):
    """The download handler of http: addresses."""

    async def close(self) -> None:
        """Close the connections that are kept, for a second at most.

        Scrapy's own timer fires although they are closed, where hundreds of crawls keep its loop busy, and logs a traceback.
        """
        closed = self._pool.closeCachedConnections()  # type: ignore[no-untyped-call]
        await asyncio.wait((asyncio.ensure_future(maybe_deferred_to_future(closed)),), timeout=self._disconnect_timeout)
