"""Where a crawl may go: over HTTP to the hosts that its portal declares, at public addresses only."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.httpproxy import HttpProxyMiddleware
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached

from archive.vocabulary import ProblemKind
from crawler.middlewares.unusable import UnusableResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IReactorCore


LONGEST_ADDRESS = 8_000
"""Characters: the request line that every server has to accept (RFC 9112, section 3)."""


class DeclaredHosts:
    """Downloader middleware that refuses links and redirects to hosts that the portal does not declare.

    Many hijacked domains re-serve portal pages with altered characters, so a link does not vouch for its host; and a
    host name that resolves to this machine or its network is not a portal's. Names are resolved here, once for this
    check, the download and its pace: sites on one address share the downloader's slot.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.offline = crawler.settings.getbool("OFFLINE")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The portal is the crawler's spider."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises UnusableResponse of kind unsafe_scheme, private_address or off_site."""
        declares = getattr(self.crawler.spider, "declares", None)
        refused = refusal(request.url, declares) if declares is not None else None
        if refused is not None:
            raise UnusableResponse(*refused)
        if self.offline or urlsplit(request.url).scheme not in {"http", "https"}:
            return
        host = urlparse_cached(request).hostname or ""
        address = await resolve(host)
        if address != host and not is_public(address) and not _is_local_name(host):
            raise UnusableResponse(
                ProblemKind.PRIVATE_ADDRESS, f"{host} resolves to {address}, which is not a public address"
            )
        request.meta["download_slot"] = address


class Proxies(HttpProxyMiddleware):
    """Scrapy's use of `http_proxy` and its like, except for what is on this machine or its network: no proxy has that."""

    def process_request(self, request: Request, spider: Spider | None = None) -> Request | Response | None:
        """Leave an address of this machine or its network without a proxy."""
        host = urlparse_cached(request).hostname or ""
        return None if _is_local_name(host) or not is_public(host) else super().process_request(request)


def refusal(url: str, declares: Callable[[str], bool]) -> tuple[ProblemKind, str] | None:
    """Why a portal's crawl may not request an address, as a problem's kind and message; None where it may.

    An address on this machine or its network is requested only where the portal's file declares it, as replicas do.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        return ProblemKind.UNSAFE_SCHEME, f"{parts.scheme}: is not a web address"
    if len(url) > LONGEST_ADDRESS:
        return ProblemKind.ADDRESS_TOO_LONG, f"an address of {len(url)} characters"
    if declares(url):
        return None
    host = parts.hostname or ""
    if _is_local_name(host) or not is_public(host):
        return ProblemKind.PRIVATE_ADDRESS, "on this machine or its network, which the portal does not declare"
    return ProblemKind.OFF_SITE, "on a host that the portal does not declare"


def is_public(host: str) -> bool:
    """False for a loopback, private, link-local or otherwise special IP address; True for all others and for names.

    >>> [is_public(h) for h in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "[fe80::1]", "8.8.8.8", "gd.gov.cn")]
    [False, False, False, False, False, True, True]
    """
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return True
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_global


def _is_local_name(host: str) -> bool:
    """RFC 6761: these names mean this machine, whatever a name server answers."""
    return host == "localhost" or host.endswith(".localhost")


async def resolve(host: str) -> str:
    """The IPv4 address that the downloader will use; the name itself where it does not resolve, as the download reports."""
    from twisted.internet import reactor

    resolver = cast("IReactorCore", reactor)
    try:
        return str(await maybe_deferred_to_future(cast("Deferred[Any]", resolver.resolve(cast("Any", host)))))
    except OSError:
        return host
