"""TRS WCM as Fujian and Xiamen use it: the first page is static, the rest is asked of a search service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar
from urllib.parse import parse_qs

from scrapy import FormRequest, Request
from scrapy.http import Response

from archive.model import Entry
from pipelines.metadata.dates import first_date
from spiders.platforms.trs import TRS

_SEARCH = "/fjdzapp/search"
_MODEL = re.compile(r"listModel\(\s*\{(?P<model>.*?)\}\s*\)\s*;", re.DOTALL)
_SEARCH_ID = re.compile(r"\bsearchId\s*:\s*['\"]?(\d+)")
_CHANNEL = re.compile(r"\bchannelid\s*:\s*['\"]?(\d+)")
_CLASS = re.compile(r"\bclasssql\s*:[^,\n]*?[\"'](chnlid[^\"']+)[\"']")
_SORT = re.compile(r"\bsortfield\s*:\s*[\"']([^\"']+)[\"']")
_SIZE = re.compile(r"\bprepage\s*:\s*['\"]?(\d+)")
_COUNT = re.compile(r"\brecordCount\s*:\s*['\"]?(\d+)")
_TAG = re.compile(r"<[^>]+>")
_CHINA = timezone(timedelta(hours=8))


class TRSFujian(TRS):
    """A site on TRS with Fujian's template. Its file gives in `listings` the folder of each column.

    The page's own script tells how to ask on: channel, class, order, rows a page and `recordCount`, the announced total.
    index_1.html exists but is not page 2.
    """

    platform: ClassVar[str] = "trs_fujian"
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "the search /fjdzapp/": re.compile(r"/fjdzapp/"),
        "listModel": re.compile(r"\blistModel\("),
        "SiteInfo.searchId": _SEARCH_ID,
    }

    def entries(self, response: Response) -> Iterator[Entry]:
        """Rows of the static page, or of an answer of the search service."""
        if not _is_answer(response):
            yield from super().entries(response)
            return
        answer = json.loads(response.body)
        for document in answer.get("data") or answer.get("docs") or ():
            url = document.get("chnldocurl") or document.get("docpuburl")
            if url:
                yield Entry(
                    url=response.urljoin(url),
                    title=_TAG.sub("", document.get("doctitle") or "").strip() or None,
                    date=_date(document),
                )

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The next page of the search service, by the arguments of the static page."""
        if _is_answer(response):
            if response.request is None:
                return
            sent = {name: values[0] for name, values in parse_qs(response.request.body.decode()).items()}
            number = int(sent["page"])
            if number < int(json.loads(response.body).get("pageCount") or 0):
                yield FormRequest(response.url, formdata={**sent, "page": str(number + 1)})
            return
        model = _MODEL.search(response.text)
        if model is None:
            yield from super().next_pages(response)
            return
        arguments, size, count = model["model"], _SIZE.search(model["model"]), _COUNT.search(model["model"])
        channel = _CHANNEL.search(arguments) or _SEARCH_ID.search(response.text)
        chosen = _CLASS.search(arguments)
        if not (size and count and channel and chosen):
            raise ValueError(f"{response.url}: the listing's script lacks prepage, recordCount, channelid or classsql")
        if int(count[1]) > int(size[1]):
            order = _SORT.search(arguments)
            fields = {
                "channelid": channel[1],
                "classsql": chosen[1],
                "sortfield": order[1] if order else "-docreltime",
                "page": "2",
                "prepage": size[1],
            }
            yield FormRequest(response.urljoin(_SEARCH), formdata=fields)

    def total(self, response: Response) -> int | None:
        """`recordCount` of the static page."""
        if _is_answer(response):
            return None
        model = _MODEL.search(response.text)
        count = _COUNT.search(model["model"]) if model else None
        return int(count[1]) if count else None


def _is_answer(response: Response) -> bool:
    return response.body[:1] in {b"{", b"["} or _SEARCH in response.url


def _date(document: dict[str, Any]) -> str | None:
    """`docreltime` is milliseconds on some sites and text on others; `pubdate` is always text."""
    told = document.get("docreltime")
    if isinstance(told, int) or (isinstance(told, str) and told.isdigit()):
        return datetime.fromtimestamp(int(told) / 1000, UTC).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")
    return first_date(told) or first_date(document.get("pubdate"))
