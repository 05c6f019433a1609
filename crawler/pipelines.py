"""Scrapy's item pipelines: thin wrappers around the readers and the store.

Not to be confused with the package `pipelines`, which reads pages and knows nothing of Scrapy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from hashlib import sha256 as sha256_of
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, cast, runtime_checkable

from scrapy import Request, signals
from scrapy.exceptions import DontCloseSpider, DropItem

from archive import ledger
from archive.database import CannotWriteError, writing
from archive.document_index import DocumentIndex
from archive.model import Entry, Located, PageReference, Problem, Report
from archive.read_marks import due, state_of
from archive.records import Reading
from archive.resume import failed_urls, problem_urls
from archive.vocabulary import Fate, ProblemKind, Stage
from crawler.assets import Assets, Kept
from crawler.beside import Beside, document_format
from crawler.extensions.runs import Runs
from crawler.middlewares.safety import refusal
from crawler.missing import MissingParts, missing_parts
from crawler.waiting import told_as_captured
from pipelines.errors import DocumentError
from pipelines.ingest import store
from pipelines.ingest.compose import document_capture, referenced_page
from pipelines.ingest.locate import locate, located, located_all
from pipelines.ingest.portals import OnePortal, PortalFacts
from pipelines.ingest.sandbox import READER
from pipelines.ingest.sandbox.kept import is_kept
from pipelines.metadata import may_be_report_title
from pipelines.metadata.listed_bodies import body_named
from pipelines.outcomes import NOT_CLOSED

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from pipelines.documents import Content
    from pipelines.ingest.page_tasks import Parts

_WAITING = 64
"""Documents that wait for a child of the sandbox; further ones wait for one of these."""


@cache
def _waiting() -> ThreadPoolExecutor:
    """The threads in which a process waits for documents to be read: the reactor's own look up names, for all its crawls."""
    return ThreadPoolExecutor(_WAITING, thread_name_prefix="document")


class Attachments:
    """Scrapy's item pipeline at 250: fetches what a page names beside it, and has the documents read."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.captures = runs.captures
        self.runs = runs
        self.beside = Beside(crawler, runs)
        self.assets = Assets(crawler, runs)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The archive is the run's. Raises ValueError for an ASSETS that is none of its words."""
        return cls(crawler, Runs.of(crawler))

    async def process_item(self, item: Any) -> Any:
        """Fetch next pages and documents, and have the documents read by the sandbox while the crawl goes on."""
        if not isinstance(item, PageReference):
            return item
        place = self.runs.located(item)
        found = self.runs.found.get(item.url, ())
        with told_as_captured(self.runs, item):
            parts = await self._parts(item, None if found else place)
        if parts.stuck:
            return replace(item, reading=self.runs.archive.readers.not_read(place, parts.stuck))
        self.assets.want(parts)
        if parts.reading is not None:
            return replace(item, reading=parts.reading)
        unkept: dict[str, object] = {}
        if parts.file_format:  # the listing links a document itself
            page = referenced_page(self.captures, item)
            await self._read(page.body, parts.file_format, page.sha256, unkept)
        for url in dict.fromkeys((*parts.documents, *found)):
            await self.beside.document(url)
            document = document_capture(self.captures, url)
            if document is not None and document.body is not None and (kind := document_format(document)):
                await self._read(document.body, kind, document.sha256, unkept)
        return replace(item, documents=unkept) if unkept else item

    async def _parts(self, item: PageReference, place: Located | None) -> Parts:
        """What belongs to a page; its next pages, and those in its frames, are fetched, for they may name more."""
        while True:
            parts = await self.runs.archive.readers.parts(item, place, with_pictures=self.assets.kept is Kept.PAGE)
            fetched = [await self.beside.page(page) for page in parts.pages]
            if not any(fetched):
                return parts

    async def _read(self, body: bytes, kind: str, sha256: str | None, unkept: dict[str, object]) -> None:
        """Have a document read; what the archive does not keep of that is added to `unkept`."""
        sha256 = sha256 or sha256_of(body).hexdigest()
        try:
            content = await asyncio.get_running_loop().run_in_executor(
                _waiting(), partial(READER.read, body, kind, sha256=sha256)
            )
        except DocumentError as error:
            self.runs.count("attachments/unread")  # the reading of the report says why
            if error.kind is not ProblemKind.NOT_READ_HERE:
                unkept[sha256] = error.with_traceback(None)
        else:
            if not is_kept(content):
                unkept[sha256] = content


