"""Any other system: a listing of links with a link to the next page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from scrapy import Request
from scrapy.http import Response

from spiders.platforms import Portal

_NEXT = re.compile(r"^\s*(下一页|下页|后一页|Next|>|»)\s*>*\s*$", re.IGNORECASE)


class Links(Portal):
    """A site of no platform known here.

    Its file gives `document`, a pattern of its articles' addresses with the group `key`, and where the next page is not
    linked as 下一页, `next_page`, a CSS selector of that link.
    """

    platform: ClassVar[str] = "links"
    next_page: ClassVar[str | None] = None

    def further(self, response: Response) -> Iterator[Request]:
        """The next page, if there is a link to one."""
        links = (
            response.css(self.next_page)
            if self.next_page
            else [a for a in response.css("a[href]") if _NEXT.match("".join(a.css("::text").getall()))]
        )
        for link in links[:1]:
            href = link.attrib.get("href", "").strip()
            if href and not href.startswith(("#", "javascript:")) and response.urljoin(href) != response.url:
                yield response.follow(href)
