"""Verifying that every captured body is present and intact, and restoring damaged ones from a copy."""

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
from archive.database import ArchiveError, open_database, open_read_only, placeholders, utc_now
from archive.migrations.captures import migrations
from archive.migrations.sums import MET_AGAIN, SEVERAL_AGAIN
from archive.migrations.views import TOTALS, TOTALS_AGAIN, TOTALS_KEY
from archive.row_digests import row_digest
from archive.warc.reader import is_warc, read

Progress = Callable[[int, int], None]
"""Called with the bodies done and their total."""

_INTEGRITY_MESSAGES = 20
"""Lines of SQLite's own check that are shown."""
_REBUILD = "delete it; scrapy reparse rebuilds it"
_UNREADABLE_ROWS = 500
"""Unreadable rows in succession after which no more are tried one by one."""
_SALVAGED_TABLES = ("runs", "portals", "bodies", "captures", "entries", "problems", "asking")

_BODY = "SELECT size, encoding, data FROM bodies WHERE sha256 = ?"
_CAPTURES = """
SELECT
    *,
    COALESCE(json_valid(request_headers), 1) AND COALESCE(json_valid(response_headers), 1) AS has_valid_headers
FROM captures
ORDER BY id
"""


@dataclass(slots=True)
class Verification:
    """What is wrong, a line each for the person who repairs it. No lines: everything is intact."""

    lines: list[str] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    """sha256 of bodies that are missing or damaged."""
    is_broken: bool = False
    """captures.db itself cannot be read to its end: restoring bodies is not enough."""
    bodies: int = 0
    captures: int = 0


def verify(folder: Path, progress: Progress = lambda *_: None) -> Verification:
    """Hash every body and check every reference. Raises ArchiveError when there is no captures.db in `folder`."""
    result = Verification()
    db = _open(folder / "captures.db")
    try:
        for message in _structure(db):
            result.is_broken = True
            result.lines.append(f"captures.db: {message}")
        _bodies(db, result, progress)
        _captures(db, result)
        result.lines += [f"captures.db: {line}" for line in _references(db) if "bodies" not in line]
    except sqlite3.Error as error:
        result.is_broken = True
        result.lines.append(f"captures.db: cannot be read to its end: {error}")
    if (folder / "reports.db").is_file():
        result.lines += [f"reports.db: {line}" for line in _reports(folder, None if result.is_broken else db)]
    db.close()
    return result


def _open(path: Path) -> sqlite3.Connection:
    """A read-only connection. Without this pragma SQLite reads nothing of a file that is cut short."""
    db = open_read_only(path)
    db.execute("PRAGMA writable_schema = ON")
    return db


def _structure(db: sqlite3.Connection) -> Iterator[str]:
    """SQLite's own complaints."""
    try:
        for (message,) in db.execute(f"PRAGMA integrity_check({_INTEGRITY_MESSAGES})"):
            if message != "ok":
                yield " ".join(message.split())
    except sqlite3.Error as error:
        yield str(error)