@runtime_checkable
class AsksForDocuments(Protocol):
    """A spider of a portal."""

    def document_request(self, entry: Entry, key: str, *, archived: bool = False) -> Request:
        """The request for a document; `archived`: the archive answers it."""


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
        with self.runs.writing():
            self._open()

    def _open(self) -> None:
        READER.keep_in(Path(self.crawler.settings["ARCHIVE"]))
        self.reports, self.readers = self.runs.archive.reports, self.runs.archive.readers
        self.reports.put_portal(self.portal.facts())
        self.store = store.Store(self.runs.captures, self.reports, OnePortal(self.portal), self._problems)
        index = locate(self.runs.captures, self.store.portals, self.portal.name)
        self.addresses = {key: set(urls) for (_, key), urls in index}
        self.read_keys: set[str] = set()
        self.late: dict[str, list[Problem]] = {}
        self.is_over = False
        self.runs.located = self.located
        self.runs.unread = {place.key for place in self._due(index)}
        self.runs.missing = self._missing()
        self.runs.wanted = {url for beside in self.runs.missing.values() for url in beside.urls}
        self.crawler.signals.connect(self.ask_for_found, signals.spider_idle)

    def ask_for_found(self) -> None:
        """Once there is nothing else to do, ask for what reading has found to be missing beside pages of this crawl."""
        engine, spider = self.crawler.engine, self.crawler.spider
        if engine is None or not isinstance(spider, AsksForDocuments) or not self.read_keys or self.runs.limits:
            return
        asked = self.runs.tried | self.runs.asking.left_out
        requests = []
        for page, missing in self._missing().items():
            key = self.portal.key(page)
            urls = [url for url in missing.urls if url not in asked]
            if urls and key in self.read_keys and page not in self.runs.found:
                self.runs.found[page] = urls
                requests.append(spider.document_request(Entry(url=page), key, archived=True).replace(dont_filter=True))
        for request in requests:
            engine.crawl(request)
        if requests:
            raise DontCloseSpider

    def _missing(self) -> dict[str, MissingParts]:
        def may_ask(url: str) -> bool:
            return refusal(url, self.portal.declares) is None

        return missing_parts(self.runs.captures, self.reports, self.portal.name, may_ask)

    async def process_item(self, item: Any) -> Any:
        """Have a page read, unless it was on the way; count the result."""
        if not isinstance(item, PageReference):
            return item
        if self.runs.archive.failed is not None:
            raise DropItem(f"{item.url} is not read: the archive cannot be written", log_level="DEBUG")
        reading = item.reading if isinstance(item.reading, Reading) else await self._read(item)
        with self.runs.writing(), writing(self.reports.path):
            report = await self.runs.archive.writes.add(partial(self._kept, item, reading))
            if report is None:
                raise DropItem(f"{item.url} gives no report", log_level="DEBUG")
            return report
        raise DropItem(f"{item.url} is not kept: the archive cannot be written", log_level="DEBUG")

    def located(self, item: PageReference) -> Located:
        """The document of a page with all its addresses known by now."""
        urls = self.addresses.setdefault(item.key, set())
        urls.add(item.url)
        urls.update(entry.url for entry in getattr(self.crawler.spider, "shown", {}).get(item.key, ()))
        return located(self.portal, item.key, urls)

    async def _read(self, item: PageReference) -> Reading:
        documents = cast("Mapping[str, Content | DocumentError]", item.documents)
        with told_as_captured(self.runs, item):
            return await self.readers.read(self.located(item), item.capture_id, documents)

    def _kept(self, item: PageReference, reading: Reading) -> Report | None:
        """Write what was read of a page; None where that is no report. The caller commits."""
        result = self.store.write(reading)
        self.read_keys.add(item.key)
        self.runs.count(f"reports/{result}")
        return reading.report if result in {"new", "changed", "unchanged"} else None

    def _due(self, index: DocumentIndex) -> Iterator[Located]:
        """Documents that reports.db lacks or holds in an older state than the captures, whichever run brought them.

        Those whose reading process was killed are among them, and those that had no others to be compared with.
        """
        captures = self.runs.captures
        again = captures.urls_with_problem(ProblemKind.NOT_READ_HERE, portal=self.portal.name)
        again |= captures.urls_noted(self.portal.name, NOT_CLOSED)
        yield from due(captures, self.reports, located_all(index, self.store.portals), again=again)

    async def _catch_up(self) -> None:
        """Read what this crawl, or one that was killed, has brought and not read. Its problems are told in the end."""
        self.is_over = True
        self.states = state_of(self.runs.captures, self.portal.name)
        index = locate(self.runs.captures, self.store.portals, self.portal.name)
        async for reading in self.readers.read_all(self._due(index)):
            place = reading.located
            result = self.store.write(reading)
            if result == "none" and reading.fate is Fate.ERROR:  # read before there were others to compare it with
                self.reports.remove(place.id)
            self.reports.commit()
            if result in {"new", "changed"} and place.key not in self.read_keys:
                self.runs.count(f"reports/{result}")

    def _problems(self, _portal: str, url: str, problems: list[Problem]) -> None:
        self.runs.resolve(url, Stage.READ, still=[problem.kind for problem in problems])
        if self.is_over:
            self.late[url] = problems
        else:
            self._tell(url, problems)

    def _tell(self, url: str, problems: list[Problem]) -> None:
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
                self.late.pop(url, None)
        is_next_page = self.portal.next_page_address
        for url in captures.open_urls(name, Stage.FETCH) - listed:
            if not (is_next_page and is_next_page.search(url)) and not self.reports.attaching([url]):
                self.runs.resolve(url, Stage.FETCH)

    def _balance(self) -> int:
        """Hold what was listed against what came of it; what is not explained is a problem of this run.

        Returns how many listed reports gave none without an explanation.
        """
        runs, name = self.runs, self.portal.name
        account = ledger.balance(runs.captures, self.reports, self.portal, may_be_report_title, body_named, runs.limits)
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
        failed = failed_urls(runs.captures, name) & account.had
        for url in problem_urls(runs.captures, name, ProblemKind.NOT_CAPTURED) - failed:
            if url in account.had or document_capture(runs.captures, url) is not None:
                runs.resolve(url, Stage.FETCH, still=(ProblemKind.PARTS_MISSING,))
        missing = self._missing()
        self._note_missing(missing)
        parts = {url for beside in missing.values() for url in beside.urls}
        explained = parts - {url for beside in missing.values() for url in beside.unexplained}
        not_had = {entry.url for entry, _ in account.unsettled} | failed | parts
        runs.settle_asking(not_had, explained, account.had - failed)
        for url, said in self.late.items():
            self._tell(url, said)
        for fate, number in account.fates.items():
            runs.count(f"fates/{fate}", number)
        return account.unexplained

    def _note_missing(self, missing: dict[str, MissingParts]) -> None:
        """What is missing beside a page is a problem of the page until it is had, unless the portal explains it."""
        kind = ProblemKind.PARTS_MISSING
        captures, others = self.runs.captures, set(ProblemKind) - {kind}
        unexplained = {page: beside.unexplained for page, beside in missing.items() if beside.unexplained}
        for page in problem_urls(captures, self.portal.name, kind) - unexplained.keys():
            self.runs.resolve(page, Stage.FETCH, still=others)
        for page, urls in unexplained.items():
            self.runs.problem(kind, f"not fetched: {', '.join(urls)}", page, Stage.FETCH)

    async def close_spider(self) -> None:
        """Bring in what came late, relate reports of different years, release the database.

        Scrapy only logs what is raised here, so it is made the run's own problem first.
        """
        with self.runs.writing():
            if self.runs.archive.failed is None:
                await self._settle()

    async def _settle(self) -> None:
        try:
            with writing(self.reports.path):
                await self._catch_up()
                is_last = self.runs.archive.users == 1  # of this process: what killed crawls have left is seen to once
                self.store.relate(crawled=self.portal.name, with_others=is_last)
                self.store.note_read(self.states, {self.portal.name: self._balance()})
        except CannotWriteError:
            raise
        except Exception as error:
            message = f"after the crawl: {type(error).__name__}: {error}"
            self.runs.problem(ProblemKind.READ_FAILED, message, stage=Stage.READ)
            raise
        finally:
            self.reports.commit()
