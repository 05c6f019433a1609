"""reports.db: what was read out of the captures, and nothing that could not be read again."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from archive.database import ArchiveError, open_database
from archive.migrations.reports import migrations
from crawler.items import Check, Report, Statistic

FIELDS = (
    "title",
    "issuing_body",
    "co_issuing_body",
    "division_code",
    "division",
    "level",
    "body_kind",
    "report_year",
    "published",
    "source",
    "form",
    "index_number",
    "document_number",
    "site_id_code",
)
"""The columns of `reports` that come from the reader, named as on Report."""

STATISTIC = ("table_no", "row_name", "column_name", "value", "unit", "raw", "value_state", "origin")
CHECK = ("identity", "scope", "expected", "actual", "verdict", "severity")
_STATISTIC = attrgetter(*STATISTIC)
_CHECK = attrgetter(*CHECK)
CROSS_YEAR = "X-"
"""Identities that need two reports begin so; they are written by `relate`, not with their report."""

_PIECES = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]|[^㐀-鿿豈-﫿\U00020000-\U0003ffff]+")


def search_text(text: str | None) -> str:
    """The text as the full-text index holds it: every Han character stands alone.

    >>> search_text("2021年WTO报告")
    '2021 年 WTO 报 告'
    """
    return " ".join(_PIECES.findall(text or ""))


@dataclass(slots=True, kw_only=True)
class Version:
    """One state of what a document said: the body it was first read from, and what differs from the state before."""

    sha256: str
    captured_at: str
    changed: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Document:
    """Everything reports.db holds of one report: its present reading and its history."""

    id: str
    portal: str
    url: str
    report: Report
    state: str
    """live, missing, removed or returned."""
    first_captured_at: str
    versions: list[Version]
    locations: list[tuple[str, str | None]]
    """Other addresses of the document, each with the portal that has it."""
    reader_version: str


class Reports:
    """The reports of one archive directory. Open once per process."""

    def __init__(self, folder: Path) -> None:
        """Raises ArchiveError when reports.db in `folder` cannot be used."""
        self.path = folder / "reports.db"
        self.db = open_database(self.path, migrations)

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

    def put(self, document: Document) -> str:
        """Write one report with all its rows, or none of them. Returns new, changed or unchanged; unchanged writes nothing.

        The caller commits, after one report or after some: what is lost with a crash is read again from the captures.
        A figure that a second sentence or table states again keeps its first row.
        """
        tables = self._tables(document)
        row = self._row(document)
        digest = hashlib.sha256(repr((row, tables)).encode("utf-8", "surrogatepass")).hexdigest()
        before = self.db.conn.execute(
            "SELECT digest, reader_version, search_id, title FROM reports WHERE id = ?", (document.id,)
        ).fetchone()
        if before and before["digest"] == digest:
            if before["reader_version"] != document.reader_version:
                self._begin()
                self.db.conn.execute(
                    "UPDATE reports SET reader_version = ? WHERE id = ?", (document.reader_version, document.id)
                )
            return "unchanged"
        search_id = int.from_bytes(hashlib.sha256(document.id.encode()).digest()[:8], "big") >> 1
        row |= {"id": document.id, "reader_version": document.reader_version, "search_id": search_id, "digest": digest}
        try:
            self._begin()
            with self.db.atomic():
                connection = self.db.conn
                if before:
                    self._forget(connection, document.id, before)
                names = ", ".join(row)
                updates = ", ".join(f"{name} = excluded.{name}" for name in row if name != "id")
                connection.execute(
                    f"INSERT INTO reports ({names}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT (id) DO UPDATE SET {updates}",  # noqa: S608 - our column names
                    tuple(row.values()),
                )
                for table, (columns, rows) in tables.items():
                    connection.executemany(
                        f"INSERT OR IGNORE INTO {table} (report_id, {', '.join(columns)}) VALUES (?{', ?' * len(columns)})",  # noqa: S608 - our column names
                        [(document.id, *values) for values in rows],
                    )
                connection.execute(
                    "INSERT INTO report_search (rowid, title, text) VALUES (?, ?, ?)",
                    (search_id, search_text(document.report.title), search_text(document.report.text)),
                )
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot write {document.id} to {self.path}: {error}") from error
        return "changed" if before else "new"

    def _begin(self) -> None:
        if not self.db.conn.in_transaction:
            self.db.begin()

    def _row(self, document: Document) -> dict[str, Any]:
        current = document.versions[-1]
        row: dict[str, Any] = {name: getattr(document.report, name) for name in FIELDS}
        return row | {
            "url": document.url,
            "portal": document.portal,
            "sha256": current.sha256,
            "captured_at": current.captured_at,
            "first_captured_at": document.first_captured_at,
            "state": document.state,
        }

    @staticmethod
    def _tables(document: Document) -> dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
        report = document.report
        return {
            "report_texts": (("text",), [(report.text,)]),
            "statistics": (STATISTIC, list(map(_STATISTIC, report.statistics))),
            "checks": (CHECK, list(map(_CHECK, report.checks))),
            "attachments": (
                ("url", "name", "media_type", "sha256"),
                [(a.url, a.name, a.media_type, a.sha256) for a in report.attachments],
            ),
            "locations": (("url", "portal"), sorted(document.locations)),
            "versions": (
                ("sha256", "captured_at", "changed"),
                [
                    (v.sha256, v.captured_at, json.dumps(v.changed, ensure_ascii=False, sort_keys=True))
                    for v in document.versions
                ],
            ),
        }

    @staticmethod
    def _forget(connection: sqlite3.Connection, report_id: str, before: sqlite3.Row) -> None:
        """Take a report's rows out before they are written anew; its cross-year checks stay until `relate`."""
        text = connection.execute("SELECT text FROM report_texts WHERE report_id = ?", (report_id,)).fetchone()
        connection.execute(
            "INSERT INTO report_search (report_search, rowid, title, text) VALUES ('delete', ?, ?, ?)",
            (before["search_id"], search_text(before["title"]), search_text(text["text"] if text else "")),
        )
        for table in ("report_texts", "statistics", "attachments", "locations", "versions"):
            connection.execute(f"DELETE FROM {table} WHERE report_id = ?", (report_id,))  # noqa: S608 - our table names
        connection.execute(
            "DELETE FROM checks WHERE report_id = ? AND identity NOT GLOB ?", (report_id, CROSS_YEAR + "*")
        )

    def known(self, portal: str) -> set[str]:
        """Ids of the portal's reports."""
        return {row["id"] for row in self.db.conn.execute("SELECT id FROM reports WHERE portal = ?", (portal,))}

    # Relations between reports

    def neighbours(self) -> dict[str, str]:
        """Report of year Y → report of year Y-1 of the same issuing body, in the same portal where it has both."""
        pairs = self.db.conn.execute(
            "SELECT cur.id AS current, prev.id AS previous FROM reports cur JOIN reports prev"
            " ON prev.issuing_body = cur.issuing_body AND prev.report_year = cur.report_year - 1"
            " ORDER BY cur.issuing_body, cur.report_year, cur.id, prev.portal <> cur.portal, prev.id"
        )
        found: dict[str, str] = {}
        for row in pairs:
            found.setdefault(row["current"], row["previous"])
        return found

    def with_cross_year(self) -> set[str]:
        """Ids of the reports that have cross-year checks."""
        rows = self.db.conn.execute("SELECT DISTINCT report_id FROM checks WHERE identity GLOB ?", (CROSS_YEAR + "*",))
        return {row["report_id"] for row in rows}

    def yearly_figures(self, report_id: str) -> list[Statistic]:
        """The figures of a report that identities between two years speak of: table two, and what was carried in and out."""
        rows = self.db.conn.execute(
            f"SELECT {', '.join(STATISTIC)} FROM statistics WHERE report_id = ?"  # noqa: S608 - our column names
            " AND (table_no = 2 OR (table_no = 3 AND row_name IN ('carried_in', 'carried_out')))",
            (report_id,),
        )
        return [Statistic(**dict(row)) for row in rows]

    def put_cross_year(self, checks: dict[str, list[Check]]) -> None:
        """Replace the cross-year checks of some reports, in one commit; writes only where they differ."""
        names = ", ".join(CHECK)
        changed: dict[str, list[tuple[Any, ...]]] = {}
        for report_id, found in checks.items():
            wanted = sorted(map(_CHECK, found), key=str)
            rows = self.db.conn.execute(
                f"SELECT {names} FROM checks WHERE report_id = ? AND identity GLOB ?",  # noqa: S608 - our column names
                (report_id, CROSS_YEAR + "*"),
            )
            if sorted((tuple(row) for row in rows), key=str) != wanted:
                changed[report_id] = wanted
        with self.db.atomic():
            connection = self.db.conn
            for report_id, rows_ in changed.items():
                connection.execute(
                    "DELETE FROM checks WHERE report_id = ? AND identity GLOB ?", (report_id, CROSS_YEAR + "*")
                )
                connection.executemany(
                    f"INSERT INTO checks (report_id, {names}) VALUES (?{', ?' * len(CHECK)})",  # noqa: S608 - our column names
                    [(report_id, *values) for values in rows_],
                )

    def dump(self) -> Iterator[str]:
        """Every row of every table as one line of JSON, in a fixed order: two archives with equal dumps are equal."""
        for table in (
            "portals",
            "reports",
            "report_texts",
            "statistics",
            "checks",
            "attachments",
            "locations",
            "versions",
        ):
            lines = sorted(
                json.dumps([table, *tuple(row)], ensure_ascii=False)
                for row in self.db.conn.execute(f"SELECT * FROM {table}")  # noqa: S608 - our table names
            )
            yield from lines
