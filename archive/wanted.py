"""Addresses of documents that an archive knows of and does not have: what another archive may have kept."""

from __future__ import annotations

from collections.abc import Callable

from archive.captures import Captures
from archive.database import sql_words
from archive.reports import Reports
from archive.vocabulary import Fate, PartState, ReportState

_HAD = sql_words((Fate.REPORT, Fate.COPY, Fate.NOT_A_REPORT))
_LISTED = "SELECT portal, url, title FROM entries ORDER BY portal, url"
_GONE = f"""
SELECT portal, url FROM reports WHERE state IN ({sql_words((ReportState.MISSING, ReportState.REMOVED))})
UNION SELECT reports.portal, parts.url FROM parts JOIN reports ON reports.id = parts.report_id
WHERE parts.state = '{PartState.UNREAD}' AND parts.url <> ''
"""  # noqa: S608 - words of the vocabulary
_SETTLED = f"SELECT DISTINCT url FROM fates WHERE fate IN ({_HAD})"  # noqa: S608 - words of the vocabulary


def wanted_addresses(
    captures: Captures, reports: Reports, is_report_title: Callable[[str], bool], *, every: bool = False
) -> list[str]:
    """Listed reports that are not had, reports that are gone, and parts of reports that are missing.

    With `every`, all listed reports: another archive may have earlier versions.
    """
    settled = set() if every else {row["url"] for row in reports.db.execute(_SETTLED)}
    listed = [
        row["url"]
        for row in captures.db.conn.execute(_LISTED)
        if row["url"] not in settled and is_report_title(row["title"] or "")
    ]
    gone = [row["url"] for row in reports.db.execute(_GONE)]
    return list(dict.fromkeys([*listed, *gone]))
