"""Sites on any other system: a listing of links, and a link to the next page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from scrapy import Request
from scrapy.http import Response, TextResponse

from archive.model import Entry
from spiders.platforms.anchors import Anchor, anchor_of, anchors
from spiders.platforms.portal import Portal
from spiders.platforms.rows import listed_rows

_NEXT = re.compile(r"^\s*(下一页|下页|后一页|Next|>|»)\s*+(?:>+\s*+)?$", re.IGNORECASE)


class Links(Portal):
    """A site on a system that is no platform here.

    Its file gives `document`, a pattern of its articles' addresses with the group `key`. Where addresses do not distinguish entries
    from other links, `entry_links` is a CSS selector for the entries' links; where the next page is not linked as 下一页,
    `next_page` is a selector for that link.
    """

    platform: ClassVar[str] = "links"
    entry_links: ClassVar[str | None] = None
    next_page: ClassVar[str | None] = None

    def entries(self, response: Response) -> Iterator[Entry]:
        """Rows whose address is an article's, or those that `entry_links` selects."""
        yield from listed_rows(response, self.document, self.entry_links)

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The next page, if it is linked: by the first link that `next_page` selects or that is named 下一页."""
        if not isinstance(response, TextResponse):
            return
        link = next(self._next_links(response), None)
        if link is not None and link.url and link.url != response.url:
            yield response.follow(link.url)

    def _next_links(self, response: TextResponse) -> Iterator[Anchor]:
        if self.next_page:
            yield from (anchor_of(response, link.root) for link in response.css(self.next_page))
        else:
            yield from (a for a in anchors(response) if a.element.get("rel") == "next" or _NEXT.match(a.text))
