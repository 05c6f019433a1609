"""UCAP (开普): columns whose rows are answered as JSON by /common/search/<channel>."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from scrapy import Request
from scrapy.http import Response
from w3lib.url import add_or_replace_parameter

from archive.model import Entry
from pipelines.metadata.dates import first_date
from spiders.platforms.portal import Portal

PAGE_SIZE = 15
_SEARCH = re.compile(r"/common/search/(?P<channel>\w+)")
_CHANNEL = re.compile(r"\bchannel_?id\b[\"']?\s*[:=]\s*[\"']?(?P<channel>[0-9a-f]{32}|\d+)", re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")
_CHINA = timezone(timedelta(hours=8))


class UCAP(Portal):
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

    def entries(self, response: Response) -> Iterator[Entry]:
        """Results of the search; rows of a page that has them itself."""
        if not _is_answer(response):
            yield from super().entries(response)
            return
        for result in _data(response).get("results") or ():
            url = result.get("url")
            if url:
                title = _TAG.sub("", result.get("title") or "").strip()
                yield Entry(url=response.urljoin(url), title=title or None, date=_date(result))

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The first page of the search; from there page by page to the announced total."""
        if _is_answer(response):
            yield from self._next_page(response)
            return
        channel = _SEARCH.search(response.text) or _CHANNEL.search(response.text)
        if channel:
            query = {"page": 1, "_pageSize": PAGE_SIZE, "_isAgg": "true", "_isJson": "true", "_template": "index"}
            url = response.urljoin(f"/common/search/{channel['channel']}?{urlencode(query)}")
            # The page may show the first rows itself: counted apart, they are no repetition.
            yield Request(url, cb_kwargs={"branch": url})

    def total(self, response: Response) -> int | None:
        """`total` of the search."""
        if not _is_answer(response):
            return super().total(response)
        total = _data(response).get("total")
        return int(total) if total is not None else None

    def _next_page(self, response: Response) -> Iterator[Request]:
        number = int(parse_qs(urlsplit(response.url).query).get("page", ["1"])[0])
        results, total = _data(response).get("results") or [], self.total(response) or 0
        meta = response.request.meta if response.request else {}
        size = meta.get("size") or len(results)
        if results and number * size < total:
            yield Request(add_or_replace_parameter(response.url, "page", str(number + 1)), meta={"size": size})


def _is_answer(response: Response) -> bool:
    return bool(_SEARCH.search(urlsplit(response.url).path))


def _data(response: Response) -> dict[str, Any]:
    answer = json.loads(response.body)
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise ValueError("the search answers without data")
    return data


def _date(result: dict[str, Any]) -> str | None:
    """The date as printed; the epoch beside it, in milliseconds, may name another day."""
    printed = first_date(result.get("publishedTimeStr"))
    epoch = result.get("publishedTime")
    if printed or not isinstance(epoch, int):
        return printed
    return datetime.fromtimestamp(epoch / 1000, UTC).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")
