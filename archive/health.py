"""What is unwell in an archive, by its runs, problems, listings and reports."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.captures import Captures
from archive.database import utc_now
from archive.reports import Reports

STALE_AFTER = timedelta(days=35)
"""A portal is crawled monthly at least: a month and some days after its last whole crawl it is forgotten."""
PROBE = "probe"
"""Under this name `scrapy probe` keeps what it fetched; it is no portal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to be told of one portal."""

    portal: str
    kind: str
    message: str
    unwell: bool = True
    """False for what says something about single documents and is as it should be kept: it needs no hand."""
    since: str | None = None
    urls: tuple[str, ...] = ()


def settle(captures: Captures, portal: str | None, run_id: int) -> None:
    """A whole crawl closes what earlier ones said of listings, hosts and themselves, and it did not say again."""
    with captures.db.conn as connection:
        connection.execute(
            "UPDATE problems SET resolved_at = ? WHERE portal IS ? AND run_id < ? AND resolved_at IS NULL"
            " AND (stage = 'listing' OR url IS NULL)",
            (utc_now(), portal, run_id),
        )


def findings(
    captures: Captures,
    reports: Reports,
    portals: Iterable[str],
    tolerated: frozenset[str],
    stale: timedelta = STALE_AFTER,
) -> Iterator[Finding]:
    """What there is to tell of these portals; `tolerated` are the kinds of problem that need no hand."""
    now = datetime.now(UTC)
    for portal in portals:
        yield from _runs(captures, portal, now, stale)
        yield from _problems(captures, portal, tolerated)
        yield from _listed(captures, reports, portal)


def known_portals(captures: Captures) -> set[str]:
    """Portals of which the archive holds something."""
    rows = captures.db.conn.execute(
        "SELECT portal FROM runs WHERE kind = 'crawl' UNION SELECT portal FROM captures UNION SELECT name FROM portals"
    )
    return {row[0] for row in rows if row[0] and row[0] != PROBE}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """A portal's last crawl: how it ended (None while it runs, and after it was killed) and its counters."""

    finish_reason: str | None
    stats: dict[str, Any]
    captured: int
    """Requests answered or failed so far."""


def last_run(captures: Captures, portal: str) -> LastRun | None:
    """The newest crawl of a portal; None where it was never crawled."""
    row = captures.db.conn.execute(
        "SELECT finish_reason, stats, (SELECT COUNT(*) FROM captures c WHERE c.run_id = r.id) AS captured"
        " FROM runs r WHERE kind = 'crawl' AND portal = ? ORDER BY id DESC LIMIT 1",
        (portal,),
    ).fetchone()
    if row is None:
        return None
    return LastRun(finish_reason=row["finish_reason"], stats=json.loads(row["stats"] or "{}"), captured=row["captured"])


def _runs(captures: Captures, portal: str, now: datetime, stale: timedelta) -> Iterator[Finding]:
    """The last crawl, and how long ago the last whole one was."""
    rows = captures.db.conn.execute(
        "SELECT id, started_at, finished_at, finish_reason, stats FROM runs WHERE kind = 'crawl' AND portal = ? ORDER BY id DESC",
        (portal,),
    ).fetchall()
    if not rows:
        yield Finding(portal=portal, kind="never_crawled", message="it has never been crawled")
        return
    last = rows[0]
    whole = next((row for row in rows if row["finish_reason"] == "finished"), None)
    if last["finished_at"] is None:
        if not _is_alive(json.loads(last["stats"] or "{}").get("process")):
            message = "its last crawl never came to an end: it was killed, or the machine went down"
            yield Finding(portal=portal, kind="run_cut_off", message=message, since=last["started_at"])
    elif last["finish_reason"] != "finished":
        message = f"its last crawl ended before it was through: {last['finish_reason']}"
        yield Finding(portal=portal, kind="run_failed", message=message, since=last["started_at"])
    if whole is None or now - datetime.fromisoformat(whole["finished_at"]) > stale:
        ago = "never" if whole is None else f"{(now - datetime.fromisoformat(whole['finished_at'])).days} days ago"
        if whole is not None or last["finished_at"] is not None:
            message = f"it was last crawled to the end {ago}"
            yield Finding(
                portal=portal, kind="not_crawled_lately", message=message, since=whole and whole["finished_at"]
            )


def _is_alive(process: int | None) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(process or 0, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process is not None


def _problems(captures: Captures, portal: str, tolerated: frozenset[str]) -> Iterator[Finding]:
    """Open problems by kind. What readers noted on single pages is a matter of the figures, not of the crawls."""
    rows = captures.db.conn.execute(
        "SELECT kind, message, url, stage, seen_at FROM problems WHERE portal = ? AND resolved_at IS NULL"
        " ORDER BY kind, seen_at, id",
        (portal,),
    ).fetchall()
    rows = [row for row in rows if row["stage"] != "read" or row["kind"] not in tolerated]
    for kind in sorted({row["kind"] for row in rows}, key=lambda kind: (kind in tolerated, kind)):
        mine = [row for row in rows if row["kind"] == kind]
        urls = tuple(dict.fromkeys(row["url"] for row in mine if row["url"]))
        message = mine[0]["message"] if len(mine) == 1 else f"{len(mine)} times, first: {mine[0]['message']}"
        yield Finding(
            portal=portal, kind=kind, message=message, unwell=kind not in tolerated, since=mine[0]["seen_at"], urls=urls
        )


def _listed(captures: Captures, reports: Reports, portal: str) -> Iterator[Finding]:
    """What the last crawls saw, against what is archived: listings of reports only grow."""
    listed = captures.db.conn.execute("SELECT COUNT(DISTINCT url) FROM entries WHERE portal = ?", (portal,)).fetchone()[
        0
    ]
    stats = captures.db.conn.execute(
        "SELECT stats FROM runs WHERE kind = 'crawl' AND portal = ? AND finish_reason = 'finished' ORDER BY id DESC LIMIT 1",
        (portal,),
    ).fetchone()
    archived = reports.db.conn.execute(
        "SELECT COUNT(*) FROM reports WHERE portal = ? AND state NOT IN ('missing', 'removed')", (portal,)
    ).fetchone()[0]
    if stats is None:
        return
    seen = int(json.loads(stats["stats"] or "{}").get("entries/listed", 0))
    if not seen:
        message = (
            f"its last crawl saw no entries; {listed} are known from before" if listed else "no entry was ever seen"
        )
        yield Finding(portal=portal, kind="no_entries", message=message)
    elif seen < archived:
        message = f"its last crawl saw {seen} entries, fewer than the {archived} reports that are archived"
        yield Finding(portal=portal, kind="fewer_entries_than_reports", message=message)
