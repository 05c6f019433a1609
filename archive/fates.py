"""What came of one entry, and what shows it: from captures.db and from what readers made of it, nothing else."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from w3lib.url import safe_url_string

from archive.batches import batched
from archive.captures import Capture, Captures
from archive.model import Entry
from archive.reports import Reports
from archive.vocabulary import DOCUMENT_OUTCOMES, Fate, Outcome, ProblemKind, ReportState, Stage
from archive.withheld import decision, urls_withheld

_AT_ONCE = 500
"""Addresses in one query."""
_MOST_MOVES = 5
"""Redirects on the way to a document."""
NOT_READ_YET = "not read yet"
_SAID = {ReportState.MISSING: Fate.MISSING, ReportState.REMOVED: Fate.REMOVED}
_OUTCOME_FATES = {
    Outcome.MISSING: Fate.MISSING,
    Outcome.BLOCKED: Fate.BLOCKED,
    Outcome.ERROR: Fate.ERROR,
}
_PROBLEM_FATES = {
    ProblemKind.ROBOTS_FORBIDS: Fate.BLOCKED,
    ProblemKind.OFF_SITE: Fate.OFF_SITE,
    ProblemKind.UNSAFE_SCHEME: Fate.OFF_SITE,
    ProblemKind.ERROR: Fate.ERROR,
    ProblemKind.TOO_LARGE: Fate.ERROR,
    ProblemKind.ADDRESS_TOO_LONG: Fate.ERROR,
    ProblemKind.PRIVATE_ADDRESS: Fate.ERROR,
}
"""Kinds of open problems that say why an address was never captured."""

_ADDRESSES = """
SELECT o.url, o.report_id AS id FROM locations o JOIN reports r ON r.id = o.report_id WHERE r.portal = :portal
UNION ALL SELECT url, id FROM reports WHERE portal = :portal
"""
"""A report's own address comes last, and so counts before one in a frame of another."""
_ANYWHERE = """
SELECT url, id FROM reports WHERE url IN (SELECT value FROM json_each(:urls))
UNION ALL SELECT url, report_id FROM locations WHERE url IN (SELECT value FROM json_each(:urls))
"""
_OPEN = "SELECT url, kind, message FROM problems WHERE portal = ? AND resolved_at IS NULL AND stage <> ?"


class ListingPortal(Protocol):
    """What the ledger asks of a portal."""

    @property
    def name(self) -> str:
        """Its spider's name."""

    def key(self, url: str) -> str:
        """The document's key: the same for every address of one document."""

    def declares(self, url: str) -> bool:
        """Whether the address is on a host that the portal declares."""

    def facts(self) -> Mapping[str, str | None]:
        """Its row in both databases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What shows an entry's fate."""

    fate: Fate
    cause: str = ""
    report_id: str | None = None
    capture_id: int | None = None
    label: str | None = None
    """What to call the entry in place of its title; None for its title."""
    is_explained: bool = False
    """Nothing is to be done about it: robots.txt forbids the address, for example."""