def _references(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("PRAGMA foreign_key_check").fetchall()
    return [f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}" for row in rows]


def _bodies(db: sqlite3.Connection, result: Verification, progress: Progress) -> None:
    hashes = _hashes(db, result)
    decompress = zstandard.ZstdDecompressor().decompress
    for number, name in enumerate(hashes, 1):
        damage = _damage(db, name, decompress)
        if damage:
            result.damaged.add(name)
            result.lines.append(f"body {name}: {damage}")
        result.bodies = number
        if number % 100 == 0 or number == len(hashes):
            progress(number, len(hashes))
    for name in sorted(set(hashes) - _captured_hashes(db)):
        result.lines.append(f"body {name}: no capture refers to it")


def _hashes(db: sqlite3.Connection, result: Verification) -> list[str]:
    """The bodies in the table's index or, where that cannot be read, those that captures refer to."""
    try:
        return [row[0] for row in db.execute("SELECT sha256 FROM bodies ORDER BY sha256")]
    except sqlite3.Error as error:
        result.is_broken = True
        result.lines.append(f"captures.db: the bodies cannot be listed: {error}")
        return sorted(_captured_hashes(db))


def _captured_hashes(db: sqlite3.Connection) -> set[str]:
    return {row[0] for row in db.execute("SELECT DISTINCT sha256 FROM captures WHERE sha256 IS NOT NULL")}


def _damage(db: sqlite3.Connection, name: str, decompress: Callable[[bytes], bytes]) -> str | None:
    """What is wrong with a body; None if nothing is."""
    try:
        row = db.execute(_BODY, (name,)).fetchone()
        body = _decompressed(row, decompress)
    except (sqlite3.Error, zstandard.ZstdError) as error:
        return f"cannot be read: {error}"
    if body is None:
        return f"unknown encoding {row['encoding']!r}"
    if sha256(body).hexdigest() != name:
        return "hash mismatch"
    return None if len(body) == row["size"] else f"{len(body)} bytes, but size says {row['size']}"


def _decompressed(row: sqlite3.Row, decompress: Callable[[bytes], bytes]) -> bytes | None:
    return decompress(row["data"]) if row["encoding"] == "zstd" else None


def _captures(db: sqlite3.Connection, result: Verification) -> None:
    """Report the captures whose body is missing or damaged, and those whose own row was altered."""
    hashes = {row[0] for row in db.execute("SELECT sha256 FROM bodies")}
    for row in db.execute(_CAPTURES):
        result.captures += 1
        capture = f"capture {row['id']} of {row['url']} at {row['requested_at']}"
        if row["sha256"] is not None and row["sha256"] not in hashes:
            result.damaged.add(row["sha256"])
            result.lines.append(f"{capture}: its body {row['sha256']} is missing")
        elif row["sha256"] in result.damaged:
            result.lines.append(f"{capture}: its body {row['sha256']} is damaged")
        if row["fingerprint"] != fingerprint(row["method"], row["url"], row["request_body"]):
            result.lines.append(f"{capture}: its fingerprint does not match its address; one of them was altered")
        if not row["has_valid_headers"]:
            result.lines.append(f"{capture}: its headers are not valid JSON")
        if "digest" in row.keys() and row["digest"] != row_digest(row):  # noqa: SIM118 - a Row iterates over values
            result.lines.append(f"{capture}: its row does not match its digest; it was altered")


def _reports(folder: Path, captures: sqlite3.Connection | None) -> list[str]:
    """What is wrong with reports.db itself and, where captures.db can be read, which reports have lost their body."""
    db = open_read_only(folder / "reports.db")
    try:
        lines = [f"{line} ({_REBUILD})" for line in (*_structure(db), *_references(db))]
        if captures is None:
            return lines
        for table, name in (("reports", "id"), ("versions", "report_id")):
            lines += [
                f"{row['id']} was read from body {row['sha256']}, which is missing"
                for row in db.execute(f"SELECT {name} AS id, sha256 FROM {table} ORDER BY 1")  # noqa: S608 - our names
                if not captures.execute("SELECT 1 FROM bodies WHERE sha256 = ?", (row["sha256"],)).fetchone()
            ]
        lines += [f"{line} ({_REBUILD})" for line in _figures(db)]
    except sqlite3.Error as error:
        lines = [f"cannot be read to its end: {error} ({_REBUILD})"]
    finally:
        db.close()
    return lines


def _figures(db: sqlite3.Connection) -> Iterator[str]:
    """Reports without figures, cells without a report, and totals that are not the sum of the figures."""
    for (report_id,) in db.execute(
        "SELECT id FROM reports WHERE id NOT IN (SELECT report_id FROM figures) ORDER BY id"
    ):
        yield f"{report_id} has no figures"
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


# Repair


def put_back(folder: Path, wanted: set[str], source: Path) -> int:
    """Restore these bodies from a WARC, a WACZ or another captures.db. Returns how many it has intact.

    Raises ArchiveError where `source` cannot be read or captures.db cannot be written.
    """
    captures = Captures(folder)
    count = 0
    captures.db.conn.execute("PRAGMA foreign_keys = OFF")  # bodies that captures refer to are replaced
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
    """Those of the wanted bodies that `source` has intact."""
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
            row = db.execute(_BODY, (name,)).fetchone()
            if row and _damage(db, name, decompress) is None and (body := _decompressed(row, decompress)) is not None:
                yield body
    except sqlite3.Error as error:
        raise ArchiveError(f"cannot use {source}: {error}") from error
    finally:
        db.close()


def salvage(folder: Path) -> Path:
    """Rebuild captures.db from every row that can still be read; returns where the damaged file is kept.

    Raises ArchiveError where the new file cannot be written.
    """
    path, fresh = folder / "captures.db", folder / "captures.db.salvaged"
    fresh.unlink(missing_ok=True)
    new = open_database(fresh, migrations, page_size=PAGE_SIZE)
    old = _open(path)
    try:
        new.conn.execute("PRAGMA foreign_keys = OFF")
        for table in _SALVAGED_TABLES:
            columns = [row[1] for row in new.conn.execute(f"PRAGMA table_info({table})")]
            with new.conn as connection:
                connection.executemany(
                    f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({placeholders(columns)})",  # noqa: S608 - our names
                    _readable_rows(old, table, columns),
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


def _readable_rows(db: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table from both ends up to the damage, then those between, one by one."""
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
    """The rows of these ids that can be read, up to _UNREADABLE_ROWS that cannot in succession."""
    missed = 0
    for rowid in rowids:
        try:
            row = db.execute(sql, (rowid,)).fetchone()
        except sqlite3.Error:
            row = None
        missed = 0 if row else missed + 1
        if row:
            yield tuple(row)
        elif missed >= _UNREADABLE_ROWS:
            return
