"""Backups: a directory that holds a copy of both databases, to which each backup adds what is new.

captures.db is copied row by row, since its captures and bodies only grow; the other tables are small and replaced whole.
The copy is that of one moment, whatever is written to the archive meanwhile. A backup that is stopped leaves a copy of
an earlier moment with some captures more, which the next backup completes.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive import divisions
from archive.captures import PAGE_SIZE, Captures
from archive.constraints import released
from archive.database import ArchiveError, DamageError, open_database, open_read_only, placeholders, writing
from archive.migrations.captures import migrations
from archive.outside_bodies import inside
from archive.verify import verify

Progress = Callable[[int, int], None]
"""Called with the captures copied and their total."""

_BATCH = 200
"""Captures in one commit."""
_REPLACED = (
    "portals",
    "runs",
    "entries",
    "problems",
    "asking",
    "entry_changes",
    "run_seals",
    "withheld",
    "row_digests",
)
"""Tables whose rows change. Their digests come along: what was altered in the archive shows in the copy, too."""
_OWN = "WHERE \"table\" <> '_sqlite_migrations'"
"""Of the digests, those of rows that the copy has from the archive."""
_DATABASES = ("reports.db", "captures.db")
"""In the order in which a restored archive gets them: what has captures.db is whole."""
_TABLES = (divisions.NAME, "portals.csv")
"""An archive's own places and portals."""
_RESTORING = ".restoring"
"""The folder in which an archive is restored."""
_UNFINISHED = ".part"
"""End of the name of a file that is being written."""


@dataclass(slots=True)
class Backup:
    """What a backup did."""

    captures: int = 0
    """Captures that were added to the copy."""
    bodies: int = 0
    damaged: list[str] = field(default_factory=list)
    """A line for each body of the archive that does not match its hash and was left out."""


def back_up(folder: Path, copy: Path, progress: Progress = lambda *_: None) -> Backup:
    """Bring the backup in `copy` up to date with the archive in `folder`; every added row is read back and compared.

    Raises ArchiveError where the archive cannot be read, the copy cannot be written or is no backup of this archive.
    """
    if copy.exists() and copy.resolve() == folder.resolve():
        raise ArchiveError(f"{copy} is the archive itself: name another directory")
    result = Backup()
    with closing(Captures(folder, read_only=True)) as archive:
        source, target = archive.db.conn, open_database(copy / "captures.db", migrations, page_size=PAGE_SIZE)
        _remove_unfinished(copy)
        try:
            with _errors(folder, copy):
                source.execute("BEGIN")
                if migrations.pending(archive.db):
                    raise ArchiveError(f"{folder} is of an older version: open it once, as with scrapy health")
                _refuse_another(source, target.conn, copy)
                target.conn.execute("PRAGMA foreign_keys = OFF")  # captures come before the runs that they name
                _add_captures(archive, target.conn, result, progress)
                _replace_others(source, target.conn)
        finally:
            target.close()
    if (folder / "reports.db").is_file():
        _copy_whole(folder / "reports.db", copy / "reports.db")
    _copy_tables(folder, copy)
    return result


def restore(copy: Path, folder: Path) -> list[str]:
    """Make the archive in `folder` what the backup in `copy` is, and verify it; returns what is wrong, a line each.

    It is made in a folder within, so that there is an archive only once it is whole and was looked at.

    Raises ArchiveError where there is an archive already, no backup, or no room.
    """
    if (folder / "captures.db").exists():
        raise ArchiveError(f"{folder} holds an archive: move it away first")
    if not (copy / "captures.db").is_file():
        raise ArchiveError(f"{copy} holds no backup: there is no captures.db in it")
    made = folder / _RESTORING
    with _errors(copy, folder):
        folder.mkdir(exist_ok=True)
        made.mkdir(exist_ok=True)
        try:
            for name in _DATABASES:
                if (copy / name).is_file():
                    _copy_whole(copy / name, made / name)
            lines = verify(made).lines
            _copy_tables(copy, folder)
            for name in _DATABASES:
                if (made / name).is_file():
                    (made / name).replace(folder / name)
        finally:
            for name in _DATABASES:
                (made / name).unlink(missing_ok=True)
            made.rmdir()
    return lines


@contextmanager
def _errors(source: Path, target: Path) -> Iterator[None]:
    """What goes wrong between two directories, as one line."""
    try:
        with writing(target):
            yield
    except OSError as error:
        raise ArchiveError(f"cannot copy {source} to {target}: {error}") from error


def _refuse_another(source: sqlite3.Connection, target: sqlite3.Connection, copy: Path) -> None:
    """Raises ArchiveError where the newest capture of the copy is not in the archive under the same number."""
    newest = "SELECT id, fingerprint, requested_at, sha256 FROM captures"
    held = target.execute(f"{newest} ORDER BY id DESC LIMIT 1").fetchone()
    if held and tuple(held) != tuple(source.execute(f"{newest} WHERE id = ?", (held["id"],)).fetchone() or ()):
        raise ArchiveError(f"{copy} is no backup of this archive: name an empty directory, or use scrapy merge")


