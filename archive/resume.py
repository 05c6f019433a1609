"""What the captures say about the portals' answers so far: which documents are gone, and where a crawl goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from archive.captures import Captures
from archive.database import iso

RESUMED_WITHIN = timedelta(days=3)
"""What was fetched longer ago by a crawl that was cut off is asked for again: the portal may have changed it since."""


def newest_answers(captures: Captures, portal: str) -> dict[str, str]:
    """URL → outcome of the newest answer to a GET of it; refusals and errors are none."""
    rows = captures.db.conn.execute(
        "SELECT url, outcome, MAX(requested_at) FROM captures WHERE (portal = ? OR portal IS NULL) AND method = 'GET'"
        " AND outcome IN ('ok', 'unchanged', 'redirect', 'missing') GROUP BY url",
        (portal,),
    )
    return {row["url"]: row["outcome"] for row in rows}


def fetched_since_whole_crawl(captures: Captures, portal: str) -> set[str]:
    """Addresses that answered to crawls which were cut off since the last whole one: killed, or ended early."""
    rows = captures.db.conn.execute(
        """SELECT DISTINCT url FROM captures WHERE portal = ? AND method = 'GET' AND requested_at > ?
          AND outcome IN ('ok', 'unchanged', 'redirect', 'missing')
          AND run_id IN (SELECT id FROM runs WHERE kind = 'crawl' AND portal = ? AND id >
            (SELECT COALESCE(MAX(id), 0) FROM runs WHERE kind = 'crawl' AND portal = ? AND finish_reason = 'finished'))""",
        (portal, iso(datetime.now(UTC) - RESUMED_WITHIN), portal, portal),
    )
    return {row["url"] for row in rows}


def problem_urls(captures: Captures, portal: str, kind: str) -> set[str]:
    """Addresses of the portal with an open problem of that kind."""
    rows = captures.db.conn.execute(
        "SELECT url FROM problems WHERE portal = ? AND kind = ? AND resolved_at IS NULL AND url IS NOT NULL",
        (portal, kind),
    )
    return {row["url"] for row in rows}
