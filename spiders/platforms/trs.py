"""TRS WCM: static pages whose page links are written by createPageHTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from scrapy import Request
from scrapy.http import Response

from spiders.platforms import Portal

# Digits are asked for because the function's definition stands in the page too.
_CALL = re.compile(r"createPage(?:HTML)?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*[\"']([^\"']+)[\"']\s*,\s*[\"'](\w+)[\"']")


class TRS(Portal):
    """A site on TRS WCM. Its file gives in `listings` the folder or index page of each column.

    An article is `t<date>_<docid>.html`: the docid alone is the document, the date is the system's and no publication
    date. Page i of a column, counted from 0, is index.html, index_1.html, index_2.html …
    """

    platform: ClassVar[str] = "trs"
    document: ClassVar[re.Pattern[str]] = re.compile(r"/t\d{8}_(?P<key>\d+)\.s?html?$")

    part_address: ClassVar[re.Pattern[str] | None] = re.compile(r"/t\d{8}_\d+_\d+\.s?html?$")

    def further(self, response: Response) -> Iterator[Request]:
        """The page after this one, computed from the arguments that the page itself passes."""
        call = _CALL.search(response.text)
        if call and int(call[2]) + 1 < int(call[1]):
            yield response.follow(f"{call[3]}_{int(call[2]) + 1}.{call[4]}")

    def parts(self, response: Response) -> Iterator[str]:
        """A long article is split like a listing: t…_1.html, t…_2.html."""
        call = _CALL.search(response.text)
        if call and self.document.search(response.url):
            yield from (response.urljoin(f"{call[3]}_{number}.{call[4]}") for number in range(1, int(call[1])))
