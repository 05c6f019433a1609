"""UCAP (开普): columns whose rows /common/search/<channel> supplies as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from scrapy import Request
from scrapy.http import Response

from pipelines.metadata.dates import china_time, first_date
from spiders.platforms.json_pages import JSONPages, Row
from spiders.platforms.portal import Portal

PAGE_SIZE = 15
_SEARCH = re.compile(r"/common/search/(?P<channel>\w+)")
_CHANNEL = re.compile(r"\bchannel_?id\b[\"']?\s*[:=]\s*[\"']?(?P<channel>[0-9a-f]{32}|\d+)", re.IGNORECASE)


class UCAP(JSONPages, Portal):
    """A site on UCAP. Its file gives in `listings` each column's page, or `…/common/search/<channel>`.

    The channel is read from the column's page. An article is `c<id>/content.shtml`, on older sites `<32 hex>.shtml`.
    """

    platform: ClassVar[str] = "ucap"
    document: ClassVar[re.Pattern[str]] = re.compile(
        r"/c?(?P<key>\d{5,}(?=/content\.s?html?$)|[0-9a-f]{32}(?=\.s?html?$))"
    )
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "the meta of templates": re.compile(r"<meta\s+name=[\"']template,templategroup,version[\"']", re.IGNORECASE),
        "tags of its own": re.compile(r"<UCAP(?:TITLE|CONTENT)\b", re.IGNORECASE),
        "the search /common/search/": _SEARCH,
        "articles c…/content.shtml": re.compile(r"/c\d{5,}/content\.shtml"),
    }

    def is_answer(self, response: Response) -> bool:
        """Whether the search answers."""
        return bool(_SEARCH.search(urlsplit(response.url).path))

    def answer(self, response: Response) -> Row:
        """`data` of the answer."""
        data = super().answer(response).get("data")
        if not isinstance(data, dict):
            raise ValueError(f"{response.url}: the search answers without data")
        return data

    def rows(self, answer: Row) -> Sequence[Row]:
        """`results`."""
        return answer.get("results") or ()

    def row_date(self, row: Row) -> str | None:
        """The date as printed; the epoch beside it, in milliseconds, may name another day."""
        printed, epoch = first_date(row.get("publishedTimeStr")), row.get("publishedTime")
        return printed if printed or not isinstance(epoch, int) else china_time(epoch)

    def first_requests(self, response: Response) -> Iterator[Request]:
        """The first page of the search, on the channel that the column's page names."""
        channel = _SEARCH.search(response.text) or _CHANNEL.search(response.text)
        if channel:
            query = {"page": 1, "_pageSize": PAGE_SIZE, "_isAgg": "true", "_isJson": "true", "_template": "index"}
            url = response.urljoin(f"/common/search/{channel['channel']}?{urlencode(query)}")
            # The page may show the first rows itself: counted apart, they are no repetition.
            yield Request(url, cb_kwargs={"branch": url})
