"""Merging another archive's captures into this one, so that what several machines fetched becomes one archive."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from archive.asking import merge_asking
from archive.captures import Captures
from archive.constraints import bad_column
from archive.database import ArchiveError, DamageError, open_read_only, placeholders
from archive.media_types import format_of
from archive.outside_bodies import OUTSIDE, read_outside, write_outside
from archive.row_digests import ADDED, DIGESTED, RowCheck, row_digest
from archive.run_seals import RunSeal, Summed, put, seal
from archive.runs import FINISHED, INTERRUPTED
from archive.vocabulary import RunKind, Stage
from archive.warc.checks import ForeignValueError, safe_pattern
from archive.withheld import merge_withheld

_CAPTURES_PER_COMMIT = 5_000
"""What a crash loses is merged by the next run. Of a large archive nearly every row takes pages of its own in three
indexes, which are written once a commit."""
_CACHE = -64 * 1024
"""KiB of pages kept in memory: every capture goes into six indexes."""

_RUN = "SELECT id, finished_at, finish_reason FROM runs WHERE kind = ? AND portal IS ? AND started_at = ?"
_END_RUN = "UPDATE runs SET finished_at = ?, finish_reason = ?, stats = ? WHERE id = ?"
_TEMPORARY = """
CREATE TEMP TABLE run_ids (there INTEGER PRIMARY KEY, here INTEGER NOT NULL);
CREATE TEMP TABLE fresh (id INTEGER PRIMARY KEY, sha256 TEXT, outcome TEXT);
CREATE TEMP TABLE unsound (id INTEGER PRIMARY KEY, place TEXT);
"""
"""Ids of the other archive's runs; its captures of one batch that are not here yet, and those that cannot be."""
_BATCH = "SELECT MAX(id), COUNT(*) FROM (SELECT id FROM other.captures WHERE id > ? ORDER BY id LIMIT ?)"
_UNSOUND = """
INSERT INTO temp.unsound (id, place)
SELECT o.id, substr({url}, 1, 200) || ' at ' || substr({requested_at}, 1, 40) FROM other.captures o
WHERE o.id > ? AND o.id <= ?
    AND ({bad} IS NOT NULL OR NOT are_headers(o.request_headers) OR NOT are_headers(o.response_headers))
"""
"""Captures with values that are none: others may have written them."""
_FRESH = """
INSERT INTO temp.fresh (id, sha256, outcome)
SELECT MIN(o.id), o.sha256, o.outcome FROM other.captures o
WHERE o.id > ? AND o.id <= ? AND o.id NOT IN (SELECT id FROM temp.unsound) AND NOT EXISTS (
    SELECT 1 FROM main.captures c
    WHERE c.fingerprint = o.fingerprint AND c.requested_at = o.requested_at AND c.status IS o.status
)
GROUP BY o.fingerprint, o.requested_at, o.status
"""
_COPY_BODIES = """
INSERT INTO main.bodies (sha256, size, encoding, data)
SELECT b.sha256, b.size, encoding_here(b.sha256), data_here(b.sha256, b.encoding, b.data)
FROM (SELECT sha256 FROM temp.fresh WHERE sha256 IS NOT NULL GROUP BY sha256 ORDER BY MIN(id)) f
CROSS JOIN other.bodies b ON b.sha256 = f.sha256
WHERE {bad} IS NULL AND NOT EXISTS (SELECT 1 FROM main.bodies m WHERE m.sha256 = f.sha256)
    AND is_whole(b.sha256, b.encoding, b.data)
"""
_WITHOUT_BODY = """
SELECT f.id, f.sha256, o.url, o.requested_at FROM temp.fresh f CROSS JOIN other.captures o ON o.id = f.id
WHERE f.sha256 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM main.bodies b WHERE b.sha256 = f.sha256)
"""
_NO_VALUES = "values that are none"
_LONGEST_LINE = 500
_TEXTS = frozenset(("portals", "runs", "problems", "entries"))
"""Tables that hold texts and whole numbers alone."""
_COPIED = ("fingerprint", *DIGESTED)
_COPY_CAPTURES = f"""
INSERT INTO main.captures (run_id, digest, {", ".join((*ADDED, *_COPIED))})
SELECT r.here, {{digest}}, {{added}}, {", ".join(f"o.{name}" for name in _COPIED)}
FROM temp.fresh f CROSS JOIN other.captures o ON o.id = f.id LEFT JOIN temp.run_ids r ON r.there = o.run_id
ORDER BY f.id
"""  # noqa: S608 - our column names
_ELSEWHERE = """
SELECT o.run_id, COUNT(*), digest_sum(o.digest)
FROM other.captures o JOIN temp.run_ids r ON r.there = o.run_id
WHERE o.id > ? AND o.id <= ? AND o.id NOT IN (SELECT value FROM json_each(?)) AND (
    NOT EXISTS (
        SELECT 1 FROM main.captures c
        WHERE c.fingerprint = o.fingerprint AND c.requested_at = o.requested_at AND c.status IS o.status
            AND c.run_id IS r.here AND c.digest = o.digest
    ) OR EXISTS (
        SELECT 1 FROM other.captures p
        WHERE p.fingerprint = o.fingerprint AND p.requested_at = o.requested_at AND p.status IS o.status
            AND p.run_id IS o.run_id AND p.id < o.id
    )
)
GROUP BY o.run_id
"""
"""What does not come here as its run's."""
_DIGEST = f"row_digest({', '.join(f'o.{name}' for name in DIGESTED)})"
_PROBLEM = "SELECT id, resolved_at FROM problems WHERE url IS ? AND stage = ? AND kind = ? AND seen_at = ?"
_RESOLVE = "UPDATE problems SET resolved_at = ? WHERE id = ?"
_SAID_BY_READING = frozenset({Stage.READ, Stage.STORE})
"""Stages whose open problems are not taken over: reading the captures here says them again, if they are still so."""
_SETTLED = f"""
UPDATE problems SET resolved_at = (
    SELECT MIN(r.finished_at) FROM runs r
    WHERE r.kind = '{RunKind.CRAWL}' AND r.portal IS problems.portal AND r.finish_reason = '{FINISHED}'
        AND r.started_at > problems.seen_at
)
WHERE resolved_at IS NULL AND (stage = '{Stage.LISTING}' OR url IS NULL) AND id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - words of the vocabulary
"""What one machine met on a listing and a later complete crawl of another did not (archive.health.settle)."""


class Merge:
    """Merges `other`, a captures.db, into an archive. Repeated, or after a crash, it adds what is missing.

    `progress` is called with the captures done and their total.
    """

    def __init__(self, captures: Captures, other: Path, progress: Callable[[int, int], None]) -> None:
        """Raises ArchiveError when `other` does not exist or is this archive itself."""
        self.captures = captures
        self.progress = progress
        if other.is_file() and other.samefile(captures.path):
            raise ArchiveError(f"{other} is this archive itself")
        open_read_only(other).close()
        self.source = Captures(other.parent, read_only=True)
        self.source.path = other
        self.counts: Counter[str] = Counter()
        self.elsewhere: defaultdict[int, RunSeal] = defaultdict(RunSeal)
        """Run of the other archive → its captures that another run has brought here."""
        self.damaged: list[str] = []
        """A line for each capture, and each other row, that could not be merged."""
        self._outside: set[str] = set()
        """Bodies that are about to be kept outside of this archive's database."""

    def run(self) -> None:
        """Add portals, runs, captures with their bodies, entries, problems and pauses. Raises ArchiveError."""
        try:
            self._portals()
            runs = self._runs()
            self._captures(runs)
            self._seals(runs)
            self.captures.merge_entries(map(dict, self._rows("entries", "portal, listing_url, url")))
            self._problems(runs)
            merge_withheld(self.captures, map(dict, self._rows("withheld", "url")))
            merge_asking(self.captures, map(dict, self._rows("asking", "portal, url")))
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot merge {self.source.path} into {self.captures.path}: {error}") from error
        finally:
            self.source.close()

    def _rows(self, table: str, order: str) -> Iterator[sqlite3.Row]:
        """The rows of a table of the other archive that are as they were written; the others are named."""
        if not self.source.db.table(table).exists():  # an archive of an earlier version
            return
        connection = self.source.db.conn
        check, bad = RowCheck(connection, "captures.db", table), bad_column(connection, "captures.db", table)
        rows = f"SELECT * FROM {table} WHERE {bad} IS NOT NULL"  # noqa: S608 - our names
        unsound = {check.hash(row) for row in connection.execute(rows)}
        for row in connection.execute(f"SELECT * FROM {table} ORDER BY {order}"):  # noqa: S608 - our names
            is_sound = check.hash(row) not in unsound and _is_sound(table, row)
            fault = check.fault(row) or (None if is_sound else _NO_VALUES)
            if fault is None:
                yield row
            elif (line := f"{check.name(row)[:_LONGEST_LINE]}: {fault}") not in self.damaged:
                self.damaged.append(line)

    def _portals(self) -> None:
        """Add the portals that this archive does not know; of the others it keeps its own facts."""
        known = self.captures.portals()
        for row in self._rows("portals", "name"):
            if row["name"] not in known:
                self.captures.add_portal(dict(row))

    def _runs(self) -> dict[int, int]:
        """Add the runs, and the ends of those that had none; returns id there → id here.

        A run is the same when kind, portal and start are.
        """
        ids: dict[int, int] = {}
        with self.captures.db.conn as connection:
            for row in self._rows("runs", "id"):
                known = connection.execute(_RUN, (row["kind"], row["portal"], row["started_at"])).fetchone()
                ids[row["id"]] = known["id"] if known else _insert(connection, "runs", _run(row))
                self.counts["runs"] += known is None
                if known and row["finished_at"] and _is_open(known) and row["finish_reason"] != known["finish_reason"]:
                    connection.execute(_END_RUN, (row["finished_at"], row["finish_reason"], row["stats"], known["id"]))
        return ids

    def _captures(self, runs: dict[int, int]) -> None:
        """Copy by SQLite itself, some at a time, what is not here yet."""
        connection = self.captures.db.conn
        connection.create_function("are_headers", 1, _are_headers, deterministic=True)
        connection.create_function("is_whole", 3, self._is_whole)
        connection.create_function("encoding_here", 1, self._encoding_here)
        connection.create_function("data_here", 3, self._data_here)
        connection.create_aggregate("digest_sum", 1, Summed)  # type: ignore[arg-type]
        connection.create_function(
            "row_digest", len(DIGESTED), lambda *row: row_digest(dict(zip(DIGESTED, row, strict=True)))
        )
        connection.execute("ATTACH ? AS other", (f"{self.source.path.resolve().as_uri()}?mode=ro",))
        (cache_size,) = connection.execute("PRAGMA main.cache_size").fetchone()
        connection.execute(f"PRAGMA main.cache_size = {_CACHE}")
        try:
            connection.executescript(_TEMPORARY)
            connection.executemany("INSERT INTO temp.run_ids VALUES (?, ?)", runs.items())
            self._copy(connection)
        finally:
            connection.rollback()
            connection.executescript(
                "DROP TABLE IF EXISTS temp.run_ids; DROP TABLE IF EXISTS temp.fresh; DROP TABLE IF EXISTS temp.unsound; DETACH other"
            )
            connection.execute(f"PRAGMA main.cache_size = {cache_size}")

    def _seals(self, runs: dict[int, int]) -> None:
        """Bind each run that has ended to its captures, as the other archive does: what that has lost is missing here, too.

        A capture that was here already belongs to the run that brought it.
        """
        sealed = {row["run_id"]: row for row in self._rows("run_seals", "run_id")}
        with self.captures.db.conn as connection:
            for row in self._rows("runs", "id"):
                if stored := sealed.get(row["id"]):
                    whole = RunSeal.stored(stored["captures"], stored["digests"])
                    put(connection, runs[row["id"]], whole - self.elsewhere[row["id"]])
                elif row["finished_at"]:
                    seal(connection, runs[row["id"]])

    def _copy(self, connection: sqlite3.Connection) -> None:
        columns = {row["name"] for row in connection.execute("PRAGMA other.table_info(captures)")}
        digest = f"COALESCE(o.digest, {_DIGEST})" if "digest" in columns else _DIGEST
        added = ", ".join(f"o.{name}" if name in columns else "NULL" for name in ADDED)
        copy_captures = _COPY_CAPTURES.format(digest=digest, added=added)
        unsound_captures = _UNSOUND.format(
            bad=bad_column(connection, "captures.db", "captures", "o.", "other"),
            **{name: f"iif(typeof(o.{name}) = 'text', o.{name}, quote(o.{name}))" for name in ("url", "requested_at")},
        )
        copy_bodies = _COPY_BODIES.format(bad=bad_column(connection, "captures.db", "bodies", "b.", "other"))
        has_seals = self.source.db.table("run_seals").exists()
        (total,) = connection.execute("SELECT COUNT(*) FROM other.captures").fetchone()
        last = done = 0
        while done < total:
            first = last
            last, number = connection.execute(_BATCH, (first, _CAPTURES_PER_COMMIT)).fetchone()
            if not number:
                break
            connection.execute("DELETE FROM temp.fresh")
            connection.execute("DELETE FROM temp.unsound")
            connection.execute(unsound_captures, (first, last))
            connection.execute(_FRESH, (first, last))
            connection.execute(copy_bodies)
            unsound = connection.execute("SELECT id, place FROM temp.unsound").fetchall()
            self.damaged += (f"{row['place']}: {_NO_VALUES}" for row in unsound)
            damaged = connection.execute(_WITHOUT_BODY).fetchall()
            self.damaged += map(self._why_damaged, damaged)
            connection.executemany("DELETE FROM temp.fresh WHERE id = ?", [(row["id"],) for row in damaged])
            connection.execute(copy_captures)
            if has_seals:
                left_out = json.dumps([row["id"] for row in (*damaged, *unsound)])
                for run_id, captures, digests in connection.execute(_ELSEWHERE, (first, last, left_out)):
                    self.elsewhere[run_id] += RunSeal.stored(captures, digests)
            new = connection.execute("SELECT outcome, COUNT(*) FROM temp.fresh GROUP BY outcome").fetchall()
            connection.commit()
            self.counts.update({f"captures/{outcome}": count for outcome, count in new})
            self.counts["captures/held"] += number - len(damaged) - len(unsound) - sum(count for _, count in new)
            done += number
            self.progress(done, total)

    def _is_whole(self, sha256: str, encoding: str, data: bytes) -> bool:
        """Whether a body has its hash: called by SQLite for each that is copied."""
        try:
            if encoding == OUTSIDE:
                encoding, data = "zstd", self._packed_there(sha256, data.decode())
            body = self.source.unpacked(sha256, encoding, data, check=True)
        except DamageError:
            return False
        if self.captures.bodies and format_of(body):
            self._outside.add(sha256)
        return True

    def _encoding_here(self, sha256: str) -> str:
        """Of a body that was found whole: where it is kept there says nothing of where it is kept here."""
        return OUTSIDE if sha256 in self._outside else "zstd"

    def _data_here(self, sha256: str, encoding: str, data: bytes) -> bytes:
        packed = self._packed_there(sha256, data.decode()) if encoding == OUTSIDE else data
        if sha256 not in self._outside:
            return packed
        self._outside.remove(sha256)
        write_outside(self.captures.path.parent, self.captures.bodies, sha256, packed)
        return self.captures.bodies.encode()

    def _packed_there(self, sha256: str, place: str) -> bytes:
        """A body that is outside of the other archive: anybody may have written where, so only where that is its own or ours."""
        is_its_own = "://" not in place and not Path(place).is_absolute() and ".." not in Path(place).parts
        if not (is_its_own or place == self.captures.bodies):
            raise DamageError(f"body {sha256} is said to be at {place}, which is no folder of the other archive's")
        return read_outside(self.source.path.parent, place, sha256)

    def _why_damaged(self, row: sqlite3.Row) -> str:
        """A line on a capture whose body the other archive has lost."""
        try:
            self.source.body(row["sha256"], check=True)
        except DamageError as error:
            return f"{row['url']} at {row['requested_at']}: {error}"
        return f"{row['url']} at {row['requested_at']}: body {row['sha256']} is not whole"

    def _problems(self, runs: dict[int, int]) -> None:
        """Add what the other archive says went wrong; what is resolved in either is resolved, and what is overtaken."""
        added = []
        with self.captures.db.conn as connection:
            for row in self._rows("problems", "id"):
                key = (row["url"], row["stage"], row["kind"], row["seen_at"])
                known = connection.execute(_PROBLEM, key).fetchone()
                if known is not None:
                    if row["resolved_at"] and not known["resolved_at"]:
                        connection.execute(_RESOLVE, (row["resolved_at"], known["id"]))
                elif row["resolved_at"] or row["stage"] not in _SAID_BY_READING:
                    values = _without_id(row) | {"run_id": runs.get(row["run_id"])}
                    added.append(_insert(connection, "problems", values))
            connection.execute(_SETTLED, (json.dumps(added),))
        self.captures.resolve_overtaken({row["portal"] or "" for row in self._rows("problems", "id")})


