"""What is unwell in an archive, by its runs, problems, listings and reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from archive.asking import acknowledged_urls
from archive.captures import CAPTURED_PORTALS, Captures
from archive.database import sql_words, utc_now
from archive.reports import Reports
from archive.runs import FINISHED, counted, is_alive
from archive.tallies import Tallies, tallies
from archive.vocabulary import ProblemKind, ReportState, RunKind, Stage

STALE_AFTER = relativedelta(days=35)
"""Portals are crawled at least monthly: one whose last complete crawl is longer ago has been forgotten."""
PROBE = "probe"
"""The portal name under which `scrapy probe` keeps what it fetched."""

_CONCERN_DOCUMENTS = frozenset(kind for kind in ProblemKind if kind.concerns_document)
_CONCERN_RUNS = frozenset(ProblemKind) - _CONCERN_DOCUMENTS
_WORTH_A_LOOK = _CONCERN_RUNS | {ProblemKind.INCOMPLETE_REPORT}
"""What health says of what readers noted: single values that are uncertain concern the figures, not the crawls."""

_SETTLE = f"""
UPDATE problems SET resolved_at = ?
WHERE portal IS ? AND run_id < ? AND resolved_at IS NULL
    AND (stage = '{Stage.LISTING}' OR url IS NULL)
"""  # noqa: S608 - a word of the vocabulary
_PORTALS = f"""
SELECT portal FROM runs WHERE kind = '{RunKind.CRAWL}'
UNION {CAPTURED_PORTALS}
UNION SELECT name FROM portals
"""  # noqa: S608 - a word of the vocabulary
_LAST_RUN = f"""
SELECT
    finish_reason,
    stats,
    (SELECT COUNT(*) FROM captures c WHERE c.run_id = r.id) AS captured
FROM runs r
WHERE kind = '{RunKind.CRAWL}' AND portal = ?
ORDER BY id DESC LIMIT 1
"""  # noqa: S608 - a word of the vocabulary
_CRAWLS = f"""
SELECT id, started_at, finished_at, finish_reason, stats FROM runs
WHERE kind = '{RunKind.CRAWL}' AND portal = ?
ORDER BY id DESC
"""  # noqa: S608 - a word of the vocabulary
_OPEN_PROBLEMS = """
SELECT kind, message, url, stage, seen_at FROM problems
WHERE portal = ? AND resolved_at IS NULL
ORDER BY kind, seen_at, id
"""
_LAST_COMPLETE = f"""
SELECT stats FROM runs
WHERE kind = '{RunKind.CRAWL}' AND portal = ? AND finish_reason = '{FINISHED}'
ORDER BY id DESC LIMIT 1
"""  # noqa: S608 - a word of the vocabulary
_LISTED = "SELECT COUNT(DISTINCT url) FROM entries WHERE portal = ?"
_GONE = sql_words((ReportState.MISSING, ReportState.REMOVED))
_PUBLISHED = f"SELECT COUNT(*) FROM reports WHERE portal = ? AND state NOT IN ({_GONE})"  # noqa: S608 - our words


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
        connection.execute(_SETTLE, (utc_now(), portal, run_id))


def findings(
    captures: Captures,
    reports: Reports,
    portals: Iterable[str],
    stale: timedelta | relativedelta = STALE_AFTER,
) -> Iterator[Finding]:
    """What is unwell with these portals, and what is noted of their documents.

    `stale` is how long ago the last complete crawl may be.
    """
    now = datetime.now(UTC)
    for portal in portals:
        yield from _runs(captures, portal, now, stale)
        yield from _problems(captures, portal)
        yield from _listed(captures, reports, portal)
        yield from _unread(captures, tallies(captures, reports, portal))


def known_portals(captures: Captures) -> set[str]:
    """Portals of which the archive holds something."""
    return {row[0] for row in captures.db.conn.execute(_PORTALS) if row[0] and row[0] != PROBE}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """A portal's last crawl: how it ended (None while it runs, and after it was killed) and its counters."""

    finish_reason: str | None
    stats: dict[str, Any]
    captured: int
    """Requests answered or failed so far."""


def last_run(captures: Captures, portal: str) -> LastRun | None:
    """The newest crawl of a portal; None where it was never crawled."""
    row = captures.db.conn.execute(_LAST_RUN, (portal,)).fetchone()
    if row is None:
        return None
    return LastRun(finish_reason=row["finish_reason"], stats=counted(row["stats"]), captured=row["captured"])