def _add_captures(archive: Captures, target: sqlite3.Connection, result: Backup, progress: Progress) -> None:
    """Add captures that are newer than those of the copy, with their bodies, batch by batch."""
    source = archive.db.conn
    done = target.execute("SELECT COALESCE(MAX(id), 0) FROM captures").fetchone()[0]
    total = source.execute("SELECT COUNT(*) FROM captures WHERE id > ?", (done,)).fetchone()[0]
    rows = source.execute("SELECT * FROM captures WHERE id > ? ORDER BY id", (done,))
    while batch := rows.fetchmany(_BATCH):
        hashes = list(dict.fromkeys(row["sha256"] for row in batch if row["sha256"]))
        with target, released(target, "captures.db"):
            for body in _missing(source, target, hashes):
                try:
                    archive.body(body["sha256"], check=True)
                except DamageError as error:
                    result.damaged.append(f"{error}; it was left out of the backup")
                else:
                    _insert(target, "bodies", _within(source, body))
                    result.bodies += 1
            for row in batch:
                _insert(target, "captures", row)
        result.captures += len(batch)
        _compare(source, target, batch[0]["id"], batch[-1]["id"])
        progress(result.captures, total)


def _missing(source: sqlite3.Connection, target: sqlite3.Connection, hashes: list[str]) -> Iterator[dict[str, Any]]:
    """The bodies among these that the copy lacks."""
    sql = f"SELECT sha256 FROM bodies WHERE sha256 IN ({placeholders(hashes)})"  # noqa: S608 - question marks
    held = {row["sha256"] for row in target.execute(sql, hashes)}
    for name in hashes:
        if name not in held:
            yield from map(dict, source.execute("SELECT * FROM bodies WHERE sha256 = ?", (name,)))


def _within(source: sqlite3.Connection, row: dict[str, Any]) -> dict[str, Any]:
    """A row of `bodies` as a backup has it: it is whole without what else the archive keeps."""
    encoding, data = inside(source, row["encoding"], row["data"], row["sha256"])
    return row | {"encoding": encoding, "data": data}


def _compare(source: sqlite3.Connection, target: sqlite3.Connection, first: int, last: int) -> None:
    """Raises ArchiveError where the copy does not give back what was written to it."""
    sql = "SELECT c.*, b.encoding, b.data FROM captures c LEFT JOIN bodies b USING (sha256) WHERE c.id BETWEEN ? AND ? ORDER BY c.id"
    ours, theirs = (db.execute(sql, (first, last)) for db in (source, target))
    for here, there in zip(ours, theirs, strict=True):
        *row, encoding, data = here
        if data is not None:
            encoding, data = inside(source, encoding, data, here["sha256"])
        if there["data"] is not None and (*row, encoding, data) != tuple(there):
            raise ArchiveError(f"the backup did not keep capture {here['id']} as it is: look at the disk")


def _replace_others(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    with target, released(target, "captures.db"):
        for table in _REPLACED:
            which = _OWN if table == "row_digests" else ""
            target.execute(f"DELETE FROM {table} {which}")  # noqa: S608 - our names
            for row in source.execute(f"SELECT * FROM {table} {which}"):  # noqa: S608 - our names
                _insert(target, table, row)


def _insert(db: sqlite3.Connection, table: str, row: sqlite3.Row | dict[str, Any]) -> None:
    names = list(row.keys())
    listed = ", ".join(f'"{name}"' for name in names)
    db.execute(f"INSERT INTO {table} ({listed}) VALUES ({placeholders(names)})", [row[name] for name in names])  # noqa: S608


def _copy_whole(database: Path, copy: Path) -> None:
    """Copy a database as of one moment; `copy` is replaced only when its successor is complete and on the disk."""
    part = copy.with_name(copy.name + _UNFINISHED)
    try:
        with (
            _errors(database, copy.parent),
            closing(open_read_only(database)) as source,
            closing(sqlite3.connect(part)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file: nothing of it is in a log
            fault = target.execute("PRAGMA quick_check(1)").fetchone()[0]
        if fault != "ok":
            raise ArchiveError(f"{database} is damaged ({fault}): run scrapy verify")
        for log in ("-wal", "-shm"):  # of the file that is replaced
            copy.with_name(copy.name + log).unlink(missing_ok=True)
        part.replace(copy)
    finally:
        _remove_unfinished(copy.parent)


def _copy_tables(folder: Path, copy: Path) -> None:
    """Copy the tables that people put beside the databases; those that are gone go from the copy, too."""
    for name in _TABLES:
        path, part = copy / name, copy / f"{name}{_UNFINISHED}"
        with _errors(folder / name, copy):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, part)
                part.replace(path)
            else:
                path.unlink(missing_ok=True)


def _remove_unfinished(folder: Path) -> None:
    for name in (*_DATABASES, *_TABLES):
        for end in ("", "-journal", "-wal", "-shm"):
            folder.joinpath(f"{name}{_UNFINISHED}{end}").unlink(missing_ok=True)
