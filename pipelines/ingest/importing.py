"""Imports: captures made elsewhere, from WARC and WACZ files and from other archives."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from archive import Capture, Captures, Reports
from archive.ledger import portals_with_entries
from archive.model import Problem
from archive.vocabulary import Outcome, ProblemKind, RunKind, Stage
from archive.warc import reader
from pipelines.ingest.locate import located_documents
from pipelines.ingest.portals import Portals
from pipelines.ingest.store import Store
from pipelines.outcomes import classify


class Import:
    """One run of kind `import` while it lasts. `counts` says what it brought, `urls` whose captures are new."""

    def __init__(self, captures: Captures, portals: Portals, portal: str | None = None) -> None:
        """Every response is given to `portal`, whatever its address; without one, to the portal that declares it."""
        self.captures = captures
        self.portal = portal
        self.run_id = captures.start_run(RunKind.IMPORT, portal)
        self.counts: Counter[str] = Counter()
        self.urls: set[str] = set()
        self.portals = portals

    def take(self, path: Path) -> None:
        """Take in a file's captures, each in a commit of its own.

        Raises ArchiveError where the file is damaged; what precedes the damage is archived.
        """
        for item in reader.records(path, self.captures.body_of):
            if isinstance(item, Capture):
                self._take(item)
            elif isinstance(item, reader.Skipped):
                self.counts[f"skipped/{item.what}"] += 1
            else:
                for facts in item.portals:
                    if self.portals.get(facts["name"]) is None:
                        self.captures.add_portal(facts)
                self.captures.merge_entries(item.entries)
                self.portals.refresh()

    def _take(self, capture: Capture) -> None:
        is_classified = bool(capture.outcome)
        if not is_classified:
            self._classify(capture)
        owner = self.portals.get(self.portal or capture.portal) or self.portals.owner(capture.url)
        if not is_classified or self.portal:
            capture.portal = owner.name if owner else None
        capture.run_id = self.run_id
        if self.captures.holds(capture):
            self.counts["captures/held"] += 1
            return
        self.captures.add(capture, settled=is_classified)
        self.counts[f"captures/{capture.outcome}"] += 1
        self.urls.add(capture.url)

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
        """Read the documents with an address among the new captures; returns how many could not be read."""
        self.portals.refresh()
        return read_new(self.captures, self.portals, self.run_id, self.urls, self.counts)


def read_new(captures: Captures, portals: Portals, run_id: int, urls: set[str], counts: Counter[str]) -> int:
    """Read the documents that have one of these addresses; adds the results to `counts`.

    Returns how many problems say that a page could not be read.
    """
    failures = 0

    def record(url: str, problems: list[Problem]) -> None:
        nonlocal failures
        captures.resolve_problems(url, Stage.READ, still=[problem.kind for problem in problems])
        for problem in problems:
            captures.add_problem(run_id, None, Problem(kind=problem.kind, message=problem.message, url=url))
            failures += problem.kind in {ProblemKind.UNREADABLE, ProblemKind.READ_FAILED}

    reports = Reports(captures.path.parent)
    store = Store(captures, reports, portals, record)
    wanted = (place for place in located_documents(captures, portals) if not urls.isdisjoint(place.urls))
    for result in store.read_all(wanted):
        counts[f"reports/{result}"] += 1
    failures += len(store.balance(portals_with_entries(captures), run_id))
    reports.close()
    return failures
