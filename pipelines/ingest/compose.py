"""Captures → the rows of one report. Writes nothing, so that it can be done in any process and in any order.

A report is always composed anew from every capture of its document, oldest first. So what reports.db holds depends on
the captures and the readers alone, not on the order or the kind of the runs that filled it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest

from w3lib.url import safe_url_string

from archive.captures import Capture, Captures
from archive.database import ArchiveError, DamageError
from archive.model import Attachment, Entry, Located, Page, PageReference, Problem, Report
from archive.read_marks import mark_of, newest_capture
from archive.records import Reading, ReportHistory, Version, figures_of, record, state
from archive.versions import delta
from archive.vocabulary import DOCUMENT_OUTCOMES, Fate, Outcome, ProblemKind, ReportState
from archive.withheld import decision
from pipelines import read
from pipelines.documents import MEDIA_TYPES, StoredDocument, is_web_page, recognise
from pipelines.errors import DocumentError, ReaderError
from pipelines.html.links import file_name
from pipelines.ingest.differences import differences
from pipelines.ingest.sandbox import READER
from pipelines.metadata import may_be_report_title
from pipelines.page_ends import MOST_PAGES, PageEnds
from pipelines.parts import NOT_THE_PART
from pipelines.prepared import PreparedPage, prepare_file
from pipelines.time_limit import OutOfTimeError, time_limit
from pipelines.version import READER_VERSION
from pipelines.wholeness import CUT_AT_THE_END, has_end

MISSES = 3
MISSED_FOR = timedelta(days=14)
"""A report is removed after so many misses in a row over at least so long; before that it is missing."""
_HEAD = 512
"""Bytes of a page in which markup begins."""
MOST_MOVES = 5
"""Redirects on the way to a document."""
_EARLIER = 50
"""Web pages in a row behind which an earlier capture of a document is looked for."""


class CutPageError(ReaderError):
    """A page that does not end as the portal's others do: it was cut off on the way."""

    kind = ProblemKind.ERROR


class BelongsToPageError(ReaderError):
    """A file that no listing names: it is a document beside the page that links it, and no page of its own."""


def compose(captures: Captures, located: Located, prepared: PreparedPage | None = None) -> Reading:
    """Read a document from all its captures; `prepared` is one of its pages where it was parsed before.

    Whatever a reader raises, and a damaged body, fails this document alone. Raises ArchiveError when the archive itself
    cannot be read.
    """
    (reading,) = compose_some(captures, [located], prepared)
    return reading


