"""Proving that reports.db is what was written: each report by its digest, the other rows by theirs, sums by adding up again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from archive.constraints import violations
from archive.database import ArchiveError
from archive.figures import COLUMNS
from archive.migrations.reports import EARLIER, migrations
from archive.migrations.sums import MET_AGAIN, SEVERAL_AGAIN
from archive.migrations.views import TOTALS, TOTALS_AGAIN, TOTALS_KEY
from archive.records import DIGEST_FORM, digest_as_stored, figures_of
from archive.reports import Reports
from archive.row_digests import DIGESTED_TABLES, RowCheck, cross_year_digest, stored_cross_year
from archive.structure import faults
from archive.verification import UNREADABLE, Scope, Verification, chance, open_damaged, references
from archive.verify_index import index_faults
from archive.write_ahead_log import log_fault

_WITHOUT_FIGURES = "SELECT id FROM reports WHERE id NOT IN (SELECT report_id FROM figures) ORDER BY id"
_FIGURES = f"SELECT {', '.join(COLUMNS)} FROM figures WHERE report_id = ?"  # noqa: S608 - our column names
_REBUILD = "scrapy reparse builds reports.db anew"


def verify_reports(
    path: Path, captures: sqlite3.Connection | None, result: Verification, scope: Scope | None = None
) -> None:
    """Add a line to `result` for each thing that is wrong with reports.db. Without `captures` no body is asked for."""
    if not path.is_file():
        result.lines.append(
            "reports.db: it is no file, but a directory, a pipe or a link that leads nowhere: take it away"
        )
        return
    db = open_damaged(path)
    try:
        _Reports(db, path, captures, result, scope or Scope()).run()
    finally:
        db.close()


def discard_damaged(path: Path) -> list[str]:
    """Delete a reports.db with which something is wrong; says what, a line each. All of it can be read again."""
    if not path.is_file():
        return []
    result = Verification()
    verify_reports(path, None, result)
    if result.lines:
        try:
            for end in ("-wal", "-shm", "-journal", ""):
                path.with_name(path.name + end).unlink(missing_ok=True)
        except OSError as error:
            raise ArchiveError(f"cannot remove the damaged {path}: {error.strerror}") from error
    return result.lines


class _Reports:
    def __init__(
        self,
        db: sqlite3.Connection,
        path: Path,
        captures: sqlite3.Connection | None,
        result: Verification,
        scope: Scope,
    ) -> None:
        self.db = db
        self.captures = captures
        self.result = result
        self.scope = scope
        self.reports = Reports.over(Database(db), path)

    def run(self) -> None:
        """All of it; what cannot be read says so and hides nothing else."""
        with self.looking("its tables"):
            if self.db.execute(EARLIER).fetchone():
                self.result.notes.append(f"reports.db is of an earlier version and was not looked at: {_REBUILD}")
                return
        if self.scope.share >= 1:
            for line in faults(self.db, migrations, self.reports.path):
                self.say(line)
            if fault := log_fault(self.reports.path):
                self.say(fault)
        with self.looking("its tables"):
            if migrations.pending(self.reports.db):
                self.result.notes.append(
                    "the rows of reports.db were not looked at: the next crawl or reparse brings it up to date"
                )
                return
        if self.scope.share >= 1:
            with self.looking("what its columns hold"):
                self.result.notes += [f"reports.db: {line}" for line in violations(self.db, "reports.db")]
        with self.looking("references between tables"):
            for line in references(self.db):
                self.say(line)
        for table in DIGESTED_TABLES["reports.db"]:
            with self.looking(f"table {table}"):
                self._rows(table)
        with self.looking("the reports"):
            self._every_report()
        if self.captures is not None:
            with self.looking("the bodies of reports"):
                self._sources(self.captures)
        if self.scope.is_whole:
            with self.looking("the index of texts"):
                for line in index_faults(self.db):
                    self.say(line)
        with self.looking("the figures"):
            for row in self.db.execute(_WITHOUT_FIGURES):
                self.say(f"{row['id']} has no figures")
        with self.looking("the sums"):
            for line in _sums(self.db):
                self.say(line)

    def say(self, line: str, *, remedy: str = _REBUILD) -> None:
        """Keep a line."""
        self.result.lines.append(f"reports.db: {line}{f' ({remedy})' if remedy else ''}")

    @contextmanager
    def looking(self, what: str) -> Iterator[None]:
        """Makes an error a line."""
        try:
            yield
        except UNREADABLE as error:
            self.say(f"{what} cannot be read to the end, so not all is looked at: {error}")

    def _rows(self, table: str) -> None:
        check = RowCheck(self.db, "reports.db", table)
        if not check.is_possible:
            return
        for row in self.db.execute(f"SELECT * FROM {table}"):  # noqa: S608 - our names
            if fault := check.fault(row):
                self.say(f"{check.name(row)}: {fault}")
        if gone := check.gone():
            self.say(f"{gone} rows of {table} are gone, or altered in what names them")

    def _every_report(self) -> None:
        ids = [
            row["id"]
            for row in self.db.execute(
                "SELECT id FROM reports WHERE COALESCE(captured_at, '') >= ? ORDER BY id", (self.scope.since,)
            )
        ]
        chosen = self.scope.chosen(ids)
        if self.scope.share < 1:
            self.result.notes.append(
                f"{len(chosen)} of {len(ids)} reports chosen by lot: {chance(len(chosen), len(ids))}"
            )
        earlier = 0
        for report_id in ids:
            if report_id in chosen:
                try:
                    earlier += self._is_earlier(report_id)
                except UNREADABLE as error:
                    self.say(f"{report_id} cannot be read: {error}")
        if earlier:
            self.result.notes.append(
                f"{earlier} reports were written by an earlier version, and their rows cannot be proved until"
                " scrapy reparse has read them"
            )

    def _is_earlier(self, report_id: str) -> bool:
        """Look at one report; whether an earlier version has written it."""
        record = self.reports.record(report_id)
        if record is None:
            return False
        if not str(record.digest).startswith(DIGEST_FORM):
            return True
        if digest_as_stored(record.row, record.tables) != record.digest:
            self.say(f"{report_id}: its rows do not match its digest; they were altered")
        figures = self.db.execute(_FIGURES, (report_id,)).fetchone()
        if figures and tuple(figures) != tuple(figures_of(record).row.values()):
            self.say(f"figures {report_id}: they are not those of its tables; they were altered")
        if cross_year_digest(self.db, report_id) != stored_cross_year(self.db, report_id):
            self.say(f"{report_id}: its checks between years were altered")
        return False

    def _sources(self, captures: sqlite3.Connection) -> None:
        """Reports and versions whose body is gone."""
        for table, name in (("reports", "id"), ("versions", "report_id")):
            for row in self.db.execute(f"SELECT {name} AS id, sha256 FROM {table} ORDER BY 1"):  # noqa: S608 - our names
                if not captures.execute("SELECT 1 FROM bodies WHERE sha256 = ?", (row["sha256"],)).fetchone():
                    self.say(f"{row['id']} was read from body {row['sha256']}, which is missing", remedy="")


def _sums(db: sqlite3.Connection) -> Iterator[str]:
    """Cells without a report, and totals that are not the sum of the figures."""
    for table in ("cells", "evaluations", "failures"):
        sql = f"SELECT COUNT(DISTINCT report) FROM {table} WHERE report NOT IN (SELECT search_id FROM reports)"  # noqa: S608 - our names
        if strays := db.execute(sql).fetchone()[0]:
            yield f"{table} holds rows of {strays} reports that are not there"
    kept, added = (set(map(_rounded, db.execute(sql))) for sql in (TOTALS, TOTALS_AGAIN))
    for row in sorted({row[: len(TOTALS_KEY)] for row in kept ^ added}, key=str):
        place = " ".join(str(part) for part in row if part)
        yield f"the totals of {place or 'reports without year and place'} are not the sum of their figures"
    for table, again in (("agencies_met", MET_AGAIN), ("several_reports", SEVERAL_AGAIN)):
        kept, added = (set(map(tuple, db.execute(sql))) for sql in (f"SELECT * FROM {table}", again))  # noqa: S608 - our names
        if wrong := len(kept ^ added):
            yield f"{table} differs from the figures in {wrong} rows"


def _rounded(row: sqlite3.Row) -> tuple[Any, ...]:
    """Sums of fractions differ with their order, but not by this much."""
    return tuple(round(value, 6) if isinstance(value, float) else value for value in row)
