"""gkmlpt, Guangdong's disclosure platform beside NFCMS: a catalogue whose columns are answered as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from scrapy import Request
from scrapy.http import Response

from archive.model import Entry
from pipelines.metadata.dates import first_date
from spiders.platforms.nfcms import NFCMS

_SID = re.compile(r"\bSID:\s*['\"]?(\d+)")
_TREE = re.compile(r"\bTREE:\s*(?=\[)")
_PREFIX = re.compile(r"\bPATH_PREFIX:\s*['\"]([^'\"]*)")
_API = re.compile(r"/gkmlpt/api/all/\d+$")
_COLUMN = re.compile(r"年报|年度报告")
_CHINA = timezone(timedelta(hours=8))


class Gkmlpt(NFCMS):
    """A site on NFCMS with a catalogue. Its file gives `…/gkmlpt/index` among `listings`.

    The site's number (SID) and the columns of annual reports are read from the catalogue's own page; `categories` names
    columns by number where their names do not tell. Page 0 of the API repeats page 1, so the walk begins at 1.
    """

    platform: ClassVar[str] = "gkmlpt"
    categories: ClassVar[tuple[int, ...]] = ()
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "the catalogue /gkmlpt/": re.compile(r"/gkmlpt/(?:index|guide|policy|content|api)")
    }

    def entries(self, response: Response) -> Iterator[Entry]:
        """Articles of an API answer; rows of a static column."""
        if not _API.search(urlsplit(response.url).path):
            if not _is_catalogue(response):
                yield from super().entries(response)
            return
        for article in _answer(response).get("articles") or ():
            url = article.get("url") or article.get("post_url")
            if url:
                yield Entry(url=response.urljoin(url), title=article.get("title") or None, date=_date(article))

    def next_pages(self, response: Response) -> Iterator[Request]:
        """The API's first page for each column of annual reports; from there page by page to the announced total."""
        parts = urlsplit(response.url)
        if _API.search(parts.path):
            answer, query = _answer(response), parse_qs(parts.query)
            articles, number = answer.get("articles") or [], int(query["page"][0])
            meta = response.request.meta if response.request else {}
            size = meta.get("size") or len(articles)
            if articles and number * size < int(answer.get("total") or 0):
                yield response.follow(f"?page={number + 1}&sid={query['sid'][0]}", meta={"size": size})
        elif _is_catalogue(response):
            sid, prefix = _SID.search(response.text), _PREFIX.search(response.text)
            base = (prefix[1] if prefix else "") or parts.path.partition("/gkmlpt/")[0]
            if sid is None:
                raise ValueError(f"{response.url} names no SID")
            for category in self.categories or _report_columns(response.text):
                url = response.urljoin(f"{base}/gkmlpt/api/all/{category}?page=1&sid={sid[1]}")
                yield Request(url, cb_kwargs={"branch": url})
        else:
            yield from super().next_pages(response)

    def total(self, response: Response) -> int | None:
        """`total` of an API answer."""
        if _API.search(urlsplit(response.url).path):
            total = _answer(response).get("total")
            return int(total) if total is not None else None
        return super().total(response)


def _is_catalogue(response: Response) -> bool:
    return "/gkmlpt/" in urlsplit(response.url).path and "_CONFIG" in response.text


def _answer(response: Response) -> dict[str, Any]:
    answer = json.loads(response.body)
    if not isinstance(answer, dict):
        raise ValueError(f"the catalogue answers {type(answer).__name__}, not an object")
    return answer


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


def _date(article: dict[str, Any]) -> str | None:
    """The moment shown to readers, in China's time; the day it was entered where none is shown."""
    shown = article.get("display_publish_time")
    if shown:
        return datetime.fromtimestamp(int(shown), UTC).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")
    return first_date(article.get("created_at"))
