"""Redirects and duplicates: whatever Scrapy would drop without calling an errback is asked for, or stopped with one."""

from __future__ import annotations

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.dupefilters import RFPDupeFilter
from scrapy.http import Response


class Redirects(RedirectMiddleware):
    """Scrapy's redirect middleware. Two requests may be sent to one address: each of them is answered.

    Addresses in Location have been resolved as browsers do, and loops stopped, by the capture below.
    """

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """The request for the redirect's target, which no duplicate filter drops."""
        answer = super().process_response(request, response)
        return answer.replace(dont_filter=True) if isinstance(answer, Request) else answer


class ListingDuplicates(RFPDupeFilter):
    """Scrapy's duplicate filter, for pages of listings and menus alone: a dropped request calls neither back nor errback.

    Documents (`resume` in the request's meta) are asked for once by their portals.
    """

    def request_seen(self, request: Request) -> bool:
        """Whether a request is dropped."""
        return "resume" not in request.meta and super().request_seen(request)
