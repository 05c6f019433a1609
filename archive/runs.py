"""What happened to an archive: its runs, and their problems until they are resolved."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from archive.database import ArchiveError, utc_now
from archive.model import Problem


class Journal:
    """The tables `runs` and `problems` of captures.db; every write is its own commit."""

    path: Path
    db: Database

    def _write(self, sql: str, values: Iterable[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """One statement, one commit."""
        try:
            with self.db.conn:
                return self.db.conn.execute(sql, values if isinstance(values, dict) else tuple(values))
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot write to {self.path}: {error}") from error

    def start_run(self, kind: str, portal: str | None) -> int:
        """A new row of `runs`; its id. Until the run ends, `stats` has the number of its process only."""
        cursor = self._write(
            "INSERT INTO runs (kind, portal, started_at, stats) VALUES (?, ?, ?, ?)",
            (kind, portal, utc_now(), json.dumps({"process": os.getpid()})),
        )
        return int(cursor.lastrowid or 0)

    def unfinished(self, kind: str) -> list[str]:
        """When runs of this kind began that never came to an end."""
        rows = self.db.conn.execute(
            "SELECT started_at FROM runs WHERE kind = ? AND finished_at IS NULL ORDER BY id", (kind,)
        )
        return [row["started_at"] for row in rows]

    def end_unfinished(self, kind: str) -> None:
        """Say of the runs of this kind that never came to an end that they were interrupted."""
        self._write(
            "UPDATE runs SET finished_at = ?, finish_reason = 'interrupted' WHERE kind = ? AND finished_at IS NULL",
            (utc_now(), kind),
        )

    def finish_run(self, run_id: int, reason: str, stats: dict[str, Any]) -> None:
        """Close a run; `stats` as JSON."""
        text = json.dumps(stats, ensure_ascii=False, default=str, sort_keys=True)
        self._write(
            "UPDATE runs SET finished_at = ?, finish_reason = ?, stats = ? WHERE id = ?",
            (utc_now(), reason, text, run_id),
        )

    def add_problem(self, run_id: int, portal: str | None, problem: Problem) -> bool:
        """Keep a problem; False when the same one (URL, stage, kind) is open already: its row then names this run."""
        row = self.db.conn.execute(
            "SELECT id FROM problems WHERE portal IS ? AND url IS ? AND stage = ? AND kind = ? AND resolved_at IS NULL",
            (portal, problem.url, problem.stage, problem.kind),
        ).fetchone()
        if row:
            self._write(
                "UPDATE problems SET run_id = ?, message = ? WHERE id = ?", (run_id, problem.message, row["id"])
            )
            return False
        self._write(
            "INSERT INTO problems (run_id, portal, url, stage, kind, message, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (run_id, portal, problem.url, problem.stage, problem.kind, problem.message, utc_now()),
        )
        return True

    def put_problems(self, run_id: int, stage: str, said: Iterable[tuple[str | None, str, list[Problem]]]) -> None:
        """What is to be said of these addresses (portal, URL, problems) now, in one commit: nothing closes what was open.

        A problem that is open with the same words is left as it is.
        """
        now = utc_now()
        with self.db.conn as connection:
            for portal, url, problems in said:
                rows = connection.execute(
                    "SELECT id, kind, message FROM problems WHERE url = ? AND stage = ? AND resolved_at IS NULL",
                    (url, stage),
                ).fetchall()
                wanted = {problem.kind: problem.message for problem in problems}
                for row in rows:
                    message = wanted.pop(row["kind"], None)
                    if message is None:
                        connection.execute("UPDATE problems SET resolved_at = ? WHERE id = ?", (now, row["id"]))
                    elif message != row["message"]:
                        connection.execute(
                            "UPDATE problems SET run_id = ?, message = ? WHERE id = ?", (run_id, message, row["id"])
                        )
                connection.executemany(
                    "INSERT INTO problems (run_id, portal, url, stage, kind, message, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(run_id, portal, url, stage, kind, message, now) for kind, message in wanted.items()],
                )

    def resolve_problems(self, url: str, stage: str, *, still: Iterable[str] = ()) -> None:
        """Close the open problems of this URL and stage, but for the kinds that are `still` there."""
        kinds = list(still)
        marks = ", ".join("?" * len(kinds))
        open_rows = self.db.conn.execute(
            f"SELECT id FROM problems WHERE url = ? AND stage = ? AND resolved_at IS NULL AND kind NOT IN ({marks})",  # noqa: S608 - only marks
            (url, stage, *kinds),
        ).fetchall()
        for row in open_rows:
            self._write("UPDATE problems SET resolved_at = ? WHERE id = ?", (utc_now(), row["id"]))
