"""NFCMS, the content management system of Guangdong's portals: static columns index.html, index_2.html …"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response

from spiders.platforms.portal import Portal

_PAGE = re.compile(r"/index(?:_(\d+))?\.html$")
_PAGES = re.compile(r"共\s*(\d+)\s*页")
_LINKED = re.compile(r"/?index_(\d+)\.html")


class NFCMS(Portal):
    """A site on NFCMS. Its file gives in `listings` the first page (`…/index.html`) of each column.

    An article is `post_<id>.html` anywhere on the site and its sub-sites, and `mpost_<id>.html` for phones: the id alone is
    the document's key. The first page of a column has no number, the second is index_2.html.
    """

    platform: ClassVar[str] = "nfcms"
    document: ClassVar[re.Pattern[str]] = re.compile(r"/m?post_(?P<key>\d+)\.html$")
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "NFCMS_SITE_ID": re.compile(r"\bNFCMS_(?:SITE_ID|PUB_TYPE|POST_ID)"),
        "articles content/post_<id>": re.compile(r"/content/m?post_\d+\.html"),
    }

    @classmethod
    def rank(cls, url: str) -> tuple[Any, ...]:
        """The page in its column ranks before the copy in the catalogue, and both before the version for phones."""
        path = urlsplit(url).path
        return ("/mpost_" in path, "/gkmlpt/" in path, len(url), url)

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The page after this one, if the page says that there are more."""
        page = _PAGE.search(urlsplit(response.url).path)
        if page is None and not response.url.endswith("/"):
            return
        number = int(page[1] or 1) if page else 1
        stated = _PAGES.search(response.text)
        last = (
            int(stated[1])
            if stated
            else max((int(n) for n in _LINKED.findall(" ".join(response.css("a::attr(href)").getall()))), default=1)
        )
        if number < last:
            yield response.follow(f"index_{number + 1}.html")
