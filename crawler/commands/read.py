"""scrapy read FILE …: what the readers make of documents that need not be in the archive."""

from __future__ import annotations

import json
import mimetypes
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from scrapy.exceptions import UsageError

from archive import ArchiveError
from archive.model import Page, Report
from archive.records import CHECK, FIELDS, STATISTIC
from archive.vocabulary import Outcome
from archive.warc import reader
from crawler.command import UNWELL, WELL, ArchiveCommand, fail
from pipelines import read
from pipelines.documents import recognise
from pipelines.errors import ReaderError
from pipelines.ingest.compose import read_file
from pipelines.outcomes import classify
from pipelines.prepared import prepare_file
from pipelines.version import READER_VERSION
from spiders.registry import Registry, undeclared_portal


class Command(ArchiveCommand):
    """One JSON object a document on stdout; nothing is written to the archive."""

    def syntax(self) -> str:
        """For `scrapy read -h`."""
        return "[options] FILE … (HTML, text, docx, doc, wps, xlsx, xls, pdf, ofd, zip, WARC)"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Read documents from files and print what was found as JSON lines"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--url`."""
        super().add_options(parser)
        parser.add_argument(
            "--url", help="the document's address, against which its links are resolved (one file only)"
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Exit 1 when a document could not be read; the others are printed all the same."""
        if not args or (opts.url and len(args) > 1):
            raise UsageError("name at least one file, and with --url just one")
        self.portals = Registry(self.configuration)
        code: int = WELL
        for name in args:
            try:
                for page, refused in _pages(Path(name), opts.url):
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
            report = _report(page) if refused is None else Report(url=page.url)
        except ReaderError as error:
            print(f"scrapy: {page.url}: {error}", file=sys.stderr)
            report, refused, code = Report(url=page.url), f"unreadable: {error}", UNWELL
        except Exception as error:  # noqa: BLE001 - whatever a reader raises shall not keep the other documents
            print(f"scrapy: {page.url}: {type(error).__name__}: {error}", file=sys.stderr)
            report, refused, code = Report(url=page.url), f"read_failed: {type(error).__name__}: {error}", UNWELL
        site = portal or undeclared_portal(page.url)
        print(json.dumps(_as_json(report, page, f"{site.name}-{site.key(page.url)}", refused), ensure_ascii=False))
        return code


def _report(page: Page) -> Report:
    kind = recognise(page.body, page.content_type)
    return read(page, prepared=prepare_file(page, read_file(page, kind))) if kind else read(page)


def _pages(path: Path, url: str | None) -> Iterator[tuple[Page, str | None]]:
    """The documents of a file, each with why it is none (a refusal, a missing page) or None."""
    if not reader.is_warc(path):
        kind = mimetypes.guess_type(path.name)[0]
        yield _page(url or path.resolve().as_uri(), path.read_bytes(), kind, None), None
        return
    for capture in reader.read(path):
        if "html" not in (capture.content_type or "html"):
            continue
        location = next((value for name, value in capture.response_headers if name.lower() == "location"), None)
        answer = classify(
            capture.url,
            capture.status or 0,
            capture.content_type,
            location,
            capture.body or b"",
            truncated=capture.note is not None,
        )
        refused = None if answer.outcome is Outcome.OK else f"{answer.outcome}: {answer.note}"
        yield _page(capture.url, capture.body or b"", capture.content_type, capture.requested_at), refused


def _page(url: str, body: bytes, content_type: str | None, captured_at: str | None) -> Page:
    return Page(url=url, body=body, content_type=content_type, captured_at=captured_at, sha256=sha256(body).hexdigest())


def _as_json(report: Report, page: Page, report_id: str, refused: str | None) -> dict[str, Any]:
    """Everything on a report; of other pages what they have."""
    told: dict[str, Any] = {
        "url": report.url,
        "title": report.title,
        "published": report.published,
        "source": report.source,
        "text": report.text,
        "attachments": [{"name": a.name, "url": a.url} for a in report.attachments],
        "is_report": report.is_report,
        "problems": [{"kind": p.kind, "message": p.message} for p in report.problems],
    }
    if refused:
        told["problems"].append({"kind": refused.partition(":")[0], "message": refused})
    if report.is_report:
        told |= {name: getattr(report, name) for name in FIELDS}
        told |= {"id": report_id, "portal": page.portal, "sha256": page.sha256, "captured_at": page.captured_at}
        told |= {
            "first_captured_at": page.captured_at,
            "state": "live",
            "same_as": None,
            "reader_version": READER_VERSION,
        }
        told["witnesses"] = report.witnesses
        told["statistics"] = [
            {name: value for name, value in asdict(s).items() if name in STATISTIC} for s in report.statistics
        ]
        told["table_sources"] = [asdict(source) for source in report.table_sources]
        told["checks"] = [{name: value for name, value in asdict(c).items() if name in CHECK} for c in report.checks]
    return told
