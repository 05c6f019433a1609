"""Hanweb (jcms, jpage, jpaas): columns whose rows a service supplies, as XML records or as HTML inside JSON.

The gateway's JSON holds a piece of HTML instead of rows, so this platform is not built on `json_pages`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from scrapy import Request
from scrapy.http import Response
from w3lib.url import add_or_replace_parameter, add_or_replace_parameters

from archive.model import Entry, Problem
from archive.vocabulary import ProblemKind
from spiders.platforms import listing
from spiders.platforms.anchors import anchors
from spiders.platforms.portal import Portal

NEW, OLD = "/module/web/jpage/dataproxy.jsp", "/module/jpage/dataproxy.jsp"
GATEWAY = "/api-gateway/jpaas-publish-server/front/page/build/unit"
MODULE = "/module/xxgk/xxgkAnnualReport.jsp"
GROUP = 3
"""Pages in a group of records."""

_PROXY = re.compile(r"/module/(?:web/)?jpage/dataproxy\.jsp")
_SERVICE = re.compile(rf"{_PROXY.pattern}|{re.escape(GATEWAY)}")
# unitid=303271, unitid:'303271', "unitid":303271, name="unitid" value="303271", name='WebId' content='67'
_NUMBER = r"(?i)\b{}\b[\"']?(?:\s*[:=]|\s+(?:value|content)\s*=)\s*[\"']?(\d+)"
_CONTAINER = re.compile(r"\bid\s*=\s*[\"'](\d+)[\"'][^>]*default_pgContainer")
_TOTAL_PAGE = re.compile(r"<totalpage>\s*(\d+)")
_COLUMN = re.compile(r"/col/col(\d+)/")
_SCRIPT = re.compile(r"<script\b[^>]*\bqueryData\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_PAIR = re.compile(r"[\"'](\w+)[\"']\s*:\s*[\"']?([^\"',}]*)")
_COUNT = re.compile(r"\bcount\s*=\s*[\"']?(\d+)")
_YEAR = re.compile(r"^\s*((?:19|20)\d\d)\s*(?:年度?)?\s*$")


class Hanweb(Portal):
    """A site on Hanweb. Its file gives in `listings` each column's page, `…/col/col<number>/index.html`.

    The page names the service that has its rows: dataproxy.jsp at one of two addresses, where the wrong one answers 404,
    or the jpaas gateway. Where the annual reports have a module of their own, its address is the listing:
    `…/module/xxgk/xxgkAnnualReport.jsp?area=…&fbtime=<report year>`. An article is `art_<column>_<id>.html`, the same in
    every column: the id alone is the document's key; on newer sites it is `art_<uuid>.html`.
    """

    platform: ClassVar[str] = "hanweb"
    document: ClassVar[re.Pattern[str]] = re.compile(
        r"/art/\d{4}/(?:\d{1,2}/\d{1,2}/)?art_(?:\d+_)?(?P<key>\d+|[0-9a-f-]{32,36})\.html$"
    )
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "columns /col/colN/": re.compile(r"/col/col\d+/"),
        "dataproxy.jsp": _PROXY,
        "the jpaas gateway": re.compile(r"jpaas-publish-server"),
        "articles /art/": re.compile(r"/art/\d{4}/(?:\d{1,2}/\d{1,2}/)?art_"),
        "the module of annual reports": re.compile(r"/module/xxgk/xxgkAnnualReport\.jsp"),
        "the meta WebId": re.compile(r"<meta\s+name=[\"']WebId[\"']", re.IGNORECASE),
        "the vendor's name": re.compile(r"大汉版通|Hanweb", re.IGNORECASE),
    }

    @classmethod
    def key(cls, url: str) -> str:
        """The article's id; for a report shown by the module, its area and year."""
        area, year = _module(url)
        return f"{area}-{year}" if area and year else super().key(url)

    def entries(self, response: Response) -> Iterator[Entry]:
        """Rows of a page, of XML records or of the gateway's HTML; the module's years where it lists no articles."""
        if _is_gateway(response):
            response = listing.embedded_page(response, _html(response))
        found = list(super().entries(response))
        if not found and _is_module(response):
            found = list(_years(response))
        yield from found

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The next group of records or the gateway's next page; from a column's page, the first request to its service."""
        path = urlsplit(response.url).path
        group = listing.next_group(response)
        if group:
            yield response.follow(group)
        elif _is_gateway(response):
            yield from self._next_page(response)
        elif _PROXY.search(path):
            yield from _next_range(response)
        elif _is_module(response):
            # Where the module lists articles, each year is a column of its own.
            if any(super().entries(response)):
                for entry in _years(response):
                    yield Request(entry.url, cb_kwargs={"branch": entry.url})
        elif len(listing.records(response)) < (self.total(response) or 1):
            yield from self._first_page(response)

    def total(self, response: Response) -> int | None:
        """`totalrecord` of records, `count` of the gateway's pager."""
        if _is_gateway(response):
            count = _COUNT.search(_html(response))
            return int(count[1]) if count else None
        return super().total(response)

    def alternate(self, request: Request) -> Request | None:
        """The other address of dataproxy.jsp."""
        for here, there in ((NEW, OLD), (OLD, NEW)):
            if urlsplit(request.url).path == here and "moved" not in request.meta:
                return request.replace(url=request.url.replace(here, there, 1), meta={**request.meta, "moved": True})
        return None

    def document_request(self, entry: Entry, key: str) -> Request:
        """The module's first page is requested twice: as the listing, and as the report of its year."""
        request = super().document_request(entry, key)
        return request.replace(dont_filter=True) if entry.url in self.listings else request

    def audit(self, **how: Any) -> Iterator[Problem]:
        """Every problem but missing dates in the module's list of years, which prints none."""
        for problem in super().audit(**how):
            if problem.kind != ProblemKind.LISTING_UNDATED or _module(problem.url or "") == (None, None):
                yield problem

    def _first_page(self, response: Response) -> Iterator[Request]:
        """The first request to the service, with the numbers that the column's page names."""
        text = html.unescape(response.text)
        for script in _SCRIPT.findall(response.text):
            query = dict(_PAIR.findall(html.unescape(script)))
            if query.get("pageType") == "column":
                query |= {"parseType": "bulidstatic", "rows": _size(text), "pageNo": "1"}
                url = response.urljoin(f"{GATEWAY}?{urlencode(query)}")
                yield Request(url, cb_kwargs={"branch": url})
        column = re.search(_NUMBER.format("columnid"), text) or _COLUMN.search(response.url)
        unit, web = (re.search(_NUMBER.format(name), text) for name in ("unitid", "webid"))
        unit = unit or _CONTAINER.search(text)
        if column and unit and web:
            size = int(_size(text))
            proxy = _PROXY.search(text)
            query = {
                "startrecord": "1",
                "endrecord": str(GROUP * size),
                "perpage": str(size),
                "appid": "1",
                "webid": web[1],
                "path": "/",
                "columnid": column[1],
                "unitid": unit[1],
                "col": "1",
                "sourceContentType": "1",
                "permissiontype": "0",
            }
            url = response.urljoin(f"{proxy[0] if proxy else NEW}?{urlencode(query)}")
            # The page may show the first rows itself: counted apart, they are no repetition.
            yield Request(url, cb_kwargs={"branch": url})

    def _next_page(self, response: Response) -> Iterator[Request]:
        """The gateway's next page: up to its count; without one, until a page is not full."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(response.url).query).items()}
        number, asked = int(query["pageNo"]), int(query["rows"])
        shown = len(list(self.entries(response)))
        size = response.meta.get("size") or shown
        count = self.total(response)
        if shown and (number * size < count if count is not None else shown >= min(asked, size)):
            meta = {"size": size} if count is not None else {"size": size, "may_be_empty": True}
            yield Request(add_or_replace_parameter(response.url, "pageNo", str(number + 1)), meta=meta)


def _is_gateway(response: Response) -> bool:
    return GATEWAY in urlsplit(response.url).path


def _is_module(response: Response) -> bool:
    return urlsplit(response.url).path.lower() == MODULE.lower()


def _module(url: str) -> tuple[str | None, str | None]:
    """Area and report year of an address of the module."""
    parts = urlsplit(url)
    if parts.path.lower() != MODULE.lower():
        return None, None
    query = parse_qs(parts.query)
    return query.get("area", [None])[0], query.get("fbtime", [None])[0]


def _years(response: Response) -> Iterator[Entry]:
    """The module's own page and those of other years that it links, as the reports that they are.

    The titles are made up here because the links' texts are the years alone.
    """
    links = {response.url: _module(response.url)}
    for link in anchors(response):
        if link.url and _YEAR.match(link.text):
            links.setdefault(link.url, _module(link.url))
    seen: set[tuple[str | None, str | None]] = set()
    for url, (area, year) in links.items():
        if area and year and (area, year) not in seen:
            seen.add((area, year))
            yield Entry(url=url, title=f"{year}年政府信息公开工作年度报告")


def _next_range(response: Response) -> Iterator[Request]:
    """The records after these, by the number received: an answer may hold fewer than were requested.

    Where a group was requested by its number, `totalpage` is the number of groups.
    """
    query = {name: values[0] for name, values in parse_qs(urlsplit(response.url).query).items()}
    start, count, total = query.get("startrecord"), len(listing.records(response)), listing.total(response)
    if start and count and total is not None and int(start) + count <= total:
        first = int(start) + count
        span = int(query["endrecord"]) - int(start)
        ranges = {"startrecord": str(first), "endrecord": str(first + span)}
        yield Request(add_or_replace_parameters(response.url, ranges))
    groups = _TOTAL_PAGE.search(response.text)
    if not start and groups and count and int(query.get("page", "1")) < int(groups[1]):
        yield Request(add_or_replace_parameter(response.url, "page", str(int(query.get("page", "1")) + 1)))


def _html(response: Response) -> str:
    answer: Any = json.loads(response.body)
    data = answer.get("data") if isinstance(answer, dict) else None
    found = data.get("html") if isinstance(data, dict) else None
    if not isinstance(found, str):
        said = answer.get("message") if isinstance(answer, dict) else None
        raise ValueError(f"the gateway answers without HTML ({said or 'no message'})")
    return found


def _size(text: str) -> str:
    """Rows a page; 15 is the system's own default."""
    found = re.search(r"\b(?:perpage|pageSize|rows)\b[\"']?\s*[:=]\s*[\"']?(\d+)", text, re.IGNORECASE)
    return found[1] if found else "15"
