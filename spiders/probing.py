"""Finding out what a site runs on and where its annual reports are; `scrapy probe` prints what comes of it.

`Probe` fetches, `recognise_platform` and `document_pattern` judge what was fetched and need no crawl.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import scrapy
from scrapy import Request
from scrapy.http import HtmlResponse, Response, TextResponse

from archive.health import PROBE
from archive.urls import is_within, site_of
from crawler.extensions.runs import described
from pipelines.metadata import is_report_title
from spiders.platforms import listing
from spiders.platforms.anchors import anchors
from spiders.platforms.column_names import is_category_name, is_column_name
from spiders.platforms.links import Links
from spiders.platforms.listing_reader import COLUMN_NAME
from spiders.platforms.portal import Portal
from spiders.registry import make_portal, platforms

LEVELS = 3
"""Menus are followed this far below the given page."""
MAX_PAGES = 30
"""The most pages that one probe fetches."""
YEARS = 2
"""Columns of single years that are looked into where a column links no report itself: they show what it runs on."""
MAX_SERVICES = 6
"""The most lists of one column that are asked for."""

_MENU = re.compile(r"政务公开|政府信息公开|信息公开|法定主动公开|主动公开|公开目录|公开平台|公开专栏")
_YEAR = re.compile(r"20[012]\d(?:年度?)?(?:年报|年度报告|报告)?")
_LONGEST_NAME = 24
_BLANKS = re.compile(r"\s+")


class Probe(scrapy.Spider):
    """Fetches a page, the columns that it calls annual reports, and as few menu pages as lead to them.

    Of a column without rows of its own it fetches what its platform has a script fetch: that shows whose rows they are.
    """

    custom_settings = {"ITEM_PIPELINES": {}}
    is_archived = True

    def __init__(self, url: str, **kwargs: Any) -> None:
        super().__init__(PROBE, **kwargs)  # named only when made, so that Scrapy lists no spider of this module
        self.url = url
        self.pages: dict[str, TextResponse] = {}
        self.columns: dict[str, str] = {}
        """Address → name of the columns of annual reports, in the order in which they were met."""
        self.answers: dict[str, list[TextResponse]] = {}
        """Address of a column → the first answer for each list that a service fills."""
        self.names: dict[str, list[str]] = {}
        """Address of a catalogue → the categories that were asked for."""
        self.failed: dict[str, str] = {}
        self.moved_to = ""
        """Where the given page leads to, if that is another site."""
        self.asked: set[str] = set()

    def declares(self, url: str) -> bool:
        """Whether the address is on the probed site or one of its sub-domains: a probe goes nowhere else."""
        return is_within(url, site_of(self.url))

    async def start(self) -> AsyncIterator[Request]:
        """The given page."""
        self.asked.add(self.url)
        yield Request(self.url, callback=self.page, errback=self.page_failed, cb_kwargs={"level": 0})

    def page(self, response: Response, level: int) -> Iterator[Request]:
        """Keep the page; follow its links to columns of annual reports and, until one is known, its menus."""
        if not isinstance(response, TextResponse):
            self.failed[response.url] = "not a text page"
            return
        page = cast("TextResponse", listing.decoded(response))
        self._rename_redirected(response)
        self.pages[page.url] = page
        links = list(named_links(page))
        if level == 0 and _lists_reports(page, [text for text, _ in links]):
            self.columns[page.url] = column_name(page)
        columns = [(text, url) for text, url in links if is_column_name(text) and self.declares(url)]
        for text, url in columns:
            self.columns.setdefault(url, text)
        if page.url in self.columns or (level == 0 and urlsplit(page.url).path.strip("/")):
            yield from self._services(page)
        years = list(_years(links))[:YEARS] if page.url in self.columns else []
        menus = [] if self.columns else [url for text, url in links if is_menu(text)]
        yield from self._requests([*years, *(url for _, url in columns), *menus], level + 1)

    def _services(self, page: TextResponse) -> Iterator[Request]:
        """What the platform asks for, where the page itself lists no report: the lists that a script fills."""
        platform, fingerprints = recognise_platform(list(self.pages.values()))
        portal = make_portal(platform.platform, {"name": PROBE, "title": PROBE, "home": self.url})()
        try:
            titles = [entry.title or "" for entry in portal.entries(page)]
            requests = list(portal.next_pages(page)) if fingerprints else []
        except ValueError as error:
            self.failed[page.url] = str(error)
            return
        if any(map(is_report_title, titles)):
            self.columns.setdefault(page.url, column_name(page))
            return
        for request in requests[:MAX_SERVICES]:
            if self.declares(request.url) and len(self.asked) < MAX_PAGES:
                self.asked.add(request.url)
                yield self._service_request(request, page.url, portal)

    def _service_request(self, request: Request, column: str, portal: Portal) -> Request:
        named = {"column": column, "portal": portal}
        return request.replace(callback=self.answer, errback=self.answer_failed, cb_kwargs=named, priority=20)

    def answer(self, response: Response, column: str, portal: Portal) -> None:
        """A service's answer: where it lists a report, the page that asks for it is a column."""
        page = cast("TextResponse", listing.decoded(response))
        try:
            titles = [entry.title or "" for entry in portal.entries(page)]
        except ValueError as error:
            self.failed[column] = str(error)
            return
        self.answers.setdefault(column, []).append(page)
        if any(map(is_report_title, titles)):
            self.columns.setdefault(column, column_name(self.pages[column]))
            self.names.setdefault(column, []).extend(filter(None, [response.meta.get(COLUMN_NAME)]))

    def answer_failed(self, failure: Any) -> Iterator[Request]:
        """A service may be at another address."""
        request = failure.request
        other = request.cb_kwargs["portal"].alternate(request)
        if other is None:
            self.failed[request.cb_kwargs["column"]] = f"{request.url}: {described(failure)}"
        else:
            yield self._service_request(other, **request.cb_kwargs)

    def _rename_redirected(self, response: Response) -> None:
        """A column whose address redirects is known by where it leads."""
        asked = response.request.url if response.request else response.url
        if asked in self.columns and asked != response.url:
            self.columns = {response.url if url == asked else url: name for url, name in self.columns.items()}

    def _requests(self, urls: list[str], level: int) -> Iterator[Request]:
        """Requests for addresses not yet asked for, within the limits of a probe; columns before menus."""
        for url in urls:
            if level > LEVELS or len(self.asked) >= MAX_PAGES or url in self.asked or not self.declares(url):
                continue
            self.asked.add(url)
            yield Request(
                url,
                callback=self.page,
                errback=self.page_failed,
                cb_kwargs={"level": level},
                priority=10 if url in self.columns else 1 - level,
            )

    def page_failed(self, failure: Any) -> None:
        """Remember why; the probe goes on with the rest."""
        if self.url in failure.request.meta.get("redirect_urls", ()) and not self.declares(failure.request.url):
            self.moved_to = failure.request.url
        self.failed[failure.request.url] = described(failure)


