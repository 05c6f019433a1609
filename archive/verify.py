"""Is everything that was captured still there, and whole? And how it is put right from a copy."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import zstandard

from archive.captures import PAGE_SIZE, Captures, fingerprint
from archive.database import ArchiveError, open_database, open_read_only, utc_now
from archive.migrations.captures import migrations
from archive.warc.reader import is_warc, read

Progress = Callable[[int, int], None]
"""Told how many bodies of how many are done."""

_NAMED = 20
"""Lines taken over from SQLite's own check."""
_ANEW = "delete it, and scrapy reparse makes it anew"
_PROBED = 500
"""Rows in a row that cannot be had, after which no more are looked for one by one."""


@dataclass(slots=True)
class Verdict:
    """What is wrong, a line each, in words for the person who mends it. Empty lists: all is well."""

    lines: list[str] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    """sha256 of bodies that are missing or not whole."""
    is_broken: bool = False
    """captures.db itself cannot be read through: putting bodies back is not enough."""
    bodies: int = 0
    captures: int = 0


def verify(folder: Path, progress: Progress = lambda *_: None) -> Verdict:
    """Hash every body, check every reference. Raises ArchiveError when there is no captures.db in `folder`."""
    verdict = Verdict()
    db = _open(folder / "captures.db")
    try:
        for message in _structure(db):
            verdict.is_broken = True
            verdict.lines.append(f"captures.db: {message}")
        _bodies(db, verdict, progress)
        _captures(db, verdict)
        verdict.lines += [f"captures.db: {line}" for line in _references(db) if "bodies" not in line]
    except sqlite3.Error as error:
        verdict.is_broken = True
        verdict.lines.append(f"captures.db: it cannot be read through: {error}")
    if (folder / "reports.db").is_file():
        verdict.lines += [f"reports.db: {line}" for line in _reports(folder, None if verdict.is_broken else db)]
    db.close()
    return verdict


def _open(path: Path) -> sqlite3.Connection:
    """Without this pragma SQLite reads nothing of a file that is shorter than it says."""
    db = open_read_only(path)
    db.execute("PRAGMA writable_schema = ON")
    return db


def _structure(db: sqlite3.Connection) -> Iterator[str]:
    """SQLite's own complaints."""
    try:
        for (message,) in db.execute(f"PRAGMA integrity_check({_NAMED})"):
            if message != "ok":
                yield " ".join(message.split())
    except sqlite3.Error as error:
        yield str(error)


