"""When a crawl asks again for what it has not had: the table `asking` of captures.db, kept by crawls.

The first two failures in a row are followed up by the very next runs, further ones after a pause that doubles up to
`LONGEST_PAUSE`. Nothing is ever given up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.captures import Captures
from archive.database import iso, utc_now
from archive.vocabulary import ProblemKind

AT_ONCE = 2
"""Failures in a row after which the next run still asks."""
LONGEST_PAUSE = timedelta(days=30)
FOR_GOOD = 4
"""Failures in a row after which an address is no sign of an outage of its portal."""

_ROWS = "SELECT url, failures, next_ask, acknowledged_at FROM asking WHERE portal = ?"
_FAILED = """
INSERT INTO asking (portal, url, failures, next_ask) VALUES (?, ?, ?, ?)
ON CONFLICT (portal, url) DO UPDATE SET failures = excluded.failures, next_ask = excluded.next_ask
"""
_ACKNOWLEDGE = """
INSERT INTO asking (portal, url, failures, acknowledged_at, why) VALUES (?, ?, 0, ?, ?)
ON CONFLICT (portal, url) DO UPDATE SET acknowledged_at = excluded.acknowledged_at, why = excluded.why
"""
_MERGE = """
INSERT INTO asking (portal, url, failures, next_ask, acknowledged_at, why)
VALUES (:portal, :url, :failures, :next_ask, :acknowledged_at, :why)
ON CONFLICT (portal, url) DO UPDATE SET
    failures = MAX(failures, excluded.failures),
    next_ask = NULLIF(MAX(COALESCE(next_ask, ''), COALESCE(excluded.next_ask, '')), ''),
    why = CASE
        WHEN COALESCE(excluded.acknowledged_at, '') > COALESCE(acknowledged_at, '') THEN excluded.why
        ELSE why
    END,
    acknowledged_at = NULLIF(MAX(COALESCE(acknowledged_at, ''), COALESCE(excluded.acknowledged_at, '')), '')
"""
_IS_NEWS = """
SELECT 1 FROM problems
WHERE portal IS NULLIF(:portal, '') AND url IS NULLIF(:url, '') AND resolved_at IS NULL AND seen_at > :acknowledged_at
"""
_OPEN = """
SELECT p.id, p.portal, p.url, p.stage, p.kind, p.message, p.seen_at, a.acknowledged_at, a.why
FROM problems p
LEFT JOIN asking a ON a.portal = COALESCE(p.portal, '') AND a.url = COALESCE(p.url, '')
WHERE p.resolved_at IS NULL AND (:portal IS NULL OR p.portal = :portal)
ORDER BY p.portal, p.kind, p.id
"""
_CONCERN_RUNS = frozenset(str(kind) for kind in ProblemKind if not kind.concerns_document)


def pause(failures: int) -> timedelta:
    """How long after so many failures in a row an address is left alone.

    >>> [pause(failures).days for failures in (1, 2, 3, 4, 5, 8, 100)]
    [0, 0, 1, 2, 4, 30, 30]
    """
    if failures <= AT_ONCE:
        return timedelta()
    return min(timedelta(days=2 ** min(failures - AT_ONCE - 1, 10)), LONGEST_PAUSE)


class Asking:
    """What one portal has failed to answer. `now` is the time from which pauses count (aware; default: the clock)."""

    def __init__(self, captures: Captures, portal: str, now: datetime | None = None) -> None:
        self.captures = captures
        self.portal = portal
        self.now = now or datetime.now(UTC)
        self._read()

    def _read(self) -> None:
        rows = self.captures.db.conn.execute(_ROWS, (self.portal,)).fetchall()
        self.failures: dict[str, int] = {row["url"]: row["failures"] for row in rows}
        self.paused: set[str] = {row["url"] for row in rows if row["next_ask"] and row["next_ask"] > iso(self.now)}
        self.acknowledged: set[str] = {row["url"] for row in rows if row["acknowledged_at"]}

    @property
    def left_out(self) -> set[str]:
        """Addresses that this run does not ask for: their pause is not over, or somebody has acknowledged them."""
        return self.paused | self.acknowledged

    def failed(self, urls: Iterable[str]) -> int:
        """How often in a row one of these addresses has failed, at most."""
        return max((self.failures.get(url, 0) for url in urls), default=0)

    def fail(self, urls: Iterable[str]) -> None:
        """Count one failure for each of these addresses: once a run."""
        rows = []
        for url in sorted(set(urls)):
            failures = self.failures.get(url, 0) + 1
            wait = pause(failures)
            rows.append((self.portal, url, failures, iso(self.now + wait) if wait else None))
        with self.captures.db.conn as connection:
            connection.executemany(_FAILED, rows)
        self._read()

    def clear(self, urls: Iterable[str]) -> None:
        """Forget these addresses: they have been had."""
        had = sorted(set(urls) & self.failures.keys())
        with self.captures.db.conn as connection:
            connection.executemany(
                "DELETE FROM asking WHERE portal = ? AND url = ?", [(self.portal, url) for url in had]
            )
        self._read()

    def end_pauses(self) -> None:
        """Let the next run ask for everything: the portal is well again. What fails even then fails for good."""
        sql = "UPDATE asking SET next_ask = NULL, failures = MIN(failures, ?) WHERE portal = ?"
        with self.captures.db.conn as connection:
            connection.execute(sql, (FOR_GOOD - 1, self.portal))
        self._read()


def acknowledge(captures: Captures, portal: str | None, url: str | None, why: str) -> None:
    """Note that a person knows of what is wrong with an address; it no longer makes the portal unwell."""
    with captures.db.conn as connection:
        connection.execute(_ACKNOWLEDGE, (portal or "", url or "", utc_now(), why))


def merge_asking(captures: Captures, rows: Iterable[dict[str, Any]]) -> None:
    """Take in another archive's rows, in one commit: of each date the later one, of failures the higher number.

    What was acknowledged there before something else went wrong here is not acknowledged here.
    """
    with captures.db.conn as connection:
        for row in rows:
            is_news = row["acknowledged_at"] and connection.execute(_IS_NEWS, row).fetchone()
            connection.execute(_MERGE, row | {"acknowledged_at": None, "why": None} if is_news else row)


def acknowledged_urls(captures: Captures, portal: str) -> set[str]:
    """Addresses of a portal that somebody has acknowledged; an archive of an earlier version, read only, has none."""
    if not captures.db.table("asking").exists():
        return set()
    sql = "SELECT url FROM asking WHERE portal = ? AND acknowledged_at IS NOT NULL"
    return {row["url"] for row in captures.db.conn.execute(sql, (portal,))}


@dataclass(frozen=True, kw_only=True)
class OpenProblem:
    """A row of `problems` that is not resolved, with what somebody has said of its address."""

    id: int
    portal: str | None
    url: str | None
    stage: str
    kind: str
    message: str
    seen_at: str
    acknowledged_at: str | None
    why: str | None

    @property
    def is_unwell(self) -> bool:
        """Whether it makes its portal unwell: nobody has acknowledged it, and it concerns more than a document."""
        return self.acknowledged_at is None and self.kind in _CONCERN_RUNS


def open_problems(captures: Captures, portal: str | None = None) -> list[OpenProblem]:
    """The open problems of a portal, or of all, by portal and kind."""
    return [OpenProblem(**dict(row)) for row in captures.db.conn.execute(_OPEN, {"portal": portal})]