def _are_headers(text: object) -> bool:
    """Whether a column holds names and values of headers."""
    try:
        pairs = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return False
    return isinstance(pairs, list) and all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str)
        for pair in pairs
    )


def _is_sound(table: str, row: sqlite3.Row) -> bool:
    """Whether the values of a row that no column binds are what they claim to be: others may have written them."""
    if table not in _TEXTS:
        return True
    try:
        if table == "portals" and row["document"]:
            safe_pattern(row["document"])
        if table == "runs" and not isinstance(json.loads(row["stats"] or "{}"), dict):
            return False
    except (ForeignValueError, ValueError, TypeError, RecursionError):
        return False
    return not any(isinstance(value, bytes | float) for value in tuple(row))


def _without_id(row: sqlite3.Row) -> dict[str, Any]:
    values = dict(row)
    del values["id"]
    return values


def _run(row: sqlite3.Row) -> dict[str, Any]:
    """A run of the other archive. One that has not ended there is no process of this machine.

    An import or reparse that has not ended there is none that was killed here.
    """
    values = _without_id(row)
    if row["finished_at"] is None:
        stats = json.loads(row["stats"] or "{}")
        values["stats"] = json.dumps({name: value for name, value in stats.items() if name != "process"})
        if row["kind"] != RunKind.CRAWL:
            values |= {"finished_at": row["started_at"], "finish_reason": INTERRUPTED}
    return values


def _is_open(run: sqlite3.Row) -> bool:
    """Whether a run had not ended when it was merged, as far as is known here."""
    return run["finished_at"] is None or run["finish_reason"] == INTERRUPTED


def _insert(connection: sqlite3.Connection, table: str, values: dict[str, Any]) -> int:
    sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({placeholders(values)})"  # noqa: S608 - our names
    return int(connection.execute(sql, tuple(values.values())).lastrowid or 0)
