"""Listings whose rows a service answers as JSON, one page per request: what the platforms that have one share."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from scrapy import Request
from scrapy.http import Response
from w3lib.url import add_or_replace_parameter, url_query_parameter

from archive.json_text import parsed
from archive.model import Entry
from archive.urls import browser_url
from spiders.platforms.listing_reader import ListingReader

Row = Mapping[str, Any]
"""One entry as the service gives it."""

_TAG = re.compile(r"<[^>]{1,300}>")


class JSONPages(ListingReader):
    """Mixed in before the class that reads the site's static pages; a column begins there and goes on as JSON.

    A platform says

    1. `is_answer(response)`: whether a response is one of the service's;
    2. `first_requests(response)`: the service's first page for each column that a static page leads to;
    3. `rows(answer)` and `row_addresses`, `row_title`: an answer's entries and which of their fields hold what;
    4. `row_date(row)`: the entry's date;
    5. `answer_total` where the total is not called `total`, and `next_requests` where a page is not asked for by the
       number `page` in the address.
    """

    row_addresses: ClassVar[tuple[str, ...]] = ("url",)
    """Fields of a row that may hold the address, the first that is filled counts."""
    row_title: ClassVar[str] = "title"

    @abstractmethod
    def is_answer(self, response: Response) -> bool:
        """Whether the response is an answer of the service, not a static page."""

    def first_requests(self, response: Response) -> Iterator[Request]:
        """From a static page: the first request to the service, for each column; here, the next static page."""
        yield from super().next_pages(response)

    @abstractmethod
    def rows(self, answer: Row) -> Sequence[Row]:
        """The entries of an answer, in order."""

    @abstractmethod
    def row_date(self, row: Row) -> str | None:
        """An entry's ISO date or minute, in China's time; None where it names none."""

    def answer(self, response: Response) -> Row:
        """The answer's object. Raises ValueError if it is not JSON, or no object."""
        answer = parsed(response.body)
        if not isinstance(answer, dict):
            raise ValueError(f"{response.url} answers a JSON {type(answer).__name__}, not an object")
        return answer

    def answer_total(self, answer: Row) -> int | None:
        """The announced number of entries; None where the answer announces none."""
        total = answer.get("total")
        return int(total) if total is not None else None

    def entries(self, response: Response) -> Iterator[Entry]:
        """Rows of an answer, or of a static page."""
        if not self.is_answer(response):
            yield from super().entries(response)
            return
        for row in self.rows(self.answer(response)):
            url = next(filter(None, map(row.get, self.row_addresses)), None)
            if url:
                with suppress(ValueError):  # a row that links no address
                    url = browser_url(response.url, url)
                title = _TAG.sub("", row.get(self.row_title) or "").strip()
                yield Entry(url=url, title=title or None, date=self.row_date(row))

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The service's first page of each column; from there page by page to the announced total."""
        yield from self.next_requests(response) if self.is_answer(response) else self.first_requests(response)

    def next_requests(self, response: Response) -> Iterator[Request]:
        """The page after this answer, as long as the pages so far, all of the first one's size, fall short of the total."""
        answer = self.answer(response)
        shown, number = len(self.rows(answer)), int(url_query_parameter(response.url, "page", "1") or 1)
        size = (response.request.meta.get("size") if response.request else None) or shown
        if shown and number * size < (self.answer_total(answer) or 0):
            following = add_or_replace_parameter(response.url, "page", str(number + 1))
            yield Request(following, meta={"size": size})

    def total(self, response: Response) -> int | None:
        """The announced total of an answer, or of a static page."""
        return self.answer_total(self.answer(response)) if self.is_answer(response) else super().total(response)