def _references(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("PRAGMA foreign_key_check").fetchall()
    return [f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there" for row in rows]


def _bodies(db: sqlite3.Connection, verdict: Verdict, progress: Progress) -> None:
    hashes = _hashes(db, verdict)
    decompress = zstandard.ZstdDecompressor().decompress
    for number, name in enumerate(hashes, 1):
        wrong = _wrong(db, name, decompress)
        if wrong:
            verdict.damaged.add(name)
            verdict.lines.append(f"body {name}: {wrong}")
        verdict.bodies = number
        if number % 100 == 0 or number == len(hashes):
            progress(number, len(hashes))
    for name in sorted(set(hashes) - _referred(db)):
        verdict.lines.append(f"body {name}: no capture has it")


def _hashes(db: sqlite3.Connection, verdict: Verdict) -> list[str]:
    """The bodies that are there by their index; where that cannot be read, those that captures name."""
    try:
        return [row[0] for row in db.execute("SELECT sha256 FROM bodies ORDER BY sha256")]
    except sqlite3.Error as error:
        verdict.is_broken = True
        verdict.lines.append(f"captures.db: the bodies cannot be listed: {error}")
        return sorted(_referred(db))


def _referred(db: sqlite3.Connection) -> set[str]:
    return {row[0] for row in db.execute("SELECT DISTINCT sha256 FROM captures WHERE sha256 IS NOT NULL")}


def _wrong(db: sqlite3.Connection, name: str, decompress: Callable[[bytes], bytes]) -> str | None:
    """What is wrong with a body, None if nothing is."""
    try:
        row = db.execute("SELECT size, encoding, data FROM bodies WHERE sha256 = ?", (name,)).fetchone()
        body = _unpacked(row, decompress)
    except (sqlite3.Error, zstandard.ZstdError) as error:
        return f"it cannot be read: {error}"
    if body is None:
        return f"it has the unknown encoding {row['encoding']!r}"
    if sha256(body).hexdigest() != name:
        return "its bytes are not those that were captured"
    return None if len(body) == row["size"] else f"it has {len(body)} bytes and says {row['size']}"


def _unpacked(row: sqlite3.Row, decompress: Callable[[bytes], bytes]) -> bytes | None:
    return decompress(row["data"]) if row["encoding"] == "zstd" else None


def _captures(db: sqlite3.Connection, verdict: Verdict) -> None:
    """Name the captures of what is missing or damaged, and those that are not what they were made as."""
    held = {row[0] for row in db.execute("SELECT sha256 FROM bodies")}
    rows = db.execute(
        "SELECT id, method, url, request_body, fingerprint, requested_at, sha256,"
        " COALESCE(json_valid(request_headers), 1) AND COALESCE(json_valid(response_headers), 1) AS is_legible"
        " FROM captures ORDER BY id"
    )
    for row in rows:
        verdict.captures += 1
        named = f"capture {row['id']} of {row['url']} at {row['requested_at']}"
        if row["sha256"] is not None and row["sha256"] not in held:
            verdict.damaged.add(row["sha256"])
            verdict.lines.append(f"{named}: its body {row['sha256']} is not there")
        elif row["sha256"] in verdict.damaged:
            verdict.lines.append(f"{named}: its body {row['sha256']} is damaged")
        if row["fingerprint"] != fingerprint(row["method"], row["url"], row["request_body"]):
            verdict.lines.append(f"{named}: it is not found under its own address, which was altered")
        if not row["is_legible"]:
            verdict.lines.append(f"{named}: its headers are no JSON")


def _reports(folder: Path, captures: sqlite3.Connection | None) -> list[str]:
    """What is wrong with reports.db itself and, where captures.db can be read, with what it was read from."""
    db = open_read_only(folder / "reports.db")
    try:
        lines = [f"{line} ({_ANEW})" for line in (*_structure(db), *_references(db))]
        if captures is None:
            return lines
        for table, name in (("reports", "id"), ("versions", "report_id")):
            lines += [
                f"{row['id']} was read from body {row['sha256']}, which is not there"
                for row in db.execute(f"SELECT {name} AS id, sha256 FROM {table} ORDER BY 1")  # noqa: S608 - our names
                if not captures.execute("SELECT 1 FROM bodies WHERE sha256 = ?", (row["sha256"],)).fetchone()
            ]
    except sqlite3.Error as error:
        lines = [f"it cannot be read through: {error} ({_ANEW})"]
    finally:
        db.close()
    return lines


# Putting it right


def put_back(folder: Path, wanted: set[str], source: Path) -> int:
    """Put these bodies back from a WARC, a WACZ or another captures.db. Returns how many were there and whole."""
    captures = Captures(folder)
    count = 0
    captures.db.conn.execute("PRAGMA foreign_keys = OFF")  # a body that captures name is replaced
    try:
        for body in _intact(source, wanted):
            name = sha256(body).hexdigest()
            with captures.db.conn as connection:
                connection.execute("DELETE FROM bodies WHERE sha256 = ?", (name,))
                captures.add_body(connection, name, body)
            count += 1
    except sqlite3.Error as error:
        raise ArchiveError(f"cannot write to {captures.path}: {error}") from error
    finally:
        captures.close()
    return count


def _intact(source: Path, wanted: set[str]) -> Iterator[bytes]:
    if is_warc(source):
        missing = set(wanted)
        for capture in read(source):
            if capture.body is not None and (name := sha256(capture.body).hexdigest()) in missing:
                missing.remove(name)
                yield capture.body
        return
    db = open_read_only(source)
    decompress = zstandard.ZstdDecompressor().decompress
    try:
        for name in sorted(wanted):
            row = db.execute("SELECT size, encoding, data FROM bodies WHERE sha256 = ?", (name,)).fetchone()
            if row and _wrong(db, name, decompress) is None and (body := _unpacked(row, decompress)) is not None:
                yield body
    except sqlite3.Error as error:
        raise ArchiveError(f"cannot use {source}: {error}") from error
    finally:
        db.close()


def salvage(folder: Path) -> Path:
    """Make captures.db anew of every row that can still be read; returns where the damaged file is kept."""
    path, fresh = folder / "captures.db", folder / "captures.db.salvaged"
    fresh.unlink(missing_ok=True)
    new = open_database(fresh, migrations, page_size=PAGE_SIZE)
    old = _open(path)
    try:
        new.conn.execute("PRAGMA foreign_keys = OFF")
        for table in ("runs", "portals", "bodies", "captures", "entries", "problems"):
            columns = [row[1] for row in new.conn.execute(f"PRAGMA table_info({table})")]
            with new.conn as connection:
                connection.executemany(
                    f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - our names
                    _legible(old, table, columns),
                )
        new.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise ArchiveError(f"cannot salvage {path}: {error}") from error
    finally:
        old.close()
        new.close()
    kept = folder / f"captures.db.damaged-{utc_now()[:19].replace(':', '')}"
    path.rename(kept)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    fresh.rename(path)
    return kept


def _legible(db: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table from both ends up to where it is damaged, and what lies between, row by row."""
    names = ", ".join(columns)
    edges: list[int] = []
    for order in ("ASC", "DESC"):
        last = None
        try:
            for row in db.execute(f"SELECT rowid, {names} FROM {table} ORDER BY rowid {order}"):  # noqa: S608 - our names
                if order == "DESC" and edges and row[0] <= edges[0]:
                    return
                last = row[0]
                yield tuple(row)[1:]
        except sqlite3.Error:
            pass
        else:
            return
        edges.append(last if last is not None else (sys.maxsize if edges else 0))
    yield from _between(db, f"SELECT {names} FROM {table} WHERE rowid = ?", range(edges[0] + 1, edges[1]))  # noqa: S608 - our names


def _between(db: sqlite3.Connection, sql: str, rowids: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    missed = 0
    for rowid in rowids:
        try:
            row = db.execute(sql, (rowid,)).fetchone()
        except sqlite3.Error:
            row = None
        missed = 0 if row else missed + 1
        if row:
            yield tuple(row)
        elif missed >= _PROBED:
            return
