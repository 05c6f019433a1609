"""The documents of a report, fetched through the capture and read in a child process before the report is composed."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.threads import deferToThread

from crawler.capture import Unusable
from crawler.documents import LARGEST, READER
from crawler.items import Attachment, Page
from crawler.runs import Runs
from crawler.safety import refusal
from pipelines import parsed
from pipelines.compose import held_document
from pipelines.document import ReaderError
from pipelines.documents import DocumentError, recognise

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

MOST_DOCUMENTS = 10
MOST_PICTURES = 12
"""Of one report. Reports with more documents attach their departments' reports, with more pictures photographs."""
PICTURES = frozenset(("png", "jpg", "jpeg", "gif", "webp", "bmp"))
_OTHERS = frozenset(("ppt", "pptx", "dps", "rar", "7z", "txt", "csv", "rtf", "ceb", "tif", "tiff"))
_TABLE_THREE = ("国家秘密", "科研机构", "出版物")


def wanted(page: Page) -> list[Attachment]:
    """The documents to fetch for a page: those of the article, and its pictures where table three is not in its text."""
    if recognise(page.body, page.content_type):
        return []
    try:
        document, article = parsed.look(page)
    except ReaderError:
        return []
    documents = [a for a in article.attachments if _suffix(a.url) not in _OTHERS | PICTURES][:MOST_DOCUMENTS]
    if all(word in document.source for word in _TABLE_THREE):
        return documents
    pictures = [a for a in article.images if _suffix(a.url) in PICTURES]
    return documents + (pictures if len(pictures) <= MOST_PICTURES else [])


def _suffix(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).suffix.lower().removeprefix(".")


class Pipeline:
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
