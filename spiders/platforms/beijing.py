"""Sites of Beijing's districts: trees of columns by year and kind of body, whose addresses follow no rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response, TextResponse

from archive.model import Entry
from archive.urls import folder_of
from pipelines.metadata import is_report_title
from pipelines.metadata.titles import says_nothing
from spiders.platforms import listing
from spiders.platforms.anchors import Anchor, anchors
from spiders.platforms.column_names import is_category_name
from spiders.platforms.links import Links
from spiders.platforms.trs import scripted_page

DEPTH = 3
"""Columns are walked this many levels below the root: year, kind of body, and one to spare."""

_YEAR = re.compile(r"(?<!\d)20[012]\d\s*年?|(?<!\d)20[012]\d(?!\d)")
_FOLDER = re.compile(r"/(?:index\.\w+)?$")
_NEXT = re.compile(r"下一?页")
_ARTICLE_METAS = "//meta[translate(@name, 'ARTICLEPUBD', 'articlepubd')='articletitle' or translate(@name, 'PUBDATE', 'pubdate')='pubdate']"
_UNSURE = "unsure"
"""Key of a request's meta: the entry that its page is, if it is no column."""


class BeijingDistrict(Links):
    """A district of Beijing, or another site on EasySite. Its file gives in `listings` the root of its annual reports, or any column below it.

    The columns of a tree are those that its pages link: below the root's folder, or named by a year. Their names drift
    from year to year (`gknb2019`, `2020nb`, `2021n`), so no address is made up. An article is `<24 or 32 hex>.html`, TRS's
    `t<day>_<docid>.html`, `<number>.html`, or EasySite's `<number>/index.html`; the hexadecimal id, docid or number is the
    document's key. A column may be such a folder too: what it is, its page shows where its link does not.
    """

    platform: ClassVar[str] = "beijing"
    document: ClassVar[re.Pattern[str]] = re.compile(
        r"/(?:t\d{8}_)?(?P<key>[0-9a-f]{32}(?=\.)|[0-9a-f]{24}(?=\.)|\d{4,}(?=\.)|(?!(?:19|20)\d\d/)\d{4,}(?=/))"
        r"(?:\.s?html?|/(?:index\.s?html?)?)$"
    )
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "EasySite": re.compile(r"easysite", re.IGNORECASE),
        "articles <24 or 32 hex>.html below zfxxgk": re.compile(
            r"zfxxgk[\w/-]{0,200}/(?:[0-9a-f]{32}|[0-9a-f]{24})\.s?html?"
        ),
    }

    def entries(self, response: Response) -> Iterator[Entry]:
        """Rows whose address is an article's, without the folders that are or may be columns."""
        linked = {folder_of(link.url) for link in anchors(response) if link.url}
        for entry in super().entries(response):
            if not _FOLDER.search(urlsplit(entry.url).path) or _is_certain(entry, linked):
                yield entry

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The next page of a column, and the columns below it."""
        group = listing.next_group(response)
        if group:
            yield response.follow(group)
        else:
            yield from list(scripted_page(response)) or list(super().next_pages(response)) or _tagged_page(response)
        depth = int(response.meta.get("column_depth", 0))
        if depth >= DEPTH:
            return
        for link in self._columns(response):
            meta: dict[str, Any] = {"column_depth": depth + 1}
            if self.document.search(urlsplit(link.url).path):
                meta[_UNSURE] = Entry(url=link.url, title=" ".join(link.text.split()) or None)
            yield Request(link.url, cb_kwargs={"branch": link.url}, meta=meta)

    def listing(self, response: Response, root: str, branch: str) -> Iterator[Any]:
        """A page of a listing; one that turns out to be an article's is an entry of the listing that links it."""
        entry: Entry | None = response.meta.get(_UNSURE)
        if entry is None or branch != entry.url or self._is_column(response):
            yield from super().listing(response, root, branch)
            return
        entry.portal, entry.listing_url = self.name, root
        self.runs.list_entries([entry])
        self.walks[root].entries.add(entry.url)
        key = self.key(entry.url)
        if key not in self.shown:
            self.shown[key] = [entry]
            yield from self.page(response, key)

    def page(self, response: Response, key: str) -> Iterator[Any]:
        """An article; a folder of articles is a column, whatever it is called."""
        if key in self.shown and self._holds_articles(response):
            root = self.shown[key][0].listing_url or response.url
            yield from super().listing(response, root, response.url)
        else:
            yield from super().page(response, key)

    def _columns(self, response: Response) -> Iterator[Anchor]:
        """The links to columns, each column's once."""
        here = folder_of(response.url)
        seen = {here} | {folder_of(entry.url) for entry in self.entries(response)}
        for link in anchors(response):
            path, folder = urlsplit(link.url).path, folder_of(link.url)
            if folder in seen or not self.declares(link.url) or not _FOLDER.search(path):
                continue
            if folder.startswith(here) or (_YEAR.search(link.text) and _is_beside(folder, here)):
                seen.add(folder)
                yield link

    def _is_column(self, response: Response) -> bool:
        """Whether a page lists articles: in its own folder, or anywhere where it is not itself labelled as one."""
        if self._holds_articles(response):
            return True
        if not isinstance(response, TextResponse) or response.xpath(_ARTICLE_METAS):
            return False
        return sum(is_report_title(entry.title or "") for entry in self.entries(response)) > 1

    def _holds_articles(self, response: Response) -> bool:
        here = folder_of(response.url)
        folders = (folder_of(link.url) for link in anchors(response) if _FOLDER.search(urlsplit(link.url).path))
        return bool(_FOLDER.search(urlsplit(response.url).path)) and any(
            f != here and f.startswith(here) for f in folders
        )


def _is_certain(entry: Entry, linked: set[str]) -> bool:
    """Whether the row of a folder is an article's: titled as one or dated, and nothing on the page lies below it."""
    title, own = entry.title or "", folder_of(entry.url)
    if says_nothing(title) or is_category_name(title) or any(f != own and f.startswith(own) for f in linked):
        return False
    return bool(entry.date or is_report_title(title))


def _tagged_page(response: Response) -> Iterator[Request]:
    """The next page where EasySite keeps its address for a script: `<a tagname="/nb/index_2.html">下一页</a>`."""
    for link in anchors(response):
        following = link.element.get("tagname") or ""
        if following.startswith("/") and (_NEXT.search(link.text) or _NEXT.search(link.element.get("title") or "")):
            yield response.follow(following)
            return


def _is_beside(folder: str, here: str) -> bool:
    """Whether two folders lie in the same folder directly below the site's root."""
    ours, theirs = here.rstrip("/").split("/"), folder.rstrip("/").split("/")
    return len(ours) > 1 and len(theirs) > 1 and ours[:2] == theirs[:2]
