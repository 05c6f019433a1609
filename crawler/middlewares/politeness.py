"""Politeness beyond Scrapy's: what robots.txt forbids, and the hours and number of requests that the user allows."""

from __future__ import annotations

import html
import logging
import re
from datetime import datetime
from datetime import time as clock
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.defer import deferred_from_coro
from scrapy.utils.httpobj import urlparse_cached

from archive.charset import decode
from archive.vocabulary import ProblemKind
from crawler.extensions.runs import Runs
from crawler.middlewares.decoding import CUT_SHORT, FAULTY, TOO_LARGE
from crawler.middlewares.hosts import ROLE
from crawler.middlewares.unusable import UnusableResponse
from pipelines.outcomes import REFUSING

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


logger = logging.getLogger(__name__)

_UNSEEN = re.compile(
    r"<(script|style|title)\b(?:[^<]|<(?!/?\1\b))*+</\1\s*>|<!--(?:[^-<]|-(?!->)|<(?!!--))*+-->", re.IGNORECASE
)
_LINE_BREAK = re.compile(r"</?(?:br|p|div|pre|body|li|tr|h\d)\b[^<>]*+>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*+>")

ENDS = frozenset({ProblemKind.WINDOW_CLOSED, ProblemKind.REQUESTS_SPENT})
"""Problems that end a run as the user's settings ask; the next run goes on from there."""


class Robots(RobotsTxtMiddleware):
    """Scrapy's robots.txt middleware, as RFC 9309 has it; what it forbids becomes a problem of its own kind.

    Where robots.txt cannot be had (5xx, no answer, a body that is not whole), nothing is asked of that host in this run,
    and one problem says so. Other statuses allow everything;
    those of challenges say no more about robots.txt than about a page.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.offline = crawler.settings.getbool("OFFLINE")
        self.unreachable: dict[str, str] = {}
        """Why robots.txt of a host could not be fetched."""

    async def process_request(self, request: Request, spider: Any = None) -> None:
        """Raises UnusableResponse of kind robots_forbids or robots_unreachable."""
        try:
            await super().process_request(request)
        except IgnoreRequest as error:
            if isinstance(error, UnusableResponse):
                raise
            raise UnusableResponse(ProblemKind.ROBOTS_FORBIDS, "robots.txt of the host forbids this address") from error
        why = self.unreachable.get(urlparse_cached(request).netloc)
        if why is not None and not request.meta.get("dont_obey_robotstxt"):
            is_reported = self.crawler.get_extension(Runs) is not None
            raise UnusableResponse(ProblemKind.ROBOTS_UNREACHABLE, why, is_reported=is_reported)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Turn a robots.txt that failed to download into an IgnoreRequest, which Scrapy does not log with a traceback.

        The failure itself is reported as robots_unreachable.
        """
        is_robots = request.callback is NO_CALLBACK and urlparse_cached(request).path == "/robots.txt"
        if is_robots and not isinstance(exception, IgnoreRequest):
            raise _UnreachableError(f"its robots.txt: {type(exception).__name__}: {exception}") from exception

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        is_error = response.status >= 500 and response.status not in REFUSING
        if not self.offline and (is_error or {FAULTY, CUT_SHORT, TOO_LARGE} & set(response.flags)):
            why = f"status {response.status}" if is_error else "a body that is not whole"
            raise _UnreachableError(f"its robots.txt answers with {why}")
        rules = robots_text(response).encode() if 200 <= response.status < 300 else b""
        await super()._parse_robots(response.replace(body=rules), netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if not self.offline and (isinstance(exc, _UnreachableError) or not isinstance(exc, IgnoreRequest)):
            failed = exc if isinstance(exc, _UnreachableError) else f"its robots.txt: {type(exc).__name__}: {exc}"
            self.unreachable[netloc] = f"nothing is asked of {netloc} in this run: {failed}"
            if runs := self.crawler.get_extension(Runs):
                runs.leave_alone(netloc, ProblemKind.ROBOTS_UNREACHABLE, str(failed))
        super()._robots_error(exc, netloc)


class _UnreachableError(IgnoreRequest):
    """robots.txt was not answered, or not with what it says."""


def robots_text(response: Response) -> str:
    """The lines of a robots.txt, in whatever charset it was written; of one sent as HTML, those that a browser shows."""
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    text, _ = decode(response.body, content_type)
    if not text.lstrip().startswith("<"):
        return text
    return html.unescape(_TAG.sub("", _LINE_BREAK.sub("\n", _UNSEEN.sub("", text))))


class Limits:
    """Downloader middleware that ends a crawl outside the hours of CRAWL_WINDOW and after REQUESTS_PER_RUN requests.

    What was fetched is kept and read, the run records why it ended, and the next one goes on from there.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.offline = crawler.settings.getbool("OFFLINE")
        self.window = parse_window(crawler.settings["CRAWL_WINDOW"])
        self.request_limit = crawler.settings.getint("REQUESTS_PER_RUN")
        """0: no limit."""
        self.sent = 0
        self.over: tuple[ProblemKind, str] | None = None
        """Why no more may be sent."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raises ValueError for a CRAWL_WINDOW that cannot be parsed."""
        limits = cls(crawler)
        crawler.signals.connect(limits.request_reached_downloader, signals.request_reached_downloader)
        return limits

    def request_reached_downloader(self) -> None:
        """Count everything that is sent: robots.txt, redirects and retries too."""
        self.sent += 1

    def process_request(self, request: Request) -> None:
        """Raises UnusableResponse and closes the crawl when no more may be sent."""
        if self.offline:
            return
        if self.over is None:
            over = self._limit_reached()
            if over is not None and request.meta.get(ROLE):  # all but the look of pages is had
                raise UnusableResponse(*over, is_reported=True)
            self.over = over
            if self.over is not None:
                self._end(*self.over)
        if self.over is not None:
            raise UnusableResponse(*self.over, is_reported=True)

    def _limit_reached(self) -> tuple[ProblemKind, str] | None:
        if self.window is not None and not is_within(datetime.now().astimezone().time(), self.window):
            window = self.crawler.settings["CRAWL_WINDOW"]
            return ProblemKind.WINDOW_CLOSED, f"crawls may run {window} only (CRAWL_WINDOW)"
        if self.request_limit and self.sent >= self.request_limit:
            return (
                ProblemKind.REQUESTS_SPENT,
                f"the {self.request_limit} requests of the run (REQUESTS_PER_RUN) are used up",
            )
        return None

    def _end(self, kind: ProblemKind, message: str) -> None:
        if runs := self.crawler.get_extension(Runs):
            runs.problem(kind, message)
        else:
            logger.warning("%s: %s", kind, message)
        if self.crawler.engine is not None:
            self.closing = deferred_from_coro(self.crawler.engine.close_spider_async(reason=kind))


def parse_window(text: str) -> tuple[clock, clock] | None:
    """`22:00-06:00` as two times of the local day; None for an empty text. Raises ValueError for anything else."""
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
