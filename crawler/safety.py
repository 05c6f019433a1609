"""Where a crawl may go: the hosts that its portal declares, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from crawler.capture import Unusable

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


class DeclaredHosts:
    """Downloader middleware: refuses links and redirects to hosts and schemes that the portal does not declare.

    Many hijacked domains re-serve portal pages with altered characters, so a link is no proof of a host.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The portal is the crawler's spider."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raises Unusable of kind off_site."""
        declares = getattr(self.crawler.spider, "declares", None)
        if declares is not None and not declares(request.url):
            raise Unusable("off_site", "the portal does not declare this host")
