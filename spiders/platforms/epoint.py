"""Epoint: static columns whose pages are numbered 2.html, 3.html … beside the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from scrapy import Request
from scrapy.http import Response

from spiders.platforms.links import Links

_POSITION = re.compile(r">\s*(\d+)\s*/\s*(\d+)\s*<")


class Epoint(Links):
    """A site on Epoint. Its file gives in `listings` the first page of each column.

    An article is `<day>/<uuid>.html`: the UUID is the document's key, the day is when the system stored it. Where no next
    page is linked, the pager's `3/17` says whether there is one.
    """

    platform: ClassVar[str] = "epoint"
    document: ClassVar[re.Pattern[str]] = re.compile(
        r"/\d{8}/(?P<key>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.html$"
    )
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "classes ewb-…": re.compile(r"class=[\"'][^\"']*\bewb-"),
        "the style sheet webbuilder": re.compile(r"webbuilder\w{0,100}\.css", re.IGNORECASE),
        "articles <day>/<uuid>.html": re.compile(r"/\d{8}/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\.html"),
    }

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The page linked as the next one; without such a link, the page after the number that the pager shows."""
        linked = list(super().next_pages(response))
        position = _POSITION.search(response.text)
        if linked or position is None:
            yield from linked
        elif int(position[1]) < int(position[2]):
            yield response.follow(f"{int(position[1]) + 1}.html")
