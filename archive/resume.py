"""What the portal last answered for each address, and where an interrupted crawl resumes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from dateutil.relativedelta import relativedelta

from archive.captures import Captures
from archive.database import iso, sql_words
from archive.media_types import OTHER_EXTENSIONS, PICTURE_EXTENSIONS, extension_of
from archive.reports import Reports
from archive.runs import FINISHED
from archive.vocabulary import ANSWER_OUTCOMES, DOCUMENT_OUTCOMES, ProblemKind, ReportState, RunKind, Stage

RESUMED_WITHIN = relativedelta(days=3)
"""Older answers of an interrupted crawl are asked for again: the portal may have changed them since."""
INSTEAD_OF_REPORT = (
    ProblemKind.BLOCKED,
    ProblemKind.ERROR,
    ProblemKind.NOT_A_REPORT,
    ProblemKind.CONTRADICTS_LISTING,
)
"""Kinds of problems with a page that reads as something else than the report that its address has or should have."""

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
_FAILED = f"""
SELECT url FROM problems WHERE portal = :portal AND resolved_at IS NULL AND url IS NOT NULL AND (
    stage = :fetch AND kind IN ({sql_words((ProblemKind.BLOCKED, ProblemKind.ERROR))})
    OR stage = :read AND kind IN ({sql_words(INSTEAD_OF_REPORT)})
)
"""  # noqa: S608 - words of the vocabulary

_NOT_FETCHED = frozenset(OTHER_EXTENSIONS + PICTURE_EXTENSIONS)
"""Documents of these kinds are fetched only where a table may be in them; `parts_missing` says which were not had."""
_NOT_HAD = f"""
SELECT r.url AS page, a.url AS part FROM reports r JOIN attachments a ON a.report_id = r.id
WHERE r.portal = ? AND (a.sha256 IS NULL OR a.url IN (SELECT value FROM json_each(?))) AND r.state IN ({sql_words((ReportState.LIVE, ReportState.RETURNED))})
"""  # noqa: S608 - words of the vocabulary
_PROBLEMS = "SELECT url, kind FROM problems WHERE portal = ? AND stage = ? AND resolved_at IS NULL AND url IS NOT NULL"
_UNWANTED = frozenset(kind for kind in ProblemKind if kind.concerns_document) - {ProblemKind.MISSING}
"""Kinds of problems for which a document is not asked for again: robots.txt forbids it, its host is another's."""


def parts_missing(captures: Captures, reports: Reports, portal: str) -> dict[str, set[str]]:
    """Address of a report's page → documents beside it that were never captured, or last asked for in vain.

    The set is empty where an earlier crawl noted that a document or a picture was not had (`parts_missing`).
    """
    problems: dict[str, set[str]] = {}
    for row in captures.db.conn.execute(_PROBLEMS, (portal, Stage.FETCH)):
        problems.setdefault(row["url"], set()).add(row["kind"])
    pages: dict[str, set[str]] = {url: set() for url, kinds in problems.items() if ProblemKind.PARTS_MISSING in kinds}
    failed = json.dumps([url for url, kinds in problems.items() if kinds & {ProblemKind.BLOCKED, ProblemKind.ERROR}])
    for row in reports.db.conn.execute(_NOT_HAD, (portal, failed)).fetchall():
        part = row["part"]
        if extension_of(part) not in _NOT_FETCHED and not problems.get(part, set()) & _UNWANTED:
            pages.setdefault(row["page"], set()).add(part)
    return pages


def failed_urls(captures: Captures, portal: str) -> set[str]:
    """Addresses that gave nothing usable when they were last asked for, whatever is had of them from before or elsewhere."""
    rows = captures.db.conn.execute(_FAILED, {"portal": portal, "fetch": Stage.FETCH, "read": Stage.READ})
    return {row["url"] for row in rows}


def newest_document(captures: Captures, url: str) -> int | None:
    """Id of the newest capture of a page that has its body; None where there is none."""
    capture = captures.last("GET", url, outcomes=DOCUMENT_OUTCOMES)
    return capture.id if capture is not None and capture.body is not None else None


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
