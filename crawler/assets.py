"""Fetches what captured pages are shown with: stylesheets once a portal, and pictures. The last requests of a crawl.

A decoration that cannot be had costs nothing but the look: it is counted, it is no problem, and no host is left alone for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from scrapy import Request, signals
from scrapy.exceptions import DontCloseSpider

from archive import stylesheets
from archive.charset import decode
from archive.database import iso, utc_now
from archive.media_types import extension_of, format_of
from archive.vocabulary import CaptureRole, ProblemKind
from crawler.extensions.runs import Runs
from crawler.middlewares.hosts import ROLE
from crawler.middlewares.safety import refusal
from crawler.middlewares.unusable import UnusableResponse
from pipelines.html.links import absolute

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from pipelines.ingest.page_tasks import Parts

OLD = timedelta(days=180)
"""After that, an asset is asked for again where a page names it."""
LARGEST = 4 * 1024 * 1024
"""Bytes of one asset."""
MOST_IMPORTS = 3
"""Stylesheets that import one another in a row."""
_FONTS = frozenset(("woff", "woff2", "ttf", "otf", "eot", "htc", "cur"))
_ANSWERED = frozenset((ProblemKind.BLOCKED, ProblemKind.ERROR, ProblemKind.MISSING, ProblemKind.TOO_LARGE))
"""Problems of requests that were sent: their captures count them."""


class Kept(StrEnum):
    """The setting ASSETS: how much of what pages are shown with is kept."""

    NONE = "none"
    ARTICLE = "article"
    """Stylesheets, and the pictures of the article."""
    PAGE = "page"
    """The other pictures of the page too, and those that stylesheets name."""


class Assets:
    """What one crawl asks for to show its pages."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        """Raises ValueError for an ASSETS that is none of its words."""
        text = str(crawler.settings["ASSETS"]).strip().lower()
        if text not in {*Kept}:
            raise ValueError(f"ASSETS={text!r}: write none, article or page")
        self.kept = Kept(text)
        self.crawler = crawler
        self.runs = runs
        self.is_off = self.kept is Kept.NONE or crawler.settings.getbool("OFFLINE")
        self.most = crawler.settings.getint("ASSETS_PER_RUN")
        self.bytes_left = crawler.settings.getint("ASSETS_BYTES_PER_RUN")
        self.asked = 0
        self.met: set[str] = set()
        self.waiting: deque[tuple[str, int | None]] = deque()
        """Addresses; of a stylesheet with the number of stylesheets on the way to it, of a picture with None."""
        self.since = iso(datetime.fromisoformat(utc_now()) - OLD)
        if not self.is_off:
            crawler.signals.connect(self.ask, signals.spider_idle)

    def want(self, parts: Parts) -> None:
        """Remember what a page is shown with."""
        if not self.is_off:
            self._add(parts.stylesheets, 0)
            self._add(parts.pictures, None)

    def _add(self, urls: Iterable[str], depth: int | None) -> None:
        for url in urls:
            if url not in self.met:
                self.met.add(url)
                self.waiting.append((url, depth))

    def ask(self) -> None:
        """Once there is nothing else to do, ask for what is wanted and not had."""
        engine, is_asking = self.crawler.engine, False
        while engine is not None and self.waiting:
            url, depth = self.waiting.popleft()
            if self._is_to_be_asked_for(url, depth):
                engine.crawl(self._request(url, depth))
                is_asking = True
        if is_asking:
            raise DontCloseSpider

    def _is_to_be_asked_for(self, url: str, depth: int | None) -> bool:
        declares = getattr(self.crawler.spider, "declares", None)
        if declares and refusal(url, declares) is not None:
            self.runs.count("assets/refused")
        elif self.runs.captures.answered_since(url, self.since):
            self.runs.count("assets/known")
            if depth is not None and (stored := self.runs.captures.last("GET", url)) and stored.body:
                self._follow(url, stored.body, stored.content_type or "", depth)
        elif self.asked >= self.most or self.bytes_left <= 0:
            self.runs.count("assets/left_out")
        else:
            self.asked += 1
            return True
        return False

    def _request(self, url: str, depth: int | None) -> Request:
        meta = {ROLE: CaptureRole.ASSET, "max_retry_times": 0, "download_maxsize": LARGEST, "download_warnsize": 0}
        return Request(
            url,
            callback=self.arrived,
            errback=self.failed,
            cb_kwargs={"depth": depth},
            meta=meta,
            priority=-20,
            dont_filter=True,
        )

    def arrived(self, response: Response, depth: int | None) -> None:
        """Count an asset; a stylesheet's own assets come next."""
        self.bytes_left -= len(response.body)
        self.runs.count("assets/bytes", len(response.body))
        if depth is not None:
            content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
            self._follow(response.url, response.body, content_type, depth)

    def _follow(self, url: str, body: bytes, content_type: str, depth: int) -> None:
        if format_of(body):  # no stylesheet came
            return
        css, charset = decode(body, content_type)
        if depth < MOST_IMPORTS:
            self._add(filter(None, (absolute(url, name, charset) for name in stylesheets.imports(css))), depth + 1)
        if self.kept is Kept.PAGE:
            named = (absolute(url, name, charset) for name in stylesheets.pictures(css))
            self._add((found for found in named if found and extension_of(found) not in _FONTS), None)

    def failed(self, failure: Failure) -> None:
        """An asset that was not had; what was sent for it is counted with its capture."""
        error = failure.value
        if isinstance(error, UnusableResponse) and error.kind not in _ANSWERED:
            self.runs.count("assets/not_asked")
