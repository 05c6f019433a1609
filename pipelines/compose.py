"""Captures → the rows of one report. Writes nothing, so that it can be done in any process and in any order.

A report is always composed anew from every capture of its document, oldest first. So what reports.db holds depends on
the captures and the readers alone, not on the order or the kind of the runs that filled it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from archive.captures import Capture, Captures
from archive.database import ArchiveError, DamageError
from archive.reports import Document, Record, Version, record
from crawler.items import Entry, Page, Problem, Report
from pipelines import ReaderError, read
from pipelines.differences import differences
from pipelines.version import READER_VERSION

MISSES = 3
MISSED_FOR = timedelta(days=14)
"""A report is removed after so many misses in a row over at least so long; before that it is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A document and where it has been found: all that composing asks of a portal."""

    portal: str
    key: str
    urls: tuple[str, ...]
    """Best address first, as the platform ranks them."""
    division_code: str | None = None

    @property
    def id(self) -> str:
        """The report's id."""
        return f"{self.portal}-{self.key}"


@dataclass(slots=True, kw_only=True)
class Reading:
    """What came of composing a document."""

    located: Located
    record: Record | None = None
    """None where no address has an annual report."""
    problems: list[tuple[str, list[Problem]]] = field(default_factory=list)
    """Each address that was read, with what is to be said of it now: nothing clears what was said before."""
    failed: bool = False
    """A reader raised what it should not: the report stays as it was."""


def compose(captures: Captures, located: Located) -> Reading:
    """Read a document from all its captures. Whatever a reader raises, and a damaged body, fails this document alone.

    Raises ArchiveError when the archive itself cannot be read.
    """
    reading = Reading(located=located)
    try:
        document = _document(captures, located, reading.problems)
    except Exception as error:  # noqa: BLE001 - whatever a reader raises shall not stop the others
        if isinstance(error, ArchiveError) and not isinstance(error, DamageError):
            raise
        reading.failed = True
        problem = Problem(kind="read_failed", message=f"{type(error).__name__}: {error}")
        reading.problems = [(located.urls[0], [problem])]
        return reading
    reading.record = record(document) if document else None
    return reading


def _document(captures: Captures, located: Located, problems: list[tuple[str, list[Problem]]]) -> Document | None:
    history = captures.history(located.urls)
    entries = captures.entries(urls=located.urls)
    pages = {c.url for c in history if c.outcome in {"ok", "unchanged"} and c.sha256 and (entries or _is_page(c))}
    newest = {c.url: c.outcome for c in history}
    for url in sorted(pages, key=lambda url: (newest[url] == "missing", located.urls.index(url))):
        versions, report, said = _versions(captures, located, [c for c in history if c.url == url], tuple(entries))
        problems.append((url, said))
        if report is None:
            continue
        return Document(
            id=located.id,
            portal=located.portal,
            url=url,
            report=report,
            state=_state(history),
            first_captured_at=versions[0].captured_at,
            versions=versions,
            locations=[(other, located.portal) for other in sorted(located.urls) if other != url],
            reader_version=READER_VERSION,
        )
    return None


def _versions(
    captures: Captures, located: Located, history: list[Capture], entries: tuple[Entry, ...]
) -> tuple[list[Version], Report | None, list[Problem]]:
    """Read each body of one address in turn; a version begins where what is read differs."""
    versions: list[Version] = []
    last: Report | None = None
    sha256 = None
    problems: list[Problem] = []
    for capture in history:
        if capture.sha256 == sha256 or capture.outcome not in {"ok", "unchanged"} or capture.sha256 is None:
            continue
        sha256 = capture.sha256
        try:
            report = read_capture(captures, located, capture, entries)
        except ReaderError as error:
            problems = [Problem(kind="unreadable", message=str(error))]
            continue
        problems = list(report.problems)
        if not report.is_report:
            message = f"titled {report.title!r}, it does not read as an annual report"
            problems = [Problem(kind="not_a_report", message=message)] if entries or last else []
            continue
        changed = differences(last, report) if last else {}
        if last is None or changed:
            versions.append(Version(sha256=sha256, captured_at=capture.requested_at, changed=changed))
        last = report
    return versions, last, problems


def read_capture(captures: Captures, located: Located, capture: Capture, entries: tuple[Entry, ...]) -> Report:
    """What the readers make of one capture, with its further pages as far as they are captured. Raises ReaderError."""
    page = stored_page(captures, located, capture, entries)
    report = read(page)
    if report.further_pages:
        page.parts = tuple(parts(captures, report.further_pages))
        report = read(page)
    return report


def stored_page(captures: Captures, located: Located, capture: Capture, entries: tuple[Entry, ...]) -> Page:
    """A capture as the page that a reader gets, without further pages."""
    return Page(
        url=capture.url,
        body=captures.body(capture.sha256 or ""),
        content_type=capture.content_type,
        portal=located.portal,
        division_code=located.division_code,
        sha256=capture.sha256,
        captured_at=capture.requested_at,
        entries=entries,
    )


def parts(captures: Captures, urls: list[str]) -> Iterator[Page]:
    """Pages 2, 3 … of a split article, up to the first that is not there."""
    for url in urls:
        part = captures.last("GET", url, outcomes=("ok", "unchanged"))
        if part is None or part.body is None:
            return
        yield Page(
            url=url,
            body=part.body,
            content_type=part.content_type,
            sha256=part.sha256,
            captured_at=part.requested_at,
        )


def _is_page(capture: Capture) -> bool:
    """Whether a capture that no listing names may be a page: pictures, documents and answers of interfaces are not."""
    return (
        capture.content_type is None or "html" in capture.content_type or capture.content_type.startswith("text/plain")
    )


def _state(history: list[Capture]) -> str:
    """live, missing, removed or returned, from the answers in order; refusals and errors say nothing.

    A document is missed when none of its addresses has it any more, and once a run and day, however many it has.
    """
    there: dict[str, bool] = {}
    misses: dict[tuple[int | None, str], datetime] = {}
    state = "live"
    for capture in history:
        if capture.outcome in {"ok", "unchanged"}:
            there[capture.url] = True
            state, misses = ("returned" if state in {"removed", "returned"} else "live"), {}
        elif capture.outcome == "missing" and capture.url in there:
            there[capture.url] = False
            if not any(there.values()):
                moment = datetime.fromisoformat(capture.requested_at)
                misses.setdefault((capture.run_id, capture.requested_at[:10]), moment)
                lasted = moment - next(iter(misses.values()))
                state = (
                    "removed" if state == "removed" or (len(misses) >= MISSES and lasted >= MISSED_FOR) else "missing"
                )
    return state
