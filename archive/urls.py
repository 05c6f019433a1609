"""Addresses compared: what makes no difference between two addresses of one site, in one place."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_INDEX_PAGE = re.compile(r"/(?:index|default)\.\w+$")


def without_www(host: str) -> str:
    """A host, with or without its port, less a leading `www.`: portals answer under both."""
    return host.removeprefix("www.")


def site_of(url: str) -> str:
    """Host and port of an address, `www.` left out.

    >>> site_of("https://www.example.gov.cn:8080/nb/")
    'example.gov.cn:8080'
    """
    return without_www(urlsplit(url).netloc)


def folder_of(url: str) -> str:
    """Site and path of an address up to its last slash.

    >>> folder_of("http://www.example.gov.cn/nb/index.html")
    'example.gov.cn/nb/'
    """
    return site_of(url) + urlsplit(url).path.rpartition("/")[0] + "/"


def is_within(url: str, site: str) -> bool:
    """Whether an http or https address is on a site, as `site_of` names it, or on a sub-domain of it.

    >>> [is_within(url, "example.gov.cn") for url in ("http://zwgk.example.gov.cn/", "http://notexample.gov.cn/")]
    [True, False]
    """
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and (parts.netloc == site or parts.netloc.endswith(f".{site}"))


def listing_key(url: str) -> str:
    """The same for all addresses of one listing page: scheme, `www.` and the name of an index page left out.

    >>> listing_key("http://www.example.gov.cn/nb/index.html") == listing_key("https://example.gov.cn/nb/")
    True
    """
    parts = urlsplit(url)
    return f"{site_of(url)}{_INDEX_PAGE.sub('/', parts.path)}?{parts.query}"


def without_scheme(url: str) -> str:
    """An address less scheme, `www.` and fragment. Document keys are hashes of it, so its form never changes.

    >>> without_scheme("https://www.example.gov.cn/show?id=7#top")
    '//example.gov.cn/show?id=7'
    """
    parts = urlsplit(url)
    return parts._replace(scheme="", netloc=without_www(parts.netloc), fragment="").geturl()