def named_links(response: TextResponse) -> Iterator[tuple[str, str]]:
    """Text, without blanks, and address of each link and frame of a page that leads to another page."""
    if not isinstance(response, HtmlResponse):  # a service's answer
        return
    for link in anchors(response, "a", "area", "frame", "iframe"):
        if link.url:
            yield _BLANKS.sub("", link.element.get("title") or link.text), link.url


def _years(links: list[tuple[str, str]]) -> Iterator[str]:
    """The columns of single years that a column links, where it links no report itself."""
    if not any(is_report_title(text) for text, _ in links):
        yield from (url for text, url in links if _YEAR.fullmatch(text))


def is_menu(text: str) -> bool:
    """Whether a menu's item may lead to the columns of disclosure."""
    return len(text) <= _LONGEST_NAME and bool(_MENU.search(text))


def column_name(response: TextResponse) -> str:
    """A column's name on its own page: its meta `ColumnName`, or else its title."""
    if not isinstance(response, HtmlResponse):
        return ""
    return (_stated_name(response) or response.css("title::text").get() or "").strip()


def _stated_name(response: HtmlResponse) -> str:
    return (response.xpath("//meta[translate(@name, 'CN', 'cn')='columnname']/@content").get() or "").strip()


def _lists_reports(response: TextResponse, texts: list[str]) -> bool:
    """Whether a page's links are those of a column: several reports, or one on a page that is called so."""
    count = sum(map(is_report_title, texts))
    return count > 1 or (count == 1 and isinstance(response, HtmlResponse) and is_category_name(_stated_name(response)))


def recognise_platform(pages: list[TextResponse]) -> tuple[type[Portal], list[str]]:
    """The platform with most fingerprints on these pages of one site, and their names; `Links` and none if there are none.

    A platform built on another counts the other's fingerprints as well as its own, so where it has any it wins.
    """
    found: dict[type[Portal], set[str]] = {}
    for cls in platforms().values():
        names = {name for page in pages for name in cls.fingerprints_on(page)} if "fingerprints" in vars(cls) else ()
        if names:
            found[cls] = set(names)
    if not found:
        return Links, []
    for cls in list(found):
        for base in _lineage(cls)[1:]:
            found[cls] |= found.get(base, set())
    best = max(found, key=lambda cls: (len(found[cls]), len(_lineage(cls))))
    return best, [name for cls in _lineage(best) for name in cls.fingerprints if name in found[best]]


def _lineage(cls: type[Portal]) -> list[type[Portal]]:
    """A platform and those it is built on."""
    return [base for base in cls.__mro__ if issubclass(base, Portal) and "platform" in vars(base)]


def document_pattern(urls: list[str]) -> str | None:
    r"""A pattern that these addresses of articles have in common, its group `key` the part that differs.

    >>> document_pattern(["http://a.gov.cn/info/1050/64208.htm", "http://a.gov.cn/info/1050/7.htm"])
    '/info/1050/(?P<key>\\d+)\\.htm$'
    """
    paths = [urlsplit(url).path.rpartition("/") for url in urls]
    names = [re.fullmatch(r"(?P<key>.+?)(?P<extension>\.\w{2,5})?", name) for _, _, name in paths if name]
    keys = [found["key"] for found in names if found]
    extensions = {found["extension"] or "" for found in names if found}
    if not keys or len(extensions) > 1:
        return None
    folders = {folder for folder, _, _ in paths}
    folder = re.escape(folders.pop()).replace(r"\-", "-") if len(folders) == 1 else ""
    return f"{folder}/(?P<key>{_key_pattern(keys)}){re.escape(extensions.pop())}$"


def _key_pattern(keys: list[str]) -> str:
    if all(key.isdigit() for key in keys):
        return r"\d+"
    if all(re.fullmatch(r"[0-9a-f-]{16,}", key) for key in keys):
        lengths = sorted({len(key) for key in keys})
        return "(?:" + "|".join(f"[0-9a-f-]{{{length}}}" for length in lengths) + ")"
    return r"[\w-]+"
