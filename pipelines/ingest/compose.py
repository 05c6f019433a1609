"""Captures → the rows of one report. Writes nothing, so that it can be done in any process and in any order.

A report is always composed anew from every capture of its document, oldest first. So what reports.db holds depends on
the captures and the readers alone, not on the order or the kind of the runs that filled it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import zip_longest

from archive.captures import Capture, Captures
from archive.database import ArchiveError, DamageError
from archive.model import Attachment, Entry, Located, Page, Problem, Report
from archive.records import Document, Reading, Version, record
from pipelines import ReaderError, read
from pipelines.documents import MEDIA_TYPES, DocumentError, Held, recognise
from pipelines.html.links import file_name
from pipelines.ingest.differences import differences
from pipelines.ingest.sandbox import READER
from pipelines.version import READER_VERSION

MISSES = 3
MISSED_FOR = timedelta(days=14)
"""A report is removed after so many misses in a row over at least so long; before that it is missing."""
_BESIDE = "beside"
MOST_MOVES = 5
"""Redirects on the way to a document."""


def compose(captures: Captures, located: Located) -> Reading:
    """Read a document from all its captures. Whatever a reader raises, and a damaged body, fails this document alone.

    Raises ArchiveError when the archive itself cannot be read.
    """
    reading = Reading(located=located)
    try:
        document = _document(captures, located, reading.problems)
        found = record(document) if document else None
    except Exception as error:
        if isinstance(error, ArchiveError) and not isinstance(error, DamageError):
            raise
        reading.failed = True
        problem = Problem(kind="read_failed", message=f"{type(error).__name__}: {error}")
        reading.problems = [(located.urls[0], [problem])]
        return reading
    reading.is_unchanged = found is not None and found.digest == located.digest
    reading.record = None if reading.is_unchanged else found
    return reading


def _document(captures: Captures, located: Located, problems: list[tuple[str, list[Problem]]]) -> Document | None:
    history = captures.history(located.urls)
    entries = captures.entries(urls=located.urls)
    pages = {c.url for c in history if c.outcome in {"ok", "unchanged"} and c.sha256 and (entries or _is_page(c))}
    newest = {c.url: c.outcome for c in history}
    for url in sorted(pages, key=lambda url: (newest[url] == "missing", located.urls.index(url))):
        versions, report, said = _versions(captures, located, [c for c in history if c.url == url], tuple(entries))
        problems.append((url, [problem for problem in said if problem.url in {None, url}]))
        if report is None:
            continue
        beside = dict.fromkeys(attachment.url for attachment in report.attachments)
        problems += [(other, [problem for problem in said if problem.url == other]) for other in beside]
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
    states: list[Capture] = []
    for capture in history:
        if capture.sha256 != sha256 and capture.outcome in {"ok", "unchanged"} and capture.sha256 is not None:
            states.append(capture)
            sha256 = capture.sha256
    for capture, after in zip_longest(states, states[1:]):
        try:
            report = read_capture(captures, located, capture, entries, until=after.requested_at if after else None)
        except ReaderError as error:
            problems = [Problem(kind=error.kind, message=str(error))] if error.kind != _BESIDE else []
            continue
        problems = list(report.problems)
        if not report.is_report:
            message = f"titled {report.title!r}, it does not read as an annual report"
            problems = [Problem(kind="not_a_report", message=message)] if entries or last else []
            continue
        changed = differences(last, report) if last else {}
        if last is None or changed:
            versions.append(Version(sha256=capture.sha256 or "", captured_at=capture.requested_at, changed=changed))
        last = report
    return versions, last, problems


def read_capture(
    captures: Captures, located: Located, capture: Capture, entries: tuple[Entry, ...], *, until: str | None = None
) -> Report:
    """What the readers make of one capture, with its further pages and documents as far as they are captured.

    Documents count as they were captured last, or last before `until`, when the page became another; what was first
    captured later is what the page had all along, as far as is known. Raises ReaderError.
    """
    page = stored_page(captures, located, capture, entries)
    if kind := recognise(page.body, page.content_type):
        if not entries:
            raise DocumentError("a document that no listing names belongs to the page that links it", _BESIDE)
        content = READER.read(page.body, kind, sha256=page.sha256)
        page.documents[page.url] = Held(
            sha256=page.sha256 or "",
            media_type=MEDIA_TYPES[kind],
            content=content,
            problems=list(content.problems),
        )
    page.held = partial(_documents, captures, until)
    report = read(page)
    if report.next_page_urls:
        page.parts = tuple(parts(captures, report.next_page_urls))
        report = read(page)
    return report


def _documents(captures: Captures, until: str | None, attachments: list[Attachment]) -> dict[str, Held]:
    found: dict[str, Held] = {}
    for attachment in attachments:
        capture = held_document(captures, attachment.url, until) or held_document(captures, attachment.url)
        if capture is None or capture.body is None or capture.sha256 is None:
            continue
        kind = recognise(capture.body, capture.content_type)
        held = Held(
            sha256=capture.sha256,
            media_type=MEDIA_TYPES[kind] if kind else None,
            name=file_name(capture.response_headers),
        )
        if kind is None:
            held.problems = [Problem(kind="unread", message="what the portal sends is no document")]
        else:
            try:
                held.content = READER.read(capture.body, kind, sha256=capture.sha256)
                held.problems = list(held.content.problems)
            except DocumentError as error:
                held.problems = [Problem(kind=error.kind, message=f"{attachment.name}: {error}")]
        found[attachment.url] = held
    return found


def held_document(captures: Captures, url: str, until: str | None = None) -> Capture | None:
    """The last capture of a document, before `until` where that is given; redirects are followed as they were captured."""
    for _ in range(MOST_MOVES):
        capture = captures.last("GET", url, outcomes=("ok", "unchanged", "redirect"), before=until)
        if capture is None or capture.outcome != "redirect" or capture.redirect_url is None:
            return capture
        url = capture.redirect_url
    return None


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
