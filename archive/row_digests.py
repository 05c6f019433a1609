"""Digests of rows, by which each can be proved unaltered.

A capture's stands in its row and is the same in every archive; a run's seal binds its captures, so that one that is gone
shows. The rows of the other tables have theirs in the table `row_digests` of their database.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archive.figures import OF_OTHER_REPORTS

DIGESTED = (
    "url",
    "method",
    "request_body",
    "requested_at",
    "status",
    "outcome",
    "sha256",
    "content_type",
    "request_headers",
    "response_headers",
    "content_encoding",
    "wire_bytes",
    "ip_address",
    "protocol",
    "redirect_url",
    "note",
    "portal",
)
"""The columns that a digest is of."""
ADDED = ("role", "tls_version", "certificate")
"""Those that later versions added: a digest is of them, too, where they are not empty."""


def row_digest(row: Mapping[str, Any] | sqlite3.Row) -> bytes:
    """SHA-256 of what a row of `captures` says, by its columns: a JSON list in the order of DIGESTED, bytes as hex.

    It is the same in every archive: `id` and `run_id`, which are not, do not count. What was added later comes last and
    only where there is some, so that rows of before keep their digests: a role, then the others with their names.
    """
    values: list[Any] = [value.hex() if isinstance(value := row[name], bytes) else value for name in DIGESTED]
    names = row.keys()
    role, *others = (row[name] if name in names else None for name in ADDED)
    if role is not None:
        values.append(role)
    values += [[name, value] for name, value in zip(ADDED[1:], others, strict=True) if value is not None]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


# Tables whose rows are updated, and whatever no other digest covers: digests of their rows beside them, in `row_digests`.

Key = tuple[str, ...]
DIGESTED_TABLES: dict[str, dict[str, Key]] = {
    "captures.db": {
        "portals": ("name",),
        "runs": ("id",),
        "entries": ("portal", "listing_url", "url"),
        "problems": ("id",),
        "asking": ("portal", "url"),
        "entry_changes": ("portal",),
        "run_seals": ("run_id",),
        "withheld": ("url",),
        "_sqlite_migrations": ("id",),
    },
    "reports.db": {
        "portals": ("name",),
        "reports": ("id",),
        "figures": ("report_id",),
        "figures_of_all_tables": ("report_id",),
        "fates": ("portal", "listing_url", "url"),
        "unreported": ("portal", "key"),
        "contradictions": ("portal", "listing_url", "url", "report_id"),
        "read_marks": ("id",),
        "read_through": ("portal",),
        "cell_kinds": ("id",),
        "layouts": ("id",),
        "check_layouts": ("id",),
        "layout_cells": ("layout", "kind"),
        "layout_checks": ("layout", "kind"),
        "check_kinds": ("id",),
        "body_names": ("reversed",),
        "listed_bodies": ("portal", "agency_id"),
        "places": ("id", "first_year"),
        "successions": ("predecessor", "successor"),
        "_sqlite_migrations": ("id",),
    },
}
"""Database → table → what names one of its rows. Captures, bodies and what a report says have digests of their own."""
_ALONE = {
    "reports": ("id", "reader_version", "search_id", "digest", "same_as"),
    "figures": ("report_id", *OF_OTHER_REPORTS),
}
"""The columns that a row's digest is of where it is not of all: a report's digest is of the others, or they follow from it."""
_LATER = {"figures"}
"""Tables whose rows have no digest until one of those columns holds anything."""
CREATE = (
    'CREATE TABLE row_digests ("table" TEXT NOT NULL, row BLOB NOT NULL, digest BLOB NOT NULL,'
    ' PRIMARY KEY ("table", row)) WITHOUT ROWID'
)
"""`row` is a short hash of the row's key: a table of addresses is not written twice."""


def digest_of(*values: Any) -> bytes:
    """A digest of a row's values. NULLs at the end do not count, so that a table may get a column."""
    given = [(place, value) for place, value in enumerate(values) if value is not None]
    return hashlib.blake2b(marshal.dumps(given, 2), digest_size=16).digest()


def key_of(*values: Any) -> bytes:
    """A short hash of a row's key."""
    return hashlib.blake2b(marshal.dumps(values, 2), digest_size=8).digest()


def add_functions(connection: sqlite3.Connection) -> None:
    """Make digests possible in this connection's SQL."""
    connection.create_function("digest_of", -1, digest_of, deterministic=True)
    connection.create_function("key_of", -1, key_of, deterministic=True)


def keep_digests(connection: sqlite3.Connection, database: str) -> None:
    """From now on whatever this connection writes brings its digest along; what anything else writes does not.

    These are triggers of the connection, not of the database, so that a change by another hand shows.
    """
    add_functions(connection)
    for table, key in present(connection, database).items():
        names = digested(connection, table)
        this, others = _keyed(table, key, "NEW."), [name for name in names if name not in key]
        put = f"{_put_digests(table, key, names)} WHERE {this} {_REPLACING}"
        when = f"WHEN {_holding(others, 'NEW.')}" if table in _LATER else ""
        drop = f"DELETE FROM row_digests WHERE \"table\" = '{table}' AND row = key_of({_listed(key, 'OLD.')})"  # noqa: S608 - our names
        moved = f"{drop} AND row <> key_of({_listed(key, 'NEW.')})"
        for name, event, body in (
            ("added", f"INSERT ON main.{table} {when}", put),
            ("changed", f"UPDATE OF {_listed([*others, *key])} ON main.{table}", f"{moved}; {put}"),
            ("removed", f"DELETE ON main.{table}", drop),
        ):
            connection.execute(f"CREATE TEMP TRIGGER digest_{table}_{name} AFTER {event} BEGIN {body}; END")


