"""The item pipelines as Scrapy calls them: shells round the readers and the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.threads import deferToThread

from archive import Reports
from archive.model import Attachment, Entry, Page, Problem
from crawler.extensions.runs import Runs
from crawler.middlewares.capture import Unusable
from crawler.middlewares.safety import refusal
from pipelines.attachments import wanted
from pipelines.documents import DocumentError, recognise
from pipelines.ingest import store
from pipelines.ingest.compose import held_document
from pipelines.ingest.locate import locate
from pipelines.ingest.portals import OnePortal, Portal
from pipelines.ingest.sandbox import LARGEST, READER

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class Attachments:
    """Scrapy's item pipeline at 250. A document that cannot be had is a problem; the report is read without it."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.crawler = crawler
        self.runs = runs
        self.asked: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The archive is the run's."""
        return cls(crawler, Runs.of(crawler))

    async def process_item(self, item: Any) -> Any:
        """Fetch what is not held, one after another, and have it read by the child while the crawl goes on."""
        if isinstance(item, Page):
            await self._read(item.body, item.content_type)  # where the listing links a document itself
            for attachment in wanted(item):
                if attachment.url not in self.asked:
                    self.asked.add(attachment.url)
                    await self._fetch(attachment)
                held = held_document(self.runs.captures, attachment.url)
                if held is not None and held.body is not None:
                    await self._read(held.body, held.content_type, held.sha256)
        return item

    async def _fetch(self, attachment: Attachment) -> None:
        url, spider = attachment.url, self.crawler.spider
        offline = self.crawler.settings.getbool("OFFLINE")
        held = held_document(self.runs.captures, url)
        if held and not offline and not getattr(spider, "refresh", False):
            self.runs.count("attachments/known")
            return
        declares = getattr(spider, "declares", None)
        refused = refusal(url, declares) if declares else None
        if refused:
            self.runs.problem(*refused, url, "fetch")
            return
        request = Request(url, meta={"resume": True, "download_maxsize": LARGEST, "download_warnsize": 0})
        if self.crawler.engine is None:
            return
        try:
            response = await self.crawler.engine.download_async(request)
        except Unusable as error:
            if not error.is_told:
                self.runs.problem(error.kind, str(error), url, "fetch")
            return
        except Exception as error:  # noqa: BLE001 - whatever a download raises shall not cost the report
            self.runs.problem("error", f"{type(error).__name__}: {error}", url, "fetch")
            return
        if response.status != 200:
            self.runs.problem("error", f"status {response.status}", url, "fetch")
            return
        self.runs.count("attachments/fetched")
        self.runs.captures.resolve_problems(url, "fetch")

    async def _read(self, body: bytes, content_type: str | None, sha256: str | None = None) -> None:
        kind = recognise(body, content_type)
        if kind is None:
            return
        try:
            await maybe_deferred_to_future(deferToThread(READER.read, body, kind, sha256=sha256))
        except DocumentError:
            self.runs.count("attachments/unread")  # the reading of the report says why


class Store:
    """Scrapy's item pipeline at 900: hands each page to the store, and relates the reports when the crawl is over."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.crawler = crawler
        self.runs = runs

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The archive is the run's."""
        return cls(crawler, Runs.of(crawler))

    def open_spider(self) -> None:
        """Open reports.db and look up where the portal's documents have been found so far."""
        self.portal: Portal = type(self.crawler.spider)  # type: ignore[assignment]
        self.reports = Reports(Path(self.crawler.settings["ARCHIVE"]))
        self.reports.put_portal(self.portal.facts())
        self.store = store.Store(self.runs.captures, self.reports, OnePortal(self.portal), self._problems)
        self.addresses = self._addresses()
        self.results: dict[str, str | None] = {}

    def _addresses(self) -> dict[str, set[str]]:
        found = locate(self.runs.captures, self.store.portals, self.portal.name)
        return {key: set(urls) for (_, key), urls in found}

    def process_item(self, item: Any) -> Any:
        """Read a page with all the addresses known by now; count what came of it."""
        if isinstance(item, Page):
            key = self.portal.key(item.url)
            urls = self.addresses.setdefault(key, set())
            urls.add(item.url)
            urls.update(entry.url for entry in getattr(self.crawler.spider, "found", {}).get(key, ()))
            self.results[key] = result = self.store.read(self.portal, key, urls)
            self.runs.count(f"reports/{result or 'none'}")
            self.reports.commit()
        return item

    def _catch_up(self) -> None:
        """Read again what this run has only indirectly touched.

        That is documents found at one more address, missed at one, or listed, held and not in reports.db.
        """
        spider = self.crawler.spider
        known = set(self.reports.known(self.portal.name))
        missed: set[str] = getattr(spider, "missed", set())
        found: dict[str, list[Entry]] = getattr(spider, "found", {})
        for key, urls in sorted(self._addresses().items()):
            unread = key in found and f"{self.portal.name}-{key}" not in known and key not in self.results
            if urls != self.addresses.get(key) or key in missed or unread:
                result = self.store.read(self.portal, key, urls)
                if result in {"new", "changed"} and key not in self.results:
                    self.runs.count(f"reports/{result}")

    def _problems(self, url: str, problems: list[Problem]) -> None:
        self.runs.captures.resolve_problems(url, "read", still=[p.kind for p in problems])
        for problem in problems:
            self.runs.problem(problem.kind, problem.message, url, "read")

    def close_spider(self) -> None:
        """Bring in what came late, relate reports of different years, release the database.

        Scrapy only logs what is raised here, so it is made the run's own problem first.
        """
        try:
            self._catch_up()
            self.store.relate()
        except Exception as error:
            self.runs.problem("read_failed", f"after the crawl: {type(error).__name__}: {error}", stage="read")
            raise
        finally:
            self.reports.close()
