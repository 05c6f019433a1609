"""One report: its figures, tables, text, versions and evidence, now and as it stood at any moment."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from datasette.utils.asgi import Response

from archive.room import chart_images, error_reports, versions
from archive.room import report as reports
from archive.room.citation import citations, cited, metadata
from archive.room.database_access import query
from archive.room.form_layout import explain, lay_out, statements
from archive.room.key_figures import cards
from archive.room.rendering import Translator, as_image, as_json, language, number, origin, page, url_part
from archive.room.request_parameters import BadParameterError, format_of, path_part
from archive.room.untrusted_text import shown
from archive.room.vocabulary_bilingual import TABLES
from archive.vocabulary import Verdict

TEXT_ON_PAGE = 30_000
"""Characters of a report's text that its page shows; the rest is in its text file."""
CHANGES_ON_PAGE = 10
"""Newest changes that a report's page shows; every two versions can be compared."""
MOST_FILES = 50
"""Documents and pictures of a report of which the captures are looked up."""
_CITATIONS = {"bib": ("bibtex", "application/x-bibtex"), "ris": ("ris", "application/x-research-info-systems")}


async def report(datasette: Any, request: Any) -> Any:
    """One report as it stands."""
    report_id = path_part(request, "id")
    found: reports.ReportDetails | None = await query(datasette, lambda db: reports.load(db, report_id))
    if found is None:
        return None
    kept = await query(datasette, lambda db: versions.kept(db, report_id))
    at = kept[-1].captured_at if kept else found.row["captured_at"]
    return await _shown(datasette, request, found, kept, at, is_present=True)


async def version(datasette: Any, request: Any) -> Any:
    """A report as it stood at a moment. The address of a version stays, whatever is captured or read later."""
    report_id, moment = path_part(request, "id"), path_part(request, "moment")
    found: reports.ReportDetails | None = await query(datasette, lambda db: reports.load(db, report_id))
    if found is None:
        return None
    kept = await query(datasette, lambda db: versions.kept(db, report_id))
    then = versions.in_force(kept, moment)
    if then is None:
        return None
    if then is kept[-1]:
        return await _shown(datasette, request, found, kept, then.captured_at, is_present=True)
    past = versions.as_it_was(found, then)
    return await _shown(datasette, request, past, kept, then.captured_at, is_present=False)


async def error(datasette: Any, request: Any) -> Any:
    """What a visitor reports of a version or of one of its cells, to be read before it is sent.

    None where the operator takes no such reports. Raises BadParameterError for a cell that the version does not have.
    """
    to, report_id = error_reports.address(), path_part(request, "id")
    found: reports.ReportDetails | None = await query(datasette, lambda db: reports.load(db, report_id))
    if found is None or to is None:
        return None
    kept = await query(datasette, lambda db: versions.kept(db, report_id))
    then = _chosen(request, kept, "at", kept[-1]) if kept else None
    if then is not None and then is not kept[-1]:
        found = versions.as_it_was(found, then)
    path = f"/report/{url_part(report_id)}"
    permanent = f"{path}/at/{then.captured_at}" if then else path
    cell = _cell(request, found)
    place = f"{permanent}#{cell['id']}" if cell else permanent
    t = Translator(language(request))
    said = [(t("报告", "Report"), found.row["title"] or found.row["url"])]
    said += [(t("网址", "Address"), origin(datasette, request) + place)]
    if cell:
        said += [(t("表格", "Table"), t.pair(TABLES[cell["table_no"]]))]
        said += [(t("单元格", "Cell"), f"{t.label(cell['row_name'])} · {t.label(cell['column_name'])}")]
        said += [(t("档案中的值", "Value here"), cell["raw"] or t("空", "blank"))]
    said += [(t("原网页", "Original page"), found.row["url"])]
    told = [(name, shown(value, 500)) for name, value in said]
    body = "\n".join(f"{name}: {value}" for name, value in told) + f"\n\n{t('错误是：', 'What is wrong: ')}\n"
    subject = t("数据有误：", "An error in: ") + shown(found.row["title"] or report_id, 120)
    context = {"row": found.row, "path": place, "told": told, "send": error_reports.filled_in(to, subject, body)}
    return await page(datasette, request, "error", context | {"to": to.partition("?")[0]})


def _cell(request: Any, found: reports.ReportDetails) -> dict[str, Any] | None:
    """The statistic that `cell` names as the report's page does; None where the report itself is meant."""
    asked = str(request.args.get("cell") or "")
    if not asked:
        return None
    origins = {table.number: table.origin for table in lay_out(found.statistics, found.checks, found.sources)}
    for s in found.statistics:
        name = f"t{s['table_no']}-{s['row_name']}-{s['column_name']}"
        if name == asked and s["origin"] == origins.get(s["table_no"]):
            return s | {"id": name}
    raise BadParameterError("cell", asked)


