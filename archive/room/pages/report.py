"""One report: its text, tables, checks, versions and evidence."""

from __future__ import annotations

import sqlite3
from typing import Any

from datasette.utils.asgi import Response

from archive.room import report as reports
from archive.room.citation import citations
from archive.room.database_access import query
from archive.room.form_layout import explain, lay_out, statements
from archive.room.rendering import as_json, origin, page, url_part
from archive.room.request_parameters import format_of, path_part
from archive.vocabulary import Verdict

TEXT_ON_PAGE = 30_000
"""Characters of a report's text that its page shows; the rest is in its text file."""


async def report(datasette: Any, request: Any) -> Any:
    """One report."""
    report_id = path_part(request, "id")
    found: reports.ReportDetails | None = await query(datasette, lambda db: reports.load(db, report_id))
    if found is None:
        return None
    wanted = format_of(request)
    if wanted == "txt":
        return Response.text(found.text)
    if wanted == "json":
        return as_json(_as_data(found))
    here = f"{origin(datasette, request)}/report/{url_part(report_id)}"
    failures = [check for check in found.checks if check["verdict"] == Verdict.FAILS]
    context = {
        "report": found,
        "row": found.row,
        "tables": lay_out(found.statistics, found.checks, found.sources),
        "failures": [check | {"explained": explain(check), "statements": statements(check)} for check in failures],
        "holding": sum(check["verdict"] == Verdict.HOLDS for check in found.checks),
        "paragraphs": reports.paragraphs(found.text[:TEXT_ON_PAGE]),
        "cut": len(found.text) > TEXT_ON_PAGE,
        "stated": reports.figures_in_prose(found),
        "citations": citations(found.row, here),
        "evidence": await query(datasette, lambda db: _evidence(db, found), "captures") or {},
        "formats": ("json", "txt"),
    }
    return await page(datasette, request, "report", context)


def _as_data(found: reports.ReportDetails) -> dict[str, Any]:
    """Everything about the report, for JSON."""
    return {
        "report": found.row,
        "text": found.text,
        "statistics": found.statistics,
        "checks": found.checks,
        "table_sources": found.sources,
        "parts": found.parts,
        "attachments": found.attachments,
        "locations": found.locations,
        "versions": found.versions,
    }


def _evidence(db: sqlite3.Connection, found: reports.ReportDetails) -> dict[str, Any]:
    """What captures.db has of the report: its page, versions and files as captured, its fetches and open problems."""
    urls = list(dict.fromkeys([found.row["url"], *(place["url"] for place in found.locations)]))
    files = {a["url"]: reports.newest_capture(db, a["url"]) for a in found.attachments[:50]}
    return {
        "capture": reports.capture_of(db, urls, found.row["sha256"]),
        "fetches": reports.fetches(db, urls),
        "problems": reports.problems(db, urls),
        "files": {url: capture for url, capture in files.items() if capture},
        "version_captures": {v["sha256"]: reports.capture_of(db, urls, v["sha256"]) for v in found.versions[:50]},
    }
