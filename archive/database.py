"""Opening the two databases: WAL, foreign keys, one writer, migrations, errors that a person can read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database, Migrations

from archive.row_digests import fill_digests

BUSY_TIMEOUT_S = 30
_LARGEST_WAL = 16 << 20
"""Bytes that a log may keep once all of it is in the database: a reader that stayed long lets it grow, not stay so."""
_STATEMENTS = 500
"""Statements that a writer keeps prepared: one for each number of rows that it inserts at once."""

_HOLDS_OTHER = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '*sqlite_*'"
"""Whether a database has a table of somebody's."""


class ArchiveError(Exception):
    """The archive cannot be opened or written: the message is one line for the user."""


class CannotWriteError(ArchiveError):
    """The disk is full, the file may not be written or is damaged: no other write will do better."""


class DamageError(ArchiveError):
    """One body is not there or not whole; everything else in the archive can be used."""


def open_database(
    path: Path,
    migrations: Migrations,
    *,
    page_size: int = 4096,
    refuse: Callable[[sqlite3.Connection, Path], None] = lambda *_: None,
) -> Database:
    """Open `path` for writing; create it (with `page_size` bytes a page) and migrate it as needed.

    Only the last directory of the path is created: a mistyped path must not leave a tree of empty archives.
    Raises ArchiveError where the directory cannot be created, where the file is not an intact SQLite database, and what
    `refuse` raises of a database that cannot be migrated.
    """
    folder = path.parent
    try:
        if not folder.is_dir():
            folder.mkdir()
        _refuse_read_only(folder, path)
        connection = sqlite3.connect(
            path,
            timeout=BUSY_TIMEOUT_S,
            isolation_level="IMMEDIATE",  # who has read in a transaction and then writes is refused, not made to wait
            check_same_thread=False,
            cached_statements=_STATEMENTS,
            uri=True,
        )
    except (OSError, sqlite3.Error) as error:
        raise ArchiveError(f"cannot open the archive {folder}: {error}") from error
    with _closed_on_error(connection, path, CannotWriteError):
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_WAL}")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        refuse(connection, path)
        database = Database(connection)
        _refuse_unknown(database, migrations, path)
        if migrations.pending(database):
            migrations.apply(database)
            with connection:
                fill_digests(connection, f"{migrations.name}.db", "_sqlite_migrations")
    return database


def _refuse_read_only(*places: Path) -> None:
    """Raises ArchiveError where one of these is there and may not be written: SQLite would open it, and say so later."""
    for place in places:
        if place.exists() and not os.access(place, os.W_OK):
            raise ArchiveError(f"cannot use {place}: it may not be written")


def open_to_read(
    path: Path, migrations: Migrations, *, refuse: Callable[[sqlite3.Connection, Path], None] = lambda *_: None
) -> Database:
    """A database that cannot be written. Raises ArchiveError where there is none, or none that this version can read,
    and what `refuse` raises.
    """
    connection = open_read_only(path)
    with _closed_on_error(connection, path, ArchiveError):
        refuse(connection, path)
        database = Database(connection)
        _refuse_unknown(database, migrations, path)
    return database


@contextmanager
def _closed_on_error(connection: sqlite3.Connection, path: Path, kind: type[ArchiveError]) -> Iterator[None]:
    """Close the connection where the database cannot be used, and raise an error of SQLite as one of this kind."""
    try:
        yield
    except ArchiveError:
        connection.close()
        raise
    except sqlite3.Error as error:
        connection.close()
        raise kind(f"cannot use {path}: {error}") from error


def _refuse_unknown(database: Database, migrations: Migrations, path: Path) -> None:
    """Raises ArchiveError for a database that is none of ours, or has steps that this version does not know."""
    known = {step.name for step in migrations.pending(Database(memory=True))}
    applied = [step.name for step in migrations.applied(database)]
    if not applied and database.execute(_HOLDS_OTHER).fetchone():
        raise ArchiveError(f"{path} is another database, no {migrations.name}.db of an archive")
    if newer := [name for name in applied if name not in known]:
        raise ArchiveError(
            f"{path} was written by a newer version of Tongjian (step {newer[0]}): use that, or a newer one"
        )


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises ArchiveError when there is no such file."""
    if not path.is_file():
        raise ArchiveError(f"{path} is no file" if os.path.lexists(path) else f"there is no {path}")
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise ArchiveError(f"cannot open {path}: {error}") from error
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Makes an error of SQLite, such as a full disk, an ArchiveError that names the database."""
    try:
        yield
    except sqlite3.Error as error:
        raise not_written(f"to {path}", error) from error


def not_written(what: str, error: sqlite3.Error) -> ArchiveError:
    """The error for what could not be written; of what a constraint forbids, others are not concerned."""
    of_values = isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError)
    return (ArchiveError if of_values else CannotWriteError)(f"cannot write {what}: {error}")


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is written within, or none of it; within a transaction. Always of one name, so that it stays prepared."""
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO part")
        connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


def utc_now() -> str:
    """The present time in UTC as the archive writes it: `2026-01-31T08:00:00.123456Z`, which sorts as text."""
    return iso(datetime.now(UTC))


def iso(moment: datetime) -> str:
    """An aware datetime in UTC, to the microsecond, which sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def in_memory(migrations: Migrations) -> Database:
    """An empty database with that schema: what to read where there is no file, without creating one."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.row_factory = sqlite3.Row
    database = Database(connection)
    migrations.apply(database)
    return database


def put_row(connection: sqlite3.Connection, table: str, row: Mapping[str, object], *, key: str) -> None:
    """Insert a row, or change these columns of the one with its key; the caller commits."""
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != key)
    sql = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({key}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"  # noqa: S608 - our names
    connection.execute(sql, dict(row))


def placeholders(values: Iterable[object]) -> str:
    """A `?` for each value, as SQL writes them in a list: `?, ?, ?`."""
    return ", ".join("?" for _ in values)


def sql_words(words: Iterable[str]) -> str:
    """Members of a vocabulary as SQL writes them in a list: `'ok', 'unchanged'`. Their words hold no quotes.

    >>> from archive.vocabulary import DOCUMENT_OUTCOMES
    >>> sql_words(DOCUMENT_OUTCOMES)
    "'ok', 'unchanged'"
    """
    return ", ".join(f"'{word}'" for word in words)
