"""Mending a damaged captures.db from a copy: whole bodies, rows as they were written, and what is gone.

Everything is one transaction or one renaming, so a repair may be killed anywhere and begun again.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import zstandard

from archive.captures import PAGE_SIZE, Capture, Captures, fingerprint
from archive.constraints import constrain, release, released
from archive.database import ArchiveError, open_database, placeholders, utc_now, writing
from archive.migrations.captures import migrations
from archive.row_digests import ADDED, DIGESTED, DIGESTED_TABLES, RowCheck, columns, digest_of, key_of, row_digest
from archive.run_seals import RunSeal
from archive.verification import UNREADABLE, Verification, as_bytes, open_damaged
from archive.verify_captures import body_damage, unpacked
from archive.vocabulary import RunKind
from archive.warc.reader import is_warc, read

_UNREADABLE_ROWS = 500
"""Unreadable rows in succession after which no more are tried one by one."""
_TABLES = ("runs", "portals", "bodies", "captures", "entries", "problems", "asking", "run_seals", "withheld")
_WITHOUT_ROWID = ("entry_changes", "row_digests")
_BODY = "SELECT size, encoding, data FROM bodies WHERE sha256 = ?"
_OWN_STEPS = "_sqlite_migrations"

Row = dict[str, Any]


@contextmanager
def _plainly(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes rows and their digests as they come, whatever they hold, in one transaction."""
    database = open_database(folder / "captures.db", migrations, page_size=PAGE_SIZE)
    with closing(database), writing(folder / "captures.db"):
        database.conn.execute("PRAGMA foreign_keys = OFF")
        # What is altered may be no text.
        database.conn.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        with database.conn as connection, released(connection, "captures.db"):
            yield connection


# Bodies


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
    decompress = zstandard.ZstdDecompressor().decompress
    with closing(open_damaged(source)) as db:
        try:
            for name in sorted(wanted):
                row = db.execute(_BODY, (name,)).fetchone()
                if (
                    row
                    and body_damage(db, name, decompress) is None
                    and (body := unpacked(db, name, row, decompress)) is not None
                ):
                    yield body
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot use {source}: {error}") from error


def drop_strays(folder: Path) -> int:
    """Delete the bodies that have another hash than their name and that no capture refers to: they say nothing."""
    decompress = zstandard.ZstdDecompressor().decompress
    with _plainly(folder) as connection:
        strays = connection.execute(
            "SELECT sha256 FROM bodies WHERE sha256 NOT IN (SELECT sha256 FROM captures WHERE sha256 IS NOT NULL)"
        ).fetchall()
        damaged = [(row["sha256"],) for row in strays if body_damage(connection, row["sha256"], decompress)]
        connection.executemany("DELETE FROM bodies WHERE sha256 = ?", damaged)
    return len(damaged)


# A file that is no sound database


def salvage(folder: Path) -> Path:
    """Rebuild captures.db from every row that can still be read; returns where the damaged file is kept.

    Raises ArchiveError where the new file cannot be written.
    """
    path, part, fresh = (folder / f"captures.db{end}" for end in ("", ".salvaged.part", ".salvaged"))
    if not fresh.exists():
        for end in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + end).unlink(missing_ok=True)
        _read_out(path, part)
        part.rename(fresh)
    kept = _kept(path)
    for suffix in ("-wal", "-shm"):  # of the damaged file: the new one must not be read with it
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.rename(kept.with_name(kept.name + suffix))
    fresh.replace(path)
    return kept


def _kept(path: Path) -> Path:
    """The damaged file under a name of its own: the one that a repair which was killed has given it, if there is one."""
    for other in path.parent.glob(f"{path.name}.damaged-*"):
        if other.samefile(path):
            return other
    kept = path.with_name(f"{path.name}.damaged-{utc_now()[:19].replace(':', '')}")
    os.link(path, kept)
    return kept


