"""Imports: captures made elsewhere, from WARC and WACZ files and from other archives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from archive import ArchiveError, Capture, Captures, Reports
from archive.captures import MEMENTO
from archive.database import writing
from archive.model import Problem
from archive.read_marks import due, portal_states, unexplained_beside, unread_portals
from archive.vocabulary import CaptureRole, Outcome, ProblemKind, RunKind, Stage
from archive.warc import reader
from archive.warc.checks import ForeignValueError, check_capture
from archive.warc.content_encoding import OVERSIZED
from archive.withheld import urls_decided
from pipelines.ingest.locate import located_documents, names_of
from pipelines.ingest.portals import Portals
from pipelines.ingest.sandbox import READER
from pipelines.ingest.store import Store
from pipelines.outcomes import NOT_CLOSED, classify

_ASSET = re.compile(r"\s*(?:text/css|font/|application/(?:x-)?font)", re.IGNORECASE)
"""Types of what other archives keep to show pages, and what no reader reads. Their pictures may show tables."""


class DamagedFileError(ArchiveError):
    """A file to import is damaged, or cannot be opened; what precedes the damage is archived."""


class Import:
    """One run of kind `import` while it lasts. `counts` says what it brought."""

    def __init__(
        self,
        captures: Captures,
        portals: Portals,
        portal: str | None = None,
        tell: Callable[[str], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Every response is given to `portal`, whatever its address; without one, to the portal that declares it.

        `check` is called before each record and after each document, and ends the import by raising ArchiveError.
        """
        self.check = check
        self.captures = captures
        self.portal = portal
        self.run_id = begin(captures, portal, tell)
        self.counts: Counter[str] = Counter()
        self.bad = 0
        """Records that were left out because they are not what they claim to be, or that met a limit."""
        self.portals = portals

    def take(self, path: Path) -> None:
        """Take in a file's captures, each in a commit of its own.

        Raises DamagedFileError, and ArchiveError where the archive cannot be written.
        """
        with writing(self.captures.path):
            self._take_all(path)

    def _take_all(self, path: Path) -> None:
        for item in self._records(path):
            self.check()
            if isinstance(item, Capture):
                self._take(item)
            elif isinstance(item, reader.Skipped):
                self._leave_out(item, path)
            else:
                new = [facts for facts in item.portals if self.portals.get(facts["name"]) is None]
                for facts in new:
                    self.captures.add_portal(facts)
                self.captures.merge_entries(item.entries)
                if new:
                    self.portals.refresh()

    def _leave_out(self, record: reader.Skipped, path: Path) -> None:
        """Count a record that is not taken; one that is not what it claims to be is a problem, with the file's name."""
        self.counts[f"skipped/{record.what}"] += 1
        if record.is_bad:
            self.bad += 1
            message = f"{path.name}: {record.what}"
            problem = Problem(kind=ProblemKind.BAD_RECORD, message=message, url=record.url or None, stage=Stage.IMPORT)
            self.captures.add_problem(self.run_id, self.portal, problem)

    def _records(self, path: Path) -> Iterator[Capture | reader.Declared | reader.Skipped]:
        try:
            yield from reader.records(path, self.captures.body_of)
        except ArchiveError as error:
            raise DamagedFileError(str(error)) from error

    def take_memento(self, capture: Capture, source: str) -> None:
        """Take in what another web archive has captured; the capture says whose it is. Raises ArchiveError."""
        try:
            check_capture(capture)
        except ForeignValueError as error:
            self.problem(capture.url, f"the memento of {source} has {error}")
            return
        with writing(self.captures.path):
            self._take(capture, source=source)

    def _take(self, capture: Capture, *, source: str = "") -> None:
        is_classified = bool(capture.outcome)
        if not is_classified:
            self._classify(capture)
        owner = self.portals.get(self.portal or capture.portal) or self.portals.owner(capture.url)
        if not is_classified or self.portal:
            capture.portal = owner.name if owner else None
        capture.run_id = self.run_id
        if capture.note and capture.note.startswith(OVERSIZED):
            self.bad += 1
            problem = Problem(kind=ProblemKind.TOO_LARGE, message=capture.note, url=capture.url, stage=Stage.FETCH)
            self.captures.add_problem(self.run_id, capture.portal, problem)
        if self.captures.holds(capture):
            self.counts["captures/held"] += 1
            return
        if source and capture.note != NOT_CLOSED:  # which is found again by that note
            capture.note = f"{MEMENTO}{source}" + (f"; {capture.note}" if capture.note else "")
        if not is_classified and _ASSET.match(capture.content_type or ""):
            capture.role = CaptureRole.ASSET
        self.captures.add(capture, settled=is_classified)
        self.counts[f"captures/{capture.outcome}"] += 1

    def problem(self, url: str, message: str) -> None:
        """Keep what could not be imported."""
        self.bad += 1
        problem = Problem(kind=ProblemKind.BAD_RECORD, message=message, url=url, stage=Stage.IMPORT)
        self.captures.add_problem(self.run_id, self.portal, problem)

    def _classify(self, capture: Capture) -> None:
        """Set a capture's outcome; a revisit that was answered 304 confirms what it refers to."""
        if capture.body is None and capture.status == 304:
            capture.outcome, capture.note = Outcome.UNCHANGED, "status 304"
            return
        body = capture.body if capture.body is not None else self.captures.body(capture.sha256 or "")
        location = next((value for key, value in capture.response_headers if key.lower() == "location"), None)
        answer = classify(
            capture.url, capture.status or 0, capture.content_type, location, body, truncated=capture.note
        )
        capture.outcome, capture.redirect_url, capture.note = answer.outcome, answer.redirect_url, answer.note

    @property
    def taken(self) -> int:
        """How many captures are new to the archive."""
        return sum(n for name, n in self.counts.items() if name.startswith("captures/") and name != "captures/held")

    def read(self) -> int:
        """Read the documents that are due, as `read_due` does; returns how many could not be read."""
        self.portals.refresh()
        return read_due(self.captures, self.portals, self.run_id, self.counts, self.check)