class Judge:
    """Finds the fate of each entry of one portal."""

    def __init__(
        self,
        captures: Captures,
        reports: Reports,
        portal: ListingPortal,
        is_report_title: Callable[[str], bool],
        limits: Collection[str],
    ) -> None:
        self.captures = captures
        self.reports = reports
        self.portal = portal
        self.is_report_title = is_report_title
        self.limits = limits
        self.states: dict[str, tuple[str, str]] = {}
        """Report id → address and state."""
        self.doubles: dict[str, str] = {}
        """Report id → id of the report of this portal that it is once more."""
        self.contradictions: dict[tuple[str, str], str] = {}
        """Listing and address of an entry that announces another report than it leads to → what shows it."""
        self.addresses: dict[str, str] = {}
        """Address → id of the report that is found there."""
        self.unreported: dict[str, Witness] = {}
        """Key → what reading says of a document without a report."""
        self.answers: dict[str, Capture] = {}
        """Address → its newest capture, and so for every address that one of them redirects to."""
        self.problems: dict[str, tuple[str, str]] = {}
        """Address → kind and message of an open problem."""
        self.keys: dict[str, str] = {}
        """Entry's address → key of its document; without those on hosts that the portal does not declare."""
        self.withheld = urls_withheld(captures.db.conn)
        self.sent: dict[str, str] = {}
        """Entry's address → the address as a request has it, with what is not ASCII escaped."""

    def judge(self, entries: list[Entry]) -> Iterator[tuple[Entry, Witness | None]]:
        """Each entry with its fate; None where nothing gives it one."""
        self._gather(entries)
        by_key: defaultdict[str, list[str]] = defaultdict(list)
        for entry in entries:
            if entry.url in self.keys:
                by_key[self.keys[entry.url]].append(entry.url)
        leaders = self._leaders(entries)
        for entry in entries:
            if entry.url in self.withheld or self.sent.get(entry.url) in self.withheld:
                yield entry, self._of_withheld(entry)
                continue
            report_id = self._report_id(entry.url)
            contradiction = self._contradiction(entry)
            if report_id is not None and contradiction:
                answer = self.answers.get(self.sent.get(entry.url, entry.url))
                capture_id = answer.id if answer else None
                yield entry, Witness(fate=Fate.NOT_A_REPORT, cause=contradiction, capture_id=capture_id)
            elif report_id is not None:
                is_leader = leaders.get(report_id) == (entry.listing_url, entry.url)
                yield entry, self._of_report(entry, report_id, is_leader=is_leader)
            else:
                yield entry, self._without_report(entry, by_key[self.keys.get(entry.url, "")])

    def _gather(self, entries: list[Entry]) -> None:
        """Read, once for all entries, everything that can be a witness."""
        name, connection = self.portal.name, self.reports.db.conn
        for row in connection.execute("SELECT id, url, state, same_as FROM reports WHERE portal = ?", (name,)):
            self.states[row["id"]] = row["url"], row["state"]
            if row["same_as"]:
                self.doubles[row["id"]] = row["same_as"]
        for row in connection.execute("SELECT listing_url, url, cause FROM contradictions WHERE portal = ?", (name,)):
            self.contradictions[row["listing_url"], row["url"]] = row["cause"]
        self.addresses = {row["url"]: row["id"] for row in connection.execute(_ADDRESSES, {"portal": name})}
        for row in connection.execute("SELECT key, fate, cause, capture_id FROM unreported WHERE portal = ?", (name,)):
            self.unreported[row["key"]] = Witness(
                fate=Fate(row["fate"]), cause=row["cause"] or "", capture_id=row["capture_id"]
            )
        for row in self.captures.db.conn.execute(_OPEN, (name, Stage.STORE)):
            self.problems.setdefault(row["url"], (row["kind"], row["message"]))
        for entry in entries:
            if self._is_declared(entry.url):
                self.keys[entry.url] = self.portal.key(entry.url)
                self.sent[entry.url] = safe_url_string(entry.url)
        self._read_answers(self.sent.values())
        self._read_foreign(url for url in self.answers if url not in self.addresses)

    def _is_declared(self, url: str) -> bool:
        try:
            return self.portal.declares(url)
        except ValueError:  # what a listing links need not be an address
            return False

    def _read_answers(self, urls: Iterable[str]) -> None:
        """The newest capture of each address and of those that it redirects to."""
        wanted = set(urls)
        for _ in range(_MOST_MOVES + 1):
            for batch in batched(sorted(wanted), _AT_ONCE):
                self.answers |= {capture.url: capture for capture in self.captures.history(batch)}
            targets = {c.redirect_url for c in map(self.answers.get, wanted) if c and c.outcome == Outcome.REDIRECT}
            wanted = {url for url in targets if url} - self.answers.keys()
            if not wanted:
                return

    def _read_foreign(self, urls: Iterable[str]) -> None:
        """Reports of other portals at these addresses."""
        for batch in batched(urls, _AT_ONCE):
            rows: Iterable[sqlite3.Row] = self.reports.db.conn.execute(_ANYWHERE, {"urls": json.dumps(batch)})
            for row in rows:
                self.addresses.setdefault(row["url"], row["id"])

    def _report_id(self, url: str) -> str | None:
        """The report that an address leads to."""
        own = f"{self.portal.name}-{self.keys.get(url)}"
        found = self.addresses.get(url) or self.addresses.get(self.sent.get(url, url))
        return found or (own if own in self.states else None)

    def _contradiction(self, entry: Entry) -> str:
        """Why the report that an entry leads to is not the one that it announces; empty where it is."""
        return self.contradictions.get((entry.listing_url or "", entry.url), "")

    def _leaders(self, entries: list[Entry]) -> dict[str, tuple[str | None, str]]:
        """Report id → the entry that leads to it: one at the report's own address before the others."""
        leaders: dict[str, tuple[str | None, str]] = {}
        for entry in entries:
            report_id = self._report_id(entry.url)
            if report_id not in self.states or self._contradiction(entry):
                continue
            url = self.states[report_id][0]
            leader = leaders.get(report_id)
            if leader is None or (entry.url == url and leader[1] != url):
                leaders[report_id] = entry.listing_url, entry.url
        return leaders

    def _of_withheld(self, entry: Entry) -> Witness:
        """What is said in place of a report that is withheld: since when, why, and what it is."""
        found = decision(self.captures.db.conn, [entry.url, self.sent.get(entry.url, entry.url)])
        cause, label = (found.cause, found.label) if found else ("", "")
        return Witness(fate=Fate.WITHHELD, cause=cause, label=label, is_explained=True)

    def _of_report(self, entry: Entry, report_id: str, *, is_leader: bool) -> Witness:
        url, state = self.states.get(report_id, ("", ReportState.LIVE))
        answer = self.answers.get(self.sent.get(entry.url, entry.url))
        capture_id = answer.id if answer else None
        double = self.doubles.get(report_id, "")
        if double in self.states and ReportState(state) not in _SAID:
            return Witness(fate=Fate.COPY, cause=self.states[double][0], report_id=double, capture_id=capture_id)
        fate = _SAID.get(ReportState(state)) or (Fate.REPORT if is_leader else Fate.COPY)
        cause = url if fate == Fate.COPY and url != entry.url else ""
        return Witness(fate=fate, cause=cause, report_id=report_id, capture_id=capture_id)

    def _without_report(self, entry: Entry, same_document: list[str]) -> Witness | None:
        if entry.url not in self.keys:
            return Witness(fate=Fate.OFF_SITE, cause="the portal does not declare its host")
        if not self.is_report_title(entry.title or ""):
            return Witness(fate=Fate.NOT_A_REPORT, cause=f"titled {entry.title!r}")
        addresses = (self.sent[url] for url in (entry.url, *same_document))
        answered = next((url for url in addresses if url in self.answers), None)
        return self._never_answered(entry.url) if answered is None else self._of_answer(answered)

    def _never_answered(self, url: str) -> Witness:
        kind, message = self.problems.get(url) or self.problems.get(self.sent[url], ("", ""))
        fate = next((fate for known, fate in _PROBLEM_FATES.items() if known == kind), None)
        if fate is not None:
            return Witness(fate=fate, cause=message, is_explained=ProblemKind(kind).concerns_document)
        if self.limits:
            return Witness(fate=Fate.NOT_ASKED, cause=", ".join(sorted(self.limits)))
        return Witness(fate=Fate.PENDING, cause="not asked for yet")

    def _of_answer(self, url: str) -> Witness | None:
        """What the newest answer at an address says, over redirects."""
        passed = [url]
        answer = self.answers[url]
        while answer.outcome == Outcome.REDIRECT:
            target = answer.redirect_url or ""
            if target in passed or len(passed) > _MOST_MOVES:
                cause = "redirects to itself" if target == answer.url else f"redirects in a circle, to {target}"
                return Witness(fate=Fate.ERROR, cause=cause, capture_id=answer.id)
            if not self._is_declared(target):
                return Witness(fate=Fate.OFF_SITE, cause=f"redirects to {target}", capture_id=answer.id)
            if target not in self.answers:
                return Witness(fate=Fate.ERROR, cause=f"redirects to {target}, never fetched", capture_id=answer.id)
            passed.append(target)
            answer = self.answers[target]
        if answer.outcome in _OUTCOME_FATES:
            fate = _OUTCOME_FATES[answer.outcome]
            return Witness(fate=fate, cause=answer.note or str(answer.outcome), capture_id=answer.id)
        if answer.outcome not in DOCUMENT_OUTCOMES:
            return None
        said = self.unreported.get(self.portal.key(answer.url)) or self.unreported.get(self.portal.key(url))
        if said is None:
            return Witness(fate=Fate.CAPTURED, cause=NOT_READ_YET, capture_id=answer.id)
        return Witness(fate=said.fate, cause=said.cause, capture_id=said.capture_id or answer.id)