def fill_digests(connection: sqlite3.Connection, database: str, *tables: str) -> None:
    """Write the digests of all rows of these tables, or of all tables, as the rows are now: once, in a migration."""
    add_functions(connection)
    for table, key in present(connection, database).items():
        if not tables or table in tables:
            connection.execute('DELETE FROM row_digests WHERE "table" = ?', (table,))
            names = digested(connection, table)
            where = f"WHERE {_holding([name for name in names if name not in key])}" if table in _LATER else ""
            connection.execute(f"{_put_digests(table, key, names)} {where}")


def present(connection: sqlite3.Connection, database: str) -> dict[str, Key]:
    """Those of the tables that are there; none where there are no digests yet."""
    found = {name for (name,) in map(tuple, connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))}
    if "row_digests" not in found:
        return {}
    return {table: key for table, key in DIGESTED_TABLES[database].items() if table in found}


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table, in their order."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def digested(connection: sqlite3.Connection, table: str) -> Sequence[str]:
    """The columns of a table that the digests of its rows are of."""
    return _ALONE.get(table) or columns(connection, table)


def _holding(names: Iterable[str], prefix: str = "") -> str:
    """Whether any of these columns holds anything, as SQL."""
    return " OR ".join(f'COALESCE({prefix}"{name}", 0) <> 0' for name in names)


def _put_digests(table: str, key: Key, names: Iterable[str]) -> str:
    """The statement that writes the digests of a table's rows."""
    return f"INSERT INTO row_digests SELECT '{table}', key_of({_listed(key)}), digest_of({_listed(names)}) FROM {table}"  # noqa: S608 - our names


class RowCheck:
    """Compares the rows of one table with their digests. In an archive of an earlier version, which has none, all are well."""

    def __init__(self, connection: sqlite3.Connection, database: str, table: str) -> None:
        self.table = table
        self.key = DIGESTED_TABLES[database][table]
        self.columns = digested(connection, table)
        self.is_possible = table in present(connection, database)
        self._connection = connection

    def fault(self, row: sqlite3.Row) -> str | None:
        """What is wrong with a row; None if nothing is."""
        if not self.is_possible:
            return None
        stored = self._connection.execute(_STORED, (self.table, self.hash(row))).fetchone()
        if stored is None:
            if self.table in _LATER and all(row[name] in {None, 0} for name in self.columns if name not in self.key):
                return None
            return "its row has no digest; it was altered, or added by another program"
        return None if stored[0] == digest_of(*(row[name] for name in self.columns)) else _ALTERED

    def gone(self) -> int:
        """How many rows have a digest and are no longer there. Where one was altered in its key, it is among them."""
        if not self.is_possible:
            return 0
        add_functions(self._connection)
        sql = f"SELECT COUNT(*) FROM ({_DIGESTED} EXCEPT SELECT key_of({_listed(self.key)}) FROM {self.table})"  # noqa: S608 - our names
        return int(self._connection.execute(sql, (self.table,)).fetchone()[0])

    def hash(self, row: sqlite3.Row) -> bytes:
        """The short hash of a row's key."""
        return key_of(*(row[name] for name in self.key))

    def name(self, row: sqlite3.Row) -> str:
        """The table and the key of a row, for a person."""
        return f"{self.table} {' '.join(str(row[name]) for name in self.key)}"


_DIGESTED = 'SELECT row FROM row_digests WHERE "table" = ?'
_STORED = 'SELECT digest FROM row_digests WHERE "table" = ? AND row = ?'
_ALTERED = "its row does not match its digest; it was altered"
_REPLACING = 'ON CONFLICT ("table", row) DO UPDATE SET digest = excluded.digest'
_WITHOUT_ROWID = frozenset(
    (
        "entry_changes",
        "fates",
        "figures_of_all_tables",
        "layout_cells",
        "layout_checks",
        "unreported",
        "contradictions",
        "read_marks",
        "read_through",
        "body_names",
        "listed_bodies",
        "places",
        "successions",
    )
)


def _listed(names: Iterable[str], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"' for name in names)


def _keyed(table: str, key: Key, prefix: str) -> str:
    if table in _WITHOUT_ROWID:
        return " AND ".join(f'"{name}" = {prefix}"{name}"' for name in key)
    return f"rowid = {prefix}rowid"


# Checks between years, which are written after the report that they stand with

CROSS_YEAR_ROWS = "cross_year"
"""What `row_digests` calls the evaluations of a report that compare it with the year before."""
_CROSS_YEAR = """
SELECT identity, scope, expected, actual, verdict, severity FROM checks WHERE report_id = ? AND identity GLOB 'X-*'
ORDER BY identity, scope, severity
"""


def cross_year_digest(connection: sqlite3.Connection, report_id: str) -> bytes | None:
    """The digest of a report's checks between years; None where it has none."""
    rows = [value for row in connection.execute(_CROSS_YEAR, (report_id,)) for value in tuple(row)]
    return digest_of(*rows) if rows else None


def put_cross_year(connection: sqlite3.Connection, report_id: str) -> None:
    """Write the digest of what is there; the caller commits."""
    digest, key = cross_year_digest(connection, report_id), key_of(report_id)
    connection.execute('DELETE FROM row_digests WHERE "table" = ? AND row = ?', (CROSS_YEAR_ROWS, key))
    if digest is not None:
        connection.execute("INSERT INTO row_digests VALUES (?, ?, ?)", (CROSS_YEAR_ROWS, key, digest))


def stored_cross_year(connection: sqlite3.Connection, report_id: str) -> bytes | None:
    """The digest that was written with a report's checks between years."""
    row = connection.execute(_STORED, (CROSS_YEAR_ROWS, key_of(report_id))).fetchone()
    return row[0] if row else None
