"""Proving captures.db: every body by its hash, every row by a digest, every run by its seal."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import zstandard
from sqlite_utils import Database

from archive import run_seals
from archive.captures import fingerprint
from archive.constraints import violations
from archive.database import DamageError
from archive.migrations.captures import migrations
from archive.outside_bodies import inside
from archive.row_digests import DIGESTED_TABLES, RowCheck, row_digest
from archive.verification import UNREADABLE, Scope, Verification, as_bytes, chance, references

Progress = Callable[[int, int], None]
"""Called with the bodies done and their total."""

_MOST_BODY = 1 << 31
"""Bytes of a body; a size beyond is damage."""
_BODY = "SELECT size, encoding, data FROM bodies WHERE sha256 = ?"


class CapturesCheck:
    """Looks at captures.db."""

    def __init__(self, db: sqlite3.Connection, result: Verification, scope: Scope) -> None:
        self.db = db
        self.result = result
        self.scope = scope
        self.decompress = zstandard.ZstdDecompressor().decompress
        self.is_current = False
        """Whether this version has written it: earlier ones kept fewer digests, or none."""
        self.hashes: set[str] = set()
        """Bodies that are there."""

    def run(self, progress: Progress) -> None:
        """All of it; what cannot be read says so and hides nothing else."""
        with self.looking("the list of its tables"):
            self.is_current = not migrations.pending(Database(self.db))
        wanted: set[int] | None = None
        with self.looking("the captures"):
            wanted = self._wanted()
        with self.looking("the bodies"):
            self._bodies(wanted, progress)
        with self.looking("the captures"):
            self._captures(wanted)
        for table in DIGESTED_TABLES["captures.db"] if self.is_current else ():
            with self.looking(f"table {table}"):
                self._rows(table)
        if self.scope.share >= 1:
            with self.looking("what its columns hold"):
                self.result.notes += [f"captures.db: {line}" for line in violations(self.db, "captures.db")]
        with self.looking("references between tables"):
            self.result.lines += [f"captures.db: {line}" for line in references(self.db) if "bodies" not in line]

    @contextmanager
    def looking(self, what: str) -> Iterator[None]:
        """Makes an error a line."""
        try:
            yield
        except UNREADABLE as error:
            self.result.is_broken = True
            self.result.lines.append(f"captures.db: {what} cannot be read to the end, so not all is looked at: {error}")

    def _wanted(self) -> set[int] | None:
        """Ids of the captures to look at; None for all."""
        if self.scope.is_whole:
            return None
        ids = [
            row[0] for row in self.db.execute("SELECT id FROM captures WHERE requested_at >= ?", (self.scope.since,))
        ]
        found: set[int] = self.scope.chosen(ids)
        if self.scope.share < 1:
            self.result.notes.append(
                f"{len(found)} of {len(ids)} captures chosen by lot: {chance(len(found), len(ids))}"
            )
        return found

    # Bodies

    def _bodies(self, wanted: set[int] | None, progress: Progress) -> None:
        self.hashes = set(self._listed_bodies())
        captured = self._captured_hashes(None)
        chosen = sorted(self.hashes if wanted is None else self.hashes & self._captured_hashes(wanted), key=str)
        for number, name in enumerate(chosen, 1):
            if damage := body_damage(self.db, name, self.decompress):
                self.result.damaged.add(name)
                self.result.lines.append(f"body {name}: {damage}")
            self.result.bodies = number
            if number % 100 == 0 or number == len(chosen):
                progress(number, len(chosen))
        for name in sorted(self.hashes - captured, key=str):
            self.result.lines.append(f"body {name}: no capture refers to it")

    def _listed_bodies(self) -> Iterable[str]:
        """The bodies in the table's index or, where that cannot be read, those that captures refer to."""
        try:
            return [row[0] for row in self.db.execute("SELECT sha256 FROM bodies ORDER BY sha256")]
        except UNREADABLE as error:
            self.result.is_broken = True
            self.result.lines.append(f"captures.db: the bodies cannot be listed: {error}")
            return self._captured_hashes(None)

    def _captured_hashes(self, wanted: set[int] | None) -> set[str]:
        rows = self.db.execute("SELECT id, sha256 FROM captures WHERE sha256 IS NOT NULL")
        return {row["sha256"] for row in rows if wanted is None or row["id"] in wanted}

    # Captures

    def _captures(self, wanted: set[int] | None) -> None:
        """Each capture's row, its address, its headers and its body; then the seals of runs."""
        stored: defaultdict[int, run_seals.RunSeal] = defaultdict(run_seals.RunSeal)
        made: defaultdict[int, run_seals.RunSeal] = defaultdict(run_seals.RunSeal)
        of_digest: dict[bytes, str] = {}
        for row in self._readable("captures"):
            if wanted is not None and row["id"] not in wanted:
                continue
            self.result.captures += 1
            capture = f"capture {row['id']} of {row['url']} at {row['requested_at']}"
            try:
                problems = list(self._capture_faults(row))
            except UNREADABLE as error:
                problems = [f"its row cannot be read: {error}"]
            if problems:
                self.result.lines += [f"{capture}: {problem}" for problem in problems]
            if row["run_id"] is not None and "digest" in row.keys():  # noqa: SIM118 - a Row iterates over values
                stored[row["run_id"]] += run_seals.RunSeal.of([as_bytes(row["digest"])])
                made[row["run_id"]] += run_seals.RunSeal.of([_digest_of(row)])
                if wanted is None:
                    of_digest[as_bytes(row["digest"])] = capture
        if wanted is None:
            self._seals(stored, made, of_digest)

    def _capture_faults(self, row: sqlite3.Row) -> Iterator[str]:
        if row["sha256"] is not None and row["sha256"] not in self.hashes:
            self.result.damaged.add(row["sha256"])
            yield f"its body {row['sha256']} is missing"
        elif row["sha256"] in self.result.damaged:
            yield f"its body {row['sha256']} is damaged"
        is_altered = "digest" in row.keys() and row["digest"] != _digest_of(row)  # noqa: SIM118
        if is_altered:
            yield "its row does not match its digest; it was altered"
        try:
            key = fingerprint(row["method"], row["url"], row["request_body"])
        except (ValueError, TypeError, AttributeError):
            key = None
        is_moved = row["fingerprint"] != key
        if is_moved:
            yield "its fingerprint does not match its address; one of them was altered"
        if is_altered or is_moved:
            self.result.altered.add(("captures", row["id"]))
        if not self.db.execute(
            "SELECT COALESCE(json_valid(?), 1) AND COALESCE(json_valid(?), 1)",
            (_text(row["request_headers"]), _text(row["response_headers"])),
        ).fetchone()[0]:
            yield "its headers are not valid JSON"

    def _seals(
        self,
        stored: dict[int, run_seals.RunSeal],
        made: dict[int, run_seals.RunSeal],
        of_digest: dict[bytes, str],
    ) -> None:
        if not self.is_current:
            self.result.notes.append(
                "the archive is of an earlier version: a row that is gone would not show; opened once, as by scrapy"
                " health, it gets digests of all its rows"
            )
            return
        for row in self.db.execute("SELECT run_id, captures, digests FROM run_seals ORDER BY run_id"):
            seal = run_seals.RunSeal.stored(row["captures"], as_bytes(row["digests"]))
            if seal in (stored[row["run_id"]], made[row["run_id"]]):
                continue
            self.result.is_incomplete = True
            self.result.lines.append(f"run {row['run_id']}: {_why(seal, stored[row['run_id']], of_digest)}")

    # The other tables

    def _rows(self, table: str) -> None:
        check = RowCheck(self.db, "captures.db", table)
        if not check.is_possible:
            return
        is_rowid = table != "entry_changes"
        rows = self._readable(table) if is_rowid else self.db.execute(f"SELECT * FROM {table}")  # noqa: S608 - our names
        for row in rows:
            if fault := check.fault(row):
                self.result.lines.append(f"captures.db: {check.name(row)}: {fault}")
                if is_rowid:
                    self.result.altered.add((table, row["_rowid_"] if "_rowid_" in row.keys() else row[0]))  # noqa: SIM118
        if gone := check.gone():
            self.result.is_incomplete = True
            self.result.lines.append(f"captures.db: {gone} rows of {table} are gone, or altered in what names them")

    def _readable(self, table: str) -> Iterator[sqlite3.Row]:
        """The rows of a table from its beginning to the damage, and from its end to the damage."""
        last = None
        try:
            for row in self.db.execute(f"SELECT rowid AS _rowid_, * FROM {table} ORDER BY rowid"):  # noqa: S608 - our names
                last = row["_rowid_"]
                yield row
            return
        except UNREADABLE as error:
            self.result.is_broken = True
            where = f"after row {last}" if last is not None else "from its beginning"
            self.result.lines.append(f"captures.db: table {table} cannot be read {where}: {error}")
        try:
            for row in self.db.execute(f"SELECT rowid AS _rowid_, * FROM {table} ORDER BY rowid DESC"):  # noqa: S608 - our names
                if last is not None and row["_rowid_"] <= last:
                    return
                yield row
        except UNREADABLE:
            return


