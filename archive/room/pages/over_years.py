"""Pages over years: an agency, a portal, agencies side by side."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from archive.room import charts, entries
from archive.room import key_figures as figures
from archive.room.absences import Absence, Judge
from archive.room.asked_figures import NEW_FORMS
from archive.room.database_access import holdings_of, query, walks_of
from archive.room.key_figures import KEY_FIGURES, MAX_AGENCIES, KeyFigure, Series
from archive.room.rendering import Translator, as_csv, as_json, language, page
from archive.room.report import dicts
from archive.room.request_parameters import BadParameterError, format_of, one_of, part, path_part

_OUTCOMES = {
    "granted": ("予以公开", "granted"),
    "partially_granted": ("部分公开", "partly granted"),
    "denied": ("不予公开", "denied"),
    "not_provided": ("无法提供", "not provided"),
    "not_processed": ("不予处理", "not processed"),
    "other": ("其他处理", "other"),
}
"""What became of applications, as columns of key_figures."""
_DRAWN = ("applications", "reviews", "suits")
"""Key figures that are drawn as lines."""

ROWS_ON_PAGE = 200

Rows = list[dict[str, Any]]
"""Rows of `key_figures.over_years`."""
Line = dict[int, tuple[float, bool]]
"""Year → (value, whether it is verified)."""
Shares = dict[int, tuple[dict[str, float], bool]]
"""Year → (outcome in words → applications, whether they are verified)."""
Days = dict[int, list[tuple[int, str]]]
"""Year → (days after the deadline, the report in words)."""


@dataclass(slots=True)
class ChartPage:
    """Four charts of reports over years, as SVG, and the numbers behind them for the tables beside them."""

    years: list[int]
    gaps: list[int] = field(default_factory=list)
    """Years without a report."""
    lines: dict[str, Line] = field(default_factory=dict)
    outcome_names: list[str] = field(default_factory=list)
    outcome_parts: Shares = field(default_factory=dict)
    days: Days = field(default_factory=dict)
    applications: str = ""
    outcomes: str = ""
    contested: str = ""
    deadline: str = ""


def _charts(t: Translator, rows: Rows, *, summed: bool) -> ChartPage:
    """Charts of these reports; a year counts its first report, or with `summed` all of them."""
    by_year = _by_year(rows)
    if not by_year:
        return ChartPage(years=[])
    years = list(range(min(by_year), max(by_year) + 1))
    counted = by_year if summed else {year: found[:1] for year, found in by_year.items()}
    found = ChartPage(
        years=years,
        gaps=[year for year in years if year not in by_year],
        lines={name: _line(KEY_FIGURES[name], counted) for name in _DRAWN},
        outcome_names=[t.pair(words) for words in _OUTCOMES.values()],
        outcome_parts=_outcome_parts(t, counted),
        days=_days(by_year),
    )
    _draw(t, found)
    return found


def _by_year(rows: Rows) -> dict[int, Rows]:
    """Reports that name their year, by it."""
    found: dict[int, Rows] = {}
    for row in rows:
        if row["report_year"] is not None:
            found.setdefault(row["report_year"], []).append(row)
    return found


def _line(key_figure: KeyFigure, by_year: dict[int, Rows]) -> Line:
    """The sum of a key figure in each year that has it; verified if it is in every report."""
    points: Line = {}
    column = f"{key_figure.name}_"
    for year, rows in by_year.items():
        stating = [row for row in rows if row[column] is not None]
        if stating:
            verified = all(figures.is_verified(row, key_figure) for row in stating)
            points[year] = sum(row[column] for row in stating), verified
    return points


def _outcome_parts(t: Translator, by_year: dict[int, Rows]) -> Shares:
    """What became of applications in each year that says how many were processed and granted."""
    found: Shares = {}
    for year, rows in by_year.items():
        stating = [row for row in rows if row["processed"] is not None and row["granted"] is not None]
        if stating:
            parts = {t.pair(words): float(sum(row[name] or 0 for row in stating)) for name, words in _OUTCOMES.items()}
            found[year] = parts, all(row["table_three"] == figures.VERIFIED for row in stating)
    return found


def _days(by_year: dict[int, Rows]) -> Days:
    """Days between the deadline and publication of each report."""
    return {
        year: [
            (row["days_late"], f"{row['issuing_body'] or ''} {(row['published'] or '')[:10]}: {row['days_late']:+d}")
            for row in rows
            if row["days_late"] is not None
        ]
        for year, rows in by_year.items()
    }


def _draw(t: Translator, found: ChartPage) -> None:
    """Put the four charts into the page."""
    years = found.years
    titles = {name: t.pair(KEY_FIGURES[name].title) for name in _DRAWN}
    breaks = _breaks(t)
    found.applications = charts.lines(
        t("历年新收申请", "Applications received, by year"),
        years,
        {titles["applications"]: found.lines["applications"]},
        breaks=breaks,
    )
    found.outcomes = charts.stacked(t("办理结果构成", "Outcomes as shares"), years, found.outcome_parts)
    found.contested = charts.lines(
        t("行政复议、行政诉讼", "Reviews and suits"),
        years,
        {titles[name]: found.lines[name] for name in ("reviews", "suits")},
        breaks=breaks,
    )
    found.deadline = charts.deadlines(
        t("发布日期与法定期限相差天数", "Days between the deadline and publication"), years, found.days
    )


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
    *_OUTCOMES,
    "carried_out",
    "reviews",
    "suits_direct",
    "suits_after_review",
    "table_three",
    "table_four",
)


async def body(datasette: Any, request: Any) -> Any:
    """All years of one issuing body."""
    name = path_part(request, "name")
    here, known = await holdings_of(datasette), await walks_of(datasette)
    today = datetime.now(UTC).date().isoformat()

    def missing(db: sqlite3.Connection) -> list[tuple[int, Absence]]:
        judge, (years, portals) = Judge(db, known, today), figures.years_of(db, name)
        every = range(min(years), max(*years, here.last_year or 0) + 1) if years else range(0)
        return [(year, judge.absence(name, year, portals)) for year in every if year not in years]

    more = {"missing": await query(datasette, missing)}
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
    if not rows and "portal" not in more:
        return None
    wanted = format_of(request)
    if wanted == "json":
        facts: dict[str, Any] = {}
        if "sums" in more:
            facts["fates"] = {row["key"]: row["entries"] for row in more["sums"]}
        if "missing" in more:
            facts["missing"] = [{"report_year": year} | asdict(absence) for year, absence in more["missing"]]
        reports = [{column: row[column] for column in _CSV_COLUMNS} for row in rows]
        return as_json({"name": name, **facts, "reports": reports})
    if wanted == "csv":
        return as_csv(_CSV_COLUMNS, rows)
    shown = part(request, ROWS_ON_PAGE, len(rows))

    def address(**changes: str) -> str:
        return f"{request.path}?{urlencode(changes)}#reports"

    context = {
        "name": name,
        "rows": rows,
        "part": shown,
        "address": address,
        "copies": await query(datasette, lambda db: figures.copies(db, where, [name])),
        "charts": _charts(Translator(language(request)), rows, summed=template == "portal"),
        "portals": sorted({row["portal"] for row in rows}),
        "bodies": sorted({row["issuing_body"] for row in rows if row["issuing_body"]}),
        "formats": ("json", "csv"),
    } | more
    return await page(datasette, request, template, context)


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
        "chart": _comparison(Translator(language(request)), years, series, key_figure),
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
    drawn = {
        one.name: {year: (point.value or 0.0, point.verified) for year, point in one.points.items()} for one in series
    }
    if not years:
        return ""
    breaks = _breaks(t) if key_figure.tables else None
    return charts.lines(t.pair(key_figure.title), years, drawn, share=key_figure.share, breaks=breaks)


def _breaks(t: Translator) -> dict[int, str]:
    """First year → the national form that began in it."""
    return {year: t.value("form", form) for year, form in NEW_FORMS.items()}
