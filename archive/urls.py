"""Addresses: links as a browser resolves them, and what makes no difference between two addresses of one site."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from ada_url import join_url
from w3lib.url import safe_url_string

_INDEX_PAGE = re.compile(r"/(?:index|default)\.\w+$")


_QUERY = re.compile(r"\?([^#]*)")


def browser_url(base: str, reference: str, charset: str = "utf-8") -> str:
    r"""The absolute address that a browser asks for when it follows `reference` on the page at `base`.

    WHATWG URL: blanks around and tabs and line breaks inside are dropped, a backslash counts as a slash, the path is
    UTF-8, and the query is in the page's charset. Raises ValueError for what is no address.

    >>> browser_url("http://a.gov.cn/nb/index.html", "..\\doc\\1.html")
    'http://a.gov.cn/doc/1.html'
    >>> browser_url("http://a.gov.cn/", "/down.asp?name=年报.doc", "gb2312")
    'http://a.gov.cn/down.asp?name=%C4%EA%B1%A8.doc'
    """
    if charset.lower() not in {"utf-8", "utf8"} and not reference.isascii():
        reference = _QUERY.sub(lambda found: "?" + _encoded(found[1], charset), reference, count=1)
    return safe_url_string(join_url(base, reference))


def _encoded(query: str, charset: str) -> str:
    """The characters of a query beyond ASCII in the page's charset; what it lacks becomes a character reference."""
    charset = "gb18030" if charset.lower().startswith("gb") else charset
    return "".join(c if c.isascii() else quote(c.encode(charset, "xmlcharrefreplace")) for c in query)


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
