"""What is declared of a portal, and what its platform knows: all that can be asked with no crawl going on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response, TextResponse

from archive.model import Entry
from spiders.platforms import listing


class Site:
    """The declared half of a `Portal`: addresses, hosts and keys, and how a listing of its platform is read."""

    name: str
    platform: ClassVar[str] = "links"
    title: ClassVar[str]
    home: ClassVar[str]
    division_code: ClassVar[str | None] = None
    division: ClassVar[str | None] = None
    level: ClassVar[str | None] = None
    listings: ClassVar[tuple[str, ...]] = ()
    hosts: ClassVar[tuple[str, ...]] = ()
    """Hosts beside those of `home` and `listings` to which links may be followed."""

    menus: ClassVar[tuple[str, ...]] = ()
    """Pages that lead to the columns: where those of new years turn up."""
    menu: ClassVar[re.Pattern[str] | None] = None
    """Tells the addresses of pages on the way from `menus` to the columns."""
    column: ClassVar[re.Pattern[str] | None] = None
    """Tells the addresses of columns like those in `listings`, one a year say. They are walked where a menu or another
    column links them, never put together; an offline crawl walks those that are captured."""

    document: ClassVar[re.Pattern[str]] = re.compile(r"/[^/?#]+\.s?html?$")
    """Tells an article's address from others; its group `key`, if it has one, is the document's key in the portal."""

    next_page_address: ClassVar[re.Pattern[str] | None] = None
    """Tells pages 2, 3 … of a split article from its first, by their addresses; None where nothing is split."""

    # Where a document can be found, and under which name it is kept

    @classmethod
    def key(cls, url: str) -> str:
        """The document's key: the same for every address of one document.

        Where the platform numbers no documents, it is a hash of the address without scheme and `www.`.
        """
        parts = urlsplit(url)
        found = cls.document.search(parts.path)
        if found and "key" in found.groupdict():
            return found["key"]
        bare = parts._replace(scheme="", netloc=parts.netloc.removeprefix("www."), fragment="").geturl()
        return hashlib.sha256(bare.encode("utf-8", "surrogateescape")).hexdigest()[:12]

    @classmethod
    def rank(cls, url: str) -> tuple[Any, ...]:
        """Sorts the addresses of one document; the first is the one that its report is known by."""
        return (len(url), url)

    @classmethod
    def declared_hosts(cls) -> frozenset[str]:
        """Host and port of everything the portal declares, `www.` left out."""
        return frozenset(
            urlsplit(url).netloc.removeprefix("www.")
            for url in (cls.home, *cls.listings, *cls.menus, *(f"http://{h}/" for h in cls.hosts))
        )

    @classmethod
    def declares(cls, url: str) -> bool:
        """Whether the address is on a host that the portal declares."""
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and parts.netloc.removeprefix("www.") in cls.declared_hosts()

    @classmethod
    def facts(cls) -> dict[str, str | None]:
        """The portal's row in both databases."""
        return {
            "name": cls.name,
            "title": cls.title,
            "home_url": cls.home,
            "platform": cls.platform,
            "division_code": cls.division_code,
            "division": cls.division,
            "level": cls.level,
            "hosts": " ".join(sorted(cls.declared_hosts())),
            "document": cls.document.pattern,
        }

    # What a platform knows

    def entries(self, response: Response) -> Iterator[Entry]:
        """What this page of a listing lists."""
        yield from listing.rows(response, self.document)

    def next_pages(self, response: Response) -> Iterator[Request]:
        """Requests for the pages of the listing that come after this one."""
        yield from ()

    def total(self, response: Response) -> int | None:
        """How many entries the listing says it has; None where it does not say."""
        return listing.total(response)

    def alternate(self, request: Request) -> Request | None:
        """Where else a page of a listing may be that is not where `request` asked for it; None where nowhere else."""
        return None

    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {}
    """What gives the platform away: a mark in words → its pattern in a page's address or source."""

    @classmethod
    def fingerprints_on(cls, response: Response) -> list[str]:
        """The marks of the platform that a page bears. Links to other hosts are none."""
        if not isinstance(response, TextResponse):
            return []
        host = urlsplit(response.url).netloc
        own = re.sub(rf"https?://(?!{re.escape(host)})[^\s\"'<>]+", "", response.text)
        return [mark for mark, pattern in cls.fingerprints.items() if pattern.search(f"{response.url}\n{own}")]

    def article_pages(self, response: Response) -> Iterator[str]:
        """Addresses of pages 2, 3 … of an article that the platform splits."""
        yield from ()
