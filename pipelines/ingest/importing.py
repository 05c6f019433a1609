"""Captures that others have made come into the archive: from WARC and WACZ files, and from other archives."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from archive import Capture, Captures, Reports
from archive.model import Problem
from archive.vocabulary import Outcome
from archive.warc import reader
from pipelines.ingest.locate import located_documents
from pipelines.ingest.portals import Portals
from pipelines.ingest.store import Store
from pipelines.outcomes import classify


class Import:
    """One run of kind `import` while it lasts; `counts` and `urls` say what it brought."""

    def __init__(self, captures: Captures, portals: Portals, portal: str | None = None) -> None:
        """`portal` is whose every response is, whatever its address."""
        self.captures = captures
        self.portal = portal
        self.run_id = captures.start_run("import", portal)
        self.counts: Counter[str] = Counter()
        self.urls: set[str] = set()
        self.portals = portals

    def take(self, path: Path) -> None:
        """Take in a file's captures, each a commit. Raises ArchiveError where the file is damaged, with what is before it taken."""
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
        settled = bool(capture.outcome)
        if not settled:
            self._classify(capture)
        lister = self.portals.get(self.portal or capture.portal) or self.portals.owner(capture.url)
        if not settled or self.portal:
            capture.portal = lister.name if lister else None
        capture.run_id = self.run_id
        if self.captures.holds(capture):
            self.counts["captures/held"] += 1
            return
        self.captures.add(capture, settled=settled)
        self.counts[f"captures/{capture.outcome}"] += 1
        self.urls.add(capture.url)

    def _classify(self, capture: Capture) -> None:
        """Say what an answer means; a revisit that was answered 304 confirms what it refers to."""
        if capture.body is None and capture.status == 304:
            capture.outcome, capture.note = Outcome.UNCHANGED, "status 304"
            return
        body = capture.body if capture.body is not None else self.captures.body(capture.sha256 or "")
        location = next((value for key, value in capture.response_headers if key.lower() == "location"), None)
        answer = classify(
            capture.url, capture.status or 0, capture.content_type, location, body, truncated=capture.note is not None
        )
        capture.outcome, capture.redirect_url, capture.note = answer.outcome, answer.redirect_url, answer.note

    @property
    def taken(self) -> int:
        """How many captures came in that were not here."""
        return sum(n for name, n in self.counts.items() if name.startswith("captures/") and name != "captures/held")

    def read(self) -> int:
        """Read the documents that have a page among what came in; returns how many could not be read."""
        self.portals.refresh()
        return read_new(self.captures, self.portals, self.run_id, self.urls, self.counts)


def read_new(captures: Captures, portals: Portals, run_id: int, urls: set[str], counts: Counter[str]) -> int:
    """Read the documents that have one of these addresses; counts what came of them. Returns how many failed."""
    broken = 0

    def keep(url: str, found: list[Problem]) -> None:
        nonlocal broken
        captures.resolve_problems(url, "read", still=[p.kind for p in found])
        for problem in found:
            captures.add_problem(run_id, None, Problem(kind=problem.kind, message=problem.message, url=url))
            broken += problem.kind in {"unreadable", "read_failed"}

    reports = Reports(captures.path.parent)
    store = Store(captures, reports, portals, keep)
    wanted = (place for place in located_documents(captures, portals) if not urls.isdisjoint(place.urls))
    for result in store.read_all(wanted):
        counts[f"reports/{result}"] += 1
    reports.close()
    return broken
