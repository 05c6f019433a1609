"""TRS WCM: static pages whose pager is written by a script, from arguments in the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response

from spiders.platforms import listing
from spiders.platforms.portal import Portal

# Digits only: the page also holds the function's definition, whose arguments are names.
_CALL = re.compile(
    r"createPage(?:HTML)?\(\s*(?:[\"'][^\"']*[\"']\s*,\s*)?(\d+)\s*,\s*(\d+)\s*,\s*[\"']([^\"']+)[\"']\s*,\s*[\"'](\w+)[\"']"
)
_COUNT = re.compile(r"\bvar\s+countPage\s*=\s*(\d+)")
_CURRENT = re.compile(r"\bvar\s+currentPage\s*=\s*(\d+)")
_INDEX = re.compile(r"(?<![^/_])(?P<name>[^/_]+)(?:_(?P<number>\d+))?\.(?P<extension>s?html?)$")


class TRS(Portal):
    """A site on TRS WCM. Its file gives in `listings` the folder or index page of each column.

    An article is `t<date>_<docid>.html`: the docid alone is the document's key; the date is when the system stored the
    article, not its date of publication. Page i of a column, counted from 0, is index.html, index_1.html, index_2.html …
    """

    platform: ClassVar[str] = "trs"
    document: ClassVar[re.Pattern[str]] = re.compile(r"/t\d{8}_(?P<key>\d+)\.s?html?$")

    next_page_address: ClassVar[re.Pattern[str] | None] = re.compile(r"/t\d{8}_\d+_\d+\.s?html?$")

    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "articles t<day>_<docid>": re.compile(r"/t20\d{6}_\d+\.s?html?"),
        "createPageHTML": re.compile(r"\bcreatePage(?:HTML)?\("),
        "countPage": _COUNT,
        "TRS classes": re.compile(r"TRS_(?:Editor|UEDITOR|AUTOADD)", re.IGNORECASE),
        "the metas filetype and publishedtype": re.compile(
            r"<meta\s+name=[\"'](?:filetype|publishedtype|pagetype|subsite)[\"']", re.IGNORECASE
        ),
        "the meta ChnlId": re.compile(r"<meta\s+name=[\"'](?:ChnlId|DocId)[\"']", re.IGNORECASE),
    }

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The next group of XML records, or the next page by the pager's script."""
        group = listing.next_group(response)
        if group:
            yield response.follow(group)
        else:
            yield from scripted_page(response)


def scripted_page(response: Response) -> Iterator[Request]:
    """The page after this one, computed from the arguments that the page passes to its pager's script."""
    call = _CALL.search(response.text)
    if call:
        if int(call[2]) + 1 < int(call[1]):
            yield response.follow(f"{call[3]}_{int(call[2]) + 1}.{call[4]}")
        return
    count = _COUNT.search(response.text)
    if count:
        here, current = _INDEX.search(urlsplit(response.url).path), _CURRENT.search(response.text)
        number = int(current[1]) if current else int(here["number"] or 0) if here else 0
        name, extension = (here["name"], here["extension"]) if here else ("index", "html")
        if number + 1 < int(count[1]):
            yield response.follow(f"{name}_{number + 1}.{extension}")
