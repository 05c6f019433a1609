"""What is withheld from readers: a person's data, a court's order. Bytes, hashes and captures stay as they are.

An address is withheld, with every capture of it, those to come too. Its report is not in reports.db: what is not there no
page, export or query shows. The table `withheld` of captures.db says why; what is lifted keeps its row, so that a merge
knows which decision is the later one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from archive.captures import Captures
from archive.database import utc_now, writing
from archive.fulltext import put_in_order
from archive.reports import Reports

_PUT = """
INSERT INTO withheld (url, named, label, why, decided_at, is_lifted)
VALUES (:url, :named, :label, :why, :decided_at, :is_lifted)
ON CONFLICT (url) DO UPDATE SET
    named = excluded.named, label = excluded.label, why = excluded.why,
    decided_at = excluded.decided_at, is_lifted = excluded.is_lifted
WHERE excluded.decided_at > decided_at
"""
_OF = """
SELECT url, label, why, decided_at FROM withheld
WHERE is_lifted = 0 AND url IN (SELECT value FROM json_each(?)) ORDER BY decided_at, url LIMIT 1
"""
_LISTED = """
SELECT w.url, '' AS label, w.why, w.decided_at FROM withheld w CROSS JOIN entries e ON e.url = w.url
WHERE w.is_lifted = 0 AND e.listing_url = ? LIMIT 1
"""
_ACTIVE = "SELECT url FROM withheld WHERE is_lifted = 0"
_SILENCE = (
    f"DELETE FROM problems WHERE url IN ({_ACTIVE})",  # noqa: S608 - a constant
    # what is withheld counts as a change of its portal, so that the next reading looks at it
    f"UPDATE entry_changes SET number = number + 1 WHERE portal IN (SELECT portal FROM captures WHERE url IN ({_ACTIVE}))",  # noqa: S608
)
_FAMILY = """
SELECT r.id, r.url, r.issuing_body, r.report_year, m.beside FROM reports r LEFT JOIN read_marks m ON m.id = r.id
WHERE r.url = :url
    OR r.id IN (SELECT report_id FROM locations WHERE url = :url)
    OR r.id IN (SELECT report_id FROM attachments WHERE url = :url)
"""
_OTHER_ADDRESSES = """
SELECT url FROM locations WHERE report_id = :id UNION SELECT url FROM attachments WHERE report_id = :id
"""
_COPIES = "SELECT url FROM reports WHERE same_as = :id OR id = (SELECT same_as FROM reports WHERE id = :id)"


@dataclass(frozen=True, slots=True)
class Decision:
    """That an address is withheld."""

    url: str
    label: str
    """What it is, in neutral words; empty where it was not known to be a report."""
    why: str
    decided_at: str

    @property
    def cause(self) -> str:
        """Since when and why, for a reader."""
        return f"{self.decided_at[:10]}: {self.why}"


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a decision concerns."""

    urls: list[str]
    report_ids: list[str]
    copies: list[str]
    """Addresses of the same report elsewhere, which stay open."""


def decision(db: sqlite3.Connection, urls: Iterable[str]) -> Decision | None:
    """The decision that withholds one of these addresses, if any does. An archive of an earlier version has none."""
    try:
        row = db.execute(_OF, (json.dumps(list(urls)),)).fetchone()
    except sqlite3.OperationalError:
        if _is_there(db):
            raise
        return None
    return Decision(*tuple(row)) if row else None


def decision_on_page(db: sqlite3.Connection, url: str) -> Decision | None:
    """The same, where the page may also be a listing that names what is withheld."""
    found = decision(db, [url])
    if found is None and _is_there(db) and (row := db.execute(_LISTED, (url,)).fetchone()):
        return Decision(*tuple(row))
    return found


def urls_withheld(db: sqlite3.Connection) -> set[str]:
    """All addresses that are withheld."""
    return {row[0] for row in db.execute(_ACTIVE)} if _is_there(db) else set()


def urls_decided(db: sqlite3.Connection) -> set[str]:
    """All addresses that are or once were withheld: what was read of them may be of before."""
    return {row[0] for row in db.execute("SELECT url FROM withheld")} if _is_there(db) else set()


