"""A page is parsed once in a crawl: for its documents when it has come, and for its report when they have come too."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from archive.model import Page
from pipelines.html import article as text
from pipelines.html.parsing import ParsedPage, parse_page

MOST_KEPT = 8
"""Pages that wait for their documents; more than the items that are in flight."""


class Parsed(NamedTuple):
    """A page and the article on it."""

    document: ParsedPage
    article: text.Article


_kept: OrderedDict[tuple[str, str | None, bytes], Parsed] = OrderedDict()


def look(page: Page) -> Parsed:
    """Parse a page that is to be read later, and keep it for that. Raises ReaderError."""
    found = _kept[page.url, page.content_type, page.body] = take(page)
    if len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return found


def take(page: Page) -> Parsed:
    """A page as `look` parsed it, else parsed now. It is the caller's alone: readers change it. Raises ReaderError."""
    found = _kept.pop((page.url, page.content_type, page.body), None) if _kept else None
    if found is None:
        document = parse_page(page)
        found = Parsed(document, text.find_article(document))
    return found
