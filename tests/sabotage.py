"""Parts of a crawl that lose what passes them, for tests/test_nothing_escapes.py; the setting STRUCK says which addresses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, IgnoreRequest
from scrapy.http import Response


class Losing:
    """Something that strikes some addresses."""

    def __init__(self, struck: str) -> None:
        self.struck = re.compile(struck)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler.settings["STRUCK"])


class Ignores(Losing):
    """A downloader middleware that ignores requests."""

    def process_request(self, request: Request) -> None:
        if self.struck.search(request.url):
            raise IgnoreRequest("ignored")


class Raises(Losing):
    """A downloader middleware with a fault."""

    def process_request(self, request: Request) -> None:
        if self.struck.search(request.url):
            raise KeyError("a fault of a middleware")


class RaisesOnTheWayUp(Losing):
    """A downloader middleware with a fault that an answer meets after it was captured."""

    def process_response(self, request: Request, response: Response) -> Response:
        if self.struck.search(request.url):
            raise KeyError("a fault of a middleware")
        return response


class DropsRequests(Losing):
    """A spider middleware that loses requests without a word, as Scrapy's UrlLength does."""

    async def process_spider_output(self, response: Response, result: AsyncIterable[Any]) -> AsyncIterator[Any]:
        async for one in result:
            if not (isinstance(one, Request) and self.struck.search(one.url)):
                yield one


class YieldsNothing(Losing):
    """A spider middleware whose callbacks have no results for some answers."""

    async def process_spider_output(self, response: Response, result: AsyncIterable[Any]) -> AsyncIterator[Any]:
        if not self.struck.search(response.url):
            async for one in result:
                yield one


class RaisesInCallback(Losing):
    """A spider middleware in which the callback of some answers fails."""

    async def process_spider_output(self, response: Response, result: AsyncIterable[Any]) -> AsyncIterator[Any]:
        if self.struck.search(response.url):
            raise KeyError("a fault of a callback")
        async for one in result:
            yield one


class DropsItems(Losing):
    """An item pipeline that drops some items."""

    def process_item(self, item: Any) -> Any:
        if self.struck.search(item.url):
            raise DropItem("dropped")
        return item


class RaisesOnItems(Losing):
    """An item pipeline with a fault."""

    def process_item(self, item: Any) -> Any:
        if self.struck.search(item.url):
            raise KeyError("a fault of a pipeline")
        return item
