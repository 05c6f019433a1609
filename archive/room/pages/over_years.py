"""Pages over years: an agency, a portal, agencies side by side."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from archive.room import charts, entries, places
from archive.room import key_figures as figures
from archive.room.absences import Absence, Judge
from archive.room.bodies import listed_by, successions_of
from archive.room.charts_over_years import CHARTS, COLUMNS, OUTCOMES, ChartsOverYears, breaks_of_forms, over_years
from archive.room.database_access import query, walks_of
from archive.room.holdings import Among, years_held
from archive.room.key_figures import KEY_FIGURES, MAX_AGENCIES, KeyFigure, Series
from archive.room.pages import atom_feed
from archive.room.rendering import Translator, as_csv, as_format, as_image, as_json, chart_files, language, page
from archive.room.report import dicts
from archive.room.request_parameters import BadParameterError, format_of, one_of, part, path_part
from archive.room.sum_rows import marks
from archive.room.untrusted_text import shown as shown_text

ROWS_ON_PAGE = 200

Rows = list[dict[str, Any]]
"""Rows of `key_figures.over_years`."""
_CSV_COLUMNS = (
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
    *OUTCOMES,
    "carried_out",
    "reviews",
    "suits_direct",
    "suits_after_review",
    "table_three",
    "table_four",
)


async def body(datasette: Any, request: Any) -> Any:
    """All years of one public body, also of one that is listed and has no report here."""
    name = path_part(request, "name")
    known = await walks_of(datasette)
    today = datetime.now(UTC).date().isoformat()

    def missing(db: sqlite3.Connection) -> list[tuple[int, Absence]]:
        judge, (years, portals) = Judge(db, known, today), figures.years_of(db, name)
        begun = years.union(*judge.listed(name).values())
        every = range(min(begun), max(*begun, *years_held(db)[-1:]) + 1) if begun else range(0)
        where = portals or list(judge.listed(name))
        return [(year, judge.absence(name, year, where)) for year in every if year not in years]

    more = {
        "missing": await query(datasette, missing),
        "place": await query(datasette, lambda db: places.of_body(db, name)),
        "successions": await query(datasette, lambda db: successions_of(db, name)),
        "listed_by": await query(datasette, lambda db: listed_by(db, name)),
    }
    return await _over_years(datasette, request, "body", name, "r.issuing_body = ?", **more)


async def portal(datasette: Any, request: Any) -> Any:
    """All years of one portal."""
    name = path_part(request, "name")
    found = await query(datasette, lambda db: dicts(db, "SELECT * FROM portals WHERE name = ?", (name,)))
    if not found:
        return None
    sums = await query(datasette, lambda db: entries.sums(db, name))
    listed = await query(datasette, lambda db: entries.listed(db, name), "captures")
    more = {"portal": found[0], "sums": sums, "listed": listed}
    return await _over_years(datasette, request, "portal", name, "r.portal = ?", **more)


async def _over_years(datasette: Any, request: Any, template: str, name: str, where: str, **more: Any) -> Any:
    """The reports that meet the condition on `r`, as a page with charts, JSON or CSV; None if there is nothing to show."""
    rows = await query(datasette, lambda db: figures.over_years(db, where, [name]))
    if not (rows or "portal" in more or more["listed_by"]):
        return None
    t = Translator(language(request))
    whose = more["portal"]["title"] or name if "portal" in more else name
    drawn = over_years(t, shown_text(whose, 60), rows, summed="portal" in more)
    wanted = format_of(request)
    if wanted == "atom":
        return await atom_feed.of(datasette, request, Among(where, (name,)), shown_text(whose, 80))
    if wanted:
        return await _as_file(request, wanted, name, rows, drawn, more)
    shown = part(request, ROWS_ON_PAGE, len(rows))

    def address(**changes: str) -> str:
        return f"{request.path}?{urlencode(changes)}#reports"

    context = {
        "name": name,
        "rows": rows,
        "part": shown,
        "address": address,
        "copies": await query(datasette, lambda db: figures.copies(db, where, [name])),
        "charts": drawn,
        "chart_files": {chart: chart_files(request, chart=chart) for chart in CHARTS},
        "preview": as_format(request, "png", chart="applications", preview="1") if drawn.years else "",
        "feed": as_format(request, "atom"),
        "portals": sorted({row["portal"] for row in rows}),
        "bodies": sorted({row["issuing_body"] for row in rows if row["issuing_body"]}),
        "formats": ("json", "csv"),
    } | more
    return await page(datasette, request, template, context)


async def _as_file(
    request: Any, wanted: str, name: str, rows: Rows, drawn: ChartsOverYears, more: dict[str, Any]
) -> Any:
    """The reports as JSON or CSV, or one of the charts as a picture or its numbers."""
    if wanted == "json":
        facts: dict[str, Any] = {}
        if "sums" in more:
            facts["fates"] = {row["key"]: row["entries"] for row in more["sums"]}
        if "listed_by" in more:
            facts["listed_by"] = more["listed_by"]
        if "missing" in more:
            facts["missing"] = [{"report_year": year} | asdict(absence) for year, absence in more["missing"]]
        reports = [{column: row[column] for column in _CSV_COLUMNS} for row in rows]
        return as_json({"name": name, **facts, "reports": reports})
    if wanted == "csv" and "chart" not in request.args:
        return as_csv(_CSV_COLUMNS, rows)
    chart = one_of(request, "chart", CHARTS, "applications")
    if wanted == "csv":
        return as_csv(COLUMNS, drawn.rows(chart))
    return await as_image(request, wanted, drawn.drawn.get(chart, ""))


async def compare(datasette: Any, request: Any) -> Any:
    """Up to eight agencies, one figure, over years: the address is the comparison."""
    chosen = list(dict.fromkeys(name for name in request.args.getlist("body") if name))
    if len(chosen) > MAX_AGENCIES:
        raise BadParameterError("body", chosen[MAX_AGENCIES])
    key_figure = KEY_FIGURES[one_of(request, "figure", KEY_FIGURES, "applications")]
    wanted_name = (request.args.get("find") or "")[:50]
    series: list[Series] = await query(datasette, lambda db: figures.compare(db, chosen, key_figure))
    points = _points(series, key_figure)
    wanted = format_of(request)
    if wanted == "json":
        return as_json({"figure": key_figure.name, "formula": key_figure.formula, "points": points})
    if wanted == "csv":
        return as_csv(("issuing_body", "report_year", key_figure.name, "verified", "report_id"), points)
    years = sorted({year for one in series for year in one.points})
    years = list(range(years[0], years[-1] + 1)) if years else []
    chart = _comparison(Translator(language(request)), years, series, key_figure)
    if wanted in {"svg", "png"}:
        return await as_image(request, str(wanted), chart)
    candidates = (
        await query(datasette, lambda db: figures.agencies_named(db, wanted_name)) if wanted_name or not chosen else []
    )

    def address(agencies: list[str], name: str) -> str:
        return "/compare?" + urlencode([*(("body", agency) for agency in agencies), ("figure", name)])

    context = {
        "chosen": chosen,
        "figure": key_figure,
        "figures": KEY_FIGURES,
        "series": series,
        "years": years,
        "chart": chart,
        "files": chart_files(request),
        "preview": as_format(request, "png", preview="1") if chart else "",
        "find": wanted_name,
        "candidates": candidates,
        "address": address,
        "most": MAX_AGENCIES,
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "compare", context)


def _points(series: list[Series], key_figure: KeyFigure) -> Rows:
    """One row per agency and year."""
    return [
        {
            "issuing_body": one.name,
            "report_year": year,
            key_figure.name: point.value,
            "verified": point.verified,
            "report_id": point.report_id,
        }
        for one in series
        for year, point in sorted(one.points.items())
    ]


def _comparison(t: Translator, years: list[int], series: list[Series], key_figure: KeyFigure) -> str:
    """The chart of all agencies; empty without a year."""
    points = [point for one in series for point in one.points.values()]
    drawn = {
        one.name: {year: (point.value or 0.0, point.verified) for year, point in one.points.items()} for one in series
    }
    if not years:
        return ""
    breaks = breaks_of_forms(t) if key_figure.tables else {}
    sources = [
        t(f"据{len(points)}份报告", f"From {len(points)} reports"),
        *marks(t, years, breaks, all_verified=all(point.verified for point in points)),
    ]
    words = charts.Words(t.pair(key_figure.formula), sources)
    return charts.lines(t.pair(key_figure.title), years, drawn, share=key_figure.share, breaks=breaks, words=words)