def _runs(captures: Captures, portal: str, now: datetime, stale: timedelta | relativedelta) -> Iterator[Finding]:
    """How the last crawl ended, and how long ago the last complete one was."""
    rows = captures.db.conn.execute(_CRAWLS, (portal,)).fetchall()
    if not rows:
        yield Finding(portal=portal, kind=ProblemKind.NEVER_CRAWLED, message=ProblemKind.NEVER_CRAWLED.meaning)
        return
    last = rows[0]
    complete = next((row for row in rows if row["finish_reason"] == FINISHED), None)
    if last["finished_at"] is None:
        if not is_alive(counted(last["stats"]).get("process")):
            kind = ProblemKind.RUN_CUT_OFF
            yield Finding(portal=portal, kind=kind, message=kind.meaning, since=last["started_at"])
    elif last["finish_reason"] != FINISHED:
        kind = ProblemKind.RUN_FAILED
        message = f"{kind.meaning} Reason: {last['finish_reason']}."
        yield Finding(portal=portal, kind=kind, message=message, since=last["started_at"])
    if complete is None and last["finished_at"] is None:
        return  # the first crawl is under way, or was cut off, which is said above
    if complete is None or datetime.fromisoformat(complete["finished_at"]) + stale < now:
        message = "No crawl has been completed."
        if complete is not None:
            days = (now - datetime.fromisoformat(complete["finished_at"])).days
            message = f"The last complete crawl ended {days} days ago."
        kind, since = ProblemKind.NOT_CRAWLED_LATELY, complete and complete["finished_at"]
        yield Finding(portal=portal, kind=kind, message=message, since=since)


def _problems(captures: Captures, portal: str) -> Iterator[Finding]:
    """Open problems by kind, without most of what readers noted on single pages."""
    rows = captures.db.conn.execute(_OPEN_PROBLEMS, (portal,)).fetchall()
    rows = [row for row in rows if row["stage"] != Stage.READ or row["kind"] in _WORTH_A_LOOK]
    acknowledged = acknowledged_urls(captures, portal)
    rows = [row for row in rows if (row["url"] or "") not in acknowledged]
    for kind in sorted({row["kind"] for row in rows}, key=lambda kind: (kind in _CONCERN_DOCUMENTS, kind)):
        same = [row for row in rows if row["kind"] == kind]
        urls = tuple(dict.fromkeys(row["url"] for row in same if row["url"]))
        message = same[0]["message"] if len(same) == 1 else f"{len(same)} times, first: {same[0]['message']}"
        yield Finding(
            portal=portal,
            kind=kind,
            message=message,
            unwell=kind not in _CONCERN_DOCUMENTS,
            since=same[0]["seen_at"],
            urls=urls,
        )


def _unread(captures: Captures, account: Tallies) -> Iterator[Finding]:
    """Entries of which nothing says what came of them: they were merged or imported and never read."""
    last = captures.db.conn.execute(_CRAWLS, (account.portal,)).fetchone()
    is_under_way = last is not None and last["finished_at"] is None
    if account.accounted != account.listed and not is_under_way:
        message = f"{account.listed} entries are listed, {account.accounted} are accounted for."
        yield Finding(portal=account.portal, kind=ProblemKind.ENTRIES_UNREAD, message=message)


def _listed(captures: Captures, reports: Reports, portal: str) -> Iterator[Finding]:
    """What the last crawl saw, compared with what is archived: listings of reports only grow."""
    last = captures.db.conn.execute(_LAST_COMPLETE, (portal,)).fetchone()
    if last is None:
        return
    seen = int(counted(last["stats"]).get("entries/listed", 0))
    archived = reports.db.conn.execute(_PUBLISHED, (portal,)).fetchone()[0]
    if not seen:
        listed = captures.db.conn.execute(_LISTED, (portal,)).fetchone()[0]
        message = f"{ProblemKind.NO_ENTRIES.meaning} Earlier crawls saw {listed}."
        yield Finding(portal=portal, kind=ProblemKind.NO_ENTRIES, message=message)
    elif seen < archived:
        message = f"The last crawl saw {seen} entries, fewer than the {archived} archived reports."
        yield Finding(portal=portal, kind=ProblemKind.FEWER_ENTRIES_THAN_REPORTS, message=message)
