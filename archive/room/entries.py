"""What came of the entries of a portal's listings: the sums of fates, and the entries with one fate."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from archive.room.report import dicts, each
from archive.tallies import BY_TITLE
from archive.vocabulary import Fate

ROWS = 200
"""Entries on a page."""

_ORDER = {str(fate): number for number, fate in enumerate(Fate)}
_BY_TITLE = f"(fate = '{Fate.NOT_A_REPORT}' AND capture_id IS NULL)"
_SUMS = f"SELECT fate, {_BY_TITLE} AS by_title, COUNT(*) AS entries FROM fates WHERE portal = ? GROUP BY 1, 2"  # noqa: S608 - our words


def sums(db: sqlite3.Connection, portal: str) -> list[dict[str, Any]]:
    """Fate, whether the title alone decided it, and how many entries have it, in the order of the vocabulary.

    `key` names the sum in addresses: the fate, or BY_TITLE.
    """
    rows = dicts(db, _SUMS, (portal,))
    for row in rows:
        row["key"] = BY_TITLE if row["by_title"] else row["fate"]
    return sorted(rows, key=lambda row: (_ORDER.get(row["fate"], len(_ORDER)), row["by_title"]))


def entries(db: sqlite3.Connection, portal: str, key: str, first: int = 0, rows: int = -1) -> Iterator[dict[str, Any]]:
    """Entries with the fate of a sum, or all with an empty key, by cause and address: `rows` of them from `first` on."""
    wanted = Fate.NOT_A_REPORT if key == BY_TITLE else key
    by_title = f"AND {_BY_TITLE} = {int(key == BY_TITLE)}" if key else ""
    return each(
        db,
        f"""SELECT portal, listing_url, url, title, fate, report_id, cause, capture_id FROM fates
        WHERE portal = ? AND (? = '' OR fate = ?) {by_title}
        ORDER BY cause, url, listing_url LIMIT ? OFFSET ?""",  # noqa: S608 - our words
        (portal, wanted, wanted, rows, first),
    )


# From captures.db


def listed(db: sqlite3.Connection, portal: str) -> int:
    """How many entries the portal's listings have shown."""
    return int(db.execute("SELECT COUNT(*) FROM entries WHERE portal = ?", (portal,)).fetchone()[0])


def evidence(db: sqlite3.Connection, rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Id → capture that shows a fate, of these entries."""
    ids = sorted({row["capture_id"] for row in rows if row["capture_id"] is not None})
    marks = ", ".join("?" for _ in ids)
    sql = f"SELECT id, requested_at, status, outcome, sha256 FROM captures WHERE id IN ({marks})"  # noqa: S608 - placeholders
    return {row["id"]: row for row in dicts(db, sql, ids)}


def acknowledged(db: sqlite3.Connection, portal: str) -> dict[str, str]:
    """Address → why somebody has acknowledged it."""
    sql = "SELECT url, why FROM asking WHERE portal = ? AND acknowledged_at IS NOT NULL"
    return {row["url"]: row["why"] or "" for row in dicts(db, sql, (portal,))}