def compose_some(captures: Captures, places: Sequence[Located], prepared: PreparedPage | None = None) -> list[Reading]:
    """The same of several documents: all are looked up, then read, then made rows. By turns, each would take longer."""
    known = _look_up(captures, places)
    histories = [_read_known(captures, one, prepared) for one in known]
    for one, history in zip(known, histories, strict=True):
        if history is not None:
            _add_rows(one.reading, history)
    return [one.reading for one in known]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the archive has of a document before it is read."""

    reading: Reading
    entries: tuple[Entry, ...]
    history: list[Capture]


def _look_up(captures: Captures, places: Sequence[Located]) -> list[_Known]:
    """What is to be known of each; what one statement can ask of all of them is asked once."""
    newest = newest_capture(captures)
    urls = [url for place in places for url in place.urls]
    entries = captures.entries(urls=urls)
    is_any_withheld = decision(captures.db.conn, urls) is not None
    known = []
    for place in places:
        own = set(place.urls)
        said = tuple(entry for entry in entries if entry.url in own)
        reading = Reading(located=place, mark=mark_of(newest, place.urls, said, READER_VERSION))
        history: list[Capture] = []
        if is_any_withheld and (withheld := decision(captures.db.conn, place.urls)):
            reading.fate, reading.cause = Fate.WITHHELD, withheld.cause
            reading.problems = [(url, []) for url in place.urls]
        else:
            with _alone(reading):
                history = captures.history(place.urls)
        known.append(_Known(reading, said, history))
    return known


def _read_known(captures: Captures, known: _Known, prepared: PreparedPage | None) -> ReportHistory | None:
    """The report of a document, if it has one and can be read; the rest is said in the reading."""
    with _alone(known.reading), time_limit():
        return _history(captures, known, prepared)
    return None


def _add_rows(reading: Reading, history: ReportHistory) -> None:
    """Add the report to its reading, with its rows unless reports.db holds them already.

    Without a limit: what was read in time becomes rows in a fraction of it.
    """
    with _alone(reading):
        composed = record(history)
        reading.is_unchanged = composed.digest == reading.located.digest
        if not reading.is_unchanged:
            figures_of(composed)  # here, not in the process that writes it
            reading.record = composed
        reading.report = history.report


@contextmanager
def _alone(reading: Reading) -> Iterator[None]:
    """Whatever is raised here fails this document alone. Raises ArchiveError when the archive itself cannot be read."""
    try:
        yield
    except OutOfTimeError as error:
        failed(reading, ProblemKind.TIMED_OUT, str(error))
    except Exception as error:
        if isinstance(error, ArchiveError) and not isinstance(error, DamageError):
            raise
        failed(reading, ProblemKind.READ_FAILED, f"{type(error).__name__}: {error}")


def failed(reading: Reading, kind: ProblemKind, message: str) -> Reading:
    """A reading that came to nothing: what an earlier one wrote stays.

    What took too long is not read again by these readers, until there is something new of it; anything else is.
    """
    reading.failed = True
    if kind is not ProblemKind.TIMED_OUT:
        reading.mark = None
    reading.problems = [(reading.located.urls[0], [Problem(kind=kind, message=message)])]
    return reading


def _history(captures: Captures, known: _Known, prepared: PreparedPage | None) -> ReportHistory | None:
    """The report at the best of a document's addresses that has one; adds what is to be said of each address read.

    Where none has one, the reading says what the best of them is instead.
    """
    reading, entries, history = known.reading, known.entries, known.history
    located, problems = reading.located, reading.problems
    for url in _addresses_to_read(history, entries, located):
        states = _distinct_bodies([capture for capture in history if capture.url == url])
        versions, report, said = _versions(captures, states, entries, prepared, reading)
        if said is None:
            continue
        problems.append((url, [problem for problem in said if problem.url in {None, url}]))
        if report is None:
            continue
        reading.fate, reading.cause, reading.capture_id = None, "", None
        reading.contradicting = report.contradicting
        beside = dict.fromkeys(attachment.url for attachment in report.attachments)
        problems += [(other, [problem for problem in said if problem.url == other]) for other in beside]
        report.id, report.portal, report.state = located.id, located.portal, _report_state(history)
        report.sha256, report.captured_at = versions[-1].sha256, versions[-1].captured_at
        report.first_captured_at = versions[0].captured_at
        return ReportHistory(
            report=report,
            versions=versions,
            locations=[(other, located.portal) for other in _locations(captures, located, report) if other != url],
            reader_version=READER_VERSION,
        )
    return None


def _locations(captures: Captures, located: Located, report: Report) -> list[str]:
    """The addresses at which a report stands: its document's, and that of a frame with its article that no listing names."""
    framed = [url for url in report.framed_urls if not captures.entries(urls=[url])]
    return sorted({*located.urls, *framed})


def _addresses_to_read(history: Sequence[Capture], entries: Sequence[Entry], located: Located) -> list[str]:
    """The addresses at which a page of the document was captured, the best first.

    One that leads elsewhere by now is a document of its own, unless nothing else is left of this one.
    """
    pages = {c.url for c in history if c.outcome in DOCUMENT_OUTCOMES and c.sha256 and (entries or _is_page(c))}
    newest = {c.url: c.outcome for c in history}
    pages = {url for url in pages if newest[url] != Outcome.REDIRECT} or pages
    return sorted(pages, key=lambda url: (newest[url] == Outcome.MISSING, located.urls.index(url)))


def _distinct_bodies(history: Sequence[Capture]) -> list[Capture]:
    """The captures of one address with which another body begins, oldest first."""
    states: list[Capture] = []
    for capture in history:
        is_other = not states or capture.sha256 != states[-1].sha256
        if capture.sha256 is not None and capture.outcome in DOCUMENT_OUTCOMES and is_other:
            states.append(capture)
    return states


