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
from archive.vocabulary import ProblemKind, Stage

STALE_AFTER = timedelta(days=35)
"""Portals are crawled at least monthly: one whose last complete crawl is longer ago has been forgotten."""
PROBE = "probe"
"""The portal name under which `scrapy probe` keeps what it fetched."""

_TOLERATED = frozenset(kind for kind in ProblemKind if kind.concerns_document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is to be said of one portal."""

    portal: str
    kind: str
    """A word of ProblemKind; archives of earlier versions hold others, too."""
    message: str
    unwell: bool = True
    """False for what concerns single documents and calls for no action."""
    since: str | None = None
    urls: tuple[str, ...] = ()


def settle(captures: Captures, portal: str | None, run_id: int) -> None:
    """After a complete crawl, resolve the problems of earlier ones with listings, hosts and the crawl itself.

    Those that it met again belong to this run and stay open.
    """
    with captures.db.conn as connection:
        connection.execute(
            "UPDATE problems SET resolved_at = ? WHERE portal IS ? AND run_id < ? AND resolved_at IS NULL"
            " AND (stage = 'listing' OR url IS NULL)",
            (utc_now(), portal, run_id),
        )


def findings(
    captures: Captures,
    reports: Reports | None,
    portals: Iterable[str],
    stale: timedelta = STALE_AFTER,
) -> Iterator[Finding]:
    """What is to be said of these portals. `reports` is None where no reports.db has been made yet."""
    now = datetime.now(UTC)
    for portal in portals:
        yield from _runs(captures, portal, now, stale)
        yield from _problems(captures, portal)
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
        yield Finding(portal=portal, kind=ProblemKind.NEVER_CRAWLED, message=ProblemKind.NEVER_CRAWLED.meaning)
        return
    last = rows[0]
    whole = next((row for row in rows if row["finish_reason"] == "finished"), None)
    if last["finished_at"] is None:
        if not _is_alive(json.loads(last["stats"] or "{}").get("process")):
            kind = ProblemKind.RUN_CUT_OFF
            yield Finding(portal=portal, kind=kind, message=kind.meaning, since=last["started_at"])
    elif last["finish_reason"] != "finished":
        kind = ProblemKind.RUN_FAILED
        message = f"{kind.meaning} Reason: {last['finish_reason']}."
        yield Finding(portal=portal, kind=kind, message=message, since=last["started_at"])
    if whole is None and last["finished_at"] is None:
        return  # the first crawl is under way, or was cut off, which is said above
    if whole is None or now - datetime.fromisoformat(whole["finished_at"]) > stale:
        message = "No crawl has been completed."
        if whole is not None:
            days = (now - datetime.fromisoformat(whole["finished_at"])).days
            message = f"The last complete crawl ended {days} days ago."
        kind, since = ProblemKind.NOT_CRAWLED_LATELY, whole and whole["finished_at"]
        yield Finding(portal=portal, kind=kind, message=message, since=since)


def _is_alive(process: int | None) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(process or 0, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process is not None


def _problems(captures: Captures, portal: str) -> Iterator[Finding]:
    """Open problems by kind. What readers noted on single pages concerns the figures, not the crawls."""
    rows = captures.db.conn.execute(
        "SELECT kind, message, url, stage, seen_at FROM problems WHERE portal = ? AND resolved_at IS NULL"
        " ORDER BY kind, seen_at, id",
        (portal,),
    ).fetchall()
    rows = [row for row in rows if row["stage"] != Stage.READ or row["kind"] not in _TOLERATED]
    for kind in sorted({row["kind"] for row in rows}, key=lambda kind: (kind in _TOLERATED, kind)):
        mine = [row for row in rows if row["kind"] == kind]
        urls = tuple(dict.fromkeys(row["url"] for row in mine if row["url"]))
        message = mine[0]["message"] if len(mine) == 1 else f"{len(mine)} times, first: {mine[0]['message']}"
        yield Finding(
            portal=portal,
            kind=kind,
            message=message,
            unwell=kind not in _TOLERATED,
            since=mine[0]["seen_at"],
            urls=urls,
        )


def _listed(captures: Captures, reports: Reports | None, portal: str) -> Iterator[Finding]:
    """What the last crawl saw, compared with what is archived: listings of reports only grow."""
    listed = captures.db.conn.execute("SELECT COUNT(DISTINCT url) FROM entries WHERE portal = ?", (portal,)).fetchone()[
        0
    ]
    stats = captures.db.conn.execute(
        "SELECT stats FROM runs WHERE kind = 'crawl' AND portal = ? AND finish_reason = 'finished' ORDER BY id DESC LIMIT 1",
        (portal,),
    ).fetchone()
    if stats is None:
        return
    archived = _archived(reports, portal)
    seen = int(json.loads(stats["stats"] or "{}").get("entries/listed", 0))
    if not seen:
        message = f"{ProblemKind.NO_ENTRIES.meaning} Earlier crawls saw {listed}."
        yield Finding(portal=portal, kind=ProblemKind.NO_ENTRIES, message=message)
    elif seen < archived:
        message = f"The last crawl saw {seen} entries, fewer than the {archived} archived reports."
        yield Finding(portal=portal, kind=ProblemKind.FEWER_ENTRIES_THAN_REPORTS, message=message)


def _archived(reports: Reports | None, portal: str) -> int:
    """Reports of a portal that it still publishes."""
    if reports is None:
        return 0
    sql = "SELECT COUNT(*) FROM reports WHERE portal = ? AND state NOT IN ('missing', 'removed')"
    return int(reports.db.conn.execute(sql, (portal,)).fetchone()[0])
