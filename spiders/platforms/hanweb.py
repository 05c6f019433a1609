"""Hanweb (jcms, jpage, jpaas): columns whose rows a service supplies, as XML records or as HTML inside JSON.

The gateway's JSON holds a piece of HTML instead of rows, so this platform is not built on `json_pages`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from scrapy import Request
from scrapy.http import Response

from archive.json_text import parsed
from archive.model import Entry, Problem
from archive.vocabulary import ProblemKind
from spiders.platforms import hanweb_lists, listing
from spiders.platforms.anchors import anchors
from spiders.platforms.hanweb_lists import NEW, OLD, PROXY, again, is_gateway, is_records, query_of
from spiders.platforms.portal import Portal

MODULE = "/module/xxgk/xxgkAnnualReport.jsp"
_TOTAL_PAGE = re.compile(r"<totalpage>\s*(\d+)")
_COUNT = re.compile(r"\bcount\s*=\s*[\"']?(\d+)")
_YEAR = re.compile(r"^\s*((?:19|20)\d\d)\s*+(?:年度?\s*+)?$")


class Hanweb(Portal):
    """A site on Hanweb. Its file gives in `listings` each column's page, `…/col/col<number>/index.html`.

    A service has the column's rows: dataproxy.jsp or the jpaas gateway. It is asked as the page's own script asks it
    (`hanweb_lists`). dataproxy.jsp has two addresses, of which the wrong one answers 404. Where the annual reports have
    a module of their own, its address is the listing: `…/module/xxgk/xxgkAnnualReport.jsp?area=…&fbtime=<report year>`.
    An article is `art_<column>_<id>.html`, the same in every column: the id alone is the document's key; on newer sites
    it is `art_<uuid>.html`.
    """

    platform: ClassVar[str] = "hanweb"
    document: ClassVar[re.Pattern[str]] = re.compile(
        r"/art/\d{4}/(?:\d{1,2}/\d{1,2}/)?art_(?:\d+_)?(?P<key>\d+|[0-9a-f-]{32,36})\.html$"
    )
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "columns /col/colN/": re.compile(r"/col/col\d+/"),
        "dataproxy.jsp": PROXY,
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
        if is_gateway(response):
            response = listing.embedded_page(response, _html(response))
        found = list(super().entries(response))
        if not found and _is_module(response):
            found = list(_years(response))
        yield from found

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The next group of records or the gateway's next page; from a column's page, the first request to its service."""
        group = listing.next_group(response)
        if is_gateway(response):
            yield from self._next_page(response)
        elif _is_module(response):
            # Where the module lists articles, each year is a column of its own.
            if any(super().entries(response)):
                for entry in _years(response):
                    yield Request(entry.url, cb_kwargs={"branch": entry.url})
        elif group and not self._asks_service(response):
            yield response.follow(group)
        elif is_records(response):
            yield from _next_range(response)
        elif self._asks_service(response):
            yield from self._first_page(response)

    def total(self, response: Response) -> int | None:
        """`totalrecord` of records, `count` of the gateway's pager; a column's page leaves it to the service that it asks."""
        if is_gateway(response):
            count = _COUNT.search(_html(response))
            return int(count[1]) if count else None
        return None if self._asks_service(response) else super().total(response)

    def alternate(self, request: Request) -> Request | None:
        """The other address of dataproxy.jsp."""
        for here, there in ((NEW, OLD), (OLD, NEW)):
            if urlsplit(request.url).path == here and "moved" not in request.meta:
                return request.replace(url=request.url.replace(here, there, 1), meta={**request.meta, "moved": True})
        return None

    def document_request(self, entry: Entry, key: str, *, archived: bool = False) -> Request:
        """The module's first page is requested twice: as the listing, and as the report of its year."""
        request = super().document_request(entry, key, archived=archived)
        return request.replace(dont_filter=True) if entry.url in self.listings else request

    def audit(self, **how: Any) -> Iterator[Problem]:
        """Every problem but missing dates in the module's list of years, which prints none."""
        for problem in super().audit(**how):
            if problem.kind != ProblemKind.LISTING_UNDATED or _module(problem.url or "") == (None, None):
                yield problem

    def _asks_service(self, response: Response) -> bool:
        """Whether the response is a column's page that shows not all of its records itself, and none leads to the rest."""
        if is_gateway(response) or is_records(response) or _is_module(response):
            return False
        shown = len(listing.records(response))
        is_part = shown < (listing.total(response) or 1)
        return is_part and (not listing.next_group(response) or bool(hanweb_lists.lists(response)))

    def _first_page(self, response: Response) -> Iterator[Request]:
        """The first request to each service that the column's page asks, or that the numbers in it lead to."""
        requests = list(hanweb_lists.first_requests(response))
        for request in requests:
            # The page may show the first rows itself: counted apart, they are no repetition.
            request.cb_kwargs["branch"] = hanweb_lists.name_of(request)
            if len(requests) > 1:  # menus and footers are built in the same way
                request.meta["may_be_empty"] = True
            yield request

    def _next_page(self, response: Response) -> Iterator[Request]:
        """The gateway's next page: up to its count; without one, until a page is not full."""
        asked = hanweb_lists.Paging.of(response)
        shown = len(list(self.entries(response)))
        size = response.meta.get("size") or shown
        count = self.total(response)
        if shown and (asked.number * size < count if count is not None else shown >= min(asked.size, size)):
            request = asked.next_request(response)
            request.meta["size"] = size
            if count is None:
                request.meta["may_be_empty"] = True
            yield request


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
    query = query_of(response.url)
    start, count, total = query.get("startrecord"), len(listing.records(response)), listing.total(response)
    if start and count and total is not None and int(start) + count <= total:
        first = int(start) + count
        span = int(query["endrecord"]) - int(start)
        yield again(response, {"startrecord": str(first), "endrecord": str(first + span)})
    groups = _TOTAL_PAGE.search(response.text)
    if not start and groups and count and int(query.get("page", "1")) < int(groups[1]):
        yield again(response, {"page": str(int(query.get("page", "1")) + 1)})


def _html(response: Response) -> str:
    answer: Any = parsed(response.body)
    data = answer.get("data") if isinstance(answer, dict) else None
    found = data.get("html") if isinstance(data, dict) else None
    if not isinstance(found, str):
        said = answer.get("message") if isinstance(answer, dict) else None
        raise ValueError(f"the gateway answers without HTML ({said or 'no message'})")
    return found
