"""What the portal last answered for each address, and where an interrupted crawl resumes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from dateutil.relativedelta import relativedelta

from archive.captures import Captures
from archive.database import iso, sql_words
from archive.model import Part
from archive.reports import Reports
from archive.runs import FINISHED
from archive.vocabulary import ANSWER_OUTCOMES, PartName, PartState, ProblemKind, ReportState, RunKind, Stage

RESUMED_WITHIN = relativedelta(days=3)
"""Older answers of an interrupted crawl are asked for again: the portal may have changed them since."""
SOMETHING_ELSE = (
    ProblemKind.BLOCKED,
    ProblemKind.ERROR,
    ProblemKind.NOT_A_REPORT,
    ProblemKind.CONTRADICTS_LISTING,
    ProblemKind.DOCUMENT_REPLACED,
)
"""Kinds of problems with what reads as something else than the report or the document that its address has or should have."""

_ANSWERED = sql_words(ANSWER_OUTCOMES)
_NEWEST_ANSWERS = f"""
SELECT url, outcome, MAX(requested_at) FROM captures
WHERE (portal = ? OR portal IS NULL) AND method = 'GET' AND outcome IN ({_ANSWERED})
GROUP BY url
"""  # noqa: S608 - words of the vocabulary
_PARTIAL = frozenset(
    kind
    for kind in ProblemKind
    if kind.startswith(("listing_", "menu_", "host_", "robots_u")) or kind == ProblemKind.BLOCKED
) - {ProblemKind.LISTING_UNDATED, ProblemKind.LISTING_UNREAD}
"""Problems of a crawl that did not come to see all of its portal."""
_IS_WHOLE = f"""
COALESCE(json_array_length(stats, '$.limits'), 0) = 0 AND NOT COALESCE(json_extract(stats, '$.outage'), 0)
    AND NOT EXISTS (SELECT 1 FROM json_each(stats, '$.unwell') WHERE value IN ({sql_words(_PARTIAL)}))
"""  # noqa: S608 - words of the vocabulary
_FETCHED_SINCE = f"""
SELECT DISTINCT url FROM captures
WHERE portal = :portal AND method = 'GET' AND requested_at > :since AND outcome IN ({_ANSWERED})
    AND run_id IN (
        SELECT id FROM runs
        WHERE kind = :crawl AND portal = :portal AND id > (
            SELECT COALESCE(MAX(id), 0) FROM runs
            WHERE kind = :crawl AND portal = :portal AND finish_reason = :finished AND {_IS_WHOLE}
        )
    )
"""  # noqa: S608 - words of the vocabulary
_FAILED = f"""
SELECT url FROM problems WHERE portal = :portal AND resolved_at IS NULL AND url IS NOT NULL AND (
    stage = :fetch AND kind IN ({sql_words((ProblemKind.BLOCKED, ProblemKind.ERROR))})
    OR stage = :read AND kind IN ({sql_words(SOMETHING_ELSE)})
)
"""  # noqa: S608 - words of the vocabulary

_BESIDE = sql_words((PartName.NEXT_PAGE, PartName.DOCUMENT, PartName.PICTURE))
_UNREAD_PARTS = f"""
SELECT r.url AS page, p.part, p.url, p.cause FROM reports r JOIN parts p ON p.report_id = r.id
WHERE r.portal = ? AND p.part IN ({_BESIDE}) AND p.state = '{PartState.UNREAD}'
    AND r.state IN ({sql_words((ReportState.LIVE, ReportState.RETURNED))})
ORDER BY LENGTH(p.url), p.url
"""  # noqa: S608 - words of the vocabulary
_NAMED = """
SELECT r.url AS page, b.value AS url FROM reports r JOIN read_marks m ON m.id = r.id JOIN json_each(m.beside) b
WHERE r.portal = ? AND b.value IN (SELECT value FROM json_each(?))
"""
_PROBLEMS = "SELECT url, kind FROM problems WHERE portal = ? AND stage = ? AND resolved_at IS NULL AND url IS NOT NULL"


def unread_parts(reports: Reports, portal: str) -> dict[str, list[Part]]:
    """Address of a report's page → its next pages, documents and table pictures that were not read, in order."""
    pages: dict[str, list[Part]] = {}
    for row in reports.db.conn.execute(_UNREAD_PARTS, (portal,)):
        part = Part(part=PartName(row["part"]), state=PartState.UNREAD, url=row["url"], cause=row["cause"])
        pages.setdefault(row["page"], []).append(part)
    return pages


def named(reports: Reports, portal: str, urls: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The page of each report that names one of these documents or next pages, and what it names."""
    for row in reports.db.conn.execute(_NAMED, (portal, json.dumps(list(urls)))):
        yield row["page"], row["url"]


def failed_urls(captures: Captures, portal: str) -> set[str]:
    """Addresses that gave nothing usable when they were last asked for, whatever is had of them from before or elsewhere."""
    rows = captures.db.conn.execute(_FAILED, {"portal": portal, "fetch": Stage.FETCH, "read": Stage.READ})
    return {row["url"] for row in rows}


def fetch_problems(captures: Captures, portal: str) -> dict[str, set[str]]:
    """Address → kinds of its open problems of fetching."""
    kinds: dict[str, set[str]] = {}
    for row in captures.db.conn.execute(_PROBLEMS, (portal, Stage.FETCH)):
        kinds.setdefault(row["url"], set()).add(row["kind"])
    return kinds


def unreported_keys(reports: Reports, portal: str) -> set[str]:
    """Keys of documents that were read and gave no report."""
    return {row["key"] for row in reports.db.conn.execute("SELECT key FROM unreported WHERE portal = ?", (portal,))}


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
