"""When a crawl asks again for what it has not had: the table `asking` of captures.db, kept by crawls.

The first two failures in a row are followed up by the very next runs, further ones after a pause that doubles up to
`LONGEST_PAUSE`. Nothing is ever given up.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from archive.captures import Captures
from archive.database import iso, utc_now

AT_ONCE = 2
"""Failures in a row after which the next run still asks."""
LONGEST_PAUSE = timedelta(days=30)

_ROWS = "SELECT url, failures, next_ask, acknowledged_at FROM asking WHERE portal = ?"
_FAILED = """
INSERT INTO asking (portal, url, failures, next_ask) VALUES (?, ?, ?, ?)
ON CONFLICT (portal, url) DO UPDATE SET failures = excluded.failures, next_ask = excluded.next_ask
"""
_ACKNOWLEDGE = """
INSERT INTO asking (portal, url, failures, acknowledged_at, why) VALUES (?, ?, 0, ?, ?)
ON CONFLICT (portal, url) DO UPDATE SET acknowledged_at = excluded.acknowledged_at, why = excluded.why
"""
_WITHDRAW = "UPDATE asking SET acknowledged_at = NULL, why = NULL WHERE portal = ? AND url = ?"


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
        """Let the next run ask for everything: the portal is well again."""
        with self.captures.db.conn as connection:
            connection.execute("UPDATE asking SET next_ask = NULL, failures = 0 WHERE portal = ?", (self.portal,))
        self._read()


def acknowledge(captures: Captures, portal: str | None, url: str | None, why: str) -> None:
    """Note that a person knows of what is wrong with an address; it no longer makes the portal unwell."""
    with captures.db.conn as connection:
        connection.execute(_ACKNOWLEDGE, (portal or "", url or "", utc_now(), why))


def withdraw(captures: Captures, portal: str | None, url: str | None) -> None:
    """Take an acknowledgement back, as what is wrong has changed."""
    with captures.db.conn as connection:
        connection.execute(_WITHDRAW, (portal or "", url or ""))
