"""Manners beyond Scrapy's own: the pace that hosts ask for, the hours and the number of requests that the user allows."""

from __future__ import annotations

from datetime import UTC, datetime
from datetime import time as clock
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.defer import deferred_from_coro
from scrapy.utils.httpobj import urlparse_cached

from crawler.capture import Unusable
from crawler.runs import Runs

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Slot
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

LEAST_DELAY_S = 0.001
"""Scrapy keeps to one request at a time only where there is some delay: with none it empties a slot's queue at once."""

BUSY = (429, 503)
"""Statuses whose Retry-After is kept to."""


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


class Pace:
    """One request at a time for each host address, and a pause between an answer and the next request.

    The pause is Scrapy's or AutoThrottle's delay, or the Crawl-delay of robots.txt where that is longer. It begins
    when the answer is there, so that two requests never arrive closer to one another, however slow the first was.
    After 429 and 503 it is what Retry-After asks for. A host that asks for more than LONGEST_PAUSE is left alone.
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
        """Scrapy reads Crawl-delay and leaves it to others. The strictest of the sites on one address holds."""
        wanted = robotparser.crawl_delay(self.crawler.settings["USER_AGENT"])
        engine = self.crawler.engine
        if wanted and engine and self._bearable(float(wanted), request, "its robots.txt asks for pauses of"):
            key = engine.downloader.get_slot_key(request)
            self.delays[key] = max(float(wanted), self.delays.get(key, 0.0))

    def request_reached_downloader(self, request: Request) -> None:
        """Slots are made by the downloader, and made anew after a while without requests."""
        if slot := self._slot(request):
            self._slow_down(slot, request)

    def response_downloaded(self, response: Response, request: Request) -> None:
        """After AutoThrottle has set the delay, and before the slot's next request goes out."""
        slot = self._slot(request)
        if slot is None:
            return
        self._slow_down(slot, request)
        slot.lastseen = max(slot.lastseen, monotonic())
        asked = retry_after(response) if response.status in BUSY else 0.0
        if asked > slot.delay and self._bearable(
            asked, request, f"with status {response.status} it asks for a pause of"
        ):
            slot.lastseen += asked - slot.delay

    def request_left_downloader(self, request: Request) -> None:
        """A failure, too, is followed by a pause."""
        if slot := self._slot(request):
            slot.lastseen = max(slot.lastseen, monotonic())

    def _slot(self, request: Request) -> Slot | None:
        engine = self.crawler.engine
        return engine.downloader.slots.get(request.meta.get("download_slot", "")) if engine else None

    def _slow_down(self, slot: Slot, request: Request) -> None:
        delay = self.delays.get(request.meta["download_slot"], LEAST_DELAY_S)
        if slot.delay <= delay:
            slot.delay, slot.jitter = delay, 0.0

    def _bearable(self, seconds: float, request: Request, asks: str) -> bool:
        if seconds > self.longest:
            host = urlparse_cached(request).netloc
            Runs.of(self.crawler).leave_alone(host, "host_busy", f"{asks} {seconds:.0f} s")
        return seconds <= self.longest


def retry_after(response: Response) -> float:
    """Seconds that a Retry-After header asks to wait, given as such or as a date; 0 without one that can be read."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


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
