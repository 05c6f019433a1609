"""Fetches what pages name beside them: next pages, documents and table pictures, each once a run and only if not had."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request

from archive.vocabulary import ProblemKind, Stage
from crawler.extensions.runs import Runs
from crawler.middlewares.capture import ANEW
from crawler.middlewares.safety import refusal
from crawler.middlewares.unusable import UnusableResponse
from pipelines.documents import is_web_page, recognise
from pipelines.html.links import file_name
from pipelines.ingest.compose import document_capture
from pipelines.ingest.sandbox import LARGEST

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from archive import Capture, Captures
    from pipelines.ingest.page_tasks import PageBeside


def has_document(captures: Captures, url: str) -> bool:
    """Whether a document or picture is captured, and what is captured is no web page in its place."""
    document = document_capture(captures, url)
    if document is None or document.body is None:
        return False
    return document_format(document) is not None or not _is_web_page(url, document.body)


def document_format(document: Capture) -> str | None:
    """The format of a captured document, by its content and what the server calls it."""
    name = file_name(document.response_headers) or document.url
    return recognise(document.body or b"", document.content_type, name=name)


def _is_web_page(url: str, body: bytes) -> bool:
    """Whether a web page came where a document was linked."""
    return not urlsplit(url).path.lower().endswith((".htm", ".html", ".shtml")) and is_web_page(body)


class Beside:
    """What a crawl fetches beside pages. What cannot be had is a problem; the report is read without it."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.crawler = crawler
        self.runs = runs
        self.captures = runs.captures
        self.offline = crawler.settings.getbool("OFFLINE")
        self.asked: set[str] = set()

    async def page(self, page: PageBeside) -> bool:
        """Page 2, 3 … of a split article, or one in a frame; whether an answer came."""

        async def is_had() -> bool:
            return await self.runs.archive.readers.is_had(page.url, is_frame=page.is_frame)

        return self._is_first(page.url) and await self._fetch(page.url, is_had, is_known=page.is_had)

    async def document(self, url: str) -> None:
        """A document or picture."""

        async def is_had() -> bool:
            return has_document(self.captures, url)

        if self._is_first(url):
            await self._fetch(url, is_had, is_known=await is_had())

    def _is_first(self, url: str) -> bool:
        """Whether this crawl has not looked for it; from now on it has."""
        is_first = url not in self.asked
        self.asked.add(url)
        return is_first

    async def _fetch(self, url: str, is_had: Callable[[], Awaitable[bool]], *, is_known: bool) -> bool:
        """Fetch what is not known, or asked for anew; whether an answer came."""
        is_wanted = url in self.runs.wanted
        if is_known and not is_wanted and not self.offline and not getattr(self.crawler.spider, "refresh", False):
            self.runs.count("attachments/known")
        elif url in self.runs.asking.left_out and not self.offline:
            self.runs.count("attachments/paused")
        elif self._is_allowed(url) and await self._ask(url, anew=is_wanted):
            if self.offline or await is_had():
                self.runs.count("attachments/fetched")
                self.runs.resolve(url, Stage.FETCH)
            return True
        return False

    def _is_allowed(self, url: str) -> bool:
        declares = getattr(self.crawler.spider, "declares", None)
        refused = refusal(url, declares) if declares else None
        if refused:
            self.runs.problem(*refused, url, Stage.FETCH)
        return refused is None

    async def _ask(self, url: str, *, anew: bool) -> bool:
        """Ask for it; whether an answer came that may be it."""
        meta = {"resume": not anew, ANEW: anew, "download_maxsize": LARGEST, "download_warnsize": 0}
        if self.crawler.engine is None:
            return False
        self.runs.tried.add(url)
        try:
            response = await self.crawler.engine.download_async(Request(url, meta=meta))
        except UnusableResponse as error:
            if error.is_reported:
                self.runs.tried.discard(url)
            else:
                self.runs.problem(error.kind, str(error), url, Stage.FETCH)
            return False
        except Exception as error:  # noqa: BLE001 - no failure of a download may cost the report
            self.runs.problem(ProblemKind.ERROR, f"{type(error).__name__}: {error}", url, Stage.FETCH)
            return False
        if response.status != 200:
            self.runs.problem(ProblemKind.ERROR, f"status {response.status}", url, Stage.FETCH)
        return response.status == 200
