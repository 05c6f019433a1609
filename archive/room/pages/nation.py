"""The country: totals over years, and of one year by level and by kind."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import urlencode

from archive.room import nation as found
from archive.room import sum_rows
from archive.room.asked_figures import ADDED_UP
from archive.room.database_access import kept
from archive.room.nation import Group
from archive.room.rendering import Translator, as_csv, as_format, as_image, as_json, chart_files, language, page
from archive.room.request_parameters import BadParameterError, format_of, one_of, year
from archive.sums import Country, sums_of_country
from archive.vocabulary import Counting


async def nation(datasette: Any, request: Any) -> Any:
    """One figure over the country."""
    figure = ADDED_UP[one_of(request, "figure", ADDED_UP, "applications")]
    country: Country = await kept(datasette, "sums of china", sums_of_country)
    totals = country.totals
    of_years = sum_rows.of_years(totals)
    wanted = format_of(request)
    if wanted == "csv":
        return as_csv(sum_rows.COLUMNS, sum_rows.rows(totals))
    t = Translator(language(request))
    chart = sum_rows.chart(t, t("全国", "China"), figure, totals)
    if wanted in {"svg", "png"}:
        return await as_image(request, str(wanted), chart)
    known_years = [total.year for total in of_years]
    chosen = int(year(request, known_years[0] if known_years else None) or 0)
    if chosen not in known_years and request.args.get("year"):
        raise BadParameterError("year", request.args["year"])

    def groups(db: sqlite3.Connection) -> tuple[list[Group], list[Group]]:
        every = found.values(db, figure, chosen)
        return found.by_level(country, every, chosen), found.by_kind(country, every, chosen)

    by_level, by_kind = await kept(datasette, f"groups of {figure.name} {chosen}", groups)
    of_years_found = await kept(datasette, f"medians of {figure.name}", lambda db: found.medians_of_years(db, figure))
    medians = {one: of_years_found.get(one, {}) for one in known_years if one is not None}
    if wanted == "json":
        return as_json(
            {
                "figure": figure.name,
                "formula": figure.formula,
                "year": chosen,
                "sums": sum_rows.rows(totals),
                "medians": {one: _as_data(scopes) for one, scopes in medians.items()},
                "by_level": [_group_as_data(group) for group in by_level],
                "by_kind": [_group_as_data(group) for group in by_kind],
            }
        )

    def address(**changes: str) -> str:
        return "/nation?" + urlencode({"figure": figure.name, "year": str(chosen or "")} | changes)

    context = {
        "figure": figure,
        "choices": list(ADDED_UP.values()),
        "year": chosen,
        "known_years": known_years,
        "totals": of_years,
        "undated": [total for total in totals if total.year is None],
        "total": next((total for total in of_years if total.year == chosen), None),
        "medians": medians,
        "chart": chart,
        "files": chart_files(request),
        "preview": as_format(request, "png", preview="1") if chart else "",
        "by_level": by_level,
        "by_kind": by_kind,
        "Counting": Counting,
        "address": address,
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "nation", context)


def _as_data(scopes: dict[str, found.Median]) -> dict[str, Any]:
    return {scope: {"median": one.value, "reports": one.reports} for scope, one in scopes.items()}


def _group_as_data(group: Group) -> dict[str, Any]:
    total = [group.total] if group.total else []
    return {"group": group.key, "sums": sum_rows.rows(total), "medians": _as_data(group.medians)}
