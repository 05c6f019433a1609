"""Scrapy's item pipelines: thin wrappers around the readers and the store.

Not to be confused with the package `pipelines`, which reads pages and knows nothing of Scrapy.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import DropItem
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.threads import deferToThread

from archive import Capture, Reports, ledger
from archive.model import Attachment, Entry, PageReference, Problem
from archive.resume import failed_urls, problem_urls
from archive.vocabulary import ProblemKind, Stage
from crawler.extensions.runs import Runs
from crawler.middlewares.capture import UnusableResponse
from crawler.middlewares.safety import refusal
from pipelines.attachments import documents_to_fetch
from pipelines.documents import is_web_page, recognise
from pipelines.errors import DocumentError, ReaderError
from pipelines.html.links import file_name
from pipelines.ingest import store
from pipelines.ingest.compose import document_capture, referenced_page
from pipelines.ingest.locate import locate
from pipelines.ingest.portals import OnePortal, PortalFacts
from pipelines.ingest.sandbox import LARGEST, READER
from pipelines.metadata import may_be_report_title
from pipelines.prepared import PreparedPage, prepare

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


_ASKED_AGAIN = frozenset({ProblemKind.BLOCKED, ProblemKind.ERROR, ProblemKind.HOST_REFUSES, ProblemKind.HOST_BUSY})
"""Kinds of failure after which a document is still to be fetched."""


def _is_web_page(url: str, body: bytes) -> bool:
    """Whether a web page came where a document was linked."""
    return not urlsplit(url).path.lower().endswith((".htm", ".html", ".shtml")) and is_web_page(body)


def _format(document: Capture, body: bytes) -> str | None:
    """The format of a captured document, by its content and what the server calls it."""
    return recognise(body, document.content_type, name=file_name(document.response_headers) or document.url)


class Attachments:
    """Scrapy's item pipeline at 250. A document that cannot be fetched is a problem; the report is read without it."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.crawler = crawler
        self.runs = runs
        self.asked: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The archive is the run's."""
        return cls(crawler, Runs.of(crawler))

    async def process_item(self, item: Any) -> Any:
        """Fetch the documents that a page names, and have them read by the sandbox while the crawl goes on.

        What was parsed to find them is handed on, so that the page is parsed once.
        """
        if not isinstance(item, PageReference):
            return item
        page = referenced_page(self.runs.captures, item)
        if kind := recognise(page.body, page.content_type, name=page.url):  # the listing links a document itself
            await self._read(page.body, kind, page.sha256)
            return item
        try:
            prepared = prepare(page)
        except ReaderError:
            return item  # the reading of the report says why
        for attachment in documents_to_fetch(prepared):
            await self._fetch_once(attachment)
            document = document_capture(self.runs.captures, attachment.url)
            if document is not None and document.body is not None and (kind := _format(document, document.body)):
                await self._read(document.body, kind, document.sha256)
        self._note_missing(page.url, [attachment.url for attachment in documents_to_fetch(prepared)])
        return replace(item, prepared=prepared)

    def _note_missing(self, page_url: str, urls: list[str]) -> None:
        """Documents that this page names and that failed here or earlier are a problem of the page until they are captured."""
        if self.crawler.settings.getbool("OFFLINE"):
            return
        failed = [url for url in urls if url in self.runs.failed or url in self.runs.asking.left_out]
        failed = [url for url in failed if not self._is_had(url)]
        if not failed:
            self.runs.resolve(page_url, Stage.FETCH)
            return
        kind = ProblemKind.PARTS_MISSING
        self.runs.problem(kind, f"{len(failed)} of {len(urls)} not fetched: {', '.join(failed)}", page_url, Stage.FETCH)

    def _is_had(self, url: str) -> bool:
        """Whether a document is captured, and what is captured is no web page in its place."""
        document = document_capture(self.runs.captures, url)
        if document is None or document.body is None:
            return False
        return _format(document, document.body) is not None or not _is_web_page(url, document.body)

    async def _fetch_once(self, attachment: Attachment) -> None:
        if attachment.url not in self.asked:
            self.asked.add(attachment.url)
            await self._fetch(attachment)

    async def _fetch(self, attachment: Attachment) -> None:
        url, spider = attachment.url, self.crawler.spider
        offline = self.crawler.settings.getbool("OFFLINE")
        is_captured = self._is_had(url)
        if not is_captured and not offline and url in self.runs.asking.left_out:
            self.runs.count("attachments/paused")
            return
        is_wanted = getattr(spider, "refresh", False) or url in self.runs.failed_before
        if is_captured and not offline and not is_wanted:
            self.runs.count("attachments/known")
            return
        declares = getattr(spider, "declares", None)
        refused = refusal(url, declares) if declares else None
        if refused:
            self.runs.problem(*refused, url, Stage.FETCH)
            return
        request = Request(url, meta={"resume": True, "download_maxsize": LARGEST, "download_warnsize": 0})
        if self.crawler.engine is None:
            return
        try:
            response = await self.crawler.engine.download_async(request)
        except UnusableResponse as error:
            if not error.is_reported:
                self.runs.problem(error.kind, str(error), url, Stage.FETCH)
            if error.kind in _ASKED_AGAIN:
                self.runs.failed.add(url)
            elif error.kind == ProblemKind.MISSING:
                self.runs.gone.add(url)
            return
        except Exception as error:  # noqa: BLE001 - no failure of a download may cost the report
            self.runs.failed.add(url)
            self.runs.problem(ProblemKind.ERROR, f"{type(error).__name__}: {error}", url, Stage.FETCH)
            return
        if response.status != 200:
            self.runs.failed.add(url)
            self.runs.problem(ProblemKind.ERROR, f"status {response.status}", url, Stage.FETCH)
            return
        if not offline and not self._is_had(url):
            self.runs.failed.add(url)
            return
        self.runs.obtained.add(url)
        self.runs.count("attachments/fetched")
        self.runs.resolve(url, Stage.FETCH)

    async def _read(self, body: bytes, kind: str, sha256: str | None) -> None:
        try:
            await maybe_deferred_to_future(deferToThread(READER.read, body, kind, sha256=sha256))
        except DocumentError:
            self.runs.count("attachments/unread")  # the reading of the report says why


