"""gkmlpt, Guangdong's disclosure catalogue (公开目录平台) beside NFCMS: an API supplies its columns as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response

from archive.model import Entry
from pipelines.metadata.dates import china_time, first_date
from spiders.platforms.json_pages import JSONPages, Row
from spiders.platforms.nfcms import NFCMS

_SID = re.compile(r"\bSID:\s*['\"]?(\d+)")
_TREE = re.compile(r"\bTREE:\s*(?=\[)")
_PREFIX = re.compile(r"\bPATH_PREFIX:\s*['\"]([^'\"]*)")
_API = re.compile(r"/gkmlpt/api/all/\d+$")
_COLUMN = re.compile(r"年报|年度报告")


class Gkmlpt(JSONPages, NFCMS):
    """A site on NFCMS with a catalogue. Its file gives `…/gkmlpt/index` among `listings`.

    The site's number (SID) and the columns of annual reports are read from the catalogue's own page; `categories` lists
    columns by number where their names do not say that they hold annual reports. Page 0 of the API repeats page 1, so the walk begins at 1.
    """

    platform: ClassVar[str] = "gkmlpt"
    categories: ClassVar[tuple[int, ...]] = ()
    row_addresses: ClassVar[tuple[str, ...]] = ("url", "post_url")
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "the catalogue /gkmlpt/": re.compile(r"/gkmlpt/(?:index|guide|policy|content|api)")
    }

    def is_answer(self, response: Response) -> bool:
        """Whether the API answers."""
        return bool(_API.search(urlsplit(response.url).path))

    def entries(self, response: Response) -> Iterator[Entry]:
        """Articles of an API answer, rows of a static column; the catalogue's own page lists nothing."""
        if self.is_answer(response) or not _is_catalogue(response):
            yield from super().entries(response)

    def rows(self, answer: Row) -> Sequence[Row]:
        """`articles`."""
        return answer.get("articles") or ()

    def row_date(self, row: Row) -> str | None:
        """The moment shown to readers, in seconds; the day the article was entered where none is shown."""
        shown = row.get("display_publish_time")
        return china_time(int(shown) * 1000) if shown else first_date(row.get("created_at"))

    def first_requests(self, response: Response) -> Iterator[Request]:
        """The API's first page for each column of annual reports; of a static column, its next page."""
        if not _is_catalogue(response):
            yield from super().first_requests(response)
            return
        sid, prefix = _SID.search(response.text), _PREFIX.search(response.text)
        if sid is None:
            raise ValueError(f"{response.url}: the catalogue's page names no SID")
        base = (prefix[1] if prefix else "") or urlsplit(response.url).path.partition("/gkmlpt/")[0]
        for category in self.categories or _report_columns(response.text):
            url = response.urljoin(f"{base}/gkmlpt/api/all/{category}?page=1&sid={sid[1]}")
            yield Request(url, cb_kwargs={"branch": url})


def _is_catalogue(response: Response) -> bool:
    return "/gkmlpt/" in urlsplit(response.url).path and "_CONFIG" in response.text


def _report_columns(text: str) -> list[int]:
    """Numbers of the columns called annual report in the catalogue's TREE, a JSON list inside a script."""
    start = _TREE.search(text)
    if start is None:
        raise ValueError("the catalogue has no TREE")
    tree, _ = json.JSONDecoder().raw_decode(text, start.end())
    found: list[int] = []
    waiting = list(tree)
    while waiting:
        column = waiting.pop(0)
        if _COLUMN.search(column.get("name") or ""):
            found.append(int(column["id"]))
        else:
            waiting += column.get("children") or []
    return found
