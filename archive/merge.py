"""Merging another archive's captures into this one, so that what several machines fetched becomes one archive."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from archive.asking import merge_asking
from archive.captures import Captures
from archive.database import ArchiveError, DamageError, open_read_only, placeholders
from archive.row_digests import row_digest
from archive.runs import FINISHED, INTERRUPTED
from archive.vocabulary import RunKind, Stage

_CAPTURES_PER_COMMIT = 200
"""What a crash loses is merged by the next run."""

_RUN = "SELECT id FROM runs WHERE kind = ? AND portal IS ? AND started_at = ?"
_CAPTURE = "SELECT 1 FROM captures WHERE fingerprint = ? AND requested_at = ? AND status IS ?"
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
        self.damaged: list[str] = []
        """A line for each capture that could not be merged."""

    def run(self) -> None:
        """Add portals, runs, captures with their bodies, entries, problems and pauses. Raises ArchiveError."""
        try:
            self._portals()
            runs = self._runs()
            self._captures(runs)
            self.captures.merge_entries(map(dict, self._rows("entries", "portal, listing_url, url")))
            self._problems(runs)
            merge_asking(self.captures, map(dict, self._rows("asking", "portal, url")))
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot merge {self.source.path} into {self.captures.path}: {error}") from error
        finally:
            self.source.close()

    def _rows(self, table: str, order: str) -> Iterable[sqlite3.Row]:
        if not self.source.db.table(table).exists():  # an archive of an earlier version
            return ()
        return self.source.db.conn.execute(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608 - our names

    def _portals(self) -> None:
        """Add the portals that this archive does not know; of the others it keeps its own facts."""
        known = self.captures.portals()
        for row in self._rows("portals", "name"):
            if row["name"] not in known:
                self.captures.add_portal(dict(row))

    def _runs(self) -> dict[int, int]:
        """Add the runs; returns id there → id here. A run is the same when kind, portal and start are."""
        ids: dict[int, int] = {}
        with self.captures.db.conn as connection:
            for row in self._rows("runs", "id"):
                known = connection.execute(_RUN, (row["kind"], row["portal"], row["started_at"])).fetchone()
                ids[row["id"]] = known["id"] if known else _insert(connection, "runs", _run(row))
                self.counts["runs"] += known is None
        return ids

    def _captures(self, runs: dict[int, int]) -> None:
        connection = self.captures.db.conn
        total = self.source.db.conn.execute("SELECT COUNT(*) FROM captures").fetchone()[0]
        for number, row in enumerate(self._rows("captures", "id"), 1):
            key = (row["fingerprint"], row["requested_at"], row["status"])
            if connection.execute(_CAPTURE, key).fetchone():
                self.counts["captures/held"] += 1
            elif self._body(connection, row):
                values = {"digest": row_digest(row)} | _without_id(row) | {"run_id": runs.get(row["run_id"])}
                _insert(connection, "captures", values)
                self.counts[f"captures/{row['outcome']}"] += 1
            if number % _CAPTURES_PER_COMMIT == 0:
                connection.commit()
                self.progress(number, total)
        connection.commit()
        self.progress(total, total)

    def _body(self, connection: sqlite3.Connection, row: sqlite3.Row) -> bool:
        """Make sure that a capture's body is here; False, with a line in `damaged`, where the other archive lost it."""
        if row["sha256"] is None:
            return True
        if connection.execute("SELECT 1 FROM bodies WHERE sha256 = ?", (row["sha256"],)).fetchone():
            return True
        try:
            body = self.source.body(row["sha256"], check=True)
        except DamageError as error:
            self.damaged.append(f"{row['url']} at {row['requested_at']}: {error}")
            return False
        self.captures.add_body(connection, row["sha256"], body)
        return True

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
        self.captures.resolve_overtaken()


def _without_id(row: sqlite3.Row) -> dict[str, Any]:
    values = dict(row)
    del values["id"]
    return values


def _run(row: sqlite3.Row) -> dict[str, Any]:
    """A run of the other archive. An import or reparse that has not ended there is none that was killed here."""
    values = _without_id(row)
    if row["finished_at"] is None and row["kind"] != RunKind.CRAWL:
        values |= {"finished_at": row["started_at"], "finish_reason": INTERRUPTED}
    return values


def _insert(connection: sqlite3.Connection, table: str, values: dict[str, Any]) -> int:
    sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({placeholders(values)})"  # noqa: S608 - our names
    return int(connection.execute(sql, tuple(values.values())).lastrowid or 0)
