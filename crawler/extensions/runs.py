"""Records one row in `runs` per crawl and one in `problems` per error, by which scheduled crawls are checked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.defer import deferred_from_coro
from w3lib.url import safe_url_string

from archive import ArchiveError
from archive.asking import FOR_GOOD, Asking
from archive.database import CannotWriteError, utc_now, writing
from archive.free_space import check_free_space
from archive.health import settle
from archive.ledger import LIMITS, unsettled_urls
from archive.model import Entry, Problem
from archive.portal_lock import PortalLock
from archive.resume import failed_urls, fetched_since_whole_crawl, unreported_keys
from archive.vocabulary import ProblemKind, RunKind, Stage
from crawler.missing import MissingParts
from crawler.shared_archive import SharedArchive, leave_out_of_searches

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from archive import Capture
    from archive.model import Located, PageReference

logger = logging.getLogger(__name__)

COUNTED = ("captures/", "assets/", "attachments/", "entries/", "fates/", "reports/", "problems/", "listing/")
"""Prefixes of the counters that a run row keeps; the rest of Scrapy's stats is for the log."""

ARCHIVE_FAILED = "archive_failed"
"""Why a crawl ended that could write no more."""
OUTAGE = "outage"
"""The key of a crawl's stats that says whether several addresses failed when they were last asked for."""
OUTAGE_FROM = 2
"""Addresses that fail in one crawl from which on it is the portal that fails, not a page of it."""
_LIMITING = (ProblemKind.WINDOW_CLOSED, ProblemKind.REQUESTS_SPENT)
"""Problems that end a crawl as the user's settings ask."""


def described(failure: Failure) -> str:
    """An exception in a few words."""
    return f"{type(failure.value).__name__}: {failure.getErrorMessage()}"


def is_archived(crawler: Crawler) -> bool:
    """Whether a crawl is kept: its spider says so (portals and the probe do), and no command has set ARCHIVING off."""
    return crawler.settings.getbool("ARCHIVING") and getattr(crawler.spidercls, "is_archived", False)


