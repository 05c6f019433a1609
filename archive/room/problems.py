"""The problems desk: what is open, and how it is spread over portals, stages and kinds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from archive.room.report import dicts, each

ROWS = 100
"""Problems on a page."""
SPREAD = ("portal", "stage", "kind")
"""Columns of `problems` that open problems are counted and narrowed by."""


def open_problems(db: sqlite3.Connection, chosen: dict[str, str], first: int = 0, limit: int = ROWS) -> dict[str, Any]:
    """Open problems with the chosen values of SPREAD, oldest first, each with the newest capture of its address.

    `rows` are the first ones, `total` is how many there are, `spread` counts all open problems: column → (value, number).
    """
    rows = list(each_open(db, chosen, first, limit))
    newest = "SELECT id, requested_at, status, outcome, note, sha256, content_type FROM captures WHERE id = ?"
    for row in rows:
        row["capture"] = next(iter(dicts(db, newest, (row["capture_id"],))), None)
    total = db.execute(f"SELECT COUNT(*) FROM problems p WHERE {_open(chosen)}", chosen).fetchone()[0]  # noqa: S608 - our own clauses
    return {"rows": rows, "spread": {name: _counted(db, name) for name in SPREAD}, "total": total}


def each_open(
    db: sqlite3.Connection, chosen: dict[str, str], first: int = 0, limit: int = -1
) -> Iterator[dict[str, Any]]:
    """Open problems with the chosen values, oldest first: `limit` of them from `first` on."""
    return each(
        db,
        f"""SELECT
          p.*,
          CAST(julianday('now') - julianday(p.seen_at) AS INTEGER) AS days,
          (SELECT c.id FROM captures c WHERE c.url = p.url ORDER BY c.requested_at DESC, c.id DESC LIMIT 1) AS capture_id
        FROM problems p
        WHERE {_open(chosen)}
        ORDER BY p.seen_at, p.id
        LIMIT {int(limit)} OFFSET {int(first)}""",  # noqa: S608 - our own clauses
        chosen,
    )


def _open(chosen: dict[str, str]) -> str:
    return " AND ".join(["p.resolved_at IS NULL", *(f"p.{name} = :{name}" for name in SPREAD if name in chosen)])


def _counted(db: sqlite3.Connection, column: str) -> list[tuple[str, int]]:
    sql = f"""SELECT {column}, COUNT(*) FROM problems
    WHERE resolved_at IS NULL
    GROUP BY 1 ORDER BY 2 DESC, 1"""  # noqa: S608 - our own names
    return db.execute(sql).fetchall()