def _versions(
    captures: Captures,
    states: Sequence[Capture],
    entries: tuple[Entry, ...],
    prepared: PreparedPage | None,
    reading: Reading,
) -> tuple[list[Version], Report | None, list[Problem] | None]:
    """Read each body of one address in turn; a version begins where what is read differs.

    Of a document beside a page its page says what is wrong with it: the problems are None. Of an address without a report
    the reading says what its newest body is, unless it says so of a better address.
    """
    versions: list[Version] = []
    said: list[Report] = []
    last: Report | None = None
    problems: list[Problem] = []
    is_beside = False
    instead: _Instead = (None, "", None)
    for capture, after in zip_longest(states, states[1:]):
        until = after.requested_at if after else None
        try:
            report = read_capture(captures, reading.located, capture, entries, until=until, prepared=prepared)
        except BelongsToPageError:
            is_beside = True
            continue
        except ReaderError as error:
            kind = ProblemKind.LISTED_UNREAD if error.kind == ProblemKind.UNREAD else error.kind
            problems = [Problem(kind=kind, message=str(error))]
            fate = Fate.ERROR if isinstance(error, CutPageError) else Fate.UNREADABLE
            instead = _instead(reading, capture, fate, str(error), _prevented(problems))
            continue
        problems = list(report.problems)
        prevented = _prevented(problems)
        reading.beside.update(report.next_page_urls, (attachment.url for attachment in report.attachments))
        if not report.is_report:
            instead = _instead(reading, capture, report.fate, report.cause, prevented)
            problems = _problems_without_report(report, entries, last, prevented)
            continue
        if prevented:
            reading.mark = None
        changed = differences(last, report) if last else {}
        if last is None or changed:
            versions.append(Version(sha256=capture.sha256 or "", captured_at=capture.requested_at, changed=changed))
            said.append(report)
        last = said[-1] = report
    for version, now, before in zip(versions[1:], said[1:], said, strict=False):
        version.restore = delta(state(now), state(before))
    if last is None and reading.fate is None:
        reading.fate, reading.cause, reading.capture_id = instead
    return versions, last, None if is_beside and last is None else problems


_Instead = tuple[Fate | None, str, int | None]
"""What a body without a report is, what shows that, and its capture."""


def _instead(
    reading: Reading, capture: Capture, fate: Fate | None, cause: str, prevented: Sequence[Problem]
) -> _Instead:
    """What is to be said of a body without a report: nothing where this machine kept it from being read."""
    if prevented:
        reading.mark = None
        return None, "", None
    return fate, cause, capture.id


def _prevented(problems: Sequence[Problem]) -> list[Problem]:
    """The problems, if any, that are this machine's and not the document's: what is read without it is not all."""
    return [replace(problem, url=None) for problem in problems if problem.kind == ProblemKind.NOT_READ_HERE]


_KINDS = {Fate.BLOCKED: ProblemKind.BLOCKED, Fate.MISSING: ProblemKind.MISSING, Fate.ERROR: ProblemKind.ERROR}
"""The kinds of problems with pages that say themselves why they are no report."""


def _problems_without_report(
    report: Report, entries: Sequence[Entry], before: Report | None, prevented: list[Problem]
) -> list[Problem]:
    """What is to be said of a listed page that is no report, beside what the ledger says of its entries."""
    if prevented or not (entries or before):
        return prevented if entries or before else []
    is_ledgers = before is None and any(may_be_report_title(entry.title or "") for entry in entries)
    if is_ledgers and all(safe_url_string(entry.url) != report.url for entry in entries):
        return []  # the entries redirect here
    contradictions = [problem for problem in report.problems if problem.kind == ProblemKind.CONTRADICTS_LISTING]
    if contradictions:
        return contradictions
    kind = _KINDS.get(report.fate or Fate.NOT_A_REPORT, ProblemKind.NOT_A_REPORT)
    if is_ledgers and kind == ProblemKind.NOT_A_REPORT:
        return []
    message = f"titled {report.title!r}, it does not read as an annual report: {report.cause}"
    return [Problem(kind=kind, message=message)]


