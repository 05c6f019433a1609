"""A place: its totals over years, its bodies and years as one grid, and what lies in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from archive.room import places, sum_rows
from archive.room.absences import Judge
from archive.room.asked_figures import ADDED_UP
from archive.room.database_access import query, walks_of
from archive.room.holdings import years_held
from archive.room.pages import atom_feed
from archive.room.places import CHINA, Cell, Place, YearOfBody
from archive.room.rendering import (
    Translator,
    as_csv,
    as_format,
    as_image,
    as_json,
    chart_files,
    language,
    page,
    url_part,
)
from archive.room.request_parameters import BadParameterError, format_of, part, path_part, year
from archive.sums import Known, Sum, added, known_bodies, sums
from archive.vocabulary import Counting, Level

BODIES_ON_PAGE = 100
SHOWN = ("applications", "processed", "grant_rate", "denied", "carried_out", "reviews", "suits")
"""Figures of the table of years."""
_NEXT_LEVELS = (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)


async def place(datasette: Any, request: Any) -> Any:
    """One place."""
    found: Place | None = await query(datasette, lambda db: places.place(db, path_part(request, "id")))
    if found is None:
        return None
    wanted = format_of(request)
    if wanted == "atom":
        return await atom_feed.of(datasette, request, atom_feed.in_place(found.id), found.full_name)
    known, today = await walks_of(datasette), datetime.now(UTC).date().isoformat()
    totals: list[Sum] = await query(datasette, lambda db: sums(db, place=found.id))
    bodies, years = await query(datasette, lambda db: places.bodies(db, found.id, Judge(db, known, today)))
    if wanted == "csv":
        return as_csv(sum_rows.COLUMNS, sum_rows.rows(totals))
    t = Translator(language(request))
    chart = sum_rows.chart(t, found.name, ADDED_UP["applications"], totals)
    if wanted in {"svg", "png"}:
        return await as_image(request, str(wanted), chart)
    of_years = sum_rows.of_years(totals)
    with_sums, known_years = _years(of_years, years)
    chosen = _year(request, (with_sums or known_years)[:1], known_years, await query(datasette, years_held))
    inside = [] if found.is_town else await query(datasette, lambda db: _inside(db, found, chosen))
    towns = await query(datasette, lambda db: _towns(db, found, chosen))
    if wanted == "json":
        of_towns = await query(datasette, lambda db: _of_towns(db, found))
        return as_json(_as_data(found, totals, bodies, inside, towns, of_towns))
    shown = part(request, BODIES_ON_PAGE, len(bodies))

    def address(**changes: str) -> str:
        return f"/place/{url_part(found.id)}?" + urlencode({"year": str(chosen or "")} | changes) + "#bodies"

    context = {
        "place": found,
        "year": chosen,
        "years": years,
        "known_years": known_years,
        "with_sums": with_sums,
        "has_reports": bool(totals) or any(body.reports for body in bodies),
        "totals": of_years,
        "undated": [total for total in totals if total.year is None],
        "total": next((total for total in of_years if total.year == chosen), None),
        "bodies_known": await query(datasette, lambda db: _known(db, found)),
        "figures": [ADDED_UP[name] for name in SHOWN],
        "feed": as_format(request, "atom"),
        "chart": chart,
        "files": chart_files(request),
        "preview": as_format(request, "png", preview="1") if chart else "",
        "bodies": bodies[max(shown.first - 1, 0) : shown.last],
        "without": places.without(bodies, chosen),
        "reasons": places.reasons(bodies),
        "part": shown,
        "address": address,
        "Cell": Cell,
        "Counting": Counting,
        "inside": inside,
        "towns": towns,
        "all_towns": added(of_year) if (of_year := [row["total"] for row in towns if row["total"]]) else None,
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "place", context)


def _years(totals: list[Sum], of_bodies: list[int]) -> tuple[list[int], list[int]]:
    """Those with a sum, and these with those of its bodies, the newest first."""
    with_sums = [total.year for total in totals if total.year]
    return with_sums, sorted({*with_sums, *of_bodies}, reverse=True)


def _year(request: Any, newest: list[int], known_years: list[int], held: range) -> int:
    """The year asked for, else the newest with a sum of the place, or with a body of it; 0 where it has none.

    The map leads here in any year of the archive, though the place may have no report of it. Raises BadParameterError for
    a year of which there is no report at all.
    """
    chosen = int(year(request, newest[0] if newest else None) or 0)
    if chosen and known_years and chosen not in held and chosen not in known_years:
        raise BadParameterError("year", str(chosen))
    return chosen


def _inside(db: Any, found: Place, year_asked: int) -> list[dict[str, Any]]:
    """The divisions right below with their sums of a year; those that are no more only where they have reports."""
    rows = places.below(db, found.id)
    levels = {Level(row["level"]) for row in rows}
    above = {"place": found.id} if found.id != CHINA else {}
    totals = {
        total.place: total
        for level in _NEXT_LEVELS
        if level in levels
        for total in sums(db, year=year_asked, by=level, **above)  # type: ignore[arg-type]
    }
    known = {
        place_id: one
        for level in _NEXT_LEVELS
        if level in levels
        for place_id, one in known_bodies(db, by=level, **above).items()
    }
    return [
        row | {"total": totals.get(row["id"]), "known": known.get(row["id"])}
        for row in rows
        if not row["last_year"] or row["id"] in totals
    ]


def _towns(db: Any, found: Place, year_asked: int) -> list[dict[str, Any]]:
    """The towns of a county with their sums of a year, which the county's own report may contain."""
    if found.level is not Level.COUNTY:
        return []
    totals = {total.place: total for total in sums(db, place=found.id, year=year_asked, by=Level.TOWNSHIP)}
    known = known_bodies(db, place=found.id, by=Level.TOWNSHIP)
    return [
        town | {"total": totals.get(town["id"]), "known": known.get(town["id"])} for town in places.towns(db, found.id)
    ]


def _of_towns(db: Any, found: Place) -> list[Sum]:
    """The sums of a county's towns in every year."""
    return sums(db, place=found.id, by=Level.TOWNSHIP) if found.level is Level.COUNTY else []


def _known(db: Any, found: Place) -> int:
    """How many bodies are known of a place, with a report or without."""
    return known_bodies(db, place=found.id).get(found.id, Known()).bodies


def _why(one: YearOfBody) -> dict[str, Any]:
    """Why there is no report, for JSON."""
    why = one.absence
    return {"reason": why.reason, "evidence": why.evidence, "fate": why.fate} if why else {}


def _as_data(
    found: Place,
    totals: list[Sum],
    bodies: list[Any],
    inside: list[dict[str, Any]],
    towns: list[dict[str, Any]],
    of_towns: list[Sum],
) -> dict[str, Any]:
    """Everything about the place, for JSON."""
    return {
        "id": found.id,
        "name": found.name,
        "level": found.level,
        "in": [{"id": place_id, "name": name} for place_id, name in found.above],
        "names": [{"name": name, "first_year": first, "last_year": last} for name, first, last in found.names],
        "sums": sum_rows.rows(totals),
        "bodies": [
            {
                "id": body.id,
                "name": body.name,
                "body_kind": body.kind,
                "years": {
                    year: {"state": one.cell, "report_id": one.report_id} | _why(one)
                    for year, one in sorted(body.years.items())
                },
            }
            for body in bodies
        ],
        "below": [{name: value for name, value in row.items() if name in {"id", "name", "level"}} for row in inside],
        "towns": [{name: value for name, value in town.items() if name not in {"total", "known"}} for town in towns],
        "town_sums": sum_rows.rows(of_towns),
    }
