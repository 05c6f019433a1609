"""Finding out what a site runs on and where its annual reports are: what `scrapy probe` knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urldefrag, urlsplit

import scrapy
from scrapy import Request
from scrapy.http import Response, TextResponse

from archive.health import PROBE
from crawler.extensions.runs import described
from pipelines.metadata import is_report_title
from spiders.platforms import listing
from spiders.platforms.portal import Portal
from spiders.registry import platforms

LEVELS = 3
"""How far below the given page menus are followed."""
MAX_PAGES = 30
"""Pages fetched in one probe, at most."""

_COLUMN = re.compile(r"^[^\d]{0,14}(?:年报|年度报告|工作报告汇编)(?:公开|公示|专栏|栏目)?$")
_OTHER_COLUMN = re.compile(r"统计年报|财务|财政|预算|决算|企业|上市|法治|法制|环境|质量|青年报|日报|制度")
_MENU = re.compile(r"政务公开|政府信息公开|信息公开|法定主动公开|主动公开|公开目录|公开平台|公开专栏")
_LONGEST_NAME = 24
_BLANKS = re.compile(r"\s+")


class Probe(scrapy.Spider):
    """Fetches a page, what its menus call annual reports, and as few menu pages as lead there."""

    custom_settings = {"ITEM_PIPELINES": {}}

    def __init__(self, url: str, **kwargs: Any) -> None:
        super().__init__(PROBE, **kwargs)  # named when it runs, so that Scrapy does not list it among the portals
        self.url = url
        self.pages: dict[str, TextResponse] = {}
        self.columns: dict[str, str] = {}
        """Address → name of what is called annual reports, in the order in which they were met."""
        self.failed: dict[str, str] = {}
        self.asked: set[str] = set()

    def declares(self, url: str) -> bool:
        """A probe stays on the site that it was given, its sub-domains included."""
        parts, home = urlsplit(url), urlsplit(self.url).netloc.removeprefix("www.")
        return parts.scheme in {"http", "https"} and (parts.netloc == home or parts.netloc.endswith(f".{home}"))

    async def start(self) -> Any:
        """The given page."""
        self.asked.add(self.url)
        yield Request(self.url, callback=self.page, errback=self.page_failed, cb_kwargs={"level": 0})

    def page(self, response: Response, level: int) -> Iterator[Request]:
        """Keep the page; follow what is called annual reports, and while nothing is, the menus."""
        if not isinstance(response, TextResponse):
            self.failed[response.url] = "no page"
            return
        page = cast("TextResponse", listing.decoded(response))
        asked = response.request.url if response.request else response.url
        if asked in self.columns and asked != response.url:
            self.columns = {response.url if url == asked else url: name for url, name in self.columns.items()}
        self.pages[response.url] = page
        if level == 0 and sum(is_report_title(text) for text, _ in links(page)) > 1:
            self.columns[response.url] = column_name(page)
        followed = list(links(page))
        columns = [(text, url) for text, url in followed if is_column_name(text)]
        for text, url in columns:
            if self.declares(url):
                self.columns.setdefault(url, text)
        menus = [] if self.columns else [link for link in followed if is_menu(link[0])]
        for _, url in (*columns, *menus):
            if level < LEVELS and self.declares(url) and url not in self.asked and len(self.asked) < MAX_PAGES:
                self.asked.add(url)
                yield Request(
                    url,
                    callback=self.page,
                    errback=self.page_failed,
                    cb_kwargs={"level": level + 1},
                    priority=10 if url in self.columns else -level,
                )

    def page_failed(self, failure: Any) -> None:
        """Remember why; the probe goes on with the rest."""
        self.failed[failure.request.url] = described(failure)


def links(response: TextResponse) -> Iterator[tuple[str, str]]:
    """Text and address of each link of a page to another page; fragments are the page's own affair."""
    for link in response.css("a[href], area[href], frame[src], iframe[src]"):
        href = (link.attrib.get("href") or link.attrib.get("src") or "").strip()
        if not href or href.startswith(("#", "javascript:", "mailto:", "tel:")):
            continue
        text = _BLANKS.sub("", link.attrib.get("title") or "".join(link.css("::text").getall()))
        try:
            yield text, urldefrag(response.urljoin(href)).url
        except ValueError:
            continue


def is_column_name(text: str) -> bool:
    """Whether a menu's item is called as columns of annual reports are: 政府信息公开年报, 年度报告, 工作年报 …

    >>> [is_column_name(t) for t in ("政府信息公开年报", "信息公开工作年度报告", "统计年报", "2021年度报告", "中国青年报")]
    [True, True, False, False, False]
    """
    return bool(_COLUMN.search(text)) and not _OTHER_COLUMN.search(text)


def is_menu(text: str) -> bool:
    """Whether a menu's item may lead to the columns of disclosure."""
    return len(text) <= _LONGEST_NAME and bool(_MENU.search(text))


def column_name(response: TextResponse) -> str:
    """What a column's page calls itself."""
    stated = response.xpath("//meta[translate(@name, 'CN', 'cn')='columnname']/@content").get()
    return (stated or response.css("title::text").get() or "").strip()


def recognise(pages: list[TextResponse]) -> tuple[type[Portal], list[str]]:
    """The platform that these pages of one site bear most marks of, with the marks; `links` without any where none.

    A platform built on another has the other's marks too, so it wins by its own.
    """
    from spiders.platforms.links import Links

    found: dict[type[Portal], set[str]] = {}
    for cls in platforms().values():
        if "fingerprints" in vars(cls):
            marks = {mark for page in pages for mark in cls.fingerprints_on(page)}
            if marks:
                found[cls] = marks
    for cls in list(found):
        for base in cls.__mro__[1:]:
            found[cls] |= found.get(base, set())
    if not found:
        return Links, []
    best = max(found, key=lambda cls: (len(found[cls]), len(cls.__mro__)))
    return best, [mark for cls in best.__mro__ for mark in getattr(cls, "fingerprints", {}) if mark in found[best]]


def document_pattern(urls: list[str]) -> str | None:
    r"""A pattern that these addresses of articles have in common, its group `key` the part that differs.

    >>> document_pattern(["http://a.gov.cn/info/1050/64208.htm", "http://a.gov.cn/info/1050/7.htm"])
    '/info/1050/(?P<key>\\d+)\\.htm$'
    """
    paths = [urlsplit(url).path.rpartition("/") for url in urls]
    if not paths:
        return None
    names = [re.fullmatch(r"(?P<key>.+?)(?P<extension>\.\w{2,5})?", name) for _, _, name in paths if name]
    keys = [found["key"] for found in names if found]
    extensions = {found["extension"] or "" for found in names if found}
    if not keys or len(extensions) > 1:
        return None
    extension = extensions.pop()
    lengths = sorted({len(key) for key in keys})
    if all(key.isdigit() for key in keys):
        key = r"\d+"
    elif all(re.fullmatch(r"[0-9a-f-]{16,}", key) for key in keys):
        key = "(?:" + "|".join(f"[0-9a-f-]{{{length}}}" for length in lengths) + ")"
    else:
        key = r"[\w-]+"
    folders = {folder for folder, _, _ in paths}
    folder = re.escape(folders.pop()).replace(r"\-", "-") if len(folders) == 1 else ""
    return f"{folder}/(?P<key>{key}){re.escape(extension)}$"
