"""Pages over years: bodies, portals, comparisons; and the questions."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from archive.room import charts, figures, questions
from archive.room import report as reports
from archive.room.asking import MOST_CSV, ask, form_of, holdings, named
from archive.room.pages import Words, as_csv, as_json, language, page

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


# Questions


async def questions_page(datasette: Any, request: Any) -> Any:
    """What can be asked."""
    return await page(datasette, request, "questions", {"questions": questions.QUESTIONS.values()})


async def question_page(datasette: Any, request: Any) -> Any:
    """One question, its formula, its answer and what the answer leaves out."""
    question = questions.QUESTIONS.get(named(request, "name"))
    if question is None:
        return None
    here = await holdings(datasette)
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
