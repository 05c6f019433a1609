"""Connections to portals by TLS: what a crawl accepts, and what it notes of each.

A portal's certificate stops no crawl: many have one that expired or that nobody vouches for, and the archive is to say
so, not to lack the portal. What TLS of long ago needs is accepted of the hosts of a portal that declares `legacy_tls`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

from OpenSSL import SSL
from scrapy.core.downloader.contextfactory import _ScrapyClientContextFactory
from scrapy.utils.httpobj import urlparse_cached
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer  # type: ignore[import-untyped]

from archive.vocabulary import CertificateState
from crawler.downloads import Handler

if TYPE_CHECKING:
    from OpenSSL.crypto import X509
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.protocols.tls import TLSMemoryBIOProtocol

TLS = "tls"
"""In a request's meta: what is noted of the connection that answered it."""
_LEGACY_CIPHERS = b"ALL:!aNULL:@SECLEVEL=0"
"""Every cipher with a certificate, keys and Diffie-Hellman groups of any size."""
_LEGACY_SERVER_CONNECT, _UNSAFE_LEGACY_RENEGOTIATION = 0x4, 0x40000
"""OpenSSL's options for servers that know no secure renegotiation (RFC 5746); pyOpenSSL has no names for them."""
_STATES = {
    2: CertificateState.UNKNOWN_ISSUER,
    9: CertificateState.NOT_YET_VALID,
    10: CertificateState.EXPIRED,
    18: CertificateState.SELF_SIGNED,
    19: CertificateState.UNKNOWN_ISSUER,
    20: CertificateState.UNKNOWN_ISSUER,
    21: CertificateState.UNKNOWN_ISSUER,
    66: CertificateState.WEAK,
    67: CertificateState.WEAK,
    68: CertificateState.WEAK,
}
"""OpenSSL's numbers of what is wrong with a certificate (X509_V_ERR_…)."""


class Noted(NamedTuple):
    """What a capture notes of its connection."""

    version: str
    certificate: str
    """Words of CertificateState."""


class NotingHandler(Handler):
    """Scrapy's download handler of https: addresses, with connections of our own."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._connections = Connections(crawler)
        self._contextFactory = cast("IPolicyForHTTPS", self._connections)

    async def download_request(self, request: Request) -> Response:
        """The answer; the request's meta then says how it came."""
        response = await super().download_request(request)
        parts = urlparse_cached(request)
        connection = self._connections.newest.get((parts.hostname or "", parts.port or 443))
        if connection is not None:
            request.meta[TLS] = connection.noted
        return response


@implementer(IPolicyForHTTPS)
class Connections:
    """Connections of one crawl: as Scrapy's settings have them, or as an old portal needs them."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._is_strict = crawler.settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
        self.newest: dict[tuple[str, int], _Connection] = {}
        """Host and port → the connection made last: a crawl has one to each at a time."""

    def creatorForNetloc(self, hostname: bytes, port: int) -> _Creator:  # noqa: N802 - Twisted's name
        """Called by Twisted for each request, whether it needs a new connection or not."""
        return _Creator(self, hostname.decode("ascii").lower(), port)

    def make(self, host: str, port: int) -> SSL.Connection:
        """A new connection."""
        connection = SSL.Connection(self._legacy if self._is_legacy(host, port) else self._usual, None)
        if not _is_ip_address(host):
            connection.set_tlsext_host_name(host.encode("ascii"))
        self.newest[host, port] = made = _Connection(connection, host, self._is_strict)
        connection.set_verify(SSL.VERIFY_PEER, made.verify)
        return connection

    def _is_legacy(self, host: str, port: int) -> bool:
        spider = self._crawler.spider
        netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port != 443 else "")
        return getattr(spider, "legacy_tls", False) and spider.declares(f"https://{netloc}/")  # type: ignore[union-attr]

    @cached_property
    def _usual(self) -> SSL.Context:
        context = _ScrapyClientContextFactory.from_crawler(self._crawler)._get_context()
        context.set_default_verify_paths()
        return context

    @cached_property
    def _legacy(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(SSL.TLS1_VERSION)
        context.set_cipher_list(_LEGACY_CIPHERS)  # Scrapy and Twisted would expand it and lose the security level
        context.set_options(_LEGACY_SERVER_CONNECT | _UNSAFE_LEGACY_RENEGOTIATION)
        context.set_default_verify_paths()
        return context


@implementer(IOpenSSLClientConnectionCreator)
class _Creator(NamedTuple):
    """What Twisted asks for a connection where it needs one."""

    connections: Connections
    host: str
    port: int

    def clientConnectionForTLS(self, _: TLSMemoryBIOProtocol) -> SSL.Connection:  # noqa: N802 - Twisted's name
        """Called by Twisted."""
        return self.connections.make(self.host, self.port)


@dataclass
class _Connection:
    """One connection, and what verifying its certificate found."""

    connection: SSL.Connection
    host: str
    is_strict: bool
    faults: set[CertificateState] = field(default_factory=set)

    def verify(self, _connection: SSL.Connection, _certificate: X509, error: int, _depth: int, _ok: int) -> bool:
        """Called by OpenSSL for each certificate of the chain and each fault of one."""
        if error:
            self.faults.add(_STATES.get(error, CertificateState.NOT_VERIFIED))
        return not (self.is_strict and error)

    @cached_property
    def noted(self) -> Noted:
        """Of a connection that is established."""
        verify = verify_ip_address if _is_ip_address(self.host) else verify_hostname
        try:
            verify(self.connection, self.host)
        except (CertificateError, VerificationError):
            self.faults.add(CertificateState.WRONG_HOST)
        states = [state for state in CertificateState if state in self.faults] or [CertificateState.VALID]
        return Noted(self.connection.get_protocol_version_name(), " ".join(states))


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
