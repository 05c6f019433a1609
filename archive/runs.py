"""What happened to an archive: its runs, and their problems until they are resolved."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from archive.database import iso, not_written, sql_words, utc_now, writing
from archive.model import Problem
from archive.run_seals import seal
from archive.vocabulary import DOCUMENT_OUTCOMES, ProblemKind, RunKind, Stage

FINISHED = "finished"
"""`runs.finish_reason` of a crawl that went through; any other reason is one for which it ended early."""
_CLOCKS_DIFFER = timedelta(days=1)
"""What the clocks of machines that share an archive may differ by."""
INTERRUPTED = "interrupted"
"""`runs.finish_reason` of a run whose process died, once a later run has noticed."""

_OPEN_PROBLEM = """
SELECT id, message FROM problems
WHERE portal IS ? AND url IS ? AND stage = ? AND kind = ? AND resolved_at IS NULL
"""
_INSERT_PROBLEM = """
INSERT INTO problems (run_id, portal, url, stage, kind, message, seen_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_REPEAT_PROBLEM = "UPDATE problems SET run_id = ?, message = ? WHERE id = ?"
_WITHDRAW = "UPDATE asking SET acknowledged_at = NULL, why = NULL WHERE portal = ? AND url = ? AND why IS NOT NULL"
_IS_ACKNOWLEDGED = "SELECT 1 FROM asking WHERE portal = ? AND url = ? AND acknowledged_at IS NOT NULL"
_HAS_OPEN = """
SELECT 1 FROM problems p
WHERE portal IS ? AND kind = ? AND resolved_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM asking a
    WHERE a.portal = COALESCE(p.portal, '') AND a.url = COALESCE(p.url, '') AND a.acknowledged_at IS NOT NULL
)
LIMIT 1
"""
_NOT_FETCHED = (ProblemKind.BLOCKED, ProblemKind.ERROR, ProblemKind.MISSING, ProblemKind.TOO_LARGE)
_OVERTAKEN = f"""
UPDATE problems SET resolved_at = (
    SELECT c.requested_at FROM captures c WHERE c.url = problems.url ORDER BY c.requested_at DESC, c.id DESC LIMIT 1
)
WHERE id IN (
    SELECT p.id FROM json_each(?) n CROSS JOIN problems p ON p.portal IS NULLIF(n.value, '')
    WHERE p.stage = '{Stage.FETCH}' AND p.resolved_at IS NULL AND p.kind IN ({sql_words(_NOT_FETCHED)})
) AND EXISTS (
    SELECT 1 FROM (
        SELECT c.outcome, c.requested_at FROM captures c WHERE c.url = problems.url
        ORDER BY c.requested_at DESC, c.id DESC LIMIT 1
    )
    WHERE outcome IN ({sql_words(DOCUMENT_OUTCOMES)}) AND requested_at > problems.seen_at
)
"""  # noqa: S608 - words of the vocabulary
"""What failed in one run and was fetched later by another, here or on another machine."""
_UNSEALED = """
SELECT id, stats FROM runs
WHERE kind = ? AND portal IS ? AND finished_at IS NULL AND id NOT IN (SELECT run_id FROM run_seals)
"""
_RESOLVE_PROBLEM = "UPDATE problems SET resolved_at = ? WHERE id = ?"


def counted(stats: str | None) -> dict[str, Any]:
    """What a run has counted, by its `stats`; nothing where that is damaged."""
    try:
        return dict(json.loads(stats or "{}"))
    except (ValueError, TypeError):
        return {}


def is_alive(process: int | None) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(process or 0, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process is not None


def _is_running(process: int | None) -> bool:
    """Whether the process of a run lives and is another: a number may be given twice, and a process has one such run."""
    return process != os.getpid() and is_alive(process)


class RunsAndProblems:
    """Mixin of `Captures`: the tables `runs` and `problems` of captures.db. Every write is its own commit."""

    path: Path
    db: Database

    def _write(self, sql: str, values: Iterable[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """One statement, one commit. Raises ArchiveError where it cannot be written."""
        try:
            with self.db.conn:
                return self.db.conn.execute(sql, values if isinstance(values, dict) else tuple(values))
        except sqlite3.Error as error:
            raise not_written(f"to {self.path}", error) from error

    def start_run(self, kind: RunKind, portal: str | None) -> int:
        """Add a row of `runs` and return its id. Until the run ends, `stats` holds only the number of its process."""
        self._seal_killed(kind, portal)
        cursor = self._write(
            "INSERT INTO runs (kind, portal, started_at, stats) VALUES (?, ?, ?, ?)",
            (kind, portal, utc_now(), json.dumps({"process": os.getpid()})),
        )
        return int(cursor.lastrowid or 0)

    def end_cut_off(self, kind: RunKind) -> list[str]:
        """Mark the runs of this kind that were killed as interrupted; returns when they started."""
        sql = "SELECT id, started_at, stats FROM runs WHERE kind = ? AND finished_at IS NULL ORDER BY id"
        rows = self.db.conn.execute(sql, (kind,)).fetchall()
        cut_off = [row for row in rows if not _is_running(counted(row["stats"]).get("process"))]
        with writing(self.path), self.db.conn as connection:
            for row in cut_off:
                connection.execute(
                    "UPDATE runs SET finished_at = ?, finish_reason = ? WHERE id = ?",
                    (utc_now(), INTERRUPTED, row["id"]),
                )
                seal(connection, row["id"])
        return [row["started_at"] for row in cut_off]

    def _seal_killed(self, kind: RunKind, portal: str | None) -> None:
        """Seal the runs of this kind and portal that were killed: nothing more comes from them."""
        with writing(self.path), self.db.conn as connection:
            for row in connection.execute(_UNSEALED, (kind, portal)).fetchall():
                process = counted(row["stats"]).get("process")
                if process and not _is_running(process):  # a run that was merged while it ran elsewhere has none
                    seal(connection, row["id"])

    def finish_run(self, run_id: int, reason: str, stats: dict[str, Any]) -> None:
        """End a run; `stats` is kept as JSON."""
        text = json.dumps(stats, ensure_ascii=False, default=str, sort_keys=True)
        with writing(self.path), self.db.conn as connection:
            connection.execute(
                "UPDATE runs SET finished_at = ?, finish_reason = ?, stats = ? WHERE id = ?",
                (utc_now(), reason, text, run_id),
            )
            seal(connection, run_id)

    def add_problem(self, run_id: int, portal: str | None, problem: Problem) -> bool:
        """Keep a problem. False when the same one (URL, stage, kind) is open already: its row then names this run."""
        row = self.db.conn.execute(_OPEN_PROBLEM, (portal, problem.url, problem.stage, problem.kind)).fetchone()
        if row is None or row["message"] != problem.message:
            self._write(_WITHDRAW, (portal or "", problem.url or ""))
        if row:
            self._write(_REPEAT_PROBLEM, (run_id, problem.message, row["id"]))
            return False
        self._write(
            _INSERT_PROBLEM,
            (run_id, portal, problem.url, problem.stage, problem.kind, problem.message, utc_now()),
        )
        return True

    def put_problems(self, run_id: int, stage: Stage, current: Iterable[tuple[str | None, str, list[Problem]]]) -> None:
        """Make these the open problems of some addresses at a stage, in one commit: (portal, URL, problems) each.

        Problems that are no longer there are resolved; one that is open with the same message is left as it is.
        """
        now = utc_now()
        with writing(self.path), self.db.conn as connection:
            for portal, url, problems in current:
                rows = connection.execute(
                    "SELECT id, kind, message FROM problems WHERE url = ? AND stage = ? AND resolved_at IS NULL",
                    (url, stage),
                ).fetchall()
                new = {problem.kind: problem.message for problem in problems}
                for row in rows:
                    message = new.pop(row["kind"], None)
                    if message is None:
                        connection.execute(_RESOLVE_PROBLEM, (now, row["id"]))
                    elif message != row["message"]:
                        connection.execute(_REPEAT_PROBLEM, (run_id, message, row["id"]))
                        connection.execute(_WITHDRAW, (portal or "", url))
                if new:
                    connection.execute(_WITHDRAW, (portal or "", url))
                connection.executemany(
                    _INSERT_PROBLEM,
                    [(run_id, portal, url, stage, kind, message, now) for kind, message in new.items()],
                )

    def is_acknowledged(self, portal: str | None, url: str | None) -> bool:
        """Whether somebody knows of what is wrong with an address, and it has not changed since."""
        return self.db.conn.execute(_IS_ACKNOWLEDGED, (portal or "", url or "")).fetchone() is not None

    def has_open(self, portal: str | None, kind: str) -> bool:
        """Whether a portal has an open problem of this kind that nobody has acknowledged."""
        row = self.db.conn.execute(_HAS_OPEN, (portal, kind)).fetchone()
        return row is not None

    def urls_of_run(self, run_id: int) -> set[str]:
        """Addresses that a run has asked for."""
        return {row["url"] for row in self.db.conn.execute("SELECT url FROM captures WHERE run_id = ?", (run_id,))}

    def last_stats(self, kind: str, portal: str | None, before: int) -> dict[str, Any]:
        """The counters of the last run of this kind before that one; empty where there is none."""
        sql = "SELECT stats FROM runs WHERE kind = ? AND portal IS ? AND id < ? ORDER BY id DESC LIMIT 1"
        row = self.db.conn.execute(sql, (kind, portal, before)).fetchone()
        return counted(row["stats"]) if row else {}

    def resolve_overtaken(self, portals: Iterable[str]) -> None:
        """Resolve what says of these portals' addresses that they could not be fetched where the newest capture of one
        has since brought a document. An empty name stands for addresses of none.
        """
        self._write(_OVERTAKEN, (json.dumps(sorted(portals)),))

    def open_urls(self, portal: str | None, stage: str) -> set[str]:
        """Addresses of a portal with an open problem of this stage."""
        sql = "SELECT url FROM problems WHERE portal IS ? AND stage = ? AND resolved_at IS NULL AND url IS NOT NULL"
        return {row["url"] for row in self.db.conn.execute(sql, (portal, stage))}

    def resolve_kind(self, portal: str, kind: ProblemKind) -> None:
        """Resolve the open problems of a portal that are of this kind."""
        sql = "UPDATE problems SET resolved_at = ? WHERE portal = ? AND kind = ? AND resolved_at IS NULL"
        self._write(sql, (utc_now(), portal, kind))

    def ahead_of_clock(self, portal: str) -> str | None:
        """When the last run of a portal, or of all, began, where that is still to come: this clock or that one was wrong."""
        sql = """
        SELECT MAX(moment) FROM (
            SELECT MAX(started_at) AS moment FROM runs WHERE kind = ? AND portal = ?
            UNION ALL SELECT started_at FROM runs WHERE id = (SELECT MAX(id) FROM runs)
        )
        """
        newest = self.db.conn.execute(sql, (RunKind.CRAWL, portal)).fetchone()[0] or ""
        return newest if newest > iso(datetime.fromisoformat(utc_now()) + _CLOCKS_DIFFER) else None

    def resolve_problems(self, url: str, stage: Stage, *, still: Iterable[str] = ()) -> None:
        """Resolve the open problems of this URL and stage, except those of the kinds in `still`."""
        kept = set(still)
        rows = self.db.conn.execute(
            "SELECT id, kind FROM problems WHERE url = ? AND stage = ? AND resolved_at IS NULL", (url, stage)
        ).fetchall()
        for row in rows:
            if row["kind"] not in kept:
                self._write(_RESOLVE_PROBLEM, (utc_now(), row["id"]))
