"""Scrapy's item pipelines: thin wrappers around the readers and the store.

Not to be confused with the package `pipelines`, which reads pages and knows nothing of Scrapy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy.exceptions import DropItem

from archive import ledger
from archive.database import CannotWriteError, writing
from archive.model import Located, PageReference, Problem, Report
from archive.read_marks import due, state_of
from archive.resume import failed_urls, problem_urls
from archive.vocabulary import Fate, ProblemKind, Stage
from crawler.assets import Assets
from crawler.beside import Beside, document_format
from crawler.extensions.runs import Runs
from crawler.middlewares.safety import refusal
from crawler.missing import MissingParts, missing_parts
from pipelines.attachments import documents_to_fetch
from pipelines.documents import recognise
from pipelines.errors import DocumentError, ReaderError
from pipelines.frames import DEEPEST, as_framed
from pipelines.html.article import framed_urls, next_page_urls
from pipelines.ingest import store
from pipelines.ingest.compose import compose, document_capture, referenced_page
from pipelines.ingest.locate import locate, located_documents
from pipelines.ingest.portals import OnePortal, PortalFacts
from pipelines.ingest.sandbox import READER
from pipelines.metadata import may_be_report_title
from pipelines.next_pages import joined
from pipelines.outcomes import NOT_CLOSED
from pipelines.prepared import PreparedPage, prepare
from pipelines.time_limit import OutOfTimeError, time_limit

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


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
        """Fetch next pages and documents, and have the documents read by the sandbox while the crawl goes on.

        What was parsed to find them is handed on, so that the page is parsed once.
        """
        if not isinstance(item, PageReference):
            return item
        page = referenced_page(self.captures, item)
        if kind := recognise(page.body, page.content_type, name=page.url):  # the listing links a document itself
            await self._read(page.body, kind, page.sha256)
            return item
        try:
            with time_limit():
                prepared = prepare(page)
        except (ReaderError, OutOfTimeError):
            return item  # the reading of the report says why
        self.assets.want(prepared)
        for attachment in documents_to_fetch(await self._whole(prepared)):
            await self.beside.document(attachment.url)
            document = document_capture(self.captures, attachment.url)
            if document is not None and document.body is not None and (kind := document_format(document)):
                await self._read(document.body, kind, document.sha256)
        return replace(item, prepared=prepared)

    async def _whole(self, prepared: PreparedPage) -> PreparedPage:
        """A page with the article that stands in its frame, and with what its next pages add; they are fetched."""
        if framed := framed_urls(prepared.parsed, prepared.article):
            return await self._with_frames(prepared, framed, DEEPEST)
        later = [await self.beside.next_page(url) for url in next_page_urls(prepared.parsed)]
        article = joined(prepared.article, [one.article for one in later if one is not None])
        return replace(prepared, article=article)

    async def _with_frames(self, prepared: PreparedPage, urls: list[str], depth: int) -> PreparedPage:
        frames: dict[str, PreparedPage | None] = {}
        for url in urls:
            inside = await self.beside.frame(url)
            nested = framed_urls(inside.parsed, inside.article) if inside is not None and depth > 1 else []
            if inside is not None and nested:
                inside = await self._with_frames(inside, nested, depth - 1)
            frames[url] = inside
        return as_framed(prepared, frames)

    async def _read(self, body: bytes, kind: str, sha256: str | None) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(
                _waiting(), partial(READER.read, body, kind, sha256=sha256)
            )
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
        with self.runs.writing():
            self._open()

    def _open(self) -> None:
        READER.keep_in(Path(self.crawler.settings["ARCHIVE"]))
        self.reports = self.runs.archive.reports
        self.reports.put_portal(self.portal.facts())
        self.store = store.Store(self.runs.captures, self.reports, OnePortal(self.portal), self._problems)
        index = locate(self.runs.captures, self.store.portals, self.portal.name)
        self.addresses = {key: set(urls) for (_, key), urls in index}
        self.read_keys: set[str] = set()
        self.late: dict[str, list[Problem]] = {}
        self.is_over = False
        self.runs.unread = {place.key for place in self._due()}
        self.runs.missing = self._missing()
        self.runs.wanted = {url for beside in self.runs.missing.values() for url in beside.urls}

    def _missing(self) -> dict[str, MissingParts]:
        def may_ask(url: str) -> bool:
            return refusal(url, self.portal.declares) is None

        return missing_parts(self.runs.captures, self.reports, self.portal.name, may_ask)

    def process_item(self, item: Any) -> Any:
        """Read a page with all the addresses known by now; count the result."""
        if not isinstance(item, PageReference):
            return item
        if self.runs.archive.failed is not None:
            raise DropItem(f"{item.url} is not read: the archive cannot be written", log_level="DEBUG")
        with self.runs.writing(), writing(self.reports.path):
            return self._read(item)
        raise DropItem(f"{item.url} is not kept: the archive cannot be written", log_level="DEBUG")

    def _read(self, item: PageReference) -> Report:
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

    def _due(self) -> Iterator[Located]:
        """Documents that reports.db lacks or holds in an older state than the captures, whichever run brought them.

        Those whose reading process was killed are among them, and those that had no others to be compared with.
        """
        captures, portals = self.runs.captures, self.store.portals
        again = captures.urls_with_problem(ProblemKind.NOT_READ_HERE, portal=self.portal.name)
        again |= captures.urls_noted(self.portal.name, NOT_CLOSED)
        yield from due(captures, self.reports, located_documents(captures, portals, self.portal.name), again=again)

    def _catch_up(self) -> None:
        """Read what this crawl, or one that was killed, has brought and not read. Its problems are told in the end."""
        self.is_over = True
        self.states = state_of(self.runs.captures, self.portal.name)
        for place in self._due():
            reading = compose(self.runs.captures, place)
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

    def close_spider(self) -> None:
        """Bring in what came late, relate reports of different years, release the database.

        Scrapy only logs what is raised here, so it is made the run's own problem first.
        """
        with self.runs.writing():
            if self.runs.archive.failed is None:
                self._settle()

    def _settle(self) -> None:
        try:
            with writing(self.reports.path):
                self._catch_up()
                self.store.relate()
                self.store.note_read(self.states, {self.portal.name: self._balance()})
        except CannotWriteError:
            raise
        except Exception as error:
            message = f"after the crawl: {type(error).__name__}: {error}"
            self.runs.problem(ProblemKind.READ_FAILED, message, stage=Stage.READ)
            raise
        finally:
            self.reports.commit()
