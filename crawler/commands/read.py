"""scrapy read FILE …: what the readers make of documents in files."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from scrapy.exceptions import UsageError

from archive import ArchiveError
from archive.model import Page, Report
from crawler.command import UNWELL, WELL, ArchiveCommand, fail
from pipelines.errors import ReaderError
from pipelines.ingest.files import as_json, documents_in, read_document
from spiders.registry import Registry, undeclared_portal


class Command(ArchiveCommand):
    """Reads documents from files and prints one JSON object per document. The archive is not touched.

    In a WARC every HTML response is read. Formats: HTML, text, docx, doc, wps, xlsx, xls, et, mht, pdf, ofd, zip, WARC.

    Exit status: 0 all were read, 1 a document could not be read, 2 a file could not be opened.
    """

    def syntax(self) -> str:
        """For `scrapy read -h`."""
        return "[options] FILE …"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Read documents from files and print them as JSON lines"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--url`."""
        super().add_options(parser)
        parser.add_argument("--url", help="address of the document, for its links (with one file only)")

    def act(self, args: list[str], opts: Namespace) -> int:
        """A document that cannot be read does not stop the others."""
        if not args or (opts.url and len(args) > 1):
            raise UsageError("name at least one file; with --url, exactly one")
        self.portals = Registry(self.configuration)
        code: int = WELL
        for name in args:
            try:
                for page, refused in documents_in(Path(name), opts.url):
                    code = max(code, self._print(page, refused))
            except BrokenPipeError:
                raise
            except (OSError, ArchiveError) as error:
                code = max(code, fail(error))
        return code

    def _print(self, page: Page, refused: str | None) -> int:
        portal = self.portals.owner(page.url)
        if portal:
            page = replace(page, portal=portal.name, division_code=portal.division_code)
        code = WELL
        try:
            report = read_document(page) if refused is None else Report(url=page.url)
        except ReaderError as error:
            print(f"scrapy: {page.url}: {error}", file=sys.stderr)
            report, refused, code = Report(url=page.url), f"unreadable: {error}", UNWELL
        except Exception as error:  # noqa: BLE001 - no failure of a reader may cost the other documents
            print(f"scrapy: {page.url}: {type(error).__name__}: {error}", file=sys.stderr)
            report, refused, code = Report(url=page.url), f"read_failed: {type(error).__name__}: {error}", UNWELL
        site = portal or undeclared_portal(page.url)
        print(json.dumps(as_json(report, page, f"{site.name}-{site.key(page.url)}", refused), ensure_ascii=False))
        return code
