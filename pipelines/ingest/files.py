"""Documents in files, which need not be in the archive: what `scrapy read` prints of them."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from archive.model import Page, Report
from archive.records import CHECK, FIELDS, STATISTIC, ids
from archive.vocabulary import Outcome, ProblemKind, ReportState
from archive.warc import reader
from pipelines import read
from pipelines.documents import recognise
from pipelines.errors import DocumentError
from pipelines.ingest.compose import read_file
from pipelines.outcomes import classify
from pipelines.prepared import prepare_file
from pipelines.time_limit import OutOfTimeError, time_limit
from pipelines.version import READER_VERSION


def read_document(page: Page) -> Report:
    """Read a page or a document of any format. Raises ReaderError for what cannot be read."""
    try:
        with time_limit():
            kind = recognise(page.body, page.content_type, name=page.url)
            return read(page, prepared=prepare_file(page, read_file(page, kind))) if kind else read(page)
    except OutOfTimeError as error:
        raise DocumentError(str(error), ProblemKind.TIMED_OUT) from error


def documents_in(path: Path, url: str | None) -> Iterator[tuple[Page, str | None]]:
    """The documents of a file, a WARC or one document; each with why it is none (a refusal, a missing page), or None.

    Raises OSError and ArchiveError for a file that cannot be read.
    """
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
            truncated=capture.note,
        )
        refused = None if answer.outcome is Outcome.OK else f"{answer.outcome}: {answer.note}"
        yield _page(capture.url, capture.body or b"", capture.content_type, capture.requested_at), refused


def _page(url: str, body: bytes, content_type: str | None, captured_at: str | None) -> Page:
    return Page(url=url, body=body, content_type=content_type, captured_at=captured_at, sha256=sha256(body).hexdigest())


def as_json(report: Report, page: Page, report_id: str, refused: str | None) -> dict[str, Any]:
    """Everything that was read of a report, for JSON; of another page what it has."""
    stated: dict[str, Any] = {
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
        stated["problems"].append({"kind": refused.partition(":")[0], "message": refused})
    if report.is_report:
        stated |= {name: getattr(report, name) for name in FIELDS} | ids(report)
        stated |= {"id": report_id, "portal": page.portal, "sha256": page.sha256, "captured_at": page.captured_at}
        stated |= {
            "first_captured_at": page.captured_at,
            "state": ReportState.LIVE,
            "same_as": None,
            "reader_version": READER_VERSION,
        }
        stated["witnesses"] = report.witnesses
        stated["statistics"] = [
            {name: value for name, value in asdict(s).items() if name in STATISTIC} for s in report.statistics
        ]
        stated["table_sources"] = [asdict(source) for source in report.table_sources]
        stated["parts"] = [asdict(part) for part in report.parts]
        stated["checks"] = [{name: value for name, value in asdict(c).items() if name in CHECK} for c in report.checks]
    return stated
