"""scrapy fixture URL: a captured page as a fixture of the tests."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures
from archive.model import Entry, Page
from crawler.command import WELL, ArchiveCommand
from pipelines import read
from pipelines.errors import ReaderError
from pipelines.ingest.compose import CapturedBeside, stored_page
from pipelines.ingest.locate import located_documents
from spiders.registry import Registry

FOLDER = Path("tests/pages")


class Command(ArchiveCommand):
    """Writes a captured page as page.html and page.json into tests/pages/PORTAL/KEY/.

    The tests then add report.json, what the readers make of it, for you to review.
    """

    def syntax(self) -> str:
        """For `scrapy fixture -h`."""
        return "[--into FOLDER] URL"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Write a captured page as a fixture of the tests"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--into`."""
        super().add_options(parser)
        parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER", help=f"default: {FOLDER}")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Take the newest capture of the address, with what listings say of the document."""
        if len(args) != 1:
            raise UsageError("name one address")
        captures = Captures(self.archive, read_only=True)
        capture = captures.last("GET", args[0], outcomes=("ok", "unchanged"))
        place = next(
            (p for p in located_documents(captures, Registry(self.configuration, captures)) if args[0] in p.urls), None
        )
        if capture is None or place is None:
            raise ArchiveError(f"{args[0]} is no document of the archive {self.archive}")
        page = stored_page(captures, place, capture, tuple(captures.entries(urls=place.urls)))
        next_pages: Sequence[Page] = ()
        try:
            next_pages = CapturedBeside(captures).next_pages(read(page).next_page_urls)
        except ReaderError as error:
            print(f"The page cannot be read ({error}); the fixture says so.")
        captures.close()
        folder = opts.into / place.portal / place.key
        save(page, folder, next_pages)
        print(f"{folder} is written; `pytest tests/test_pages.py` adds what is read from it, for you to review")
        return WELL


def save(page: Page, folder: Path, next_pages: Sequence[Page] = ()) -> None:
    """Write page.html, the next pages of a split article, and page.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.html").write_bytes(page.body)
    told: dict[str, Any] = {
        name: getattr(page, name) for name in ("url", "content_type", "portal", "division_code", "captured_at")
    }
    told["entries"] = [{"url": e.url, "title": e.title, "date": e.date} for e in page.entries]
    told["parts"] = []
    for number, part in enumerate(next_pages, 2):
        (folder / f"page-{number}.html").write_bytes(part.body)
        told["parts"].append({"url": part.url, "content_type": part.content_type})
    (folder / "page.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> tuple[Page, list[Page]]:
    """The page that `save` wrote, and the next pages."""
    told = json.loads((folder / "page.json").read_text(encoding="utf-8"))
    entries = tuple(Entry(**entry, portal=told["portal"]) for entry in told.pop("entries"))
    next_pages = [
        Page(**part, body=(folder / f"page-{number}.html").read_bytes())
        for number, part in enumerate(told.pop("parts"), 2)
    ]
    return Page(**told, body=(folder / "page.html").read_bytes(), entries=entries), next_pages