def begin(captures: Captures, portal: str | None, tell: Callable[[str], None]) -> int:
    """Start a run of kind `import` and return its id. One that was killed is closed, and said."""
    for started_at in captures.end_cut_off(RunKind.IMPORT):
        tell(f"The import begun at {started_at} was interrupted; this one also reads what it brought.")
    return captures.start_run(RunKind.IMPORT, portal)


def read_due(
    captures: Captures,
    portals: Portals,
    run_id: int,
    counts: Counter[str],
    check: Callable[[], None] = lambda: None,
) -> int:
    """Read whatever reports.db lacks or holds in an older state than the captures; adds the results to `counts`.

    It does not matter which run brought the captures: one that was killed before it could read them is made good for.
    Portals of which nothing came since they were last read are not looked at. `check` is called after each document, and
    ends it by raising ArchiveError.
    Returns how many problems that make a crawl unwell came up, and how many listed reports of the archive gave none without an explanation.
    """
    failures = 0

    def record(portal: str, url: str, problems: list[Problem]) -> None:
        nonlocal failures
        captures.put_problems(run_id, Stage.READ, [(portal, url, problems)])
        kinds = [problem.kind for problem in problems]
        if not captures.is_acknowledged(portal, url):
            failures += sum(not kind.concerns_document or kind is ProblemKind.TIMED_OUT for kind in kinds)

    READER.keep_in(captures.path.parent)
    reports = Reports(captures.path.parent)
    try:
        store = Store(captures, reports, portals, record)
        states = portal_states(captures)
        unread = unread_portals(reports, states)
        again = captures.urls_with_problem(ProblemKind.NOT_READ_HERE) | urls_decided(captures.db.conn)
        names = names_of(captures, portals, unread | captures.portals_with_problem(ProblemKind.NOT_READ_HERE))
        captures.resolve_overtaken(names)
        places = due(captures, reports, located_documents(captures, portals, *names), again=again) if names else ()
        with writing(reports.path):
            for result in store.read_all(places):
                counts[f"reports/{result}"] += 1
                check()
            settled = store.balance(sorted(names | reports.displaced), run_id)
            unexplained = sum(settled.unexplained.values()) + unexplained_beside(reports, settled.unexplained)
            counts["entries/unexplained"] = unexplained
            failures += settled.lost + unexplained
            store.note_read({name: states[name] for name in unread}, settled.unexplained)
    finally:
        reports.close()
    return failures
