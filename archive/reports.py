"""reports.db: what was read out of the captures, and nothing that could not be read again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlite_utils import Database

from archive.database import ArchiveError, open_database, open_read_only
from archive.fulltext import search_text
from archive.migrations.reports import migrations
from archive.records import COLUMNS, ROW, Record, Rows

CROSS_YEAR = "X-"
"""Identities that need two reports begin so; they are written by `archive.cross_year`, not with their report."""


class Reports:
    """The reports of one archive directory. Open once per process."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Raises ArchiveError when reports.db in `folder` cannot be used, or to read only when it is not there."""
        self.path = folder / "reports.db"
        self.db = Database(open_read_only(self.path)) if read_only else open_database(self.path, migrations)

    def close(self) -> None:
        """Commit and release the database."""
        self.commit()
        self.db.close()

    def commit(self) -> None:
        """Make what `put` has written visible to others and safe."""
        try:
            self.db.conn.commit()
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot write to {self.path}: {error}") from error

    def put_portal(self, facts: dict[str, str | None]) -> None:
        """The portal's row, as its file declares it; written only where it differs."""
        wanted = {
            key: facts.get(key)
            for key in ("name", "title", "home_url", "platform", "division_code", "division", "level")
        }
        row = self.db.conn.execute("SELECT * FROM portals WHERE name = ?", (wanted["name"],)).fetchone()
        if row is None or dict(row) != wanted:
            self.db.table("portals").upsert(wanted, pk="name")

    def put(self, record: Record) -> str:
        """Write one report with all its rows, or none of them.

        Returns new, changed, unchanged or elsewhere; unchanged writes nothing. One address is one report: where two
        portals have it, it is kept with the one whose name comes first, and `elsewhere` said of the other.
        The caller commits, after one report or after some: what is lost with a crash is read again from the captures.
        A figure that a second sentence or table states again keeps its first row.
        """
        before = self.db.conn.execute(
            "SELECT digest, reader_version, search_id, title FROM reports WHERE id = ?", (record.id,)
        ).fetchone()
        if before and before["digest"] == record.digest:
            if before["reader_version"] != record.reader_version:
                self._begin()
                self.db.conn.execute(
                    "UPDATE reports SET reader_version = ? WHERE id = ?", (record.reader_version, record.id)
                )
            return "unchanged"
        other = self.db.conn.execute(
            "SELECT id, portal FROM reports WHERE url = ? AND id <> ?", (record.row["url"], record.id)
        ).fetchone()
        if other and other["portal"] < record.row["portal"]:
            return "elsewhere"
        try:
            self._begin()
            search_id = before["search_id"] if before else self._next_search_id()
            own = {
                "id": record.id,
                "reader_version": record.reader_version,
                "search_id": search_id,
                "digest": record.digest,
            }
            row = record.row | own
            with self.db.atomic():
                connection = self.db.conn
                if other:
                    self.remove(other["id"])
                if before:
                    self._forget(connection, record.id, before)
                names = ", ".join(row)
                updates = ", ".join(f"{name} = excluded.{name}" for name in row if name != "id")
                connection.execute(
                    f"INSERT INTO reports ({names}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT (id) DO UPDATE SET {updates}",  # noqa: S608 - our column names
                    tuple(row.values()),
                )
                for table, rows in record.tables.items():
                    columns = COLUMNS[table]
                    connection.executemany(
                        f"INSERT OR IGNORE INTO {table} (report_id, {', '.join(columns)}) VALUES (?{', ?' * len(columns)})",  # noqa: S608 - our column names
                        [(record.id, *values) for values in rows],
                    )
                ((text,),) = record.tables["report_texts"]
                connection.execute(
                    "INSERT INTO report_search (rowid, title, text) VALUES (?, ?, ?)",
                    (search_id, search_text(record.row["title"]), search_text(text)),
                )
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot write {record.id} to {self.path}: {error}") from error
        return "changed" if before else "new"

    def titles(self) -> dict[str, str]:
        """URL → title of every report."""
        return {row["url"]: row["title"] or "" for row in self.db.conn.execute("SELECT url, title FROM reports")}

    def urls(self, portal: str | None = None) -> frozenset[str]:
        """Every address of the reports: theirs, their locations', their documents'."""
        where, values = ("WHERE r.portal = ?", (portal,)) if portal else ("", ())
        rows = self.db.conn.execute(
            f"SELECT url FROM reports r {where}"  # noqa: S608 - a constant clause
            f" UNION SELECT o.url FROM locations o JOIN reports r ON r.id = o.report_id {where}"
            f" UNION SELECT a.url FROM attachments a JOIN reports r ON r.id = a.report_id {where}",
            values * 3,
        )
        return frozenset(row[0] for row in rows)

    def digests(self, report_ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
        """Digest and reader's version of what is written of these reports, as far as they are there."""
        wanted = list(report_ids)
        rows = self.db.conn.execute(
            f"SELECT id, digest, reader_version FROM reports WHERE id IN ({', '.join('?' * len(wanted))})",  # noqa: S608 - only marks
            wanted,
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def addresses(self, report_id: str) -> tuple[str, list[str]] | None:
        """Portal, and every address of a report; None where there is no such report."""
        row = self.db.conn.execute("SELECT portal, url FROM reports WHERE id = ?", (report_id,)).fetchone()
        if row is None:
            return None
        more = self.db.conn.execute("SELECT url FROM locations WHERE report_id = ?", (report_id,))
        return row["portal"], [row["url"], *(other["url"] for other in more)]

    def record(self, report_id: str) -> Record | None:
        """The rows that `put` wrote; None where there is no such report."""
        found = self.db.conn.execute("SELECT * FROM reports WHERE id = ?", (report_id,)).fetchone()
        if found is None:
            return None
        tables: dict[str, Rows] = {}
        for table, columns in COLUMNS.items():
            where = "AND identity NOT GLOB 'X-*'" if table == "checks" else ""
            rows = self.db.conn.execute(
                f"SELECT {', '.join(columns)} FROM {table} WHERE report_id = ? {where}",  # noqa: S608 - our names
                (report_id,),
            )
            tables[table] = [tuple(row) for row in rows]
        return Record(
            id=report_id,
            reader_version=found["reader_version"],
            row={name: found[name] for name in ROW},
            tables=tables,
            digest=found["digest"],
        )

    def remove(self, report_id: str) -> None:
        """Take a report out; the caller commits."""
        before = self.db.conn.execute("SELECT search_id, title FROM reports WHERE id = ?", (report_id,)).fetchone()
        if before is None:
            return
        try:
            self._begin()
            with self.db.atomic():
                self._forget(self.db.conn, report_id, before)
                self.db.conn.execute("DELETE FROM reports WHERE id = ?", (report_id,))
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot remove {report_id} from {self.path}: {error}") from error

    def _next_search_id(self) -> int:
        """Small and dense, for the index's sake: its size depends on the distance between two."""
        return int(self.db.conn.execute("SELECT COALESCE(MAX(search_id), 0) + 1 FROM reports").fetchone()[0])

    def _begin(self) -> None:
        """At once the only writer: what is read from here on, others that crawl at the same time cannot change."""
        if not self.db.conn.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")

    @staticmethod
    def _forget(connection: sqlite3.Connection, report_id: str, before: sqlite3.Row) -> None:
        """Take a report's rows out before they are written anew; its cross-year checks stay until `relate`."""
        text = connection.execute("SELECT text FROM report_texts WHERE report_id = ?", (report_id,)).fetchone()
        connection.execute(
            "INSERT INTO report_search (report_search, rowid, title, text) VALUES ('delete', ?, ?, ?)",
            (before["search_id"], search_text(before["title"]), search_text(text["text"] if text else "")),
        )
        for table in ("report_texts", "statistics", "table_sources", "attachments", "locations", "versions"):
            connection.execute(f"DELETE FROM {table} WHERE report_id = ?", (report_id,))  # noqa: S608 - our table names
        connection.execute(
            "DELETE FROM checks WHERE report_id = ? AND identity NOT GLOB ?", (report_id, CROSS_YEAR + "*")
        )

    def known(self, portal: str | None = None) -> Iterator[str]:
        """Ids of the portal's reports, or of all, in order; by a connection of its own, which no writer disturbs."""
        where, values = ("WHERE portal = ?", (portal,)) if portal else ("", ())
        for row in self.reading(f"SELECT id FROM reports {where} ORDER BY id", values):  # noqa: S608 - a constant clause
            yield row["id"]

    def attaching(self, urls: Iterable[str]) -> set[str]:
        """Ids of the reports that have any of these documents, or are one."""
        wanted = json.dumps(list(urls))
        rows = self.reading(
            """SELECT report_id AS id FROM attachments WHERE url IN (SELECT value FROM json_each(?))
            UNION SELECT id FROM reports WHERE url IN (SELECT value FROM json_each(?))""",
            (wanted, wanted),
        )
        return {row["id"] for row in rows}

    def reading(self, sql: str, values: Iterable[str] = ()) -> Iterator[sqlite3.Row]:
        """Rows of what is committed, one by one: what is written meanwhile is neither seen nor held up."""
        connection = open_read_only(self.path)
        try:
            yield from connection.execute(sql, tuple(values))
        finally:
            connection.close()

    def dump(self) -> Iterator[str]:
        """Every row of every table as one line of JSON, in a fixed order: two archives with equal dumps are equal.

        `search_id` is left out: it follows the order in which reports came in.
        """
        for table in (
            "portals",
            "reports",
            "report_texts",
            "statistics",
            "checks",
            "table_sources",
            "attachments",
            "locations",
            "versions",
        ):
            columns = ", ".join(column.name for column in self.db.table(table).columns if column.name != "search_id")
            lines = sorted(
                json.dumps([table, *tuple(row)], ensure_ascii=False)
                for row in self.db.conn.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - our own names
            )
            yield from lines
