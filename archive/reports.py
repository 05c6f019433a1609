"""reports.db: what was read out of the captures, and nothing that could not be read again."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from archive.cells import Cells, insert
from archive.database import (
    ArchiveError,
    in_memory,
    not_written,
    open_database,
    open_read_only,
    open_to_read,
    placeholders,
    put_row,
    savepoint,
    writing,
)
from archive.divisions import add_those_of
from archive.figures import COLUMNS as FIGURES
from archive.fulltext import Indexed, indexed, put, take
from archive.migrations.reports import EARLIER, TEXT_KEY, migrations
from archive.records import COLUMNS, ROW, Record, Rows, figures_of, state_of
from archive.row_digests import keep_digests, put_cross_year
from archive.versions import State, history
from archive.vocabulary import Verdict

CROSS_YEAR = "X-"
"""Identities between two years begin with this; `archive.cross_year` writes their checks, not `Reports.put`."""
PORTAL_COLUMNS = ("name", "title", "home_url", "platform", "division_code", "division", "level")
TABLES = (
    "portals",
    "reports",
    "report_texts",
    "statistics",
    "checks",
    "table_sources",
    "parts",
    "attachments",
    "locations",
    "versions",
    "figures",
    "figures_of_all_tables",
    "totals",
)
"""Every public table and view that is not made of others, without the full-text index."""
_AS_THEY_ARE = ("report_texts", "table_sources", "parts", "attachments", "locations", "versions")
"""Tables that hold a report's rows in the columns of records.COLUMNS."""
_CROSS_YEAR_KINDS = f"SELECT id FROM check_kinds WHERE identity GLOB '{CROSS_YEAR}*'"  # noqa: S608 - a constant
_IS_CROSS_YEAR = f"""EXISTS (
    SELECT 1 FROM layout_checks l JOIN check_kinds k ON k.id = l.kind
    WHERE l.layout = evaluations.layout AND k.identity GLOB '{CROSS_YEAR}*'
)"""  # noqa: S608 - a constant

_CACHE_KIB = 8 * 1024
"""What a transaction writes stays in memory up to this, and is not written twice."""
_STORED = "SELECT digest, reader_version, search_id, title FROM reports WHERE id = ?"
_RIVAL = "SELECT id, portal FROM reports WHERE url = ? AND id <> ?"
_PUT_REPORT = (*ROW, "id", "reader_version", "search_id", "digest")
_PUT = f"""
INSERT INTO reports ({", ".join(_PUT_REPORT)}) VALUES ({placeholders(_PUT_REPORT)})
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _PUT_REPORT if name != "id")}
"""  # noqa: S608 - our column names
_PUT_FIGURES = f"""
INSERT INTO figures (report_id, {", ".join(FIGURES)}) VALUES (?, {placeholders(FIGURES)})
ON CONFLICT (report_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in FIGURES)}
"""  # noqa: S608 - our column names
_URLS = """
SELECT url FROM reports r {where}
UNION SELECT o.url FROM locations o JOIN reports r ON r.id = o.report_id {where}
UNION SELECT a.url FROM attachments a JOIN reports r ON r.id = a.report_id {where}
"""
# the plus: SQLite would put :text for the column in the other terms as well, and then find no index for them
_WITH_TEXT = f"""
SELECT r.id, r.url FROM report_texts t CROSS JOIN reports r ON r.id = t.report_id
WHERE {" AND ".join(f"{part.format('t.text')} = {part.format(':text')}" for part in TEXT_KEY)} AND +t.text = :text AND r.portal = :portal
ORDER BY r.id
"""  # noqa: S608 - our own expression
_ATTACHING = """
SELECT report_id AS id FROM attachments WHERE url IN (SELECT value FROM json_each(:urls))
UNION SELECT id FROM reports WHERE url IN (SELECT value FROM json_each(:urls))
"""


_RELATED_TO = """
SELECT report_id AS id FROM figures WHERE previous_report_id = :id
UNION SELECT id FROM reports WHERE same_as = :id
UNION SELECT same_as FROM reports WHERE id = :id AND same_as IS NOT NULL
"""
"""The report of the next year, copies of a report, and the one that it is a copy of."""


