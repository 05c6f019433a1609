"""Rankings: any figure or rate of any year, by level, kind and place, the address being the question."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from archive.figures import REFUSALS
from archive.room import places
from archive.room.asked_figures import FIGURES, LEAST_DENOMINATOR, REASONS, AskedFigure
from archive.room.database_access import holdings_of, query
from archive.room.places import Place
from archive.room.rankings import LEFT_OUT, SORTS, WHOLE_AREAS, Asked, Ranking, described, ranking, reasons
from archive.room.rendering import as_csv, as_json, page
from archive.room.request_parameters import BadParameterError, format_of, one_of, part, year
from archive.vocabulary import BodyKind, Level

ROWS_ON_PAGE = 50
_REFUSING = {"denial_rate", "denied", *REFUSALS}
"""Figures whose ranking shows the reasons of each body."""
_COLUMNS = (
    "rank",
    "issuing_body",
    "agency_id",
    "place_id",
    "division_code",
    "level",
    "body_kind",
    "report_scope",
    "value",
    "over",
    "under",
    "verified",
    *REFUSALS,
    "published",
    "report_id",
)


async def rankings(datasette: Any, request: Any) -> Any:
    """The bodies of one kind by one figure of one year."""
    here = await holdings_of(datasette)
    asked = _asked(request, here.last_year)
    place: Place | None = None
    if asked.place:
        place = await query(datasette, lambda db: places.place(db, asked.place))
        if place is None or place.is_town:
            raise BadParameterError("place", asked.place)
    found: Ranking = await query(datasette, lambda db: ranking(db, asked))
    if not found.rows and "level" not in request.args:  # an archive of one city, or of places without a code
        asked = replace(asked, level="")
        found = await query(datasette, lambda db: ranking(db, asked))
    wanted = format_of(request)
    shown = part(request, ROWS_ON_PAGE, len(found.rows))
    ranked = found.rows if wanted else found.rows[max(shown.first - 1, 0) : shown.last]
    rows = await query(datasette, lambda db: described(db, ranked))
    if wanted == "csv":
        return as_csv(_COLUMNS, rows)
    if wanted == "json":
        about = {"figure": asked.figure.name, "formula": asked.figure.formula, "year": asked.year}
        rows = [{name: row[name] for name in _COLUMNS} for row in rows]
        return as_json(about | {"left_out": dict(found.left_out), "median": found.median, "rows": rows})

    def address(**changes: str) -> str:
        return "/rankings?" + urlencode(_parameters(asked) | changes)

    context = {
        "asked": asked,
        "place": place,
        "found": found,
        "rows": rows,
        "part": shown,
        "reasons": await query(datasette, lambda db: reasons(db, asked)) if asked.figure.name in _REFUSING else [],
        "all_reasons": REASONS,
        "groups": _groups(),
        "kinds": list(BodyKind),
        "levels": list(Level),
        "whole_areas": WHOLE_AREAS,
        "provinces": await query(datasette, places.provinces),
        "left_out": LEFT_OUT,
        "left_out_total": sum(number for _, number in found.left_out),
        "address": address,
        "here": here,
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "rankings", context)


def _asked(request: Any, last_year: int | None) -> Asked:
    figure = FIGURES[one_of(request, "figure", FIGURES, "denial_rate")]
    level = one_of(request, "level", {*Level, "all"}, Level.COUNTY)
    least = request.args.get("at_least") or str(LEAST_DENOMINATOR if figure.share else 0)
    if not (least.isascii() and least.isdigit() and len(least) < 9):
        raise BadParameterError("at_least", least)
    chosen_year = year(request, last_year)
    if request.args.get("year") and not chosen_year:
        raise BadParameterError("year", request.args["year"])
    return Asked(
        figure,
        int(chosen_year or 0),
        kind=one_of(request, "kind", set(BodyKind), WHOLE_AREAS),
        level="" if level == "all" else level,
        place=(request.args.get("place") or "")[:40],
        at_least=int(least),
        verified_only=one_of(request, "tables", {"verified", "all"}, "verified") == "verified",
        sort=one_of(request, "sort", SORTS, "value"),
        descending=one_of(request, "order", {"desc", "asc"}, "desc") == "desc",
    )


def _parameters(asked: Asked) -> dict[str, str]:
    """The address that asks for it."""
    return {
        "figure": asked.figure.name,
        "year": str(asked.year or ""),
        "level": asked.level or "all",
        "kind": asked.kind,
        "place": asked.place,
        "at_least": str(asked.at_least),
        "tables": "verified" if asked.verified_only else "all",
        "sort": asked.sort,
        "order": "desc" if asked.descending else "asc",
    }


def _groups() -> list[tuple[tuple[str, str], list[AskedFigure]]]:
    """The figures to choose from, grouped."""
    every = FIGURES.values()
    return [
        (("比率", "Rates"), [one for one in every if one.share]),
        (("数量", "Numbers"), [one for one in every if not one.share and one.name not in REFUSALS]),
        (("不予公开的理由", "Reasons for refusing"), [FIGURES[name] for name in REFUSALS]),
    ]
