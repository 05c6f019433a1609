"""TRS WCM with the template of Fujian and Xiamen: the first page is static, a search service has the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar
from urllib.parse import parse_qsl

from scrapy import FormRequest, Request
from scrapy.http import Response

from pipelines.metadata.dates import china_time, first_date
from spiders.platforms.json_pages import JSONPages, Row
from spiders.platforms.trs import TRS

_SEARCH = "/fjdzapp/search"
_MODEL = re.compile(r"listModel\(\s*+\{(?P<model>(?:(?!listModel\().)*?)\}\s*\)\s*;", re.DOTALL)
_SEARCH_ID = re.compile(r"\bsearchId\s*:\s*['\"]?(\d+)")
_CHANNEL = re.compile(r"\bchannelid\s*:\s*['\"]?(\d+)")
_CLASS = re.compile(r"\bclasssql\s*:[^,\n]{0,300}?[\"'](chnlid[^\"']+)[\"']")
_SORT = re.compile(r"\bsortfield\s*:\s*[\"']([^\"']+)[\"']")
_SIZE = re.compile(r"\bprepage\s*:\s*['\"]?(\d+)")
_COUNT = re.compile(r"\brecordCount\s*:\s*['\"]?(\d+)")


class TRSFujian(JSONPages, TRS):
    """A site on TRS with Fujian's template. Its file gives in `listings` the folder of each column.

    The page's own script holds the service's arguments: channel, class, order, rows per page, and `recordCount`, the announced
    total. index_1.html exists but is not page 2.
    """

    platform: ClassVar[str] = "trs_fujian"
    row_addresses: ClassVar[tuple[str, ...]] = ("chnldocurl", "docpuburl")
    row_title: ClassVar[str] = "doctitle"
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "the search /fjdzapp/": re.compile(r"/fjdzapp/"),
        "listModel": re.compile(r"\blistModel\("),
        "SiteInfo.searchId": _SEARCH_ID,
    }

    def is_answer(self, response: Response) -> bool:
        """Whether the search service answers: by its address, or because the body is JSON."""
        return response.body[:1] in {b"{", b"["} or _SEARCH in response.url

    def rows(self, answer: Row) -> Sequence[Row]:
        """`data`, on some sites `docs`."""
        return answer.get("data") or answer.get("docs") or ()

    def row_date(self, row: Row) -> str | None:
        """`docreltime` is milliseconds on some sites and text on others; `pubdate` is always text."""
        stated = row.get("docreltime")
        if isinstance(stated, int) or (isinstance(stated, str) and stated.isdigit()):
            return china_time(int(stated))
        return first_date(stated) or first_date(row.get("pubdate"))

    def first_requests(self, response: Response) -> Iterator[Request]:
        """Page 2, by the arguments that the static page's script passes; page 1 is the static page."""
        model = _MODEL.search(response.text)
        if model is None:
            yield from super().first_requests(response)
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

    def next_requests(self, response: Response) -> Iterator[Request]:
        """The same form with the next page's number, up to `pageCount`."""
        if response.request is None:
            return
        sent = dict(parse_qsl(response.request.body.decode()))
        number = int(sent["page"])
        if number < int(self.answer(response).get("pageCount") or 0):
            yield FormRequest(response.url, formdata={**sent, "page": str(number + 1)})

    def total(self, response: Response) -> int | None:
        """`recordCount` of the static page; answers announce none."""
        model = None if self.is_answer(response) else _MODEL.search(response.text)
        count = _COUNT.search(model["model"]) if model else None
        return int(count[1]) if count else None