def _is_there(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'withheld'").fetchone() is not None


def withhold(captures: Captures, reports: Reports, url: str, why: str) -> Withheld:
    """Withhold an address with all others of its report, and take the report out of reports.db. Commits both."""
    rows = reports.db.conn.execute(_FAMILY, {"url": url}).fetchall()
    labels = {url: ""}
    copies: set[str] = set()
    for row in rows:
        label = f"{row['issuing_body'] or ''}{row['report_year'] or ''}年政府信息公开工作年度报告"
        others = {other["url"] for other in reports.db.conn.execute(_OTHER_ADDRESSES, {"id": row["id"]})}
        labels |= dict.fromkeys({url, row["url"], *others, *json.loads(row["beside"] or "[]")}, label)
        copies |= {copy["url"] for copy in reports.db.conn.execute(_COPIES, {"id": row["id"]})}
    _put(captures, url, labels, why, is_lifted=False)
    ids = [row["id"] for row in rows]
    _forget_examples(captures, ids)
    reports.db.conn.execute("PRAGMA secure_delete = ON")
    for report_id in ids:
        reports.remove(report_id)
    reports.commit()
    if ids:
        with writing(reports.path), reports.db.conn as connection:
            put_in_order(connection)
    return Withheld(sorted(labels), ids, sorted(copies - labels.keys()))


def lift(captures: Captures, url: str, why: str) -> list[str]:
    """Show again what was withheld with an address; returns the addresses. Commits."""
    rows = captures.db.conn.execute(
        "SELECT url, label FROM withheld WHERE is_lifted = 0 AND (url = :url OR named = :url"
        " OR named = (SELECT named FROM withheld WHERE url = :url))",
        {"url": url},
    ).fetchall()
    _put(captures, url, {row["url"]: row["label"] for row in rows}, why, is_lifted=True)
    return [row["url"] for row in rows]


def withhold_also(captures: Captures, found: Decision, urls: Iterable[str]) -> None:
    """Withhold other addresses of the same document, for the same reason."""
    new = set(urls) - urls_withheld(captures.db.conn)
    if new:
        _put(captures, found.url, dict.fromkeys(new, found.label), found.why, is_lifted=False)


def merge_withheld(captures: Captures, rows: Iterable[Mapping[str, Any]]) -> None:
    """Take in another archive's decisions: of each address the later one counts."""
    with writing(captures.path), captures.db.conn as connection:
        if connection.executemany(_PUT, [dict(row) for row in rows]).rowcount > 0:
            for sql in _SILENCE:
                connection.execute(sql)


def _put(captures: Captures, named: str, labels: Mapping[str, str], why: str, *, is_lifted: bool) -> None:
    values = {"named": named, "why": why, "decided_at": utc_now(), "is_lifted": is_lifted}
    with writing(captures.path), captures.db.conn as connection:
        portals = "SELECT DISTINCT portal FROM captures WHERE url IN (SELECT value FROM json_each(?))"
        connection.executemany(_PUT, [values | {"url": url, "label": label} for url, label in labels.items()])
        for sql in _SILENCE:
            connection.execute(sql)
        connection.execute(
            f"UPDATE entry_changes SET number = number + 1 WHERE portal IN ({portals})",  # noqa: S608 - a constant
            (json.dumps(list(labels)),),
        )


def _forget_examples(captures: Captures, report_ids: Iterable[str]) -> None:
    """Take out of the accounts of reparses what they quote of these reports."""
    ids = set(report_ids)
    with writing(captures.path), captures.db.conn as connection:
        for row in connection.execute("SELECT id, stats FROM runs WHERE stats LIKE '%\"examples\"%'").fetchall():
            stats = json.loads(row["stats"])
            kept = [example for example in stats["examples"] if example.get("report") not in ids]
            if kept != stats["examples"]:
                text = json.dumps(stats | {"examples": kept}, ensure_ascii=False, sort_keys=True)
                connection.execute("UPDATE runs SET stats = ? WHERE id = ?", (text, row["id"]))
