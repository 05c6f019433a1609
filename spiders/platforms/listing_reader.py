"""What a platform knows of its listings: methods over one response, which need no crawl and are tried on saved pages.

A platform overrides these; what they share is in `listing` (the page), `rows`, `anchors` and `json_pages`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response, TextResponse

from archive.model import Entry
from spiders.platforms import listing
from spiders.platforms.rows import listed_rows
from spiders.platforms.site import Site

COLUMN_NAME = "column_name"
"""Key of the meta of a request that begins a column, for the column's name where the page says one."""


class ListingReader(Site):
    """How listings are read where the platform says nothing else: rows of links on a single page.

    A listing may be made of columns. A request of `next_pages` whose `cb_kwargs` name a `branch` begins one, whose
    entries and total are counted apart. A page that breaks the platform's rules raises ValueError.
    """

    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {}
    """What the platform is recognised by: a name for people → a pattern in a page's address or source."""

    def entries(self, response: Response) -> Iterator[Entry]:
        """What this page of a listing lists."""
        yield from listed_rows(response, self.document)

    def next_pages(self, response: Response) -> Iterator[Request]:
        """Requests for the pages of the listing that come after this one."""
        yield from ()

    def total(self, response: Response) -> int | None:
        """The number of entries that the listing announces; None where it announces none."""
        return listing.total(response)

    def alternate(self, request: Request) -> Request | None:
        """Another address for a page of a listing that was not found at `request`'s; None if there is no other."""
        return None

    @classmethod
    def fingerprints_on(cls, response: Response) -> list[str]:
        """Names of the fingerprints that a page bears; links to other hosts do not count."""
        if not isinstance(response, TextResponse):
            return []
        host = urlsplit(response.url).netloc
        own = re.sub(rf"https?://(?!{re.escape(host)})[^\s\"'<>]+", "", response.text)
        return [name for name, pattern in cls.fingerprints.items() if pattern.search(f"{response.url}\n{own}")]
