"""A reparse: stored pages read again without the network, and the account of what that changed."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from archive import Captures, Reports
from archive.batches import batched
from archive.database import writing
from archive.document_index import DiskSet
from archive.ledger import portals_with_entries
from archive.model import Located, Problem
from archive.read_marks import due, portal_states, state_of
from archive.records import Reading, Record
from archive.verify_reports import discard_damaged
from archive.vocabulary import ProblemKind, RunKind, Stage
from pipelines.ingest.composing import compose_all
from pipelines.ingest.differences import Change, compare
from pipelines.ingest.executor import Prepare
from pipelines.ingest.locate import locate, located_all
from pipelines.ingest.portals import Portals
from pipelines.ingest.same_text import contradicted
from pipelines.ingest.store import Pace, Store
from pipelines.version import READER_VERSION

EXAMPLES = 10
_TOLD_EVERY = 20
"""Documents after which progress is told."""
_KEPT = 200
"""Ids of changed or lost reports that a run's row names, and changes kept to choose examples from."""
_AT_ONCE = 200
"""Reports written in one commit."""
_WORTH_A_PROCESS = 100
"""Documents that take longer to read than a process takes to start."""
_TELLING = {"lost": 0, "changed": 1, "added": 2}
_SHOWN = 300
"""Characters of a value in an example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which documents a reparse reads: all of them, or those to which everything given here applies."""

    portal: str | None = None
    only_unread: bool = False
    """Those that reports.db lacks or holds in an older state or of another reader, and those of which, or beside which,
    something could not be read here before."""
    fetched_since: str | None = None
    """ISO date: those with an address that was asked for on this day or later."""

    @property
    def is_whole(self) -> bool:
        """Whether it has every document of the portal, or of all portals: a report that it misses is lost."""
        return not (self.only_unread or self.fetched_since)


@dataclass(slots=True)
class Account:
    """What a reparse came to; the stats of its run."""

    is_finished: bool = False
    """False where it was interrupted: the next reparse goes on from what was written."""
    counts: Counter[str] = field(default_factory=Counter)
    """read, new, changed, unchanged, none (no reports), lost, failed."""
    fields: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Field → values added, lost, changed."""
    candidates: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    reports: dict[str, list[str]] = field(default_factory=lambda: {"new": [], "changed": [], "lost": [], "failed": []})
    """Ids by result, the first of each."""

    @property
    def has_losses(self) -> bool:
        """Whether a value, or a whole report, that was read before is read no more."""
        return bool(self.counts["lost"] or any(kinds["lost"] for kinds in self.fields.values()))

    def name(self, what: str, report_id: str) -> None:
        """Count a report."""
        self.counts[what] += 1
        if what in self.reports and len(self.reports[what]) < _KEPT:
            self.reports[what].append(report_id)

    def note(self, report_id: str, url: str, change: Change) -> None:
        """Count a change, and keep it as an example if there are few of its like."""
        self.fields[change.field][change.kind] += 1
        alike = self.candidates.setdefault((change.kind, change.field), [])
        if len(alike) < EXAMPLES:
            values = {"old": _short(change.old), "new": _short(change.new)}
            named = {"report": report_id, "url": url, "field": change.field, "where": change.where}
            alike.append({**named, "kind": change.kind, **values})

    def examples(self) -> list[dict[str, Any]]:
        """The ten that show most: losses before changes before additions, and of each field one before a second."""
        ranked = [
            (_TELLING[kind], number, -self.fields[name][kind], name, example)
            for (kind, name), alike in self.candidates.items()
            for number, example in enumerate(alike)
        ]
        return [example for *_, example in sorted(ranked, key=lambda entry: entry[:4])[:EXAMPLES]]

    def stats(self) -> dict[str, Any]:
        """Everything, for the run's row."""
        fields = {name: dict(kinds) for name, kinds in sorted(self.fields.items())}
        return {
            **self.counts,
            "fields": fields,
            "examples": self.examples(),
            "reports": {what: ids for what, ids in self.reports.items() if ids},
        }


def _short(value: Any) -> Any:
    text = value if isinstance(value, str) else None
    return text[:_SHOWN] + " …" if text and len(text) > _SHOWN else value