class Reports:
    """The reports of one archive directory. Open once per process."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Raises ArchiveError when reports.db in `folder` cannot be used and, with `read_only`, when it does not exist."""
        add_those_of(folder)
        self.path = folder / "reports.db"
        if read_only:
            self.db = open_to_read(self.path, migrations, refuse=refuse_earlier)
        else:
            self.db = open_database(self.path, migrations, refuse=refuse_earlier)
            self.db.conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            with writing(self.path):
                keep_digests(self.db.conn, "reports.db")
        self.cells = Cells(self.db.conn)
        self._unindexed = dict[int, Indexed]()
        """What the full-text indexes get of reports with the commit: each savepoint would make them write a segment."""
        self.loosened = set[str]()
        """Ids of reports that were related to one that has changed or gone since."""
        self.displaced = set[str]()
        """Portals that have lost a report to another one that has its address."""

    @classmethod
    def read_or_empty(cls, folder: Path) -> Self:
        """The reports to read only; none where there is no reports.db yet, and none is created."""
        if os.path.lexists(folder / "reports.db"):
            return cls(folder, read_only=True)
        return cls.over(in_memory(migrations), folder / "reports.db")

    @classmethod
    def over(cls, database: Database, path: Path) -> Self:
        """The reports of a database that is open, to read only."""
        reports = cls.__new__(cls)
        reports.path, reports.db = path, database
        reports.cells, reports._unindexed = Cells(reports.db.conn), {}
        reports.loosened, reports.displaced = set(), set()
        return reports

    def close(self) -> None:
        """Commit, and release the database."""
        self.commit()
        self.db.close()

    def commit(self) -> None:
        """Commit what `put` has written. Raises ArchiveError where it cannot be written."""
        try:
            self._index_texts()
            if self.db.conn.in_transaction:  # else another has ended it, and how is not known
                self.db.conn.commit()
                self.cells.committed()
        except sqlite3.Error as error:
            self.db.conn.rollback()
            self.cells.forget()
            raise not_written(f"to {self.path}", error) from error

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All that is written within, or none of it; within a transaction."""
        try:
            with savepoint(self.db.conn):
                yield
        except BaseException:
            self.cells.forget()
            raise

    def _index_texts(self) -> None:
        if not self._unindexed:  # even no row would begin a transaction
            return
        rows = list(self._unindexed.items())
        self._unindexed.clear()
        put(self.db.conn, rows)

    def put_portal(self, facts: dict[str, str | None]) -> None:
        """Write the portal's row as its file declares it, if it differs from the stored one."""
        wanted = {column: facts.get(column) for column in PORTAL_COLUMNS}
        row = self.db.conn.execute("SELECT * FROM portals WHERE name = ?", (wanted["name"],)).fetchone()
        if row is None or dict(row) != wanted:
            with self.db.atomic():
                put_row(self.db.conn, "portals", wanted, key="name")

    def put(self, record: Record) -> str:
        """Write one report with all its rows, or none of them.

        Returns new, changed, unchanged (nothing is written) or elsewhere. One address is one report: where two portals
        have it, it is kept with the portal whose name comes first, and the answer for the other is `elsewhere`.
        The caller commits, after one report or after several: what a crash loses is read again from the captures.
        Of a figure that a second sentence or table states again, the first row is kept.
        Raises ArchiveError where the report cannot be written.
        """
        stored = self.db.conn.execute(_STORED, (record.id,)).fetchone()
        if stored and stored["digest"] == record.digest:
            self._set_reader_version(record, stored["reader_version"])
            return "unchanged"
        rival = self.db.conn.execute(_RIVAL, (record.row["url"], record.id)).fetchone()
        if rival and rival["portal"] < record.row["portal"]:
            return "elsewhere"
        try:
            self.begin()
            search_id = stored["search_id"] if stored else self._next_search_id()
            if stored or rival:
                self._index_texts()
            with self.whole():
                if rival:
                    self.remove(rival["id"])
                    self.displaced.add(rival["portal"])
                if stored:
                    self._loosen(record.id)
                    self._delete_rows(self.db.conn, record.id, stored)
                self._insert(record, search_id)
            ((text,),) = record.tables["report_texts"]
            self._unindexed[search_id] = indexed(record.row["title"], text)
        except sqlite3.Error as error:
            raise not_written(f"{record.id} to {self.path}", error) from error
        return "changed" if stored else "new"

    def _set_reader_version(self, record: Record, stored: str | None) -> None:
        if stored != record.reader_version:
            self.begin()
            self.db.conn.execute(
                "UPDATE reports SET reader_version = ? WHERE id = ?", (record.reader_version, record.id)
            )

    def _insert(self, record: Record, search_id: int) -> None:
        """Write the report's row, its rows in the other tables, and its figures."""
        connection, tables = self.db.conn, record.tables
        connection.execute(
            _PUT, (*map(record.row.get, ROW), record.id, record.reader_version, search_id, record.digest)
        )
        if name := record.row["issuing_body"]:
            connection.execute("INSERT OR IGNORE INTO body_names VALUES (?)", (name[::-1],))
        for table in _AS_THEY_ARE:
            insert(connection, table, [(record.id, *values) for values in tables[table]])
        self.cells.put_statistics(search_id, tables["statistics"])
        self.cells.put_checks(search_id, tables["checks"])
        figures = figures_of(record)
        connection.execute(_PUT_FIGURES, (record.id, *figures.row.values()))
        if figures.of_all_tables:
            insert(connection, "figures_of_all_tables", [(record.id, *figures.of_all_tables)])

    def put_cross_year(self, report_id: str, rows: Rows) -> None:
        """Replace a report's checks between years; the caller commits."""
        connection = self.db.conn
        (number,) = connection.execute("SELECT search_id FROM reports WHERE id = ?", (report_id,)).fetchone()
        connection.execute(f"DELETE FROM evaluations WHERE report = ? AND {_IS_CROSS_YEAR}", (number,))  # noqa: S608 - our names
        connection.execute(f"DELETE FROM failures WHERE report = ? AND kind IN ({_CROSS_YEAR_KINDS})", (number,))  # noqa: S608 - our names
        self.cells.put_checks(number, rows)
        put_cross_year(connection, report_id)
        verdicts = [row[4] for row in rows]
        connection.execute(
            "UPDATE figures SET held_over_years = ?, failed_over_years = ? WHERE report_id = ?",
            (verdicts.count(Verdict.HOLDS), verdicts.count(Verdict.FAILS), report_id),
        )

    def titles(self) -> dict[str, str]:
        """URL → title of every report."""
        return {row["url"]: row["title"] or "" for row in self.db.conn.execute("SELECT url, title FROM reports")}

    def urls(self, portal: str | None = None) -> frozenset[str]:
        """Every address of the reports, of their other locations and of their documents."""
        where, values = ("WHERE r.portal = ?", (portal,)) if portal else ("", ())
        return frozenset(row[0] for row in self.db.conn.execute(_URLS.format(where=where), values * 3))

    def digests(self, report_ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
        """Report id → digest and reader version of the stored report; ids that are not stored are left out."""
        wanted = list(report_ids)
        rows = self.db.conn.execute(
            f"SELECT id, digest, reader_version FROM reports WHERE id IN ({placeholders(wanted)})",  # noqa: S608 - placeholders
            wanted,
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def addresses(self, report_id: str) -> tuple[str, list[str]] | None:
        """Portal and every address of a report, its own first; None where there is no such report."""
        row = self.db.conn.execute("SELECT portal, url FROM reports WHERE id = ?", (report_id,)).fetchone()
        if row is None:
            return None
        locations = self.db.conn.execute("SELECT url FROM locations WHERE report_id = ?", (report_id,))
        return row["portal"], [row["url"], *(location["url"] for location in locations)]

    def with_text(self, portal: str, text: str) -> list[tuple[str, str]]:
        """Id and address of every report of a portal that has exactly this text, by id."""
        return [tuple(row) for row in self.db.conn.execute(_WITH_TEXT, {"portal": portal, "text": text})]

    def record(self, report_id: str) -> Record | None:
        """The rows that `put` wrote; None where there is no such report."""
        stored = self.db.conn.execute("SELECT * FROM reports WHERE id = ?", (report_id,)).fetchone()
        if stored is None:
            return None
        row, tables = {name: stored[name] for name in ROW}, dict[str, Rows]()
        present = {name for (name,) in self.db.conn.execute("SELECT name FROM sqlite_master")}
        for table, columns in COLUMNS.items():
            if table not in present:  # a database of an earlier version, opened to read only
                tables[table] = []
                continue
            where = f"AND identity NOT GLOB '{CROSS_YEAR}*'" if table == "checks" else ""
            rows = self.db.conn.execute(
                f"SELECT {', '.join(columns)} FROM {table} WHERE report_id = ? {where}",  # noqa: S608 - our names
                (report_id,),
            )
            tables[table] = [tuple(row) for row in rows]
        return Record(
            id=report_id,
            reader_version=stored["reader_version"],
            row=row,
            tables=tables,
            digest=stored["digest"],
        )

    def states(self, report_id: str) -> list[State]:
        """What the document said in each of its versions, oldest first; the last is the present one."""
        record = self.record(report_id)
        if record is None:
            return []
        changes = (
            json.loads(restore) for *_, restore in sorted(record.tables["versions"], key=itemgetter(1)) if restore
        )
        return history(state_of(record.row, record.tables), changes)

    def remove(self, report_id: str) -> None:
        """Delete a report with all its rows; the caller commits."""
        stored = self.db.conn.execute("SELECT search_id, title FROM reports WHERE id = ?", (report_id,)).fetchone()
        if stored is None:
            return
        try:
            self.begin()
            self._index_texts()
            with savepoint(self.db.conn):
                self._loosen(report_id)
                self._delete_rows(self.db.conn, report_id, stored)
                for table in ("evaluations", "failures"):
                    self.db.conn.execute(f"DELETE FROM {table} WHERE report = ?", (stored["search_id"],))  # noqa: S608 - our names
                put_cross_year(self.db.conn, report_id)
                self.db.conn.execute("DELETE FROM figures WHERE report_id = ?", (report_id,))
                self.db.conn.execute("DELETE FROM reports WHERE id = ?", (report_id,))
                self.db.conn.execute("DELETE FROM read_marks WHERE id = ?", (report_id,))
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot remove {report_id} from {self.path}: {error}") from error

    def _loosen(self, report_id: str) -> None:
        """Note which reports have to be related anew when this one changes or goes, so that a kill does not forget it."""
        others = [row["id"] for row in self.db.conn.execute(_RELATED_TO, {"id": report_id})]
        self.loosened.update(others)
        self.db.conn.executemany("UPDATE read_marks SET is_related = 0 WHERE id = ?", [(other,) for other in others])

    def _next_search_id(self) -> int:
        """The next number: small and without gaps, as the size of the full-text index grows with them."""
        return int(self.db.conn.execute("SELECT COALESCE(MAX(search_id), 0) + 1 FROM reports").fetchone()[0])

    def begin(self) -> None:
        """Take the write lock now, so that no other process changes what is read from here on."""
        if not self.db.conn.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")
            self.cells.forget()
            self._unindexed.clear()

    @staticmethod
    def _delete_rows(connection: sqlite3.Connection, report_id: str, stored: sqlite3.Row) -> None:
        """Delete a report's rows outside `reports` before they are written again.

        Its checks between years, and its row of figures, stay until they are replaced. `stored` has search_id and title.
        """
        text = connection.execute("SELECT text FROM report_texts WHERE report_id = ?", (report_id,)).fetchone()
        was = indexed(stored["title"], text["text"] if text else "")
        take(connection, stored["search_id"], was)
        for table in (*_AS_THEY_ARE, "figures_of_all_tables"):
            connection.execute(f"DELETE FROM {table} WHERE report_id = ?", (report_id,))  # noqa: S608 - our table names
        for rows in (
            "cells WHERE report = ?",
            f"evaluations WHERE report = ? AND NOT {_IS_CROSS_YEAR}",
            f"failures WHERE report = ? AND kind NOT IN ({_CROSS_YEAR_KINDS})",
        ):
            connection.execute(f"DELETE FROM {rows}", (stored["search_id"],))  # noqa: S608 - our names

    def known(self, portal: str | None = None) -> Iterator[str]:
        """Ids of the portal's reports, or of all, in order, by a connection of its own that no writer disturbs."""
        where, values = ("WHERE portal = ?", (portal,)) if portal else ("", ())
        for row in self.reading(f"SELECT id FROM reports {where} ORDER BY id", values):  # noqa: S608 - a constant clause
            yield row["id"]

    def attaching(self, urls: Iterable[str]) -> set[str]:
        """Ids of the reports to which any of these documents is attached, or that are one of them."""
        return {row["id"] for row in self.db.conn.execute(_ATTACHING, {"urls": json.dumps(list(urls))})}

    def reading(self, sql: str, values: tuple[str, ...] | dict[str, str] = ()) -> Iterator[sqlite3.Row]:
        """Rows of what is committed, one by one: later writes are neither seen nor delayed."""
        connection = open_read_only(self.path)
        try:
            yield from connection.execute(sql, values)
        finally:
            connection.close()

    def dump(self) -> Iterator[str]:
        """Every row of every table as one line of JSON, in a fixed order: archives with equal dumps are equal.

        `search_id` is left out: it depends on the order in which reports were written.
        """
        for table in TABLES:
            names = (row["name"] for row in self.db.conn.execute(f"PRAGMA table_info({table})"))
            columns = ", ".join(name for name in names if name != "search_id")
            lines = sorted(
                json.dumps([table, *tuple(row)], ensure_ascii=False)
                for row in self.db.conn.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - our own names
            )
            yield from lines


def refuse_earlier(connection: sqlite3.Connection, path: Path) -> None:
    """Raises ArchiveError for a database that an earlier version has written in another shape."""
    if connection.execute(EARLIER).fetchone():
        raise ArchiveError(f"{path} is of an earlier version: delete it, and `scrapy reparse` rebuilds it")