class Store:
    """Scrapy's item pipeline at 900: has each page read, and relates the reports when the crawl is over.

    The item that leaves is the Report as reports.db has it; a page that gives none is dropped.
    """

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.crawler = crawler
        self.runs = runs

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The archive is the run's."""
        return cls(crawler, Runs.of(crawler))

    def open_spider(self) -> None:
        """Open reports.db and look up at which addresses the portal's documents are known."""
        self.portal: PortalFacts = type(self.crawler.spider)  # type: ignore[assignment]
        self.reports = Reports(Path(self.crawler.settings["ARCHIVE"]))
        self.reports.put_portal(self.portal.facts())
        self.store = store.Store(self.runs.captures, self.reports, OnePortal(self.portal), self._problems)
        self.addresses = self._addresses()
        self.read_keys: set[str] = set()
        self.prevented: set[str] = set()
        self.half_read: set[str] = set()

    def _addresses(self) -> dict[str, set[str]]:
        index = locate(self.runs.captures, self.store.portals, self.portal.name)
        return {key: set(urls) for (_, key), urls in index}

    def process_item(self, item: Any) -> Any:
        """Read a page with all the addresses known by now; count the result."""
        if not isinstance(item, PageReference):
            return item
        urls = self.addresses.setdefault(item.key, set())
        urls.add(item.url)
        urls.update(entry.url for entry in getattr(self.crawler.spider, "shown", {}).get(item.key, ()))
        prepared = item.prepared if isinstance(item.prepared, PreparedPage) else None
        stored = self.store.read(self.portal, item.key, urls, prepared)
        self.read_keys.add(item.key)
        self.runs.count(f"reports/{stored.result}")
        self.reports.commit()
        if stored.report is None:
            raise DropItem(f"{item.url} gives no report", log_level="DEBUG")
        return stored.report

    def _catch_up(self) -> None:
        """Read what this run has touched only indirectly.

        Those are documents with one more address, with one that is gone, documents that are listed and captured and not
        in reports.db, and those whose reading process was killed.
        """
        spider = self.crawler.spider
        known = set(self.reports.known(self.portal.name))
        self.prevented = self.runs.captures.urls_with_problem(ProblemKind.NOT_READ_HERE)
        self.half_read = self.reports.attaching(self.prevented)
        missed: set[str] = getattr(spider, "missed", set())
        shown: dict[str, list[Entry]] = getattr(spider, "shown", {})
        for key, urls in sorted(self._addresses().items()):
            unread = key in shown and f"{self.portal.name}-{key}" not in known and key not in self.read_keys
            if urls != self.addresses.get(key) or key in missed or unread or self._was_prevented(key, urls):
                result = self.store.read(self.portal, key, urls).result
                self.reports.commit()
                if result in {"new", "changed"} and key not in self.read_keys:
                    self.runs.count(f"reports/{result}")

    def _was_prevented(self, key: str, urls: set[str]) -> bool:
        """Whether the last reading of a document, or of what is beside it, failed for a reason of this machine."""
        return not self.prevented.isdisjoint(urls) or f"{self.portal.name}-{key}" in self.half_read

    def _problems(self, _portal: str, url: str, problems: list[Problem]) -> None:
        self.runs.resolve(url, Stage.READ, still=[problem.kind for problem in problems])
        for problem in problems:
            self.runs.problem(problem.kind, problem.message, url, Stage.READ)

    def _forget_notices(self) -> None:
        """Once all entries give what they should, forget the notices to which they were redirected for a time, and the
        documents that only pages in their place named.
        """
        captures, name = self.runs.captures, self.portal.name
        listed = {entry.url for entry in captures.entries(portal=name)}
        for kind in (ProblemKind.BLOCKED, ProblemKind.NOT_A_REPORT):
            for url in problem_urls(captures, name, kind) - listed:
                self.runs.resolve(url, Stage.READ)
        is_next_page = self.portal.next_page_address
        for url in captures.open_urls(name, Stage.FETCH) - listed:
            if not (is_next_page and is_next_page.search(url)) and not self.reports.attaching([url]):
                self.runs.resolve(url, Stage.FETCH)

    def _balance(self) -> None:
        """Hold what was listed against what came of it; what is not explained is a problem of this run."""
        runs, name = self.runs, self.portal.name
        account = ledger.balance(runs.captures, self.reports, self.portal, may_be_report_title, runs.limits)
        problems = [*account.lost(), *account.alarms()]
        if not runs.unwell and not runs.limits:
            problems += account.left_waiting()
        for url in runs.captures.open_urls(name, Stage.STORE):
            runs.resolve(url, Stage.STORE, still=[problem.kind for problem in problems if problem.url == url])
        for problem in problems:
            runs.problem(problem.kind, problem.message, problem.url, problem.stage)
        for url, kind in account.told_elsewhere().items():
            if not runs.captures.is_acknowledged(name, url):
                runs.unwell.add(kind)
        if not account.unsettled:
            self._forget_notices()
        if runs.captures.has_open(name, ProblemKind.PARTS_MISSING):
            runs.unwell.add(ProblemKind.PARTS_MISSING)
        failed = failed_urls(runs.captures, name) & account.had
        for url in problem_urls(runs.captures, name, ProblemKind.NOT_CAPTURED) & account.had - failed:
            runs.resolve(url, Stage.FETCH)
        runs.settle_asking({entry.url for entry, _ in account.unsettled} | failed, account.had - failed)
        for fate, number in account.fates.items():
            runs.count(f"fates/{fate}", number)

    def close_spider(self) -> None:
        """Bring in what came late, relate reports of different years, release the database.

        Scrapy only logs what is raised here, so it is made the run's own problem first.
        """
        try:
            self._catch_up()
            self.store.relate()
            self._balance()
        except Exception as error:
            message = f"after the crawl: {type(error).__name__}: {error}"
            self.runs.problem(ProblemKind.READ_FAILED, message, stage=Stage.READ)
            raise
        finally:
            self.reports.close()
