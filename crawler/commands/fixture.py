"""scrapy fixture URL: a captured web page as a test fixture."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures
from archive.model import Page
from archive.vocabulary import DOCUMENT_OUTCOMES
from crawler.command import WELL, ArchiveCommand
from pipelines import read
from pipelines.documents import recognise
from pipelines.errors import ReaderError
from pipelines.fixtures import save
from pipelines.ingest.compose import CapturedBeside, stored_page
from pipelines.ingest.locate import located_documents
from spiders.registry import Registry

FOLDER = Path("tests/pages")


class Command(ArchiveCommand):
    """Writes a captured web page as page.html and page.json into tests/pages/PORTAL/KEY/.

    The tests then add report.json, what the readers make of it, for you to review.
    """

    def syntax(self) -> str:
        """For `scrapy fixture -h`."""
        return "[--into FOLDER] URL"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Write a captured web page as a test fixture"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--into`."""
        super().add_options(parser)
        parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER", help=f"default: {FOLDER}")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Take the newest capture of the address, with what listings say of the document."""
        if len(args) != 1:
            raise UsageError("name one address")
        captures = Captures(self.archive, read_only=True)
        capture = captures.last("GET", args[0], outcomes=DOCUMENT_OUTCOMES)
        place = next(
            (p for p in located_documents(captures, Registry(self.configuration, captures)) if args[0] in p.urls), None
        )
        if capture is None or place is None:
            raise ArchiveError(f"the archive {self.archive} has no document {args[0]}")
        page = stored_page(captures, place, capture, tuple(captures.entries(urls=place.urls)))
        if kind := recognise(page.body, page.content_type, name=page.url):
            raise ArchiveError(f"{args[0]} is a file ({kind}), not a web page: add a sample to tests/test_documents.py")
        next_pages: Sequence[Page] = ()
        try:
            next_pages = CapturedBeside(captures).next_pages(read(page).next_page_urls)
        except ReaderError as error:
            print(f"The page cannot be read: {error}. The fixture records that.")
        captures.close()
        folder = opts.into / place.portal / place.key
        save(page, folder, next_pages)
        print(f"Wrote {folder}. Run pytest tests/test_pages.py, then review the report.json that it adds.")
        return WELL