def read_capture(
    captures: Captures,
    located: Located,
    capture: Capture,
    entries: tuple[Entry, ...],
    *,
    until: str | None = None,
    prepared: PreparedPage | None = None,
) -> Report:
    """What the readers make of one capture, with its next pages and documents as far as they are captured.

    Documents count as they were captured last, or last before `until`, when the page became another; what was first
    captured later is what the page had all along, as far as is known. Raises ReaderError.
    """
    beside = CapturedBeside(captures, until)
    if prepared is not None and _is_of(prepared.page, capture):
        page = _with_listing(prepared.page, located, capture, entries)
        _check_end(captures, located, page)
        return read(page, beside, prepared=prepared)
    page = stored_page(captures, located, capture, entries)
    kind = recognise(page.body, page.content_type, name=page.url)
    if kind is None:
        _check_end(captures, located, page)
        return read(page, beside)
    if not entries:
        raise BelongsToPageError(page.url)
    return read(page, beside, prepared=prepare_file(page, read_file(page, kind)))


def known_ends(captures: Captures, portal: str) -> PageEnds:
    """How the pages of a portal that were captured last end."""
    return PageEnds(captures.newest_pages(portal, MOST_PAGES, or_note=CUT_AT_THE_END))


def _check_end(captures: Captures, located: Located, page: Page) -> None:
    """Raises CutPageError for a web page that is not closed where the portal's other pages are."""
    if not has_end(page.body) and b"<" in page.body[:_HEAD]:
        verdict = known_ends(captures, located.portal).verdict(page.url, page.body)
        if verdict:
            raise CutPageError(verdict)


def read_file(page: Page, kind: str) -> StoredDocument:
    """A page that is itself a file of a kind that `recognise` gave, as read. Raises DocumentError."""
    content = READER.read(page.body, kind, sha256=page.sha256)
    return StoredDocument(
        sha256=page.sha256 or "", media_type=MEDIA_TYPES[kind], content=content, problems=list(content.problems)
    )


class CapturedBeside:
    """What is captured beside a page: the pipelines.beside.Beside of crawls, imports and reparses."""

    def __init__(self, captures: Captures, until: str | None = None) -> None:
        """Documents count as they were before `until` (UTC, ISO 8601), as far as they were captured by then."""
        self.captures = captures
        self.until = until

    def next_pages(self, urls: Sequence[str]) -> list[Page]:
        """Their newest captures, up to the first that has none."""
        pages: list[Page] = []
        for url in urls:
            page = captured_page(self.captures, url)
            if page is None:
                break
            pages.append(page)
        return pages

    def documents(self, attachments: Sequence[Attachment]) -> dict[str, StoredDocument]:
        """Each document as read, or with the problem why it was not; reading may take minutes."""
        found: dict[str, StoredDocument] = {}
        for attachment in attachments:
            capture = self._capture(attachment.url)
            if capture is None or capture.body is None:
                continue
            document = found[attachment.url] = _read_document(capture, capture.body, attachment.name)
            if self.until is None and self._is_replaced(attachment.url, capture):
                message = f"{attachment.name}: a web page comes now; the document captured on {capture.requested_at[:10]} counts"
                document.problems.append(Problem(kind=ProblemKind.DOCUMENT_REPLACED, message=message))
        return found

    def _is_replaced(self, url: str, capture: Capture) -> bool:
        """Whether something else than the document in force came later."""
        newest = self.captures.last("GET", url, outcomes=DOCUMENT_OUTCOMES, but_assets=True)
        return newest is not None and newest.url == capture.url and newest.requested_at > capture.requested_at

    def _capture(self, url: str) -> Capture | None:
        return document_capture(self.captures, url, self.until) or document_capture(self.captures, url)


def _read_document(capture: Capture, body: bytes, name: str) -> StoredDocument:
    sent_as = file_name(capture.response_headers)
    kind = recognise(body, capture.content_type, name=sent_as or capture.url)
    document = StoredDocument(sha256=capture.sha256 or "", media_type=MEDIA_TYPES[kind] if kind else None, name=sent_as)
    if kind is None:
        document.problems = [Problem(kind=ProblemKind.UNREAD, message=NOT_THE_PART)]
        return document
    try:
        document.content = READER.read(body, kind, sha256=capture.sha256)
        document.problems = list(document.content.problems)
    except DocumentError as error:
        document.problems = [Problem(kind=error.kind, message=f"{name}: {error}")]
    return document


