"""The links of a page: the one loop over them. What a link means is for the caller to say.

Scrapy's LinkExtractor is not used because it rewrites addresses (quoting), and document keys may be hashes of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scrapy.http import Response, TextResponse
from scrapy.utils.response import get_base_url

from archive.urls import browser_url

_ON_THE_PAGE = ("#", "javascript:", "mailto:", "tel:")
_TEMPLATE = "{{"
_ADDRESSES = ("http://", "https://", "file:", "ftp:", "data:")
"""Of these only the first two are ever requested; the others are reported where a listing shows them."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link: its lxml element, and its absolute address without fragment, empty where it leads to no other page."""

    element: Any
    url: str

    @property
    def text(self) -> str:
        """The link's text, blanks as they stand."""
        return "".join(self.element.itertext())


def anchors(response: Response, *tags: str) -> Iterator[Anchor]:
    """The links of a page in page order; `tags` are the elements wanted, `a` where none is given.

    Of a response that is no text there are none.
    """
    if isinstance(response, TextResponse):
        for element in response.selector.root.iter(*(tags or ("a",))):
            yield anchor_of(response, element)


def anchor_of(response: TextResponse, element: Any) -> Anchor:
    """An element as a link of its page, by its `href` or `src`."""
    href = (element.get("href") or element.get("src") or "").strip()
    if not href or _TEMPLATE in href or href.startswith(_ON_THE_PAGE):
        return Anchor(element, "")
    try:
        url = browser_url(get_base_url(response), href, response.encoding).partition("#")[0]
    except ValueError:  # no address, such as http://[/
        return Anchor(element, "")
    return Anchor(element, url if url.startswith(_ADDRESSES) else "")