def _why(seal: run_seals.RunSeal, found: run_seals.RunSeal, of_digest: dict[bytes, str]) -> str:
    """How the captures of a run differ from its seal, in words."""
    difference = seal - found
    single = run_seals.as_digest(difference)
    named = of_digest.get(single) if single else None
    counted = f"it made {seal.captures} captures and {found.captures} are there"
    if difference.captures > 0:
        gone = f"{named} is not among them, it is said to be of another run" if named else "the others were deleted"
        return f"{counted}: {gone}"
    if difference.captures < 0:
        return f"{counted}: {named} is none of its" if named else f"{counted}: the others are none of its"
    return f"it made {seal.captures} captures, and those that are there are not the same"


def _digest_of(row: sqlite3.Row) -> bytes | None:
    try:
        return row_digest(row)
    except UNREADABLE:
        return None


def _text(value: Any) -> str | None:
    return None if value is None else str(value).encode("utf-8", "replace").decode()


def body_damage(db: sqlite3.Connection, name: str, decompress: Callable[..., bytes]) -> str | None:
    """What is wrong with a body; None if nothing is."""
    try:
        row = db.execute(_BODY, (name,)).fetchone()
        body = unpacked(db, name, row, decompress)
    except (*UNREADABLE, DamageError) as error:
        return f"cannot be read: {error}"
    if body is None:
        return f"unknown encoding {row['encoding']!r}"
    if sha256(body).hexdigest() != name:
        return "hash mismatch"
    return None if len(body) == row["size"] else f"{len(body)} bytes, but size says {row['size']}"


def unpacked(db: sqlite3.Connection, name: str, row: sqlite3.Row, decompress: Callable[..., bytes]) -> bytes | None:
    """A body's bytes; None for an encoding that is not known. Raises one of UNREADABLE where it is damaged."""
    encoding, data = inside(db, row["encoding"], row["data"], name)
    if encoding != "zstd":
        return None
    size = zstandard.frame_content_size(data)
    if size > _MOST_BODY:
        raise ValueError(f"it claims to be of {size} bytes")
    return decompress(data, max_output_size=_MOST_BODY if size < 0 else 0)