class Runs:
    """Scrapy extension that opens the archive for the other parts of a crawl and keeps the run's account.

    Spiders and middlewares write nothing themselves: what they have to record they record here. `unwell` holds the
    kinds of problem that make the crawl one to look at.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        folder = Path(crawler.settings["ARCHIVE"])
        self.least_free = crawler.settings.getint("MIN_FREE")
        self.archive = SharedArchive.at(folder)
        try:
            self.archive.captures.keep_bodies_at(crawler.settings.get("BODIES") or "")
            name = getattr(crawler.spidercls, "name", None)
            self.lock = PortalLock.take(folder, name) if name else None  # a probe crawls no portal
        except ArchiveError:
            self.archive.release()
            raise
        self.captures = self.archive.captures
        self.portal: str | None = None
        self.run_id: int | None = None
        self.unwell: set[str] = set()
        self.finished = False
        self.left_alone: dict[str, tuple[ProblemKind, str]] = {}
        self.fetched_before: set[str] = set()
        self.unsettled: set[str] = set()
        """Addresses of entries that answered earlier crawls and gave no report."""
        self.failed_before: set[str] = set()
        """Addresses that gave nothing usable when they were last asked for."""
        self.unreported: set[str] = set()
        """Keys of documents that were read and gave none."""
        self.unread: set[str] = set()
        """Keys of documents that are captured and were not read as they are captured."""
        self.missing: dict[str, MissingParts] = {}
        """Pages of reports beside which something is not had."""
        self.wanted: set[str] = set()
        """Addresses of all that."""
        self.tried: set[str] = set()
        """Addresses beside pages that this crawl has asked for."""
        self.found: dict[str, list[str]] = {}
        """Pages of this crawl beside which only their reading has found something to be missing, with its addresses."""
        self.located: Callable[[PageReference], Located]
        """The document of a page, with its addresses; set by what reads."""
        self.is_given_up = False
        self.asking: Asking
        self.is_after_outage = False
        """Whether several addresses failed when they were last asked for."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raises ArchiveError when the archive cannot be used, NotConfigured for a crawl that is not archived."""
        if not is_archived(crawler):
            raise NotConfigured
        runs = cls(crawler)
        connect = crawler.signals.connect
        connect(runs.spider_opened, signals.spider_opened)
        connect(runs.spider_closed, signals.spider_closed)
        connect(runs.spider_error, signals.spider_error)
        connect(runs.item_error, signals.item_error)
        return runs

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """The account of a crawl. Raises NotConfigured where there is none: what needs it is then left out too."""
        runs = crawler.get_extension(cls)
        if runs is None:
            raise NotConfigured
        return runs

    def count(self, name: str, by: int = 1) -> None:
        """Add to one of the run's counters."""
        if self.crawler.stats:
            self.crawler.stats.inc_value(name, by)

    def counts(self) -> dict[str, Any]:
        """The run's counters so far."""
        stats = self.crawler.stats.get_stats() if self.crawler.stats else {}
        return {name: value for name, value in stats.items() if name.startswith(COUNTED)}

    def problem(self, kind: str, message: str, url: str | None = None, stage: str = Stage.FETCH) -> None:
        """Record a problem; the run goes on. Raises ValueError for a kind or stage that the vocabulary does not have."""
        if self.archive.failed is not None:
            return  # what comes of that is none of the portal's
        if self.run_id is None:
            raise RuntimeError("no run is open")
        problem = Problem(kind=ProblemKind(kind), message=message, url=url, stage=Stage(stage))
        with self.writing():
            self.captures.add_problem(self.run_id, self.portal, problem)
            self.count(f"problems/{kind}")
            if not problem.kind.concerns_document and not self.captures.is_acknowledged(self.portal, url):
                self.unwell.add(str(kind))
        level = logging.INFO if problem.kind.concerns_document else logging.WARNING
        logger.log(level, "%s: %s %s", kind, message, url or "")

    def resolve(self, url: str, stage: Stage, *, still: Iterable[ProblemKind] = ()) -> None:
        """Resolve the open problems of an address at this stage, except for the kinds that are `still` there."""
        with self.writing():
            self.captures.resolve_problems(url, stage, still=still)

    def list_entries(self, entries: list[Entry]) -> None:
        """Record what one page of a listing shows."""
        with self.writing():
            self.captures.add_entries(entries)

    def keep(self, capture: Capture) -> None:
        """Write a capture, while the disk has room. Raises ArchiveError where it cannot be written."""
        check_free_space(self.archive.folder, self.least_free)
        with writing(self.captures.path):
            self.captures.add(capture)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What writes to the archive in here: where that fails, it ends the crawl and nothing is raised."""
        try:
            with writing(self.captures.path):
                yield
        except CannotWriteError as error:
            self.give_up(error)

    def give_up(self, error: ArchiveError) -> None:
        """End the crawl, and all that write to this archive, at once: nothing more is asked for that cannot be kept."""
        self.archive.failed = self.archive.failed or error
        self.unwell.add(ARCHIVE_FAILED)
        if self.is_given_up or self.crawler.engine is None:
            return
        self.is_given_up = True
        from twisted.internet import reactor

        def close() -> None:
            if self.crawler.engine is not None and self.crawler.engine.running and not self.finished:
                self.closing = deferred_from_coro(self.crawler.engine.close_spider_async(reason=ARCHIVE_FAILED))
                self.closing.addErrback(lambda _: None)  # it is closing already

        reactor.callLater(0, close)  # type: ignore[arg-type] # it takes any callable

    def resolve_clock(self, portal: str) -> None:
        """The clock and the archive agree."""
        with self.writing():
            self.captures.resolve_kind(portal, ProblemKind.CLOCK)

    @property
    def limits(self) -> list[str]:
        """What keeps this crawl from asking for every entry: an argument, a setting, or that it is a trial."""
        limits = [str(kind) for kind in _LIMITING if kind in self.unwell]
        if getattr(self.crawler.spider, "years", None):
            limits.append("years")
        if self.crawler.settings.getbool("OFFLINE"):
            limits.append("offline")
        return [*limits, *getattr(self.crawler.spider, "limits", ())]

    def leave_alone(self, host: str, kind: ProblemKind, why: str) -> None:
        """Send a host no more requests in this run. One problem says so, however many requests it concerns."""
        if host not in self.left_alone:
            self.left_alone[host] = kind, f"{host} is left alone for the rest of this run: {why}"
            self.problem(*self.left_alone[host], url=f"http://{host}/", stage=Stage.LISTING)

    def spider_opened(self, spider: Spider) -> None:
        """Begin the run; keep what the portal's file declares today."""
        self.portal = spider.name
        self.asking = Asking(self.captures, spider.name)
        self.fetched_before = fetched_since_whole_crawl(self.captures, spider.name)
        ahead = self.captures.ahead_of_clock(spider.name)
        with self.writing():
            self.run_id = self.captures.start_run(RunKind.CRAWL, spider.name)
            self._read_what_is_missing(spider.name)
            facts = getattr(spider, "facts", None)
            if facts is not None:
                self.captures.add_portal(facts())
        if ahead:
            message = f"an earlier run began on {ahead[:10]}, and this machine's clock says {utc_now()[:10]}"
            self.problem(ProblemKind.CLOCK, message, stage=Stage.LISTING)
        elif self.run_id is not None:
            self.resolve_clock(spider.name)
        leave_out_of_searches()

    def _read_what_is_missing(self, portal: str) -> None:
        """What earlier crawls asked for and did not get, and what of it this one leaves out."""
        with self.archive.reports_to_read() as reports:
            self.unsettled = unsettled_urls(reports, portal)
            self.unreported = unreported_keys(reports, portal)
        self.failed_before = failed_urls(self.captures, portal)
        self.fetched_before -= self.unsettled | self.failed_before
        self.is_after_outage = bool(self.captures.last_stats(RunKind.CRAWL, portal, self.run_id or 0).get(OUTAGE))

    def settle_asking(self, not_had: set[str], explained: set[str], had: set[str]) -> None:
        """Count what this crawl asked for in vain, and forget what it got.

        `not_had` are entries that gave no report, and parts of reports; of the `explained` ones the portal says that they
        are not there, so that they show no outage, and neither do those that fail for good. `had` are entries that
        gave a report.
        """
        if self.crawler.settings.getbool("OFFLINE"):
            return
        asked = self.captures.urls_of_run(self.run_id or 0) | self.tried
        failed = {url for url in not_had if safe_url_string(url) in asked}
        self.asking.fail(failed)
        self.asking.clear((had | asked) - not_had)
        stats = self.counts()
        failed = {url for url in failed - explained if self.asking.failed([url]) < FOR_GOOD}
        has_read = any(stats.get(f"reports/{result}") for result in ("new", "changed", "unchanged"))
        if has_read and len(failed) < OUTAGE_FROM:
            if self.is_after_outage:
                self.asking.end_pauses()
            self.is_after_outage = False
        elif len(failed) >= OUTAGE_FROM:
            self.is_after_outage = True

    def spider_closed(self, spider: Spider, reason: str) -> None:
        """End the run with the problems of the walk and the run's counters."""
        try:
            with self.writing():
                self._close_account(spider, reason)
        finally:
            self.archive.release()
            if self.lock is not None:
                self.lock.release()
            self.finished = True

    def _close_account(self, spider: Spider, reason: str) -> None:
        """What the run's row says in the end."""
        for problem in spider.audit(is_whole=reason == "finished") if hasattr(spider, "audit") else ():
            self.problem(problem.kind, problem.message, problem.url, problem.stage)
        if reason != "finished" and reason not in self.unwell:
            message = f"the crawl ended with {reason!r} before it was complete"
            self.problem(ProblemKind.ENDED_EARLY, message, stage=Stage.LISTING)
        if self.run_id is not None:
            if reason == "finished":
                settle(self.captures, self.portal, self.run_id)
            stats = self.counts() | {
                "unwell": sorted(self.unwell),
                LIMITS: self.limits,
                OUTAGE: self.is_after_outage,
            }
            self.captures.finish_run(self.run_id, reason, stats)

    def spider_error(self, failure: Failure, response: Response, spider: Spider) -> None:
        """A callback raised: the page is captured; the portal's file or its platform's class has a fault."""
        if isinstance(failure.value, CannotWriteError):
            self.give_up(failure.value)
            return
        self.problem(ProblemKind.SPIDER_ERROR, described(failure), response.url, Stage.LISTING)

    def item_error(self, item: Any, response: Response | None, spider: Spider, failure: Failure) -> None:
        """A pipeline raised: the page is captured and can be read again."""
        if isinstance(failure.value, CannotWriteError):
            self.give_up(failure.value)
            return
        self.problem(ProblemKind.READ_FAILED, described(failure), getattr(item, "url", None), Stage.READ)
