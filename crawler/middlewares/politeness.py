"""Manners beyond Scrapy's own: what robots.txt forbids, the hours and the number of requests that the user allows."""

from __future__ import annotations

from datetime import datetime
from datetime import time as clock
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.defer import deferred_from_coro

from crawler.extensions.runs import Runs
from crawler.middlewares.capture import Unusable

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


ENDS = frozenset({"window_closed", "requests_spent"})
"""Kinds of problem that end a run by the user's own settings; the next run goes on from there."""


class Robots(RobotsTxtMiddleware):
    """robots.txt as Scrapy obeys it; what it forbids is a problem of its own kind."""

    async def process_request(self, request: Request, spider: Any = None) -> None:
        """Raises Unusable of kind robots_forbids."""
        try:
            await super().process_request(request)
        except IgnoreRequest as error:
            if isinstance(error, Unusable):
                raise
            raise Unusable("robots_forbids", "robots.txt of the host forbids this address") from error


class Limits:
    """Downloader middleware: ends a crawl outside the hours of CRAWL_WINDOW and after REQUESTS_PER_RUN requests.

    What was fetched is kept and read, the run says why it ended, and the next one goes on from there.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.offline = crawler.settings.getbool("OFFLINE")
        self.window = parse_window(crawler.settings["CRAWL_WINDOW"])
        self.most = crawler.settings.getint("REQUESTS_PER_RUN")
        self.sent = 0
        self.over: tuple[str, str] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raises ValueError for a window that cannot be read."""
        limits = cls(crawler)
        crawler.signals.connect(limits.request_reached_downloader, signals.request_reached_downloader)
        return limits

    def request_reached_downloader(self) -> None:
        """Everything that is really sent counts: robots.txt, redirects and retries too."""
        self.sent += 1

    def process_request(self, request: Request) -> None:
        """Raises Unusable, and closes the crawl, when no more may be sent."""
        if self.offline:
            return
        if self.over is None:
            self.over = self._reached()
            if self.over is not None:
                self._end(*self.over)
        if self.over is not None:
            raise Unusable(*self.over, is_told=True)

    def _reached(self) -> tuple[str, str] | None:
        if self.window is not None and not is_within(datetime.now().astimezone().time(), self.window):
            return "window_closed", f"the crawl may run {self.crawler.settings['CRAWL_WINDOW']} only (CRAWL_WINDOW)"
        if self.most and self.sent >= self.most:
            return "requests_spent", f"the run's {self.most} requests (REQUESTS_PER_RUN) are spent"
        return None

    def _end(self, kind: str, message: str) -> None:
        Runs.of(self.crawler).problem(kind, message)
        if self.crawler.engine is not None:
            self.closing = deferred_from_coro(self.crawler.engine.close_spider_async(reason=kind))


def parse_window(text: str) -> tuple[clock, clock] | None:
    """`22:00-06:00` as two times of the local day; None for an empty text; raises ValueError for anything else."""
    if not text:
        return None
    begin, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f"CRAWL_WINDOW={text!r}: write it as 22:00-06:00")
    try:
        window = clock.fromisoformat(begin.strip()), clock.fromisoformat(end.strip())
    except ValueError as error:
        raise ValueError(f"CRAWL_WINDOW={text!r}: write it as 22:00-06:00") from error
    return window


def is_within(now: clock, window: tuple[clock, clock]) -> bool:
    """Whether a time of day is in the window, which may pass midnight; its end is outside.

    >>> night = parse_window("22:00-06:00")
    >>> [is_within(clock.fromisoformat(t), night) for t in ("21:59", "22:00", "03:00", "06:00")]
    [False, True, True, False]
    """
    begin, end = window
    return begin <= now < end if begin <= end else now >= begin or now < end