def _read_out(path: Path, target: Path) -> None:
    """Write what can be read of the database at `path` into a new one."""
    new = open_database(target, migrations, page_size=PAGE_SIZE)
    old = open_damaged(path)
    try:
        new.conn.execute("PRAGMA foreign_keys = OFF")
        release(new.conn)
        for table in (*_TABLES, *_WITHOUT_ROWID):
            names = columns(new.conn, table)
            rows = _in_both_directions(old, table, names) if table in _WITHOUT_ROWID else _rows(old, table, names)
            with new.conn as connection:
                if table in _WITHOUT_ROWID:
                    own = f"\"table\" <> '{_OWN_STEPS}'" if table == "row_digests" else "1"
                    connection.execute(f"DELETE FROM {table} WHERE {own}")  # noqa: S608 - our names
                connection.executemany(
                    f"INSERT OR IGNORE INTO {table} ({_listed(names)}) VALUES ({placeholders(names)})",  # noqa: S608 - our names
                    (row for row in rows if _can_be_kept(row)),
                )
        constrain(new.conn, "captures.db")
        new.conn.execute("PRAGMA journal_mode = DELETE")  # one file: nothing of it is in a log
    except sqlite3.Error as error:
        raise ArchiveError(f"cannot salvage {path}: {error}") from error
    finally:
        old.close()
        new.close()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _can_be_kept(values: tuple[Any, ...]) -> bool:
    """Whether a row can be written: text that is none, or a number beyond SQLite's, was none when it was written."""
    try:
        for value in values:
            if isinstance(value, str):
                value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _rows(db: sqlite3.Connection, table: str, names: list[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table from both ends up to the damage, then those between, one by one."""
    listed = _listed(names)
    edges: list[int] = []
    for order in ("ASC", "DESC"):
        last = None
        try:
            for row in db.execute(f"SELECT rowid, {listed} FROM {table} ORDER BY rowid {order}"):  # noqa: S608 - our names
                if order == "DESC" and edges and row[0] <= edges[0]:
                    return
                last = row[0]
                yield tuple(row)[1:]
        except UNREADABLE:
            pass
        else:
            return
        edges.append(last if last is not None else (sys.maxsize if edges else 0))
    yield from _between(db, f"SELECT {listed} FROM {table} WHERE rowid = ?", range(edges[0] + 1, edges[1]))  # noqa: S608 - our names


def _between(db: sqlite3.Connection, sql: str, rowids: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    """The rows of these ids that can be read, up to _UNREADABLE_ROWS that cannot in succession."""
    missed = 0
    for rowid in rowids:
        try:
            row = db.execute(sql, (rowid,)).fetchone()
        except UNREADABLE:
            row = None
        missed = 0 if row else missed + 1
        if row:
            yield tuple(row)
        elif missed >= _UNREADABLE_ROWS:
            return


def _in_both_directions(db: sqlite3.Connection, table: str, names: list[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table without row ids up to the damage, from its beginning and from its end."""
    for order in ("ASC", "DESC"):
        try:
            for row in db.execute(f"SELECT {_listed(names)} FROM {table} ORDER BY 1 {order}, 2 {order}"):  # noqa: S608 - our names
                yield tuple(row)
        except UNREADABLE:
            continue
        return


# Rows


def mend_rows(folder: Path, damage: Verification, source: Path) -> int:
    """Make altered rows what `source` has, bring back those that are gone; returns how many."""
    with _plainly(folder) as connection:
        if is_warc(source):
            return _mend_captures(connection, damage, map(_row_of, read(source)))
        there = open_damaged(source)
        try:
            count = 0
            for table in _mendable(there):
                changes = connection.execute("SELECT * FROM entry_changes").fetchall()
                count += _mend_table(connection, there, table)
                if table != "entry_changes":  # its triggers count what is put back as news
                    connection.execute("DELETE FROM entry_changes")
                    connection.executemany("INSERT INTO entry_changes VALUES (?, ?)", map(tuple, changes))
            count += _mend_captures(connection, damage, _sound_captures(there))
            return count + _bring_back(connection, there)
        except UNREADABLE as error:
            raise ArchiveError(f"cannot use {source}: {error}") from error
        finally:
            there.close()


def adopt(folder: Path) -> int:
    """Give digests to rows that have lost theirs with a part of the file: they are kept as they are. Returns how many.

    Of a table in which a digest has lost its row none is taken: that row may be one that was altered in its key.
    """
    count = 0
    with _plainly(folder) as connection:
        for table in DIGESTED_TABLES["captures.db"]:
            check = RowCheck(connection, "captures.db", table)
            rows = () if check.gone() else connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our names
            for row in rows:
                values = table, key_of(*(row[name] for name in check.key)), digest_of(*row)
                count += connection.execute("INSERT OR IGNORE INTO row_digests VALUES (?, ?, ?)", values).rowcount
    return count


def _mendable(there: sqlite3.Connection) -> list[str]:
    """Tables of which the copy has digests."""
    return [table for table in DIGESTED_TABLES["captures.db"] if RowCheck(there, "captures.db", table).is_possible]


def _mend_table(here: sqlite3.Connection, there: sqlite3.Connection, table: str) -> int:
    """Mend one table whose rows have digests of their own."""
    ours, theirs = (RowCheck(db, "captures.db", table) for db in (here, there))
    wrong = [row for row in _all(here, table) if ours.fault(row)]
    if not wrong and not ours.gone():
        return 0
    sound = {theirs.hash(row): row for row in _all(there, table) if theirs.fault(row) is None}
    faulty = {ours.hash(row): row for row in wrong}
    held = {ours.hash(row) for row in _all(here, table)}
    lost = {row[0] for row in here.execute('SELECT row FROM row_digests WHERE "table" = ?', (table,))} - held
    back = {key: sound[key] for key in (*faulty, *lost) if key in sound}
    for key, row in back.items():
        _replace(here, table, ours.key, row)
        digest = there.execute('SELECT digest FROM row_digests WHERE "table" = ? AND row = ?', (table, key)).fetchone()
        here.execute("INSERT OR REPLACE INTO row_digests VALUES (?, ?, ?)", (table, key, digest[0]))
    for key, row in faulty.items():
        if key not in sound and any(_differs_in_key(row, other, ours.key) for other in back.values()):
            _delete(here, table, ours.key, row)
    _forget(here, ours, lost - sound.keys())
    return len(back)


def _forget(here: sqlite3.Connection, check: RowCheck, lost: set[bytes]) -> None:
    """Take out digests that belong to no row, once every row of the table is proved by its own."""
    if not any(check.fault(row) for row in _all(here, check.table)):
        here.executemany('DELETE FROM row_digests WHERE "table" = ? AND row = ?', [(check.table, key) for key in lost])


def _all(db: sqlite3.Connection, table: str) -> Iterator[sqlite3.Row]:
    yield from db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our names


def _differs_in_key(row: sqlite3.Row, other: sqlite3.Row, key: tuple[str, ...]) -> bool:
    """Whether two rows say the same of things with different names."""
    return all(row[name] == other[name] for name in row.keys() if name not in key)  # noqa: SIM118 - a Row iterates over values


def _replace(here: sqlite3.Connection, table: str, key: tuple[str, ...], row: sqlite3.Row) -> None:
    _delete(here, table, key, row)
    here.execute(
        f"INSERT INTO {table} ({_listed(row.keys())}) VALUES ({placeholders(row.keys())})",  # noqa: S608 - our names
        tuple(row),
    )


def _delete(here: sqlite3.Connection, table: str, key: tuple[str, ...], row: sqlite3.Row) -> None:
    where = " AND ".join(f'"{name}" IS ?' for name in key)
    here.execute(f"DELETE FROM {table} WHERE {where}", tuple(row[name] for name in key))  # noqa: S608 - our names


# Captures


def _sound_captures(there: sqlite3.Connection) -> Iterator[Row]:
    """The captures of a copy that are as they were written."""
    for row in there.execute("SELECT * FROM captures ORDER BY id"):
        values = dict(row)
        if values["digest"] == row_digest(values) and values["fingerprint"] == _fingerprint(values):
            yield values


def _fingerprint(row: Row) -> bytes:
    return fingerprint(row["method"], row["url"], row["request_body"])


def _row_of(capture: Capture) -> Row:
    """A capture of a WARC as captures.db has it."""
    if capture.body is not None and capture.sha256 is None:
        capture.sha256 = sha256(capture.body).hexdigest()
    values = {name: getattr(capture, name) for name in (*DIGESTED, *ADDED)} | {
        "request_body": capture.request_body or None,
        "request_headers": json.dumps(capture.request_headers, ensure_ascii=False),
        "response_headers": json.dumps(capture.response_headers, ensure_ascii=False),
    }
    return values | {"digest": row_digest(values), "fingerprint": _fingerprint(values)}


def _mend_captures(here: sqlite3.Connection, damage: Verification, sound: Iterable[Row]) -> int:
    """Make altered captures what they were: those whose digest, or whose content, a sound one has."""
    wanted: dict[bytes, int] = {}
    for table, number in damage.altered:
        row = here.execute("SELECT * FROM captures WHERE id = ?", (number,)).fetchone() if table == "captures" else None
        if row is not None:
            wanted[as_bytes(row["digest"])] = number
            try:
                wanted.setdefault(row_digest(row), number)
            except UNREADABLE:
                continue
    if not wanted:
        return 0
    mended = set()
    names = (*DIGESTED, *ADDED, "digest", "fingerprint")
    for row in sound:
        altered = wanted.get(row["digest"])
        if altered is not None and altered not in mended:
            here.execute(
                f"UPDATE captures SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?",  # noqa: S608 - our names
                (*(row.get(name) for name in names), altered),
            )
            mended.add(altered)
    return len(mended)


def _bring_back(here: sqlite3.Connection, there: sqlite3.Connection) -> int:
    """From a copy of this very archive: captures that are gone, and ids and runs that were altered.

    It is one where each run that both have, by its number, is the same.
    """
    runs = "SELECT id, kind, portal, started_at FROM runs ORDER BY id"
    ours, theirs = ({row[0]: tuple(row)[1:] for row in db.execute(runs)} for db in (here, there))
    shared = ours.keys() & theirs.keys()
    if not shared or any(ours[number] != theirs[number] for number in shared):
        return 0
    count = sum(_catch_up(here, there, table) for table in _mendable(there)) if ours.keys() < theirs.keys() else 0
    known = {as_bytes(row["digest"]): (row["id"], row["run_id"]) for row in here.execute(_PLACES)}
    taken = {number for number, _ in known.values()}
    for row in _sound_captures(there):
        place = known.get(row["digest"])
        if place == (row["id"], row["run_id"]):
            continue
        if place is None:
            if row["id"] in taken and not _take_out(here, row["id"]):
                continue
            here.execute(f"INSERT INTO captures ({_listed(row)}) VALUES ({placeholders(row)})", tuple(row.values()))  # noqa: S608
            body = there.execute("SELECT * FROM bodies WHERE sha256 = ?", (row["sha256"],)).fetchone()
            if body is not None:
                here.execute("INSERT OR IGNORE INTO bodies VALUES (?, ?, ?, ?)", tuple(body))
        else:
            new = row["id"] if row["id"] not in taken else place[0]
            here.execute("UPDATE captures SET id = ?, run_id = ? WHERE id = ?", (new, row["run_id"], place[0]))
        count += 1
    return count


def _catch_up(here: sqlite3.Connection, there: sqlite3.Connection, table: str) -> int:
    """Where the copy has later runs, and here they are lost: make the rows of a table what they are there."""
    check = RowCheck(there, "captures.db", table)
    held = {check.hash(row): tuple(row) for row in _all(here, table)}
    count = 0
    for row in _all(there, table):
        key = check.hash(row)
        if held.get(key) == tuple(row) or check.fault(row) is not None:
            continue
        _replace(here, table, check.key, row)
        here.execute("INSERT OR REPLACE INTO row_digests VALUES (?, ?, ?)", (table, key, digest_of(*row)))
        count += 1
    return count


def _take_out(here: sqlite3.Connection, number: int) -> bool:
    """Delete a capture that is not as it was written, and that nothing could mend; whether it was such a one."""
    row = here.execute("SELECT * FROM captures WHERE id = ?", (number,)).fetchone()
    is_ruined = _is_ruined(row)
    if is_ruined:
        here.execute("DELETE FROM captures WHERE id = ?", (number,))
    return is_ruined


def _is_ruined(row: sqlite3.Row) -> bool:
    try:
        return bool(row["digest"] != row_digest(row))
    except UNREADABLE:
        return True


_PLACES = "SELECT id, run_id, digest FROM captures"


def seal_again(folder: Path, brought_by: int) -> bool:
    """Bind runs to what is left of their captures where `brought_by` and imports before it have brought the others back.

    They have if the digests of their captures are just those that the seals lack: a repair that was killed leaves more
    than one such import. Rows that are not as they were written are surplus then, and go. Returns whether it is so.
    """
    with _plainly(folder) as connection:
        lacking: dict[int, RunSeal] = {}
        difference = RunSeal()
        for row in connection.execute("SELECT run_id, captures, digests FROM run_seals ORDER BY run_id").fetchall():
            found = _seal_of(connection, row["run_id"])
            stored = RunSeal.stored(row["captures"], as_bytes(row["digests"]))
            if stored != found:
                lacking[row["run_id"]] = found
                difference += stored - found
        if not lacking or not _is_brought(connection, difference, brought_by):
            return False
        for run_id, found in lacking.items():
            values = (run_id, found.captures, found.blob)
            connection.execute("INSERT OR REPLACE INTO run_seals VALUES (?, ?, ?)", values)
            connection.execute(
                "INSERT OR REPLACE INTO row_digests VALUES ('run_seals', ?, ?)", (key_of(run_id), digest_of(*values))
            )
            ruined = [(row["id"],) for row in _of_run(connection, run_id) if _is_ruined(row)]
            connection.executemany("DELETE FROM captures WHERE id = ?", ruined)
    return True


def _is_brought(connection: sqlite3.Connection, difference: RunSeal, newest: int) -> bool:
    """Whether the newest imports, together, have just the captures that are missing elsewhere."""
    brought = RunSeal()
    imports = "SELECT id FROM runs WHERE kind = ? AND id <= ? ORDER BY id DESC"
    for (run_id,) in map(tuple, connection.execute(imports, (RunKind.IMPORT, newest)).fetchall()):
        brought += _seal_of(connection, run_id)
        if brought == difference:
            return True
    return False


def _of_run(connection: sqlite3.Connection, run_id: int) -> Iterator[sqlite3.Row]:
    yield from connection.execute("SELECT * FROM captures WHERE run_id = ?", (run_id,)).fetchall()


def _seal_of(connection: sqlite3.Connection, run_id: int) -> RunSeal:
    """The seal of a run's captures that are as they were written."""
    return RunSeal.of(as_bytes(row["digest"]) for row in _of_run(connection, run_id) if not _is_ruined(row))