def reparse(
    archive: Path,
    captures: Captures,
    portals: Portals,
    selection: Selection,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda _: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Account:
    """Read stored documents again as a run of its own: write what changed, remove what is lost, relate the reports.

    jobs: processes that read (default: as many as cores, fewer for few documents). scheduler: of the Dask cluster that
    reads instead. dry_run: write nothing, only give
    the account. tell: hears what happens on the way, one line at a time. progress: hears how many documents of how many
    are read. An interrupt (KeyboardInterrupt) ends it early with what is read so far written. Raises ArchiveError.
    """
    interrupted = [] if dry_run else captures.end_cut_off(RunKind.REPARSE)
    if interrupted:
        tell(f"The reparse begun at {interrupted[-1]} never came to its end; what it wrote is kept.")
    if not dry_run:
        for started_at in captures.end_cut_off(RunKind.IMPORT):
            tell(f"The import begun at {started_at} was interrupted; what it brought is read now if it is selected.")
    if not (dry_run or selection.only_unread):
        selection = _without_damage(archive, selection, tell)
    run_id = None if dry_run else captures.start_run(RunKind.REPARSE, selection.portal)
    states = portal_states(captures) if selection.portal is None else state_of(captures, selection.portal)
    addresses = locate(captures, portals, *filter(None, [selection.portal]))
    total = len(addresses)
    run = Reparse(archive, captures, portals, run_id=run_id)
    try:
        with writing(archive / "reports.db"):
            run.run(
                run.selected(located_all(addresses, portals), selection),
                jobs or min(os.cpu_count() or 1, total // _WORTH_A_PROCESS + 1),
                scheduler=scheduler,
                tell=tell,
                progress=lambda done: progress(done, total),
            )
            if selection.is_whole:
                run.remove_lost(selection.portal)
            is_whole = selection.is_whole and not selection.portal
            run.relate(everything=bool(interrupted) or (is_whole and run.concerns_all))
            unexplained = run.balance(selection.portal)
            if run.store is not None and not selection.fetched_since:
                run.store.note_read(states, unexplained)
        run.account.is_finished = True
    except KeyboardInterrupt:
        tell("interrupted; what was read is kept, and the next reparse goes on from it")
    finally:
        run.close()
        if run_id is not None:
            reason = "finished" if run.account.is_finished else "interrupted"
            captures.finish_run(run_id, reason, run.account.stats())
    return run.account


def _without_damage(archive: Path, selection: Selection, tell: Callable[[str], None]) -> Selection:
    """What to read: all, where something in reports.db is not as it was written, and it is given up."""
    damage = discard_damaged(archive / "reports.db")
    if not damage:
        return selection
    tell(f"{damage[0]}{f', and {len(damage) - 1} faults more' if damage[1:] else ''}; all of it is built anew")
    return Selection()


class Reparse:
    """Reads documents of an archive and writes what changed, or, dry, only says what would."""

    def __init__(self, archive: Path, captures: Captures, portals: Portals, *, run_id: int | None) -> None:
        """Without a run it is dry."""
        self.archive = archive
        self.captures = captures
        self.run_id = run_id
        self.reports: Reports | None = None
        if run_id is not None or (archive / "reports.db").is_file():
            self.reports = Reports(archive, read_only=run_id is None)
        self.account = Account()
        self.said: list[tuple[str | None, str, list[Problem]]] = []
        self.store = Store(captures, self.reports, portals, self._hear) if self.reports and run_id is not None else None
        self.left_alone: set[str] = set()
        self.seen = DiskSet()
        self._has_anothers = False

    def run(
        self,
        places: Iterable[Located],
        jobs: int,
        *,
        scheduler: str | None = None,
        prepare: Prepare | None = None,
        tell: Callable[[str], None] = lambda _: None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Read these documents. What is written is consistent whenever it is stopped, and the next run goes on."""
        readings = compose_all(
            self.archive,
            self._known(places),
            jobs,
            scheduler=scheduler,
            prepare=prepare,
            tell=tell,
            dry_run=self.run_id is None,
        )
        is_time = Pace(_AT_ONCE)
        for number, reading in enumerate(readings, 1):
            self._take(reading)
            if is_time():
                self.commit()
            if number % _TOLD_EVERY == 0:
                progress(number)
        self.commit()

    def selected(self, places: Iterable[Located], selection: Selection) -> Iterable[Located]:
        """Those of these documents that the selection has."""
        if selection.only_unread:
            again = self.captures.urls_unread()
            places = due(self.captures, self.reports, places, again=again, reader_version=READER_VERSION)
        if selection.fetched_since:
            fetched = self.captures.urls_since(selection.fetched_since)
            places = (place for place in places if not fetched.isdisjoint(place.urls))
        return places

    def _known(self, places: Iterable[Located]) -> Iterator[Located]:
        """These documents with the digests that reports.db has of them, as far as this reader wrote them."""
        for batch in batched(places, _AT_ONCE):
            stored = self.reports.digests(place.id for place in batch) if self.reports else {}
            for place in batch:
                digest, version = stored.get(place.id, (None, None))
                self._has_anothers |= version not in {None, READER_VERSION}
                yield replace(place, digest=digest) if version == READER_VERSION else place

    def _take(self, reading: Reading) -> None:
        account, place = self.account, reading.located
        account.counts["read"] += 1
        result, changes = self._compared(reading)
        if self.store is not None:
            written = self.store.write(reading)
            result = result if written == "changed" else written
        if result in {"new", "changed", "unchanged"}:
            self.seen.add(place.id)
        if result == "failed" or _is_unreadable(reading):
            account.name("failed", place.id)
            self.left_alone.add(place.id)
        if result != "failed":
            account.name(result, place.id)
        if result == "changed" and reading.record:
            for change in changes:
                account.note(place.id, reading.record.row["url"], change)

    def _compared(self, reading: Reading) -> tuple[str, list[Change]]:
        """failed, none, new, unchanged or changed, and what changed, against what is stored so far."""
        if reading.failed:
            return "failed", []
        if reading.is_unchanged:
            return "unchanged", []
        before = self.reports.record(reading.located.id) if self.reports else None
        if before is not None and reading.is_prevented:
            return "failed", []
        if reading.record is None:
            return "none", []
        if before is None:
            is_anothers = self.store is None and self.reports and self._is_anothers(reading.record, self.reports)
            return "none" if is_anothers else "new", []
        if before.digest == reading.record.digest:
            return "unchanged", []
        changes = list(compare(before, reading.record))
        return "changed" if changes else "unchanged", changes

    def _is_anothers(self, record: Record, reports: Reports) -> bool:
        return record.id in contradicted(self.captures, reports, record)

    def remove_lost(self, portal: str | None) -> None:
        """Take out the reports that no capture gives any more. Only after all documents of the portal, or of all."""
        if self.reports is None:
            return
        lost = [
            report_id
            for report_id in self.reports.known(portal)
            if report_id not in self.seen and report_id not in self.left_alone
        ]
        for report_id in lost:
            record = self.reports.record(report_id)
            if record:
                self.account.name("lost", report_id)
                gone = Change("report", "", "lost", record.row["title"], None)
                self.account.note(report_id, record.row["url"], gone)
            if self.store:
                self.reports.remove(report_id)
        self.commit()

    @property
    def concerns_all(self) -> bool:
        """Whether all reports are to be related, after a whole run: another reader has related them, or most are new."""
        return self._has_anothers or 2 * self.account.counts["new"] > self.account.counts["read"]

    def relate(self, *, everything: bool) -> None:
        """Evaluate what takes two reports: of those that were written, or of all."""
        if self.store is not None:
            self.store.relate(everything=everything)

    def balance(self, portal: str | None) -> dict[str, int]:
        """Settle the ledger of entries: of one portal, or of all that listings are known of.

        Returns, for each, how many listed reports gave none without an explanation.
        """
        if self.store is None or self.run_id is None:
            return {}
        settled = self.store.balance([portal] if portal else portals_with_entries(self.captures), self.run_id)
        if settled.lost:
            self.account.counts["unaccounted"] = settled.lost
        return settled.unexplained

    def commit(self) -> None:
        """Make what was written so far safe."""
        if self.store is None or self.reports is None or self.run_id is None:
            return
        self.reports.commit()
        self.captures.put_problems(self.run_id, Stage.READ, self.said)
        self.said.clear()

    def close(self) -> None:
        """Release reports.db."""
        if self.store is not None:
            self.commit()
        if self.reports is not None:
            self.reports.db.close()

    def _hear(self, portal: str, url: str, problems: list[Problem]) -> None:
        self.said.append((portal, url, problems))


_UNREADABLE = frozenset((ProblemKind.UNREADABLE, ProblemKind.LISTED_UNREAD, ProblemKind.OVERSIZED))


def _is_unreadable(reading: Reading) -> bool:
    """Whether a document that was captured cannot be read at all."""
    is_read = reading.record is not None or reading.is_unchanged
    return not is_read and any(p.kind in _UNREADABLE for _, said in reading.problems for p in said)
