"""Sites of Beijing's districts: trees of columns by year and kind of body, whose addresses follow no rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response

from archive.urls import folder_of
from spiders.platforms import listing
from spiders.platforms.anchors import anchors
from spiders.platforms.links import Links
from spiders.platforms.trs import scripted_page

DEPTH = 3
"""Columns are walked this many levels below the root: year, kind of body, and one to spare."""

_YEAR = re.compile(r"(?<!\d)20[012]\d\s*年?|(?<!\d)20[012]\d(?!\d)")
_FOLDER = re.compile(r"/(?:index\.\w+)?$")


class BeijingDistrict(Links):
    """A district of Beijing. Its file gives in `listings` the root of its annual reports, or any column below it.

    The columns of a tree are those that its pages link: below the root's folder, or named by a year. Their names drift
    from year to year (`gknb2019`, `2020nb`, `2021n`), so no address is made up. An article is `<24 or 32 hex>.html`, TRS's
    `t<day>_<docid>.html`, or `<number>.html`; the hexadecimal id, docid or number is the document's key.
    """

    platform: ClassVar[str] = "beijing"
    document: ClassVar[re.Pattern[str]] = re.compile(
        r"/(?:t\d{8}_)?(?P<key>[0-9a-f]{32}|[0-9a-f]{24}|\d{4,})\.s?html?$"
    )
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "EasySite": re.compile(r"easysite", re.IGNORECASE),
        "articles <24 or 32 hex>.html below zfxxgk": re.compile(
            r"zfxxgk[\w/-]*/(?:[0-9a-f]{32}|[0-9a-f]{24})\.s?html?"
        ),
    }

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The next page of a column, and the columns below it."""
        group = listing.next_group(response)
        if group:
            yield response.follow(group)
        else:
            yield from list(scripted_page(response)) or super().next_pages(response)
        depth = int(response.meta.get("column_depth", 0))
        if depth >= DEPTH:
            return
        for url in self._columns(response):
            yield Request(url, cb_kwargs={"branch": url}, meta={"column_depth": depth + 1})

    def _columns(self, response: Response) -> Iterator[str]:
        """The columns that this page links, each once."""
        here = folder_of(response.url)
        seen = {here}
        for link in anchors(response):
            path, folder = urlsplit(link.url).path, folder_of(link.url)
            if folder in seen or not self.declares(link.url) or self.document.search(path) or not _FOLDER.search(path):
                continue
            if folder.startswith(here) or (_YEAR.search(link.text) and _is_beside(folder, here)):
                seen.add(folder)
                yield link.url


def _is_beside(folder: str, here: str) -> bool:
    """Whether two folders lie in the same folder directly below the site's root."""
    ours, theirs = here.rstrip("/").split("/"), folder.rstrip("/").split("/")
    return len(ours) > 1 and len(theirs) > 1 and ours[:2] == theirs[:2]
