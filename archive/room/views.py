"""The pages of the reading room: what is asked for → what is shown. Queries are elsewhere in this package."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

from datasette.utils.asgi import Response

from archive.room import captured, charts, citation, figures, national, questions, search
from archive.room import feed as feeds
from archive.room import home as homes
from archive.room import report as reports
from archive.room.kept import Kept
from archive.room.pages import Words, as_csv, as_json, language, limited, origin, page, path
from archive.room.words import IDENTITIES

LIMIT_MS = 3000
MOST_CSV = 100_000
TEXT_ON_PAGE = 30_000
"""Characters of a report's text that its page shows; the rest is in its text file."""
FRAME = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'"
)
"""A captured page runs nothing, asks nobody, and sends nothing."""


class BusyError(Exception):
    """A question that takes too long."""


def answering(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, with a page for what is not there and for what takes too long."""

    async def answer(datasette: Any, request: Any) -> Any:
        try:
            found = await view(datasette, request)
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            return await page(datasette, request, "message", {"what": "busy"}, 503)
        except captured.DamagedError as error:
            return await page(datasette, request, "message", {"what": "damaged", "detail": str(error)}, 500)
        return found if found is not None else await page(datasette, request, "message", {"what": "missing"}, 404)

    return answer


async def ask(datasette: Any, work: Callable[[sqlite3.Connection], Any], database: str = "reports") -> Any:
    """Run a query function on one of the databases; None where that database is not served."""
    if database not in datasette.databases:
        return None
    return await datasette.get_database(database).execute_fn(limited(work, LIMIT_MS))


_kept: dict[tuple[str, str], Kept[Any]] = {}


def kept(datasette: Any, name: str, database: str = "reports") -> Kept[Any]:
    """What is worked out once for each state of the archive."""
    file = str(datasette.get_database(database).path)
    return _kept.setdefault((file, name), Kept(Path(file)))


def given(request: Any, *names: str) -> dict[str, str]:
    """The parameters of these names that are not empty."""
    return {name: value[:300] for name in names if (value := (request.args.get(name) or "").strip("\0"))}


def wanted_page(request: Any) -> int:
    """The number of the page asked for, from 1."""
    text = request.args.get("page") or "1"
    return min(int(text), 100_000) if text.isascii() and text.isdigit() and int(text) > 0 else 1


def form_of(request: Any) -> str | None:
    """json, csv or txt where the address ends so."""
    found = request.url_vars.get("format")
    return str(found) if found else None


def named(request: Any, name: str) -> str:
    """A part of the address, as text."""
    return unquote(request.url_vars[name])


# Home


async def _holdings(datasette: Any) -> homes.Holdings:
    store = kept(datasette, "holdings")
    found: homes.Holdings = await datasette.get_database("reports").execute_fn(
        lambda db: store.get(lambda: homes.holdings(db))
    )
    return found


async def _unwell(datasette: Any) -> list[dict[str, Any]] | None:
    if "captures" not in datasette.databases:
        return None
    store = kept(datasette, "unwell", "captures")
    rows: list[dict[str, Any]] = await ask(datasette, lambda db: store.get(lambda: homes.unwell(db)), "captures")
    return rows


MOST_PORTALS = 24
"""Portals in the map of the first page; the page of portals has all."""


async def home(datasette: Any, request: Any) -> Any:
    """What is here, in one screen."""
    here = await _holdings(datasette)
    unwell = await _unwell(datasette)
    context = {"here": here, "unwell": unwell, "portals": here.portals[:MOST_PORTALS], "years": here.years[-18:]}
    return await page(datasette, request, "home", context)


async def portals(datasette: Any, request: Any) -> Any:
    """The coverage of every portal."""
    here = await _holdings(datasette)
    return await page(datasette, request, "portals", {"here": here, "portals": here.portals, "years": here.years})


# Search


async def search_page(datasette: Any, request: Any) -> Any:
    """What contains the string, counted and narrowed by facets."""
    query = (request.args.get("q") or "")[: search.MAX_QUERY].replace("\0", "")
    chosen = given(request, *search.FACETS)
    number = wanted_page(request)
    form = form_of(request)
    some = (
        {"first": 0, "number": MOST_CSV}
        if form == "csv"
        else {"first": (number - 1) * search.PAGE, "number": search.PAGE}
    )

    def work(db: sqlite3.Connection) -> search.Results:
        store = kept(datasette, "catalogue")
        for fresh in (False, True):
            catalogue = store.get(lambda: search.Catalogue(db), fresh=fresh)
            found = search.search(db, catalogue, query, chosen, snippets=form != "csv", **some)
            if found is not None:
                return found
        raise BusyError

    try:
        found: search.Results = await ask(datasette, work)
    except BusyError:
        return await page(datasette, request, "message", {"what": "busy"}, 503)
    if form == "csv":
        return as_csv(search.COLUMNS, [hit.row for hit in found.hits])
    if form == "json":
        hits = [hit.row | {"snippets": ["".join(part) for part in hit.snippets]} for hit in found.hits]
        return as_json(
            {
                "query": query,
                "chosen": chosen,
                "total": found.total,
                "page": number,
                "reports": hits,
                "facets": found.facets,
            }
        )

    def address(**changes: str | None) -> str:
        values = {"q": query} | chosen | changes
        return "/search?" + urlencode({name: value for name, value in values.items() if value})

    pages = -(-found.total // search.PAGE)
    context = {
        "query": query,
        "chosen": chosen,
        "found": found,
        "page_number": number,
        "pages": pages,
        "address": address,
        "forms": ("json", "csv"),
    }
    return await page(datasette, request, "search", context)


# A report


async def report_page(datasette: Any, request: Any) -> Any:
    """One report."""
    report_id = named(request, "id")
    full: reports.Full | None = await ask(datasette, lambda db: reports.load(db, report_id))
    if full is None:
        return None
    form = form_of(request)
    if form == "txt":
        return Response.text(full.text)
    if form == "json":
        return as_json(
            {
                "report": full.row,
                "text": full.text,
                "statistics": full.statistics,
                "checks": full.checks,
                "attachments": full.attachments,
                "locations": full.locations,
                "versions": full.versions,
            }
        )
    urls = list(dict.fromkeys([full.row["url"], *(place["url"] for place in full.locations)]))

    def beside(db: sqlite3.Connection) -> dict[str, Any]:
        pictures = {a["url"]: reports.newest_capture(db, a["url"]) for a in full.attachments[:50]}
        versions = {v["sha256"]: reports.captured(db, urls, v["sha256"]) for v in full.versions[:50]}
        return {
            "capture": reports.captured(db, urls, full.row["sha256"]),
            "fetches": reports.fetches(db, urls),
            "problems": reports.problems(db, urls),
            "files": {url: found for url, found in pictures.items() if found},
            "version_captures": versions,
        }

    evidence = await ask(datasette, beside, "captures") or {}
    here = f"{origin(datasette, request)}/report/{path(report_id)}"
    context = {
        "full": full,
        "row": full.row,
        "tables": national.layout(full.statistics, full.checks),
        "failures": [
            check | {"spelled": national.spelled(check)} for check in full.checks if check["verdict"] == "fails"
        ],
        "held": sum(check["verdict"] == "holds" for check in full.checks),
        "paragraphs": reports.paragraphs(full.text[:TEXT_ON_PAGE]),
        "cut": len(full.text) > TEXT_ON_PAGE,
        "stated": reports.narrative(full),
        "citations": citation.citations(full.row, here),
        "evidence": evidence,
        "identities": IDENTITIES,
        "forms": ("json", "txt"),
    }
    return await page(datasette, request, "report", context)


async def captured_page(datasette: Any, request: Any) -> Any:
    """A captured body as it was, for a sandboxed frame; with `pictures=1`, its captured pictures set in."""
    with_pictures = bool(request.args.get("pictures"))

    def work(db: sqlite3.Connection) -> tuple[captured.Body, bytes | str] | None:
        found = captured.body(db, int(request.url_vars["id"]))
        if found is None:
            return None
        if not found.media_type.startswith("text/html"):
            return found, found.data
        return found, captured.with_pictures(db, found) if with_pictures else captured.without_connections(found.data)

    found = await _bodies(datasette, work)
    if found is None:
        return None
    body, content = found
    media_type = "text/html; charset=utf-8" if isinstance(content, str) else body.media_type
    if media_type == "application/octet-stream":
        return await page(datasette, request, "message", {"what": "no_page"}, 415)
    headers = {
        "Content-Security-Policy": FRAME,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Content-Disposition": "inline",
    }
    return Response(content, headers=headers, content_type=media_type)


async def captured_original(datasette: Any, request: Any) -> Any:
    """The bytes as a file, where those who serve the archive allow it."""
    if not os.environ.get("WITH_CAPTURES"):
        return None
    found: captured.Body | None = await _bodies(datasette, lambda db: captured.body(db, int(request.url_vars["id"])))
    if found is None:
        return None
    headers = {
        "Content-Disposition": f'attachment; filename="{found.sha256[:16]}.bin"',
        "Content-Security-Policy": FRAME,
    }
    return Response(found.data, headers=headers, content_type="application/octet-stream")


async def _bodies(datasette: Any, work: Callable[[sqlite3.Connection], Any]) -> Any:
    """Run on a connection of its own that may read bodies: Datasette's, which SQL of visitors runs on, may not."""
    if "captures" not in datasette.databases:
        return None
    database = datasette.get_database("captures")

    def within(_: sqlite3.Connection) -> Any:
        connection = sqlite3.connect(f"{Path(database.path).resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            return work(connection)
        finally:
            connection.close()

    return await database.execute_fn(within)


# Bodies, portals, comparisons


_OUTCOMES = {
    "granted": ("予以公开", "granted"),
    "partially_granted": ("部分公开", "partly granted"),
    "denied": ("不予公开", "denied"),
    "not_provided": ("无法提供", "not provided"),
    "not_processed": ("不予处理", "not processed"),
    "other": ("其他处理", "other"),
}


def _charts(t: Words, rows: list[dict[str, Any]], *, summed: bool) -> dict[str, Any]:
    """Four charts of reports over years: applications, outcomes, reviews and suits, days against the deadline."""
    by_year: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        if row["report_year"] is not None:
            by_year.setdefault(row["report_year"], []).append(row)
    if not by_year:
        return {"years": [], "by_year": {}}
    years = list(range(min(by_year), max(by_year) + 1))
    chosen = by_year if summed else {year: found[:1] for year, found in by_year.items()}

    def line(name: str) -> dict[int, tuple[float, bool]]:
        figure = figures.FIGURES[name]
        points = {}
        for year, found in chosen.items():
            have = [row for row in found if row[f"{name}_"] is not None]
            if have:
                points[year] = (
                    sum(row[f"{name}_"] for row in have),
                    all(figures.verified(row, figure) for row in have),
                )
        return points

    outcomes = {}
    for year, found in chosen.items():
        have = [row for row in found if row["processed"] is not None and row["granted"] is not None]
        if have:
            parts = {t.pair(words): float(sum(row[name] or 0 for row in have)) for name, words in _OUTCOMES.items()}
            outcomes[year] = (parts, all(row["table_three"] == "verified" for row in have))
    titles = {name: t.pair(figures.FIGURES[name].title) for name in ("applications", "reviews", "suits")}
    days = {
        year: [
            (row["days_late"], f"{row['issuing_body'] or ''} {(row['published'] or '')[:10]}: {row['days_late']:+d}")
            for row in found
            if row["days_late"] is not None
        ]
        for year, found in by_year.items()
    }
    return {
        "years": years,
        "by_year": chosen,
        "gaps": [year for year in years if year not in by_year],
        "applications": charts.lines(
            t("历年新收申请", "Applications over the years"), years, {titles["applications"]: line("applications")}
        ),
        "outcomes": charts.stacked(t("办理结果构成", "Outcomes as shares"), years, outcomes),
        "contested": charts.lines(
            t("行政复议与行政诉讼", "Reviews and suits"), years, {titles[n]: line(n) for n in ("reviews", "suits")}
        ),
        "deadline": charts.deadlines(
            t("发布日期与法定期限相差天数", "Days between the deadline and publication"), years, days
        ),
        "outcome_names": [t.pair(words) for words in _OUTCOMES.values()],
        "lines": {name: line(name) for name in ("applications", "reviews", "suits")},
        "outcome_parts": outcomes,
        "days": days,
    }


_REPORT_COLUMNS = (
    "report_id",
    "portal",
    "issuing_body",
    "report_year",
    "form",
    "published",
    "deadline",
    "days_late",
    "state",
    "applications",
    "carried_in",
    "processed",
    *_OUTCOMES,
    "carried_out",
    "reviews",
    "suits_direct",
    "suits_after_review",
    "table_three",
    "table_four",
)


async def body_page(datasette: Any, request: Any) -> Any:
    """All years of one issuing body."""
    name = named(request, "name")
    return await _over_years(datasette, request, "body", name, "r.issuing_body = ?")


async def portal_page(datasette: Any, request: Any) -> Any:
    """All years of one portal."""
    name = named(request, "name")
    found = await ask(datasette, lambda db: reports.dicts(db, "SELECT * FROM portals WHERE name = ?", (name,)))
    return await _over_years(datasette, request, "portal", name, "r.portal = ?", portal=found[0]) if found else None


async def _over_years(datasette: Any, request: Any, kind: str, name: str, where: str, **more: Any) -> Any:
    rows = await ask(datasette, lambda db: figures.figures_of(db, where, [name]))
    if not rows and not more:
        return None
    form = form_of(request)
    if form == "json":
        return as_json({"name": name, "reports": [{column: row[column] for column in _REPORT_COLUMNS} for row in rows]})
    if form == "csv":
        return as_csv(_REPORT_COLUMNS, rows)
    copies_sql = f"SELECT id, portal, report_year FROM reports r WHERE {where} AND same_as IS NOT NULL ORDER BY report_year LIMIT 100"  # noqa: S608 - our clauses
    copies = await ask(datasette, lambda db: reports.dicts(db, copies_sql, [name]))
    context = {
        "name": name,
        "rows": rows,
        "copies": copies,
        "charts": _charts(Words(language(request)), rows, summed=kind == "portal"),
        "portals": sorted({row["portal"] for row in rows}),
        "bodies": sorted({row["issuing_body"] for row in rows if row["issuing_body"]}),
        "forms": ("json", "csv"),
    } | more
    return await page(datasette, request, kind, context)


async def compare_page(datasette: Any, request: Any) -> Any:
    """Up to eight bodies, one figure, over years: the address is the comparison."""
    chosen = list(dict.fromkeys(name for name in request.args.getlist("body") if name))[: figures.MOST_BODIES]
    figure = figures.FIGURES.get(request.args.get("figure") or "", figures.FIGURES["applications"])
    part = (request.args.get("find") or "")[:50]
    series: list[figures.Series] = await ask(datasette, lambda db: figures.compare(db, chosen, figure))
    years = sorted({year for one in series for year in one.points})
    years = list(range(years[0], years[-1] + 1)) if years else []
    table = [
        {
            "issuing_body": one.name,
            "report_year": year,
            figure.name: point.value,
            "verified": point.verified,
            "report_id": point.report_id,
        }
        for one in series
        for year, point in sorted(one.points.items())
    ]
    form = form_of(request)
    if form == "json":
        return as_json({"figure": figure.name, "formula": figure.formula, "points": table})
    if form == "csv":
        return as_csv(("issuing_body", "report_year", figure.name, "verified", "report_id"), table)
    t = Words(language(request))
    drawn = {
        one.name: {year: (point.value or 0.0, point.verified) for year, point in one.points.items()} for one in series
    }

    def address(bodies: list[str], name: str) -> str:
        return "/compare?" + urlencode([*(("body", body) for body in bodies), ("figure", name)])

    context = {
        "chosen": chosen,
        "figure": figure,
        "figures": figures.FIGURES,
        "series": series,
        "years": years,
        "chart": charts.lines(t.pair(figure.title), years, drawn, share=figure.share) if years else "",
        "find": part,
        "candidates": await ask(datasette, lambda db: figures.bodies(db, part)) if part or not chosen else [],
        "address": address,
        "most": figures.MOST_BODIES,
        "forms": ("json", "csv"),
    }
    return await page(datasette, request, "compare", context)


# Questions, problems, feed


async def questions_page(datasette: Any, request: Any) -> Any:
    """What can be asked."""
    return await page(datasette, request, "questions", {"questions": questions.QUESTIONS.values()})


async def question_page(datasette: Any, request: Any) -> Any:
    """One question, its formula, its answer and what the answer leaves out."""
    question = questions.QUESTIONS.get(named(request, "name"))
    if question is None:
        return None
    here = await _holdings(datasette)
    year, portal = request.args.get("year"), (request.args.get("portal") or "")[:200]
    if year is None:
        year = str(here.last_year or "")
    if not (year.isascii() and year.isdigit() and len(year) == 4):
        year = ""
    form = form_of(request)
    limit = MOST_CSV if form == "csv" else 200
    found = await ask(datasette, lambda db: questions.answer(db, question, year, portal, limit))
    if form == "json":
        return as_json(found | {"formula": question.formula, "year": year, "portal": portal})
    columns = list(found["rows"][0]) if found["rows"] else []
    if form == "csv":
        return as_csv(columns, found["rows"])
    context = {
        "question": question,
        "year": year,
        "portal": portal,
        "columns": columns,
        "found": found,
        "limit": limit,
        "reasons": questions.REASONS,
        "here": here,
        "forms": ("json", "csv"),
        "sql_page": f"/reports/{question.name}?" + urlencode({"year": year, "portal": portal}),
    }
    return await page(datasette, request, "question", context)


async def problems_page(datasette: Any, request: Any) -> Any:
    """What is wrong and waits for somebody."""
    chosen = given(request, "portal", "stage", "kind")
    found = await ask(datasette, lambda db: homes.desk(db, chosen), "captures")
    if found is None:
        return None
    form = form_of(request)
    if form == "json":
        return as_json(found)
    if form == "csv":
        return as_csv(
            ("id", "portal", "stage", "kind", "url", "message", "seen_at", "days", "capture_id"), found["rows"]
        )

    def address(**changes: str | None) -> str:
        return "/problems?" + urlencode({k: v for k, v in (chosen | changes).items() if v})

    context = {"found": found, "chosen": chosen, "address": address, "forms": ("json", "csv")}
    return await page(datasette, request, "problems", context)


async def feed(datasette: Any, request: Any) -> Any:
    """New, changed and removed reports as Atom."""
    here = origin(datasette, request)

    def work(db: sqlite3.Connection) -> list[tuple[str, dict[str, Any]]]:
        return [
            *(("new", row) for row in homes.newest(db, 50)),
            *(("changed", row) for row in homes.changed(db, 50)),
            *((row["state"], row) for row in homes.gone(db, 50)),
        ]

    store = kept(datasette, "feed")
    rows = await ask(datasette, lambda db: store.get(lambda: work(db)))
    gone = [row["url"] for what, row in rows if what in {"missing", "removed"}]
    missed = await ask(datasette, lambda db: {url: homes.missed_at(db, url) for url in gone}, "captures") or {}
    entries = [
        (what, missed.get(row["url"]) or row["at"], row | {"path": path(row["id"])}) for what, row in chain(rows)
    ]
    return Response(feeds.atom(entries, here), content_type="application/atom+xml; charset=utf-8")
