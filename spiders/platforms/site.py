"""What is declared of a site, and what follows from it without looking at a page: hosts, document keys, their order.

Nothing here needs Scrapy. How a platform's listings are read belongs to `listing_reader`, the crawl to `portal`.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import urlsplit

from archive.urls import site_of, without_scheme, without_www
from archive.vocabulary import Level


@lru_cache(maxsize=8192)
def _sites(addresses: tuple[str, ...], hosts: tuple[str, ...]) -> frozenset[str]:
    """Worked out once for each portal: every address of a crawl is held against them."""
    return frozenset(map(site_of, addresses)) | frozenset(map(without_www, hosts))


def is_level(declared: object) -> bool:
    """Whether a portal may declare that level, or none."""
    return declared is None or declared in set(Level)


def is_code(declared: object) -> bool:
    """Whether a portal may declare that code of a place, or none."""
    return declared is None or (isinstance(declared, str) and declared.isascii() and declared.isdigit())


class Site:
    """The facts of a portal, as its file declares them on the class of its platform."""

    name: str
    """The spider's name and the file's; the portal's key in both databases."""
    platform: ClassVar[str] = "links"
    """Declared by platforms, not by portals."""
    title: ClassVar[str]
    """The site's own name."""
    home: ClassVar[str]
    """Address of the home page."""
    division_code: ClassVar[str | None] = None
    """GB/T 2260 code of the place whose site it is, six digits."""
    division: ClassVar[str | None] = None
    """Its name in GB/T 2260."""
    level: ClassVar[str | None] = None
    """A word of `archive.vocabulary.Level`."""

    listings: ClassVar[tuple[str, ...]] = ()
    """The first page of every column that holds annual reports, as a browser shows it."""
    hosts: ClassVar[tuple[str, ...]] = ()
    """Hosts beside those of `home` and `listings` to which links may be followed."""

    legacy_tls: ClassVar[bool] = False
    """Whether these hosts may be asked with TLS 1.0 and 1.1, short keys and renegotiation without RFC 5746."""

    menus: ClassVar[tuple[str, ...]] = ()
    """Pages that link the columns, where those of new years appear."""
    menu: ClassVar[re.Pattern[str] | None] = None
    """Matches the addresses of pages on the way from `menus` to the columns."""
    column: ClassVar[re.Pattern[str] | None] = None
    """Matches the addresses of columns like those in `listings`, such as one a year. A column is walked where a menu or
    another column links it; no address is made up. An offline crawl walks the columns that are captured."""

    document: ClassVar[re.Pattern[str]] = re.compile(r"/[^/?#]+\.s?html?$")
    """Matches the path of an article's address; its group `key`, if it has one, is the document's key in the portal."""
    next_page_address: ClassVar[re.Pattern[str] | None] = None
    """Matches the addresses of pages 2, 3 … of a split article; None where no article is split."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Raises ValueError where a place is declared that is none: the file does not import then, and is named."""
        super().__init_subclass__(**keywords)
        if not is_level(cls.level):
            raise ValueError(f"{cls.__name__} declares the unknown level {cls.level!r}; there are {', '.join(Level)}")
        if not is_code(cls.division_code):
            raise ValueError(f"{cls.__name__} declares the division code {cls.division_code!r}, which is not of digits")

    @classmethod
    def key(cls, url: str) -> str:
        """The document's key: the same for every address of one document.

        Where the platform numbers no documents, it is a hash of the address without scheme and `www.`.
        """
        found = cls.document.search(urlsplit(url).path)
        if found and "key" in found.groupdict():
            return found["key"]
        return hashlib.sha256(without_scheme(url).encode("utf-8", "surrogateescape")).hexdigest()[:12]

    @classmethod
    def rank(cls, url: str) -> tuple[Any, ...]:
        """Sorts the addresses of one document; its report goes by the first."""
        return (len(url), url)

    @classmethod
    def declared_hosts(cls) -> frozenset[str]:
        """Host and port of everything the portal declares, `www.` left out."""
        return _sites((cls.home, *cls.listings, *cls.menus), cls.hosts)

    @classmethod
    def declares(cls, url: str) -> bool:
        """Whether the address is on a host that the portal declares."""
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and without_www(parts.netloc) in cls.declared_hosts()

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
