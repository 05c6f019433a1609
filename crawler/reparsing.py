"""A reparse: every stored page read again, and the account of what that changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive import Captures, Reports
from crawler.items import Problem
from crawler.workers import Prepare, compose_all
from pipelines.compose import Located, Reading
from pipelines.differences import Change, compare
from pipelines.store import Store
from spiders.platforms import Portal

EXAMPLES = 10
_KEPT = 200
"""Ids of changed or lost reports that a run's row names, and changes kept to choose examples from."""
_AT_ONCE = 200
"""Reports written in one commit."""
_TELLING = {"lost": 0, "changed": 1, "added": 2}
_SHOWN = 300
"""Characters of a value in an example."""


@dataclass(slots=True)
class Account:
    """What a reparse came to; the stats of its run."""

    counts: Counter[str] = field(default_factory=Counter)
    """read, new, changed, unchanged, none (no reports), lost, failed."""
    fields: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Field → values added, lost, changed."""
    candidates: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    reports: dict[str, list[str]] = field(default_factory=lambda: {"new": [], "changed": [], "lost": [], "failed": []})
    """Ids by what came of them, the first of each."""

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
        """The ten that tell most: losses before changes before additions, and of each field one before a second."""
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


class Reparse:
    """Reads documents of an archive and writes what changed, or, dry, only says what would."""

    def __init__(
        self, archive: Path, captures: Captures, portals: dict[str, type[Portal]], *, run_id: int | None
    ) -> None:
        """Without a run it is dry."""
        self.archive = archive
        self.captures = captures
        self.run_id = run_id
        self.reports: Reports | None = None
        if run_id is not None or (archive / "reports.db").is_file():
            self.reports = Reports(archive, read_only=run_id is None)
        self.account = Account()
        self.said: list[tuple[str | None, str, list[Problem]]] = []
        self.portal = ""
        self.store = Store(captures, self.reports, portals, self._hear) if self.reports and run_id is not None else None
        self.left_alone: set[str] = set()
        self.seen: set[str] = self.store.touched if self.store else set()

    def run(
        self,
        places: Iterable[Located],
        jobs: int,
        *,
        prepare: Prepare | None = None,
        tell: Callable[[str], None] = lambda _: None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Read these documents. What is written is consistent whenever it is stopped, and the next run goes on."""
        for number, reading in enumerate(compose_all(self.archive, places, jobs, prepare=prepare, tell=tell), 1):
            self._take(reading)
            if number % _AT_ONCE == 0:
                self.commit()
            if number % 20 == 0:
                progress(number)
        self.commit()

    def _take(self, reading: Reading) -> None:
        account, place = self.account, reading.located
        account.counts["read"] += 1
        self.portal = place.portal
        unreadable = reading.record is None and any(
            p.kind == "unreadable" for _, said in reading.problems for p in said
        )
        if reading.failed or unreadable:
            account.name("failed", place.id)
            self.left_alone.add(place.id)
        before, result = None, "none"
        if reading.record is not None:
            result = self._compared(reading)
            if result == "changed" and self.reports:
                before = self.reports.record(place.id)
        if self.store is not None:
            result = self.store.write(reading) or "none"
        elif reading.record is not None:
            self.seen.add(place.id)
        if result != "failed":
            account.name(result, place.id)
        if before and reading.record and result == "changed":
            for change in compare(before, reading.record):
                account.note(place.id, reading.record.row["url"], change)

    def _compared(self, reading: Reading) -> str:
        if reading.record is None or self.reports is None:
            return "new"
        digest = self.reports.digest(reading.record.id)
        return "new" if digest is None else "unchanged" if digest == reading.record.digest else "changed"

    def remove_lost(self, portal: str | None) -> None:
        """Take out the reports that no capture gives any more. Only after all documents of the portal, or of all."""
        if self.reports is None:
            return
        for report_id in sorted(self.reports.known(portal) - self.seen - self.left_alone):
            record = self.reports.record(report_id)
            if record:
                self.account.name("lost", report_id)
                gone = Change("report", "", "lost", record.row["title"], None)
                self.account.note(report_id, record.row["url"], gone)
            if self.store:
                self.reports.remove(report_id)
        self.commit()

    def relate(self, *, everything: bool) -> None:
        """Evaluate what takes two reports: of those that were read, or of all."""
        if self.store is None or self.reports is None:
            return
        if everything:
            self.store.touched |= self.reports.known()
        self.store.relate()
        self.commit()

    def commit(self) -> None:
        """Make what was written so far safe."""
        if self.store is None or self.reports is None or self.run_id is None:
            return
        self.reports.commit()
        self.captures.put_problems(self.run_id, "read", self.said)
        self.said.clear()

    def close(self) -> None:
        """Release reports.db."""
        if self.store is not None:
            self.commit()
        if self.reports is not None:
            self.reports.db.close()

    def _hear(self, url: str, problems: list[Problem]) -> None:
        self.said.append((self.portal, url, problems))
