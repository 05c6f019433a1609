"""How both databases are opened: WAL, foreign keys, one writer, migrations, errors a person can read."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database, Migrations

BUSY_TIMEOUT_S = 30


class ArchiveError(Exception):
    """The archive cannot be opened or written: the message is one line for the user."""


class DamageError(ArchiveError):
    """One body is not there or not whole; everything else in the archive can be used."""


def open_database(path: Path, migrations: Migrations, *, page_size: int = 4096) -> Database:
    """Open `path` for writing, making (with pages of that many bytes) and migrating it as needed.

    The directory is made when its parent is there; a mistyped path shall not grow a tree of empty archives.
    Raises ArchiveError for a directory that cannot be made and for a file that is no intact SQLite database.
    """
    folder = path.parent
    try:
        if not folder.is_dir():
            folder.mkdir()
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise ArchiveError(f"cannot open the archive {folder}: {error}") from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        database = Database(connection)
        if migrations.pending(database):
            migrations.apply(database)
    except sqlite3.Error as error:
        connection.close()
        raise ArchiveError(f"cannot use {path}: {error}") from error
    return database


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that can change nothing. Raises ArchiveError when there is no such file."""
    if not path.is_file():
        raise ArchiveError(f"there is no {path}")
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


def utc_now() -> str:
    """The present moment in UTC as the archive writes it: `2026-01-31T08:00:00.123456Z`, sortable as text."""
    return iso(datetime.now(UTC))


def iso(moment: datetime) -> str:
    """An aware datetime in UTC, to the microsecond, sortable as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
