"""What the portal last answered for each address, and where an interrupted crawl resumes."""

from __future__ import annotations

from datetime import UTC, datetime

from dateutil.relativedelta import relativedelta

from archive.captures import Captures
from archive.database import iso, sql_words
from archive.runs import FINISHED
from archive.vocabulary import ANSWER_OUTCOMES, ProblemKind, RunKind

RESUMED_WITHIN = relativedelta(days=3)
"""Older answers of an interrupted crawl are asked for again: the portal may have changed them since."""

_ANSWERED = sql_words(ANSWER_OUTCOMES)
_NEWEST_ANSWERS = f"""
SELECT url, outcome, MAX(requested_at) FROM captures
WHERE (portal = ? OR portal IS NULL) AND method = 'GET' AND outcome IN ({_ANSWERED})
GROUP BY url
"""  # noqa: S608 - words of the vocabulary
_FETCHED_SINCE = f"""
SELECT DISTINCT url FROM captures
WHERE portal = :portal AND method = 'GET' AND requested_at > :since AND outcome IN ({_ANSWERED})
    AND run_id IN (
        SELECT id FROM runs
        WHERE kind = :crawl AND portal = :portal AND id > (
            SELECT COALESCE(MAX(id), 0) FROM runs
            WHERE kind = :crawl AND portal = :portal AND finish_reason = :finished
        )
    )
"""  # noqa: S608 - words of the vocabulary


def newest_answers(captures: Captures, portal: str) -> dict[str, str]:
    """URL → outcome of the newest answer to a GET of it; refusals and errors are not answers."""
    return {row["url"]: row["outcome"] for row in captures.db.conn.execute(_NEWEST_ANSWERS, (portal,))}


def fetched_since_whole_crawl(captures: Captures, portal: str) -> set[str]:
    """Addresses that answered, within RESUMED_WITHIN, to crawls that were killed or ended early since the last whole one."""
    since = iso(datetime.now(UTC) - RESUMED_WITHIN)
    values = {"portal": portal, "since": since, "crawl": RunKind.CRAWL, "finished": FINISHED}
    return {row["url"] for row in captures.db.conn.execute(_FETCHED_SINCE, values)}


def problem_urls(captures: Captures, portal: str, kind: ProblemKind) -> set[str]:
    """Addresses of the portal with an open problem of that kind."""
    rows = captures.db.conn.execute(
        "SELECT url FROM problems WHERE portal = ? AND kind = ? AND resolved_at IS NULL AND url IS NOT NULL",
        (portal, kind),
    )
    return {row["url"] for row in rows}