async def _shown(
    datasette: Any,
    request: Any,
    found: reports.ReportDetails,
    kept: list[versions.KeptVersion],
    at: str,
    *,
    is_present: bool,
) -> Any:
    """The page, or the other format that the address asks for."""
    path = f"/report/{url_part(found.row['id'])}"
    about = cited(found.row | {"captured_at": at}, f"{origin(datasette, request)}{path}/at/{at}")
    wanted = format_of(request)
    if wanted == "txt":
        return Response.text(found.text)
    if wanted == "json":
        return as_json(_as_data(found) | {"address": about.address})
    if wanted in _CITATIONS:
        style, media_type = _CITATIONS[wanted]
        headers = {"Content-Disposition": f'attachment; filename="{about.key}.{wanted}"'}
        return Response(citations(about)[style], headers=headers, content_type=f"{media_type}; charset=utf-8")
    if wanted in {"svg", "png"}:
        return await as_image(request, wanted, _card(Translator(language(request)), found))
    failures = [check for check in found.checks if check["verdict"] == Verdict.FAILS]
    tables = lay_out(found.statistics, found.checks, found.sources)
    evidence = await query(datasette, lambda db: _evidence(db, found), "captures") or {}
    passages = reports.passages(found.text[:TEXT_ON_PAGE], fold=bool(tables))
    placed = reports.under_headings(passages, evidence.get("pictures", []))
    context = {
        "report": found,
        "row": found.row,
        "path": path,
        "at": at,
        "is_present": is_present,
        "kept": kept[::-1],
        "changes": _changes(kept),
        "cards": cards(found.figures, found.figures_before),
        "tables": tables,
        "failures": [check | {"explained": explain(check), "statements": statements(check)} for check in failures],
        "holding": sum(check["verdict"] == Verdict.HOLDS for check in found.checks),
        "passages": passages,
        "placed": placed,
        "cut": len(found.text) > TEXT_ON_PAGE,
        "stated": reports.figures_in_prose(found),
        "citations": citations(about),
        "metadata": metadata(about),
        "evidence": evidence,
        "preview": f"{path}.png?preview=1",
        "formats": ("json", "txt"),
    }
    return await page(datasette, request, "report", context)


def _card(t: Translator, found: reports.ReportDetails) -> str:
    """The report in a picture, for link previews."""
    row = found.row
    said = [(t.pair(one.title), number(one.value)) for one in cards(found.figures, found.figures_before)]
    source = (
        t("通鉴档案", "Tongjian archive")
        + f" · {found.portal_title}"
        + (f" · {row['published'][:10]}" if row["published"] else "")
    )
    return chart_images.card(shown(row["title"] or row["url"], 120), said, source)


def _changes(kept: list[versions.KeptVersion]) -> list[tuple[str, str, versions.Differences]]:
    """The newest changes, newest first: the moments before and after, and what differs."""
    pairs = list(pairwise(kept))[-CHANGES_ON_PAGE:]
    return [
        (old.captured_at, new.captured_at, versions.differences(old.state, new.state)) for old, new in reversed(pairs)
    ]


async def changes(datasette: Any, request: Any) -> Any:
    """What differs between any two versions of a report."""
    report_id = path_part(request, "id")
    kept: list[versions.KeptVersion] = await query(datasette, lambda db: versions.kept(db, report_id))
    if not kept:
        return None
    old = _chosen(request, kept, "from", kept[max(0, len(kept) - 2)])
    new = _chosen(request, kept, "to", kept[-1])
    found = versions.differences(old.state, new.state)
    if format_of(request) == "json":
        return as_json({"id": report_id, "from": old.captured_at, "to": new.captured_at} | asdict(found))
    path = f"/report/{url_part(report_id)}"
    [row] = await query(
        datasette, lambda db: reports.dicts(db, "SELECT id, url, portal FROM reports WHERE id = ?", (report_id,))
    )
    facts = [row | then.state.fields | {"sha256": then.sha256, "captured_at": then.captured_at} for then in (old, new)]
    root = f"{origin(datasette, request)}{path}/at/"
    context = {
        "path": path,
        "citations": [citations(cited(one, f"{root}{one['captured_at']}"))["gbt7714"] for one in facts],
        "title": new.state.fields.get("title") or report_id,
        "kept": kept[::-1],
        "old": old,
        "new": new,
        "found": found,
        "formats": ("json",),
    }
    return await page(datasette, request, "changes", context)


def _chosen(
    request: Any, kept: list[versions.KeptVersion], name: str, default: versions.KeptVersion
) -> versions.KeptVersion:
    moment = str(request.args.get(name) or "")
    if moment and not re.fullmatch(r"\d{4}[\dT:.Z-]*", moment):
        raise BadParameterError(name, moment)
    found = versions.in_force(kept, moment) if moment else default
    if found is None:
        raise BadParameterError(name, moment)
    return found


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
    files = {a["url"]: reports.file_capture(db, a["url"], a["sha256"]) for a in found.attachments[:MOST_FILES]}
    return {
        "capture": reports.capture_of(db, urls, found.row["sha256"]),
        "fetches": reports.fetches(db, urls),
        "problems": reports.problems(db, urls),
        "files": {url: capture for url, capture in files.items() if capture},
        "pictures": [
            a for a in found.attachments if (a["media_type"] or "").startswith("image/") and files.get(a["url"])
        ],
        "version_captures": {v["sha256"]: reports.capture_of(db, urls, v["sha256"]) for v in found.versions[:50]},
    }
