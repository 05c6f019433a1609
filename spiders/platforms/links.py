"""Any other system: a listing of links with a link to the next page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from scrapy import Request
from scrapy.http import Response

from archive.model import Entry
from spiders.platforms import listing
from spiders.platforms.portal import Portal

_NEXT = re.compile(r"^\s*(下一页|下页|后一页|Next|>|»)\s*>*\s*$", re.IGNORECASE)


class Links(Portal):
    """A site of no platform known here.

    Its file gives `document`, a pattern of its articles' addresses with the group `key`. Where that does not tell the
    entries from other links, `entry_links` is a CSS selector of theirs; where the next page is not linked as 下一页,
    `next_page` is one of that link.
    """

    platform: ClassVar[str] = "links"
    entry_links: ClassVar[str | None] = None
    next_page: ClassVar[str | None] = None

    def entries(self, response: Response) -> Iterator[Entry]:
        """Rows whose address is an article's, or those that `entry_links` selects."""
        yield from listing.rows(response, self.document, self.entry_links)

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The next page, if there is a link to one."""
        links = (
            response.css(self.next_page)
            if self.next_page
            else [
                a
                for a in response.css("a[href]")
                if a.attrib.get("rel") == "next" or _NEXT.match("".join(a.css("::text").getall()))
            ]
        )
        for link in links[:1]:
            href = link.attrib.get("href", "").strip()
            if href and not href.startswith(("#", "javascript:")) and response.urljoin(href) != response.url:
                yield response.follow(href)
