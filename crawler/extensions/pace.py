"""The pace of a crawl: the pauses that hosts ask for, by host address."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.utils.defer import deferred_from_coro
from scrapy.utils.httpobj import urlparse_cached

from archive.vocabulary import ProblemKind
from crawler.extensions.runs import Runs

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Slot
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

logger = logging.getLogger(__name__)

LEAST_DELAY_S = 0.001
"""Scrapy sends one request at a time only where there is some delay: without one it empties a slot's queue at once."""

BUSY = (429, 503)
"""Statuses whose Retry-After is obeyed."""


class Pace:
    """One request at a time for each host address, and a pause between an answer and the next request.

    The pause is Scrapy's or AutoThrottle's delay, or the Crawl-delay of robots.txt where that is longer. It begins
    when the answer has arrived, so that two requests are never closer together, however slow the first was. After 429
    and 503 it is what Retry-After asks for. A host that asks for more than LONGEST_PAUSE is left alone for the run.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.longest = crawler.settings.getfloat("LONGEST_PAUSE")
        self.delays: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Listens to robots.txt and to the downloader."""
        extension = cls(crawler)
        connect = crawler.signals.connect
        connect(extension.robots_parsed, signals.robots_parsed)
        connect(extension.request_reached_downloader, signals.request_reached_downloader)
        connect(extension.response_downloaded, signals.response_downloaded)
        connect(extension.request_left_downloader, signals.request_left_downloader)
        return extension

    def robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        """Scrapy parses Crawl-delay without applying it. The longest of the sites on one address counts."""
        wanted = robotparser.crawl_delay(self.crawler.settings["USER_AGENT"])
        engine = self.crawler.engine
        if wanted and engine and self._accepts(float(wanted), request, "its robots.txt asks for pauses of"):
            key = engine.downloader.get_slot_key(request)
            self.delays[key] = max(float(wanted), self.delays.get(key, 0.0))

    def request_reached_downloader(self, request: Request) -> None:
        """Set the delay again: the downloader makes slots, and makes them anew after a while without requests."""
        if slot := self._slot(request):
            self._slow_down(slot, request)

    def response_downloaded(self, response: Response, request: Request) -> None:
        """Runs after AutoThrottle has set the delay and before the slot's next request goes out."""
        slot = self._slot(request)
        if slot is None:
            return
        self._slow_down(slot, request)
        slot.lastseen = max(slot.lastseen, monotonic())
        asked = retry_after(response) if response.status in BUSY else 0.0
        if asked > slot.delay and self._accepts(
            asked, request, f"with status {response.status} it asks for a pause of"
        ):
            slot.lastseen += asked - slot.delay

    def request_left_downloader(self, request: Request) -> None:
        """Pause after a failure, too."""
        if slot := self._slot(request):
            slot.lastseen = max(slot.lastseen, monotonic())

    def _slot(self, request: Request) -> Slot | None:
        engine = self.crawler.engine
        return engine.downloader.slots.get(request.meta.get("download_slot", "")) if engine else None

    def _slow_down(self, slot: Slot, request: Request) -> None:
        delay = self.delays.get(request.meta["download_slot"], LEAST_DELAY_S)
        if slot.delay <= delay:
            slot.delay, slot.jitter = delay, 0.0

    def _accepts(self, seconds: float, request: Request, asks: str) -> bool:
        if seconds > self.longest:
            host = urlparse_cached(request).netloc
            if runs := self.crawler.get_extension(Runs):
                runs.leave_alone(host, ProblemKind.HOST_BUSY, f"{asks} {seconds:.0f} s")
            else:
                self._end(host, f"{asks} {seconds:.0f} s")
        return seconds <= self.longest

    def _end(self, host: str, why: str) -> None:
        """A crawl that is not archived knows no host to leave alone: it ends."""
        logger.warning("%s: %s, longer than LONGEST_PAUSE: the crawl ends", host, why)
        if self.crawler.engine is not None:
            self.closing = deferred_from_coro(self.crawler.engine.close_spider_async(reason=ProblemKind.HOST_BUSY))


def retry_after(response: Response) -> float:
    """Seconds that a Retry-After header (RFC 9110, seconds or an HTTP date) asks to wait; 0 without a valid one."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