def document_capture(captures: Captures, url: str, until: str | None = None) -> Capture | None:
    """The capture of a document that is in force: the last, before `until` where that is given.

    Redirects are followed as they were captured. Where a document was captured and a web page came later, the document
    stays in force; where there never was one, the last answer is.
    """
    newest = capture = _last_answer(captures, url, until)
    for _ in range(_EARLIER):
        if capture is None or not is_web_page(capture.body or b"", capture.content_type):
            break
        capture = _last_answer(captures, url, capture.requested_at)
    return capture or newest


def _last_answer(captures: Captures, url: str, until: str | None) -> Capture | None:
    for _ in range(MOST_MOVES):
        capture = captures.last(
            "GET", url, outcomes=(*DOCUMENT_OUTCOMES, Outcome.REDIRECT), before=until, but_assets=True
        )
        if capture is None or capture.outcome != Outcome.REDIRECT or capture.redirect_url is None:
            return capture
        url = capture.redirect_url
    return None


def captured_page(captures: Captures, url: str) -> Page | None:
    """The newest capture of a page beside another, over redirects; None where there is none."""
    capture = _last_answer(captures, url, None)
    return _page(capture, capture.body) if capture is not None and capture.body is not None else None


def referenced_page(captures: Captures, reference: PageReference) -> Page:
    """The page that a crawl has just captured. Raises ArchiveError where its capture or its body is not there."""
    capture = captures.get(reference.capture_id)
    if capture.status == 304:  # the answer that it confirms has the headers
        answers = captures.history([capture.url])
        confirmed = next((one for one in answers if one.sha256 == capture.sha256 and one.status != 304), capture)
        capture.content_type, capture.requested_at = confirmed.content_type, confirmed.requested_at
    return _page(capture, capture.body or b"")


def stored_page(captures: Captures, located: Located, capture: Capture, entries: tuple[Entry, ...]) -> Page:
    """A capture as the page that a reader gets."""
    return _with_listing(_page(capture, captures.body(capture.sha256 or "")), located, capture, entries)


def _page(capture: Capture, body: bytes) -> Page:
    return Page(
        url=capture.url,
        body=body,
        content_type=capture.content_type,
        sha256=capture.sha256,
        captured_at=capture.requested_at,
    )


def _with_listing(page: Page, located: Located, capture: Capture, entries: tuple[Entry, ...]) -> Page:
    """A page with what its portal and the listings say of it."""
    return replace(
        page,
        portal=located.portal,
        division_code=located.division_code,
        captured_at=capture.requested_at,
        entries=entries,
    )


def _is_of(page: Page, capture: Capture) -> bool:
    return (page.url, page.sha256, page.content_type) == (capture.url, capture.sha256, capture.content_type)


def _is_page(capture: Capture) -> bool:
    """Whether a capture that no listing names may be a page: pictures, documents and answers of interfaces are not."""
    return (
        capture.content_type is None or "html" in capture.content_type or capture.content_type.startswith("text/plain")
    )


def _report_state(history: list[Capture]) -> ReportState:
    """From the answers in order; refusals and errors say nothing.

    A document is missed when none of its addresses has it any more; that is counted once a day, whichever runs asked: an
    import that is killed and begun again brings one day's answers in two.
    """
    there: dict[str, bool] = {}
    misses: dict[str, datetime] = {}
    state = ReportState.LIVE
    for capture in history:
        if capture.outcome in DOCUMENT_OUTCOMES:
            there[capture.url] = True
            was_removed = state in {ReportState.REMOVED, ReportState.RETURNED}
            state, misses = (ReportState.RETURNED if was_removed else ReportState.LIVE), {}
        elif capture.outcome == Outcome.MISSING and capture.url in there:
            there[capture.url] = False
            if not any(there.values()):
                moment = datetime.fromisoformat(capture.requested_at)
                misses.setdefault(capture.requested_at[:10], moment)
                lasted = moment - next(iter(misses.values()))
                is_removed = state == ReportState.REMOVED or (len(misses) >= MISSES and lasted >= MISSED_FOR)
                state = ReportState.REMOVED if is_removed else ReportState.MISSING
    return state
